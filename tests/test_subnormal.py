"""Subnormal numbers, which would make a step many times as long, stay out of long fits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, compat, engine, trainer
from sknn.averaging import EMA
from sknn.batch import Batch, Rows
from sknn.dropout import Dropout
from sknn.losses import LogLoss
from sknn.network import Architecture, Workspace
from sknn.optimizers import OPTIMIZERS, Optimizer
from sknn.parameters import Parameters
from sknn.stages import Masks


def n_subnormal(*arrays):
    return sum(
        int(((each != 0) & (np.abs(each) < np.finfo(each.dtype).tiny)).sum()) for each in arrays
    )


def vectors(model):
    """Return all that a fit takes from step to step."""
    training = model._training
    average = [training.average.vector] if training.average else []
    return [training.parameters.vector, *training.optimizer_state.slots, *average]


STEPPING = [name for name, kind in OPTIMIZERS.items() if issubclass(kind, Optimizer)]


@pytest.mark.parametrize("optimizer", STEPPING)
def test_moments_of_a_feature_that_is_zero_from_some_day_on(optimizer):
    random_state = np.random.RandomState(0)
    X, y = random_state.randn(2000, 3).astype(np.float32), np.arange(2000) % 2
    model = MLPClassifier((4,), optimizer=optimizer, alpha=0, batch_size=1, random_state=0)
    model.partial_fit(X[:8], y[:8], classes=[0, 1])
    X[:, 0] = 0
    model.partial_fit(X, y)
    assert n_subnormal(*vectors(model)) == 0


def test_moments_in_float64():
    X, y = np.random.RandomState(0).randn(4000, 3), np.arange(4000) % 2
    model = MLPClassifier((4,), optimizer="momentum", alpha=0, batch_size=1, random_state=0)
    model.partial_fit(X[:8], y[:8], classes=[0, 1])
    X[:, 0] = 0
    for _ in range(2):
        model.partial_fit(X, y)
    assert n_subnormal(*vectors(model)) == 0
    assert np.count_nonzero(vectors(model)[1]) > 0


@pytest.mark.parametrize("averaging", [None, EMA(decay=0.9)], ids=["plain", "averaged"])
@pytest.mark.parametrize("params", [{}, {"clip_norm": 1.0}, {"optimizer": "momentum"}], ids=str)
def test_weights_of_features_that_are_always_zero(params, averaging, monkeypatch):
    X, y = load_digits(return_X_y=True)
    if "optimizer" in params:
        params = params | {"alpha": 0.5, "learning_rate_init": 0.2}  # shrinks a tenth at a step
    shared = {"max_iter": 300, "tol": 0, "n_iter_no_change": 300, "random_state": 0}
    model = MLPClassifier(averaging=averaging, **shared, **params)
    model.fit((X / 16).astype(np.float32), y)
    assert n_subnormal(*vectors(model)) == 0
    assert (model.coefs_[0][(X == 0).all(axis=0)] == 0).any()
    # All else is the same, to the last bit.
    for module in (engine, trainer):
        monkeypatch.setattr(module, "drop_tiny", lambda _: None)
    other = MLPClassifier(averaging=averaging, **shared, **params)
    other.fit((X / 16).astype(np.float32), y)
    assert n_subnormal(*vectors(other)) > 0
    for ours, theirs in zip(model.coefs_, other.coefs_, strict=True):
        assert ((ours == theirs) | (np.abs(theirs) < 1e-20)).all()


def test_compat():
    X, y = load_digits(return_X_y=True)
    model = compat.MLPClassifier(
        max_iter=450, tol=0, n_iter_no_change=450, learning_rate_init=0.003, random_state=0
    )
    with pytest.warns(ConvergenceWarning):
        model.fit((X / 16).astype(np.float32), y)
    assert n_subnormal(*model.coefs_, *model._optimizer.state.slots) == 0
    assert (model.coefs_[0][(X == 0).all(axis=0)] == 0).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_sure_predictions(dtype):
    x = np.linspace(0, -1.3 * np.log(np.finfo(dtype).max), 500, dtype=dtype)
    loss, rows = LogLoss(), Rows(x[:, np.newaxis], np.zeros(500, int), None)
    architecture = Architecture((1, 3), [], loss.link("multiclass"), [Dropout(0.0)])
    parameters = Parameters(architecture.layout(), np.zeros(6, dtype))
    parameters["layer_0"][0] = [0, 1, 0.5]
    workspace = Workspace(architecture, parameters, 500, False, parameters.copy(), Masks(0))
    batch = Batch(workspace, loss, rows, rows.X)
    batch.load(slice(0, 500))
    batch.gradient(500.0)
    expected = loss.gradient(np.stack([0 * x, x, x / 2]), rows.y) / 500
    assert n_subnormal(expected) > 0
    assert n_subnormal(workspace.delta) == 0
    assert_allclose(workspace.delta, expected, rtol=1e-5, atol=1e-29)
