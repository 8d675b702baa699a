"""Doctests of an optional part need its package; figures need no window and are closed.

A class is tested where it is written. That is not what `doctest` does by itself: a public class
names the package that offers it as its module, from where doctest would not look into its methods.
"""

import doctest
import os
import sys
from importlib.util import find_spec
from types import ModuleType

import pytest

from sknn._core.public import DEFINED_IN

os.environ.setdefault("MPLBACKEND", "Agg")

OPTIONAL = {
    "onnx": "sknn/export/*",
    "matplotlib": "sknn/inspection/*_display.py",
    "distributed": "sknn/dask/*",
}
collect_ignore_glob = [files for package, files in OPTIONAL.items() if not find_spec(package)]

from_module = doctest.DocTestFinder._from_module


def is_written_in(finder: doctest.DocTestFinder, module: ModuleType, member: object) -> bool:
    """Tell whether a member is to be tested with a module."""
    if isinstance(member, type) and member in DEFINED_IN:
        return DEFINED_IN[member] == module.__name__
    return from_module(finder, module, member)


doctest.DocTestFinder._from_module = is_written_in


@pytest.fixture(autouse=True)
def _close_figures():
    """Close what a test or a doctest drew: matplotlib warns of more than twenty open figures."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
