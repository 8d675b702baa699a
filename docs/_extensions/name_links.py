"""Link code that is the name of a public object, such as `MLPClassifier`, to its page.

So the pages need no markup of Sphinx's, and read as well where it is not at hand.
"""

import re
from typing import Any

from api_reference import methods, pages
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

# `load` alone may be anybody's; `sknn.load` is ours.
COMMON = re.compile("[a-z]+")


def targets() -> dict[str, list[str]]:
    """Return the full names that each full or bare name may stand for."""
    objects = pages()
    with_page = {member for member in objects.values() if isinstance(member, type)}
    found: dict[str, list[str]] = {}
    for full, member in objects.items():
        inside = methods(member, with_page) if isinstance(member, type) else {}
        for name in ("", *(f".{method}" for method in inside)):
            found.setdefault(full + name, []).append(full + name)
            bare = full.rpartition(".")[2] + name
            if not COMMON.fullmatch(bare):
                found.setdefault(bare, []).append(full + name)
    return found


def choose(candidates: list[str], docname: str) -> str | None:
    """Return the full name that is meant: of the page's package, else of the top, if clear."""
    if len(candidates) == 1:
        return candidates[0]
    for package in (f"sknn.{docname}", "sknn"):
        own = [each for each in candidates if each.rpartition(".")[0] == package]
        if own:
            return own[0]
    return None


class NameLinks(SphinxTransform):
    """Wraps such code in a cross-reference."""

    default_priority = 500
    names = targets()

    def apply(self, **kwargs: Any) -> None:
        if self.env.docname.startswith("api/"):
            return
        for node in list(self.document.findall(nodes.literal)):
            inside = isinstance(node.parent, (nodes.reference, nodes.title, addnodes.pending_xref))
            text = node.astext().removesuffix("()")
            target = choose(self.names.get(text, [""] * 2), self.env.docname)
            if target and not inside:
                link = addnodes.pending_xref(
                    "",
                    refdomain="py",
                    reftype="obj",
                    reftarget=target,
                    refdoc=self.env.docname,
                    refexplicit=True,
                    refwarn=True,
                )
                node.replace_self(link)
                link += node


def find_elsewhere(app: Any, env: Any, node: Any, content: nodes.Node) -> nodes.Node | None:
    """Resolve a docstring's name of another module; a bare parameter or attribute is no link."""
    if node.get("refdomain") != "py" or node.get("reftype") != "obj":
        return None
    name = node["reftarget"]
    package = (node.get("py:module") or "sknn").removeprefix("sknn.")
    target = choose(NameLinks.names.get(name, [""] * 2), package)
    if target:
        domain = env.get_domain("py")
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, content)
    return content if re.fullmatch(r"[a-z][a-z0-9_]*", name) else None


def setup(app: Any) -> dict[str, bool]:
    """Add the transform."""
    app.add_transform(NameLinks)
    app.connect("missing-reference", find_elsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
