"""The layers of the package: modules import only lower layers, and few import scikit-learn."""

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sknn

ROOT = Path(sknn.__file__).parent

# From the bottom up. A module imports only from layers below its own; a package counts as one
# module, and `TESTING`, which checks what users write, may import any.
LAYERS = [
    {"_version", "exceptions", "_core"},
    {"activations", "averaging", "dropout", "preprocessing", "schedules"},
    {"initializers", "losses"},
    {"optimizers"},
    {"_network"},
    {"_training"},
    {"estimators"},
    {"compat", "dask", "export", "tabular", "uncertainty"},
    {"inspection"},
    {"model_state"},
    {"persistence"},
    {"callbacks"},
    {"__init__"},
]
TESTING = "testing"
LEVEL = {module: level for level, modules in enumerate(LAYERS) for module in modules}

# What modules may import beside NumPy and SciPy.
THIRD_PARTY = {
    "_core": {"numba", "sklearn", "threadpoolctl"},  # the last comes with scikit-learn
    "exceptions": {"sklearn"},
    "estimators": {"sklearn"},
    "compat": {"sklearn"},
    "dask": {"dask", "distributed", "sklearn"},
    "inspection": {"matplotlib", "sklearn"},
    "preprocessing": {"sklearn"},
    "tabular": {"joblib", "sklearn", "threadpoolctl"},  # all come with scikit-learn
    "export": {"onnx", "skl2onnx", "sklearn"},
    "persistence": {"sklearn", "skops"},
    "uncertainty": {"sklearn"},
    TESTING: {"sklearn"},
}


def imported(path):
    """Yield the dotted names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = node.module == "sknn"
            yield from (f"sknn.{alias.name}" for alias in node.names) if whole else [node.module]


def module_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


EVERY_FILE = pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)


@EVERY_FILE
def test_imports_go_down(path):
    module = module_of(path)
    names = [name.split(".") for name in imported(path)]
    others = {name[1] for name in names if name[0] == "sknn" and len(name) > 1} - {module}
    if module == TESTING:
        return
    assert {other for other in others if LEVEL[other] >= LEVEL[module]} == set()


@EVERY_FILE
def test_third_party_packages_are_known(path):
    roots = {name.split(".")[0] for name in imported(path)} - {"sknn"} - sys.stdlib_module_names
    assert roots <= {"numpy", "scipy"} | THIRD_PARTY.get(module_of(path), set())


def test_every_module_has_a_layer():
    modules = {module_of(path) for path in ROOT.rglob("*.py")}
    assert modules == set(LEVEL) | {TESTING}


def test_files_of_a_package_import_each_other_in_one_direction():
    files = {
        f"sknn.{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}": path
        for path in ROOT.rglob("*.py")
    }
    graph = {
        name: {other for other in imported(path) if other in files} for name, path in files.items()
    }
    list(TopologicalSorter(graph).static_order())  # a CycleError names the files


def test_the_page_on_architecture_names_all_who_know_scikit_learn():
    text = (ROOT.parent / "docs" / "architecture.md").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("scikit-learn is known to "))
    knowing = {module for module, others in THIRD_PARTY.items() if "sklearn" in others}
    assert set(re.findall("`(.*?)`", line)) == knowing


def test_the_page_on_contributing_shows_the_layers():
    text = (ROOT.parent / "docs" / "contributing.md").read_text()
    picture = re.search(r"```text\nsknn\n(.*?)```", text, re.DOTALL)[1]
    shown = [set(line.split()) for line in reversed(picture.splitlines())]
    assert shown == LAYERS[:-1]


def test_the_page_on_contributing_names_paths_that_exist():
    text = (ROOT.parent / "docs" / "contributing.md").read_text()
    table = text.partition("| you changed |")[2].partition("\n\n")[0]
    paths = set(re.findall(r"\b(?:sknn|tests|docs)/[\w./]*\w", table))
    assert {"sknn/_core", "tests/testing", "tests/guarantees/test_resume.py"} <= paths
    assert {path for path in paths if not (ROOT.parent / path).exists()} == set()


def test_tests_have_the_folders_of_the_package():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    tests = ROOT.parent / "tests"
    folders = {path.parent.name for path in tests.glob("*/test_*.py")}
    assert folders == packages | {"docs", "guarantees"}


@pytest.mark.parametrize("package", ["_core", "_network", "_training", "estimators", "persistence"])
def test_the_page_on_architecture_names_all_modules_of(package):
    text = (ROOT.parent / "docs" / "architecture.md").read_text()
    (row,) = (line for line in text.splitlines() if line.startswith(f"| `{package}/` |"))
    modules = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"}
    named = set(re.findall(r"`(\w+)`", row))
    assert modules <= named
    assert {name for name in named - modules if re.fullmatch("_?[a-z_]+", name)} <= {"save", "load"}
