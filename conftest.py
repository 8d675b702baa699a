"""Doctests of an optional part need its package; figures need no window and are closed."""

import os
import sys
from importlib.util import find_spec

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

OPTIONAL = {"onnx": "sknn/export/*", "matplotlib": "sknn/inspection/*_display.py"}
collect_ignore_glob = [files for package, files in OPTIONAL.items() if not find_spec(package)]


@pytest.fixture(autouse=True)
def _close_figures():
    """Close what a test or a doctest drew: matplotlib warns of more than twenty open figures."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
