"""The files of a distribution other than modules."""

import tomllib
from pathlib import Path

import sknn

ROOT = Path(__file__).parents[2]


def test_annotations_reach_users():
    # PEP 561: type checkers read a package's annotations only where it has this file.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "py.typed" in project["tool"]["setuptools"]["package-data"]["sknn"]
    assert (Path(sknn.__file__).parent / "py.typed").read_bytes() == b""
