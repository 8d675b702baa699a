"""Doctests of an optional part need its package."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("onnx") else ["sknn/export/*"]
