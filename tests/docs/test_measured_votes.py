"""The scripts on votes, ensembles and intervals: their metrics, and runs on synthetic data."""

import importlib
import json
import sys
import warnings

import numpy as np
import pytest
from common import ROOT
from scipy.stats import norm

from sknn.exceptions import InterruptedWarning

FOLDER = ROOT / "examples" / "reproduce"
SCRIPTS = ("common", "gal_ghahramani", "intervals", "ensembles")


@pytest.fixture
def script(monkeypatch):
    """Return a function that imports a script as a run in its folder does."""
    for name in SCRIPTS:  # the tests have a module `common` of their own
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in SCRIPTS:
        sys.modules.pop(name, None)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a regression and a classification."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3)).astype(np.float32)
    test_idx = np.array([np.arange(20), np.arange(20, 40)])
    np.savez(tmp_path / "yacht.npz", X=X, y=5 + X[:, 0], test_idx=test_idx)
    np.savez(tmp_path / "concrete.npz", X=X, y=5 + X[:, 0], test_idx=test_idx)
    y = (X[:, 0] > 0).astype(np.uint8) + (X[:, 1] > 0)
    np.savez(tmp_path / "usps.npz", X=X, y=y, test_idx=test_idx[:1])
    return tmp_path


# ------------------------------------------------------------------- what scripts share


def test_an_entry_is_computed_once_and_survives(script, tmp_path):
    results = script("common").Results(tmp_path / "new" / "x.json")
    assert results.all() == {}
    calls = []
    for _ in range(2):
        entry = results.run("a b", lambda: calls.append(0) or {"value": 1.5})
        assert entry["value"] == 1.5
    assert calls == [0]
    # Another process adds an entry while one is computed.
    other = script("common").Results(results.path)
    results.run("c", lambda: other.run("d", lambda: {"value": 2.0}))
    assert set(json.loads(results.path.read_text())) == {"a b", "c", "d"}
    assert [path.name for path in results.path.parent.iterdir()] == ["x.json"]


def test_an_interrupted_fit_is_no_result(script, tmp_path):
    results = script("common").Results(tmp_path / "x.json")

    def interrupted():
        warnings.warn("stopped", InterruptedWarning, stacklevel=2)
        return {"value": 1.0}

    warnings.simplefilter("always")  # outside the tests, a warning is no error
    with pytest.raises(InterruptedWarning):
        results.run("a", interrupted)
    assert results.all() == {}


def test_a_scale_is_the_one_of_the_training_rows(script):
    scale = script("common").Scale.of(np.array([[1.0, 7.0], [3.0, 7.0]]))
    np.testing.assert_array_equal(scale(np.array([[4.0, 7.0]])), [[2.0, 0.0]])


def test_a_mean_has_its_standard_error(script):
    assert script("common").mean_and_error([1.0, 3.0, 5.0]) == "3.00 ± 1.15"


# ------------------------------------------------------------------- Gal and Ghahramani


def test_the_likelihood_is_the_one_of_a_mixture(script):
    module = script("gal_ghahramani")
    votes, y = np.random.default_rng(0).normal(size=(4, 6)), np.linspace(-2, 2, 6)
    expected = np.log(norm.pdf(y, votes, 0.3).mean(axis=0)).mean()
    assert module.log_likelihood(votes, y, 0.3) == pytest.approx(expected)
    assert module.error(votes, y) == pytest.approx(np.sqrt(np.mean((votes.mean(axis=0) - y) ** 2)))


@pytest.mark.parametrize(("likely", "expected"), [([1, 3, 2, 9], 0.01), ([1, 2, 3, 4], 0.1)])
def test_rates_are_tried_until_the_likelihood_falls(script, monkeypatch, likely, expected):
    """The noise that suits votes with a fixed error best is that error."""
    module, tried = script("gal_ghahramani"), []

    class Voter:
        def votes(self, X, n_passes):
            assert len(X) == 20
            return np.full((2, 20), 0.5 ** likely[len(tried) - 1])

    def fit(X, y, rate, setting):
        assert len(X) == len(y) == 80
        tried.append(rate)
        return Voter()

    monkeypatch.setattr(module, "fit", fit)
    rate, noise = module.choose(np.zeros((100, 1)), np.zeros(100), (1, 1, 0.1), 0)
    assert rate == expected
    assert noise == pytest.approx(0.5 ** likely[module.RATES.index(expected)], rel=0.1)
    assert tried == list(module.RATES[: 3 if expected == 0.01 else 4])


def test_splits_are_run_once_and_shown(script, folder, monkeypatch):
    module = script("gal_ghahramani")
    monkeypatch.setattr(module, "SETS", {"yacht": (100, 16, 0.01)})
    monkeypatch.setattr(module, "N_VOTES", 50)
    results = script("common").Results(folder / "gal_ghahramani.json")
    module.main(["yacht"], folder, results)
    entries = results.all()
    assert list(entries) == ["yacht 00", "yacht 01"]
    assert all(0 < entry["rmse"] < 0.5 for entry in entries.values())
    monkeypatch.setattr(module, "run_split", lambda *arguments: pytest.fail("ran again"))
    module.main(["yacht"], folder, results)
    rmse, _ = module.tables(folder).values()
    mean = np.mean([entry["rmse"] for entry in entries.values()])
    assert f"| yacht | 1.11 | 0.67 ± 0.05 | {mean:.2f} ± " in rmse


# ------------------------------------------------------------------- intervals and ensembles


def test_coverage_is_the_share_inside(script, folder, monkeypatch):
    module = script("intervals")
    data = script("common").load(folder, "concrete")

    def half(name, rows):
        """Cover the test rows whose target is above the median."""
        truth = 5 + rows[2][:, 0]
        return np.where(truth > np.median(truth), truth - 0.1, truth + 0.1), truth + 0.5

    monkeypatch.setitem(module.METHODS, "half", half)
    found = module.measure(data, 1, "concrete", "half")
    assert found["coverage"] == pytest.approx(0.5)
    assert found["coverage_upper_fifth"] == 1
    assert found["width"] == pytest.approx((0.6 + 0.4) / 2 / data.split(1)[1].std())


@pytest.mark.parametrize("method", ['loss="gaussian"', "two quantiles", "conformalized quantiles"])
def test_methods_cover_most_rows(script, folder, monkeypatch, method):
    if method.startswith("conformal"):
        pytest.importorskip("mapie")
    module = script("intervals")
    monkeypatch.setitem(module.SETS, "concrete", (1, 20, 16))
    found = module.measure(script("common").load(folder, "concrete"), 0, "concrete", method)
    assert 0.3 < found["coverage"] <= 1
    assert 0 < found["width"] < 10


def test_the_calibration_error_has_a_closed_form(script):
    module = script("ensembles")
    y = np.repeat([0, 1], [7, 3])
    sure = np.tile([0.7, 0.3], (10, 1))
    assert module.calibration_error(sure, y) == pytest.approx(0, abs=1e-12)
    sure = np.tile([0.9, 0.1], (10, 1))
    assert module.calibration_error(sure, y) == pytest.approx(0.2)
    both = np.concatenate([np.tile([0.9, 0.1], (10, 1)), np.tile([0.6, 0.4], (10, 1))])
    assert module.calibration_error(both, np.tile(y, 2)) == pytest.approx(0.5 * (0.2 + 0.1))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sknn.exceptions.BatchSizeWarning")
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_models_of_a_set_are_measured(script, folder, monkeypatch):
    pytest.importorskip("sklearn", minversion="1.8")
    module = script("ensembles")
    monkeypatch.setattr(module, "SETS", {"usps": (20, 0.1)})
    results = script("common").Results(folder / "ensembles.json")
    module.main(["usps"], folder, results)
    (entry,) = results.all().values()
    for key in module.ROWS.values():
        assert len(entry[key]["accuracy"]) == (1 if "ensemble" in key else 5)
        assert min(entry[key]["accuracy"]) > 0.3
    assert module.tables(folder)["usps"].count("\n") == 1 + len(module.ROWS)
