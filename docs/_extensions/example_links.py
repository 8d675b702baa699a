"""Links to an example's file lead to its page in the gallery; elsewhere they lead to the file."""

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

EXAMPLE = re.compile(r"(?:\.\./)+examples/(plot_\w+)\.py")


class ExampleLinks(SphinxTransform):
    """Replaces such links by cross-references."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(nodes.Element)):
            found = EXAMPLE.fullmatch(str(node.get("reftarget", node.get("refuri", ""))))
            if found:
                link = addnodes.pending_xref(
                    "",
                    *node.children,
                    refdomain="std",
                    reftype="doc",
                    reftarget=f"/gallery/{found[1]}",
                    refdoc=self.env.docname,
                    refexplicit=True,
                    refwarn=True,
                )
                node.replace_self(link)


def setup(app: Any) -> dict[str, bool]:
    """Add the transform."""
    app.add_transform(ExampleLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
