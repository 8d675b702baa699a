"""Write the tables of docs/reproduced.md from the results in examples/reproduce/results.

Run it as ``python docs/make_reproduced.py``. A table stands below a comment with its name.
"""

import importlib
import re
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("reproduced.md")
SCRIPTS = Path(__file__).parent.parent / "examples" / "reproduce"


def filled(page, tables):
    """Return the page with the tables below their comments."""
    for name, table in tables.items():
        comment = f"<!-- table: {name} -->\n"
        if comment not in page:
            raise ValueError(f"{PAGE.name} has no line {comment.strip()!r}.")
        # The comment, an empty line, and the lines of the table that is there, if any.
        pattern = rf"({re.escape(comment)})\n*(\|.*\n)*"
        page = re.sub(pattern, lambda found, table=table: f"{found[1]}\n{table}\n", page)
    return page


def main():
    """Write the page."""
    sys.path.insert(0, str(SCRIPTS))
    page = PAGE.read_text()
    for path in sorted(SCRIPTS.glob("*.py")):
        module = importlib.import_module(path.stem)
        if hasattr(module, "tables"):
            page = filled(page, module.tables())
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
