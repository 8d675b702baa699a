"""Name the page that the search shows first for a word that readers look for.

The words become main entries of the index, which Sphinx's search weighs most. Without them, a page
that merely has the word in its title comes first.
"""

from typing import Any

from sphinx import addnodes
from sphinx.util.logging import getLogger

# By page, or by page and anchor. An entry is found by any part of it that is half as long.
WORDS = {
    "first_steps": ("install", "installation", "tutorial"),
    "guide/alternatives": ("GPU", "CUDA", "PyTorch", "Keras"),
    "guide/regularization": ("early stopping", "early_stopping", "overfitting", "regularization"),
    "how_to/imbalanced": ("class weights", "class_weight", "imbalanced"),
    "how_to/intervals": ("prediction intervals", "conformal"),
    "how_to/tabular": ("categories", "strings", "missing values"),
    "how_to/text": ("sparse",),
    "how_to/speed": ("slow", "threads", "n_jobs"),
    "faq#can-x-contain-nan": ("NaN",),
    "dropout#the-votes": ("uncertainty", "Monte-Carlo dropout"),
    "contracts": ("custom loss", "custom activation", "custom optimizer"),
    "losses": ("loss function",),
    "optimizers#which-one": ("learning rate",),
    "saving": ("save", "load", "pickle", "joblib"),
    "saving#onnx": ("ONNX",),
    "watching#warnings": ("warnings", "convergence"),
    "watching#callbacks": ("callbacks",),
}


def add_words(app: Any, doctree: Any) -> None:
    """Add the entries of a page to it."""
    for place, words in WORDS.items():
        page, _, anchor = place.partition("#")
        if page != app.env.docname:
            continue
        if anchor and anchor not in doctree.ids:
            getLogger(__name__).warning("search_words: %s has no heading #%s", page, anchor)
        entries = [("single", word, anchor, "main", None) for word in words]
        doctree.insert(0, addnodes.index(entries=entries))


def setup(app: Any) -> dict[str, bool]:
    """Add the entries when a page has been read."""
    app.connect("doctree-read", add_words)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
