"""Model files and checkpoints of earlier versions load, predict, train on and resume as then.

Numbers of another processor differ in their last bits, so those stored are compared within a
tolerance; with a fit of today the comparison is to the bit, where today's first epochs have the
bits of the file.
"""

import runpy
from functools import cache

import numpy as np
import pytest
from common import ROOT
from numpy.testing import assert_allclose, assert_array_equal

import sknn
from sknn.callbacks import EpochCallback

FIXTURES = ROOT / "tests" / "fixtures"
MAKER = runpy.run_path(str(FIXTURES / "make_models.py"))
MODELS, CHECKPOINTS, OPTIMIZERS = (MAKER[key] for key in ("MODELS", "CHECKPOINTS", "OPTIMIZERS"))
WITH_STATE = {
    **MODELS,
    **{f"state_{name}": ("numbers", {"optimizer": name}) for name in OPTIMIZERS},
}
TOLERANCE = {
    "float64": {"rtol": 1e-12, "atol": 1e-14},
    "float32": {"rtol": 1e-5, "atol": 1e-7},
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@cache
def expected():
    with np.load(FIXTURES / "expected.npz") as archive:
        return dict(archive)


def load(name):
    return sknn.load(FIXTURES / f"{name}.npz")


def close(found, name, dtype, factor=1):
    """Compare with a stored array; training multiplies the differences of the last bits."""
    tolerance = {key: factor * value for key, value in TOLERANCE[dtype.name].items()}
    assert_allclose(found, expected()[name], **tolerance)


@pytest.mark.parametrize("name", WITH_STATE)
def test_a_model_predicts_and_trains_on(name):
    kind, params = WITH_STATE[name]
    dtype = MAKER["dtype_of"](params)
    X, y, _, X_new = MAKER["data"](kind, dtype)
    model = load(name)
    close(MAKER["predicted"](model, X_new), f"{name}/predictions", dtype)
    model.partial_fit(X, y)
    close(MAKER["weights"](model), f"{name}/further", dtype, factor=100)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_predicts_and_is_resumed(name):
    X, y, given, X_new, dtype = setting(name)
    model = load(f"checkpoint_{name}")
    close(MAKER["predicted"](model, X_new), f"checkpoint_{name}/predictions", dtype)
    model.resume(X, y, **given)
    close(MAKER["weights"](model), f"checkpoint_{name}/resumed", dtype, factor=100)
    close(model.loss_curve_, f"checkpoint_{name}/loss_curve", dtype, factor=100)


def setting(name):
    """Return the data of a checkpoint, what else its fit was given, new inputs, and the dtype."""
    kind, params, _, with_validation = CHECKPOINTS[name]
    dtype = MAKER["dtype_of"](params)
    X, y, validation, X_new = MAKER["data"](kind, dtype)
    return X, y, validation if with_validation else {}, X_new, dtype


class Stop(EpochCallback):
    """Ends a fit after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def after_epoch(self, estimator):
        return len(estimator._model.training.loss_curve) == self.epoch


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_is_resumed_to_the_bits_of_a_fit_of_today(name):
    kind, params, epoch, _ = CHECKPOINTS[name]
    X, y, given, *_ = setting(name)
    middle = load(f"checkpoint_{name}")
    half = MAKER["estimator"](kind, params).set_callbacks(Stop(epoch)).fit(X, y, **given)
    if (half._model.training.parameters.vector != middle._model.training.parameters.vector).any():
        close_enough = {"rtol": 1e-4} if "float32" in str(params) else {"rtol": 1e-9}
        assert_allclose(half.loss_curve_, middle.loss_curve_, **close_enough)
        pytest.skip("this processor rounds otherwise than the one that wrote the file")
    whole = MAKER["estimator"](kind, params).fit(X, y, **given)
    middle.resume(X, y, **given)
    assert_array_equal(MAKER["weights"](middle), MAKER["weights"](whole))
    assert middle.loss_curve_ == whole.loss_curve_


def test_the_files_are_those_of_the_script():
    names = {path.stem for path in FIXTURES.glob("*.npz")}
    assert names == {"expected", *MAKER["CASES"]}
    assert sum(path.stat().st_size for path in FIXTURES.iterdir() if path.is_file()) < 200_000
