"""The scripts that reproduce published tables: they run, go on where they were, and match the page.

They run on made-up data, in small: what they find there means nothing.
"""

import copy
import importlib
import json
import re
import sys
import warnings

import numpy as np
import pytest
from common import DOCS, ROOT
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss

import sknn
from sknn import MLPClassifier
from sknn.callbacks import Checkpoint

FOLDER = ROOT / "examples" / "reproduce"
SHARED = ("common", "protocol")
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in SHARED)
N_ROWS = 240


@pytest.fixture
def script(monkeypatch):
    """Return a function that imports a script as a run in its folder does."""
    # The tests have a module `common` of their own.
    for name in (*SHARED, *SCRIPTS):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in (*SHARED, *SCRIPTS):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a folder with data sets whose classes overlap."""
    folder, generator = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    y = generator.integers(0, 3, N_ROWS)
    test_idx = np.arange(180, N_ROWS)[None]
    near = generator.normal(size=(N_ROWS, 6)) + (y[:, None] == np.arange(6) % 3)
    pixels = np.clip(20 * near + 60, 0, 255).astype(np.uint8)
    np.savez(folder / "mnist.npz", X=pixels, y=y, test_idx=test_idx)
    np.savez(folder / "letter.npz", X=near.round().astype(np.int16), y=y, test_idx=test_idx)
    categories = np.column_stack([near.round(), (y + generator.integers(0, 2, N_ROWS)) % 3])
    is_categorical = np.arange(7) == 6
    np.savez(
        folder / "adult.npz",
        **{"X": categories, "y": y // 2, "test_idx": test_idx, "is_categorical": is_categorical},
    )
    numbers = 10 + 3 * near.sum(axis=1)
    np.savez(folder / "california_housing.npz", X=near, y=numbers, test_idx=test_idx)
    return folder


# Short fits of small networks: constants of each script.
SMALL = {
    "mnist_dropout": {
        "EPOCHS": {"short": 3, "full": 3, "long": 3},
        "NETWORKS": {"max-norm": {"hidden_layer_sizes": 8, "dropout": 0.5}},
    },
    "optimizers": {"EPOCHS": 2, "EPOCHS_GD": 3},
    "initializers": {"EPOCHS": 2},
    "coadaptation": {"EPOCHS": 2, "UNITS": (8, 8)},
}
ROWS = {
    "mnist_dropout": ["short-max-norm"],
    "optimizers": ["adult"],
    "initializers": ["california_housing"],
    "coadaptation": ["plain", "penalty", "dropout"],
}


@pytest.fixture
def small(script, monkeypatch):
    """Return a function that imports a script and makes its fits short."""

    def small(name):
        module = script(name)
        for constant, value in SMALL[name].items():
            assert hasattr(module, constant)
            monkeypatch.setattr(module, constant, value)
        return module

    return small


def refuse(*args, **kwargs):
    raise AssertionError("This was in the results already.")


@pytest.mark.parametrize("name", SMALL)
def test_script_fills_its_tables_and_runs_no_fit_twice(small, data, tmp_path, monkeypatch, name):
    module = small(name)
    results = sys.modules["common"].Results(tmp_path / f"{name}.json")
    module.main(ROWS[name], data, results)
    entries, written = results.all(), results.path.read_bytes()
    assert len(entries) >= 3
    numbers = re.findall(r"\d ± \d", "".join(module.tables(tmp_path).values()))
    assert len(numbers) >= {"mnist_dropout": 1, "optimizers": 8, "initializers": 4}.get(name, 20)
    with monkeypatch.context() as context:
        context.setattr("sknn.MLPClassifier.fit", refuse)
        context.setattr("sknn.MLPRegressor.fit", refuse)
        module.main(ROWS[name], data, results)
        assert results.path.read_bytes() == written
    # An entry that is deleted is computed again, to the same numbers.
    last = max(entries)
    results.path.write_text(json.dumps({key: entries[key] for key in entries if key != last}))
    module.main(ROWS[name], data, results)
    again = {**results.all()[last], "cpu_seconds": entries[last]["cpu_seconds"]}
    assert again == entries[last]


def test_a_fit_that_was_interrupted_goes_on_from_its_checkpoint(small, data, tmp_path, monkeypatch):
    module = small("mnist_dropout")
    common = sys.modules["common"]
    whole, pieces = (common.Results(tmp_path / name / "results.json") for name in ("a", "b"))
    module.main(ROWS["mnist_dropout"], data, whole)

    class Interrupted(Checkpoint):
        def after_epoch(self, estimator):
            super().after_epoch(estimator)
            raise RuntimeError("interrupted")

    with monkeypatch.context() as context:
        context.setattr(module, "Checkpoint", Interrupted)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="interrupted"):
                module.main(ROWS["mnist_dropout"], data, pieces)
    assert pieces.all() == {}
    (checkpoint,) = (tmp_path / "b" / "checkpoints").iterdir()
    assert len(sknn.load(checkpoint).loss_curve_) == 2
    module.main(ROWS["mnist_dropout"], data, pieces)
    assert not list((tmp_path / "b" / "checkpoints").iterdir())
    for name, entry in whole.all().items():
        assert {**pieces.all()[name], "cpu_seconds": entry["cpu_seconds"]} == entry


def test_the_walk_over_rates_ends_where_both_sides_are_worse(script, tmp_path):
    protocol = script("protocol")
    results = sys.modules["common"].Results(tmp_path / "rates.json")

    def measure(rate):
        lowest, best = (None if rate > 0.5 else abs(np.log10(rate) + at) for at in (2.6, 1.9))
        return {"lowest": lowest, "best": best}

    assert protocol.tuned_rate(results, "walk", measure, 10.0) == 0.003
    assert protocol.tuned_rate(results, "walk", measure, 0.003, protocol.FINAL) == 0.01
    for criterion, rate in ((protocol.SPEED, "0.003"), (protocol.FINAL, "0.01")):
        assert protocol.tuned(results.all(), "walk", criterion) == (rate, [])
    tried = [float(name.split("rate ")[1]) for name in results.all()]
    assert sorted(tried) == [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]


def test_removed_units_and_correlations_are_those_of_the_formula(script):
    coadaptation = script("coadaptation")
    X, y = load_digits(return_X_y=True)
    X, y = X[:300] / 16, y[:300]
    model = MLPClassifier((8, 6), max_iter=5, n_iter_no_change=float("inf"), random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    log_probabilities = coadaptation.outputs(model, X, -1)
    np.testing.assert_allclose(log_probabilities, np.log(model.predict_proba(X)), rtol=1e-6)
    hidden = model.activations(X)[1]
    found = coadaptation.removals(model, hidden, y, 1)
    whole = log_loss(y, model.predict_proba(X))
    rises = []
    for unit in np.flatnonzero(hidden.any(axis=0)):
        thinned = copy.deepcopy(model)
        thinned.coefs_[2][unit] = 0  # nothing follows from the unit any more
        rises.append(log_loss(y, thinned.predict_proba(X)) - whole)
    assert found["loss_rise"] == pytest.approx(np.mean(rises), rel=1e-3)
    assert found["loss_rise_most"] == pytest.approx(max(rises), rel=1e-3)
    assert found["loss_rise_relative"] == pytest.approx(np.mean(rises) / whole, rel=1e-3)


def test_correlations_of_known_units(script):
    generator = np.random.default_rng(0)
    first = generator.normal(size=10_000) + 5
    # The second is the first, the third is independent, the fourth is dead.
    other = generator.normal(size=10_000) + 5
    units = np.column_stack([first, 2 * first, other, np.zeros(10_000)])
    found = script("coadaptation").correlations(units)
    assert found["correlation"] == pytest.approx(1 / 3, abs=0.02)
    assert found["above_half"] == pytest.approx(1 / 3, rel=1e-3)
    assert found["active"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", SCRIPTS)
def test_page_shows_the_tables_of_the_results(script, name):
    module = script(name)
    page = (DOCS / getattr(module, "PAGE", "reproduced.md")).read_text()
    tables = module.tables()
    assert tables
    for title, table in tables.items():
        assert f"\n{table}\n" in page, title
    assert f"python examples/reproduce/{name}.py" in page
