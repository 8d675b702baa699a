"""The examples of the documentation run."""

import ast
import inspect
import re
import runpy
import sys
from types import ModuleType

import pytest
from common import ROOT
from sklearn import neural_network

from sknn import MLPClassifier, MLPRegressor

PAGES = runpy.run_path(str(ROOT / "docs/make_family_pages.py"))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "page", ["README.md", "docs/contracts.md", "docs/saving.md", "docs/watching.md"]
)
def test_python_blocks_of_a_page_run(page, monkeypatch, tmp_path):
    if page == "docs/saving.md":
        for name in ("onnx", "onnxruntime", "skl2onnx", "skops"):
            pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert blocks
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)  # so that the page's classes can be pickled
    exec("\n".join(blocks), vars(module))


def test_readme_shows_what_its_example_prints(capsys):
    text = (ROOT / "README.md").read_text()
    code, shown = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL).groups()
    exec(code, {})
    printed = capsys.readouterr().out
    accuracy = r"accuracy: ([\d.]+)"
    assert re.sub(accuracy, "", printed) == re.sub(accuracy, "", shown)
    difference = float(re.search(accuracy, printed)[1]) - float(re.search(accuracy, shown)[1])
    assert abs(difference) < 0.01  # processors round differently


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_first_sentence_counts_the_variants(page):
    first = (ROOT / page).read_text().split("\n\n")[1]
    told = {
        name: int(count) for count, name in re.findall(r"(\d+) (?:learning-rate )?(\w+)", first)
    }
    for family in ("activations", "initializers", "optimizers", "schedules", "losses"):
        assert told[family] == len(PAGES["FAMILIES"][family]), family


def parameters(estimator):
    return dict(inspect.signature(estimator).parameters)


def test_migration_names_every_argument():
    text = (ROOT / "docs/migration.md").read_text()
    theirs = parameters(neural_network.MLPRegressor)
    ours = parameters(MLPRegressor) | parameters(MLPClassifier)
    columns = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]
    for column, names in enumerate((theirs, ours)):
        told = {name for cells in columns for name in re.findall(r"`(\w+)`", cells[column])}
        assert names.keys() <= told, names.keys() - told


@pytest.mark.parametrize("family", PAGES["FAMILIES"])
def test_page_of_a_family_is_what_the_docstrings_say(family):
    text = (ROOT / f"docs/{family}.md").read_text()
    assert PAGES["page"](family, text) == text


@pytest.mark.parametrize("family", PAGES["FAMILIES"])
def test_every_member_says_when_to_use_it(family):
    for member in PAGES["FAMILIES"][family].values():
        rule, use = PAGES["meaning"](PAGES["sections"](member)[""])
        assert rule
        assert use, member


def test_contracts_name_every_family():
    text = (ROOT / "docs/contracts.md").read_text()
    for family in ("Activation", "Initializer", "Loss", "Schedule", "Optimizer", "Dropout"):
        assert f".{family}`" in text


def test_quickstart_runs(capsys):
    runpy.run_path(str(ROOT / "examples/quickstart.py"), run_name="__main__")
    printed = capsys.readouterr().out
    accuracy = float(re.search(r"defaults: (\d\.\d+)", printed)[1])
    assert accuracy > 0.95


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_docstring_tells_the_defaults(estimator):
    told = dict(re.findall(r"^    (\w+) : .*?default=(.*)$", estimator.__doc__, re.MULTILINE))
    signature = inspect.signature(estimator).parameters
    assert list(told) == list(signature)
    for name, parameter in signature.items():
        assert ast.literal_eval(told[name]) == parameter.default, name
