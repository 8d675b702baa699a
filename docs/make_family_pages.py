"""Write a page for each family of strategies, from the docstrings of its members.

Run it as ``python docs/make_family_pages.py`` after a docstring has changed; a test compares.
"""

import inspect
import re
from dataclasses import fields
from pathlib import Path

from sknn.activations import ACTIVATIONS
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES
from sknn.optimizers import OPTIMIZERS, Optimizer
from sknn.schedules import SCHEDULES

# Title, module, parameter of the estimators, members, and what the page says first.
FAMILIES = {
    "activations": (
        "Activations",
        "activation",
        ACTIVATIONS,
        "What a unit makes of its weighted sum `z`; `L` is the loss. One for all hidden layers, or "
        "a sequence of one for each: `MLPClassifier((64, 32), activation=('tanh', 'relu'))`.",
    ),
    "initializers": (
        "Initializers",
        "init",
        INITIALIZERS,
        "Where weights start. Biases have `bias_init`, which takes the same names.",
    ),
    "optimizers": (
        "Optimizers",
        "optimizer",
        OPTIMIZERS,
        "How weights follow the gradient. The rates are those that `learning_rate_init='auto'` "
        "stands for: for classes, and for the squared error.",
    ),
    "schedules": (
        "Schedules",
        "learning_rate",
        SCHEDULES,
        "How the learning rate changes. `epoch` counts whole passes; `f` is the part of the run "
        "that is done. `polynomial`, `cosine` and `one_cycle` know their end and run to "
        "`max_iter`.",
    ),
    "losses": (
        "Losses",
        "loss",
        LOSSES,
        "What training makes small, from raw predictions `z` and targets `y`.",
    ),
}
SECTION = re.compile(r"\n(\w[\w ]*)\n-{3,}\n")


def sections(member):
    """Return the parts of a docstring by their headings; the first has the heading ''."""
    parts = SECTION.split("\n" + inspect.getdoc(member))
    return {"": parts[0].strip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def one_line(text):
    """Return text for a cell of a table."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def meaning(text):
    """Return the summary with its formulas, and the sentences on when to use it."""
    paragraphs = [one_line(paragraph) for paragraph in text.split("\n\n")]
    use = [each for each in paragraphs if each.startswith("Use it")]
    rule = [each for each in paragraphs if not each.startswith("Use it")]
    return " ".join(rule), " ".join(use).removeprefix("Use it ").rstrip(".")


def hyperparameters(member):
    """Return each hyperparameter with its default and its range."""
    cells = []
    for field in fields(member):
        allowed = member.ranges.get(field.name)
        interval = f", {allowed}".replace("a number in ", "").replace("an integer", "integer")
        cells.append(f"`{field.name}={field.default!r}`{interval if allowed else ''}")
    return "<br>".join(cells)


def rates(member):
    """Return an optimizer's automatic rates, for classes and for the squared error."""
    if not issubclass(member, Optimizer):
        return "none"
    found = [
        member().default_learning_rate(LOSSES[loss]()) for loss in ("log_loss", "squared_error")
    ]
    return f"{found[0]:g}, {found[1]:g}"


def page(family):
    """Return the text of a family's page."""
    title, parameter, members, opening = FAMILIES[family]
    columns = ["name", "when to use it", "rule", "hyperparameters", "source"]
    if family == "optimizers":
        columns.insert(4, "rates")
    rows, sources = [], []
    for name, member in members.items():
        parts = sections(member)
        rule, use = meaning(parts[""])
        source = one_line(parts.get("References", ""))
        if source and source not in sources:
            sources.append(source)
        number = f"[{sources.index(source) + 1}]" if source else ""
        cells = [f"`{name}`<br>`{member.__name__}`", use, rule, hyperparameters(member), number]
        if family == "optimizers":
            cells.insert(4, rates(member))
        rows.append(f"| {' | '.join(cells)} |")
    table = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows]
    listed = [f"{i}. {source}" for i, source in enumerate(sources, start=1)]
    how = (
        f"Pass a name or an instance as `{parameter}`; instances come from `sknn.{family}`. "
        "[Write your own](contracts.md)."
    )
    made = "<!-- made by make_family_pages.py from the docstrings; do not edit -->"
    parts = [made, f"# {title}", opening, how, "\n".join(table), "## Sources", "\n".join(listed)]
    return "\n\n".join(parts) + "\n"


def main():
    """Write all pages."""
    for family in FAMILIES:
        Path(__file__).with_name(f"{family}.md").write_text(page(family))


if __name__ == "__main__":
    main()
