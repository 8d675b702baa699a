"""Lay out the cells of tables.

Numbers such as `± 0.013`, `6.3e-05` and `[0, inf)` stay on one line, so a narrow cell breaks
between a mean and its spread. Cells of several words get the class `words`, for a readable width.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

NUMBER = re.compile(
    r"((?:[±<>≤≥] )?[-+\u2212]?\d[\d.,]*(?:e[-+]\d+|(?:[-\u2013]\d+)*)(?: (?:%|s|ms|us|[kMG]B)\b)?"
    r"|[\[(]-?\w[\w.]*, \w[\w.]*[\])])"  # an interval
)


class TableCells(SphinxTransform):
    """Wraps such numbers in spans of the class `number`, and finds the cells of words."""

    default_priority = 600

    def apply(self, **kwargs: Any) -> None:
        for cell in self.document.findall(nodes.entry):
            if len(cell.astext().split()) > 4:
                cell["classes"].append("words")
            for text in list(cell.findall(nodes.Text)):
                parts = NUMBER.split(text.astext())
                if len(parts) > 1 and not isinstance(text.parent, nodes.literal):
                    text.parent.replace(text, [node(*part) for part in enumerate(parts) if part[1]])


def node(position: int, text: str) -> nodes.Node:
    """Return a part of a cell; those at odd positions are numbers."""
    if position % 2 and re.search(r"[^\d.]", text):
        return nodes.inline("", text, classes=["number"])
    return nodes.Text(text)


def setup(app: Any) -> dict[str, bool]:
    """Add the transform."""
    app.add_transform(TableCells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
