"""Make a figure of a picture and the italic paragraph below it, which is its caption.

A plain reader of Markdown shows both as well, one below the other.
"""

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform


def is_alone(node: nodes.Node) -> bool:
    """Tell whether a node is all that its paragraph contains."""
    return isinstance(node.parent, nodes.paragraph) and len(node.parent) == 1


class Captions(SphinxTransform):
    """Replaces such pairs of paragraphs by figures."""

    default_priority = 200  # before Sphinx gives figures their identifiers

    def apply(self, **kwargs: Any) -> None:
        for picture in list(self.document.findall(nodes.image)):
            paragraph = picture.parent
            below = paragraph.next_node(descend=False, siblings=True)
            text = below[0] if isinstance(below, nodes.paragraph) and len(below) else None
            if is_alone(picture) and isinstance(text, nodes.emphasis) and is_alone(text):
                below.parent.remove(below)
                caption = nodes.caption("", "", *text.children)
                paragraph.replace_self(nodes.figure("", picture, caption))


def setup(app: Any) -> dict[str, bool]:
    """Add the transform."""
    app.add_transform(Captions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
