"""The reference of the documentation is complete; ``.ci/run`` builds the site in strict mode."""

import importlib
import inspect
import pkgutil
import re
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from common import DOCS

import sknn

REFERENCE = runpy.run_path(str(DOCS / "_extensions/api_reference.py"))
# What these make public is so under another name, or is said to be of the house.
ELSEWHERE = {
    "sknn.estimators": {"BaseMLP"},
    "sknn.tabular": {"BaseTabularMLP"},
    # Paths for files; `Progress`, `State` and `TrainingState` have pages in their packages.
    "sknn.model_state": {
        *("AdaptiveByDivisions", "Architecture", "Block", "InvScalingBySamples", "Layout"),
        *("BinnedColumn", "ClassTargets", "FittedModel", "MuonState", "NAdamState", "Network"),
        *("Parameters", "PlateauState", "RegressionTargets", "Solver", "UncorrectedAdam"),
        "Velocity",
    },
    "sknn.persistence": {"check_parameters", "check_path", "remove_stale"},
}


def with_names():
    """Return the modules that say what is public."""
    names = [each.name for each in pkgutil.iter_modules(sknn.__path__)]
    if not find_spec("distributed"):
        names.remove("dask")
    modules = [sknn.__name__, *(f"sknn.{name}" for name in names)]
    return [name for name in modules if hasattr(importlib.import_module(name), "__all__")]


def objects(package):
    module = importlib.import_module(package)
    return {
        name: getattr(module, name)
        for name in module.__all__
        if name not in ELSEWHERE.get(package, ())
    }


@pytest.mark.parametrize("package", with_names())
def test_every_public_name_is_in_the_reference(package):
    texts = REFERENCE["texts"]()
    of_object = {id(member): name for name, member in REFERENCE["pages"]().items()}
    for name, member in objects(package).items():
        if REFERENCE["has_page"](member):
            assert (
                f":: {of_object[id(member)].rpartition('.')[2]}\n" in texts[of_object[id(member)]]
            )
        elif package in REFERENCE["PACKAGES"]:
            assert f".. py:data:: {name}\n" in texts[package]
        else:
            raise AssertionError(f"{package}.{name} is in no page")


def test_every_object_has_one_page():
    pages = REFERENCE["pages"]()
    assert len({id(member) for member in pages.values()}) == len(pages) > 100


def test_estimators_show_what_users_call():
    texts = REFERENCE["texts"]()
    called = {"fit", "partial_fit", "predict", "activations", "summary", "to_transformer", "resume"}
    for name, more in (
        ("MLPClassifier", {"predict_proba", "decision_function"}),
        ("MLPRegressor", set()),
    ):
        shown = set(re.findall(r"automethod:: (\w+)", texts[f"sknn.{name}"]))
        assert called | more <= shown
        assert "``score``" in texts[f"sknn.{name}"] or "score" in shown


def test_parts_do_not_repeat_their_base():
    texts = REFERENCE["texts"]()
    assert "automethod" in texts["sknn.activations.Activation"]
    assert "automethod" not in texts["sknn.activations.ReLU"]
    assert ":py:class:`~sknn.activations.Activation`" in texts["sknn.activations.ReLU"]


def test_pages_have_examples():
    without = {
        name.rpartition(".")[2]
        for name, member in REFERENCE["pages"]().items()
        if "\nExamples\n---" not in (inspect.getdoc(member) or "")
        and "subclass it and define" not in REFERENCE["summary"](member)
        and not (inspect.isclass(member) and issubclass(member, Warning))
    }
    results = {"State", "Progress", "TrainingState"}
    documented_elsewhere = {"load", "VarianceScaling", "fitted_so_far", "training_of"}
    assert without == results | documented_elsewhere


def test_every_page_of_a_toctree_is_there():
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    named = set()
    for path in DOCS.rglob("*.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", path.read_text(), re.DOTALL):
            entries = [line for line in block.splitlines() if line and not line.startswith(":")]
            folder = path.parent.relative_to(DOCS)
            named |= {
                Path(DOCS / folder / entry).resolve().relative_to(DOCS.resolve()).as_posix()
                for entry in entries
            }
    assert pages - named == {"index"}


def test_names_in_pages_find_what_they_mean(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "_extensions"))
    name_links = importlib.import_module("name_links")
    monkeypatch.delitem(sys.modules, "name_links")
    monkeypatch.delitem(sys.modules, "api_reference")
    names = name_links.targets()
    assert names["MLPClassifier.partial_fit"][0] == "sknn.MLPClassifier.partial_fit"
    assert "load" not in names
    assert names["sknn.load"] == ["sknn.load"]
    choose = name_links.choose
    assert choose(names["Identity"], "initializers") == "sknn.initializers.Identity"
    assert choose(names["Identity"], "saving") is None
    assert choose(names["MLPClassifier"], "saving") == "sknn.MLPClassifier"
    assert choose(names["sknn.compat.MLPClassifier"], "saving") == "sknn.compat.MLPClassifier"


def test_gallery_order_names_every_example():
    order = runpy.run_path(str(DOCS / "_extensions/gallery.py"))
    names = {path.name for path in (DOCS.parent / "examples").glob("plot_*.py")}
    assert {f"plot_{name}.py" for name in order["ORDER"]} == names
    assert order["position"]("plot_quickstart.py") < order["position"]("plot_new.py")
