"""Write the catalogue of each family into its page, from the docstrings of its members.

Run ``python docs/make_family_pages.py`` after changing a docstring. A test checks that the pages
are up to date.
"""

import inspect
import re
from dataclasses import fields
from pathlib import Path

from sknn.activations import ACTIVATIONS
from sknn.dropout import AlphaDropout, Dropout
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES
from sknn.optimizers import OPTIMIZERS, Optimizer
from sknn.schedules import SCHEDULES

FAMILIES = {
    "activations": ACTIVATIONS,
    "initializers": INITIALIZERS,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "dropout": {"dropout": Dropout, "alpha_dropout": AlphaDropout},
    "losses": LOSSES,
}
BEGIN = "<!-- generated from the docstrings by make_family_pages.py; do not edit this part -->"
END = "<!-- end of the generated part -->"
SECTION = re.compile(r"\n(\w[\w ]*)\n-{3,}\n")


def sections(member):
    """Return the sections of a docstring by heading; the first one has the heading ''."""
    parts = SECTION.split("\n" + inspect.getdoc(member))
    return {"": parts[0].strip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def one_line(text):
    """Return text as one line, for a cell of a table."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def meaning(text):
    """Return the text with its formulas, and the sentences on when to use the member."""
    paragraphs = [one_line(paragraph) for paragraph in text.split("\n\n")]
    use = [each for each in paragraphs if each.startswith("Use it")]
    rule = [each for each in paragraphs if not each.startswith("Use it")]
    return "\n\n".join(rule), " ".join(use).removeprefix("Use it ").rstrip(".")


def hyperparameters(member):
    """Return the hyperparameters with their defaults and ranges."""
    cells = []
    for field in fields(member):
        allowed = member.ranges.get(field.name)
        interval = f", {allowed}".replace("a number in ", "").replace("an integer", "integer")
        cells.append(f"`{field.name}={field.default!r}`{interval if allowed else ''}")
    return "<br>".join(cells)


def rates(member):
    """Return an optimizer's automatic learning rates, for classes and for the squared error."""
    if not issubclass(member, Optimizer):
        return "none"
    found = [
        member().default_learning_rate(LOSSES[loss]()) for loss in ("log_loss", "squared_error")
    ]
    return f"{found[0]:g}, {found[1]:g}"


def catalogue(family):
    """Return a table of a family's members, their formulas, and the sources."""
    columns = ["name", "when to use it", "hyperparameters"]
    if family == "optimizers":
        columns.append("automatic rates")
    rows, rules, sources = [], [], []
    for name, member in FAMILIES[family].items():
        parts = sections(member)
        rule, use = meaning(parts[""])
        source = one_line(parts.get("References", ""))
        if source and source not in sources:
            sources.append(source)
        number = f" [{sources.index(source) + 1}]" if source else ""
        names = (
            f"`{name}`<br>`{member.__name__}`" if family != "dropout" else f"`{member.__name__}`"
        )
        cells = [names, use, hyperparameters(member)]
        if family == "optimizers":
            cells.append(rates(member))
        rows.append(f"| {' | '.join(cells)} |")
        rules.append(
            f"- **{member.__name__}**: {unescaped(rule)}{number}".replace("\n\n", "\n\n  ")
        )
    table = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows]
    listed = [f"{i}. {source}" for i, source in enumerate(sources, start=1)]
    parts = [BEGIN, "## All variants", "\n".join(table), "## Formulas", "\n\n".join(rules)]
    return "\n\n".join([*parts, "## Sources", "\n".join(listed), END])


def unescaped(cell):
    """Return the text of a cell without the escapes that tables need."""
    return cell.replace("\\|", "|")


def page(family, text):
    """Return a page's text with an updated catalogue."""
    before, rest = text.split(BEGIN)
    return before + catalogue(family) + rest.split(END)[1]


def main():
    """Update all pages."""
    for family in FAMILIES:
        path = Path(__file__).with_name(f"{family}.md")
        path.write_text(page(family, path.read_text()))


if __name__ == "__main__":
    main()
