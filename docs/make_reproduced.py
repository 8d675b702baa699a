"""Write the tables of pages from the results in examples/reproduce/results.

Run it as ``python docs/make_reproduced.py``. A table stands below a comment with its name. A script
names its page in ``PAGE``, relative to this folder; by default it is reproduced.md.
"""

import importlib
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
SCRIPTS = DOCS.parent / "examples" / "reproduce"


def filled(page, tables):
    """Return the page with the tables below their comments."""
    for name, table in tables.items():
        comment = f"<!-- table: {name} -->\n"
        if comment not in page:
            raise ValueError(f"The page has no line {comment.strip()!r}.")
        # The comment and the table that is there, if any, with the empty lines around it.
        pattern = rf"({re.escape(comment)})\n*(\|.*\n)*\n*"
        page = re.sub(pattern, lambda found, table=table: f"{found[1]}\n{table}\n\n", page)
    return page


def main():
    """Write the pages."""
    sys.path.insert(0, str(SCRIPTS))
    for path in sorted(SCRIPTS.glob("*.py")):
        module = importlib.import_module(path.stem)
        if hasattr(module, "tables"):
            page = DOCS / getattr(module, "PAGE", "reproduced.md")
            page.write_text(filled(page.read_text(), module.tables()))


if __name__ == "__main__":
    main()
