"""Doctests: those of an optional part need its package, and a class is tested where it is written.

The second is not what `doctest` does by itself: a public class names the package that offers it as
its module, and from there doctest would not look into the methods.
"""

import doctest
from importlib.util import find_spec
from types import ModuleType

from sknn._public import DEFINED_IN

collect_ignore_glob = [] if find_spec("onnx") else ["sknn/export/*"]

from_module = doctest.DocTestFinder._from_module


def is_written_in(finder: doctest.DocTestFinder, module: ModuleType, member: object) -> bool:
    """Tell whether a member is to be tested with a module."""
    if isinstance(member, type) and member in DEFINED_IN:
        return DEFINED_IN[member] == module.__name__
    return from_module(finder, module, member)


doctest.DocTestFinder._from_module = is_written_in
