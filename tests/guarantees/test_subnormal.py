"""Long fits stay free of subnormal numbers, which would slow down every step."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

from sknn import MLPClassifier, compat, load
from sknn._core.parameters import Parameters
from sknn._network.architecture import Architecture
from sknn._network.compiled import CompiledNetwork
from sknn._network.layers import Masks
from sknn._training import engine, objective
from sknn._training.data import DataSet
from sknn._training.objective import BatchObjective
from sknn.averaging import EMA
from sknn.callbacks import Checkpoint, EpochCallback, training_of
from sknn.dropout import Dropout
from sknn.losses import LogLoss
from sknn.optimizers import Optimizer
from sknn.optimizers._muon import _orthogonalize

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def n_subnormal(*arrays):
    return sum(
        int(((each != 0) & (np.abs(each) < np.finfo(each.dtype).tiny)).sum()) for each in arrays
    )


def vectors(model):
    """Return all that a fit takes from step to step."""
    training = model._model.training
    average = [training.average.vector] if training.average else []
    return [training.parameters.vector, *training.optimizer_state.slots, *average]


# The moments of the others decay too slowly for these steps, or there are none.
DECAYING = [
    *("momentum", "nesterov", "adadelta", "adam", "adamw", "amsgrad", "adamax", "nadam", "radam"),
    *("adan", "muon"),
]


@pytest.mark.parametrize("optimizer", DECAYING)
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
    for module in (engine, objective):
        monkeypatch.setattr(module, "drop_tiny", lambda *_: None)
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
    model.fit((X / 16).astype(np.float32), y)
    assert n_subnormal(*model.coefs_, *model._optimizer.state.slots) == 0
    assert (model.coefs_[0][(X == 0).all(axis=0)] == 0).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_sure_predictions(dtype):
    x = np.linspace(0, -1.3 * np.log(np.finfo(dtype).max), 500, dtype=dtype)
    loss, rows = LogLoss(), DataSet(x[:, np.newaxis], np.zeros(500, int), None)
    architecture = Architecture((1, 3), [], loss.link("multiclass"), [Dropout(0.0)])
    parameters = Parameters(architecture.layout(), np.zeros(6, dtype))
    parameters["layer_0"][0] = [0, 1, 0.5]
    gradient = parameters.copy()
    compiled = CompiledNetwork(architecture, parameters, 500, False, gradient, Masks(0))
    a_batch = BatchObjective(compiled, loss, rows, rows.X)
    a_batch.load(slice(0, 500))
    a_batch.gradient(500.0)
    expected = loss.gradient(np.stack([0 * x, x, x / 2]), rows.y) / 500
    assert n_subnormal(expected) > 0
    assert n_subnormal(compiled.delta) == 0
    assert_allclose(compiled.delta, expected, rtol=1e-5, atol=1e-29)


@pytest.mark.parametrize("slots", [3, None, "moments", {"a": np.ones(2)}, [np.ones(2)]], ids=str)
def test_states_of_ones_own_are_left_alone(slots):
    @dataclass
    class Own:
        slots: object

    class Plain(Optimizer):
        def init(self, params, layout=None):
            return Own(slots)

        def update(self, params, grad, state, learning_rate):
            params -= learning_rate * grad

    X = np.random.RandomState(0).randn(40, 2)
    model = MLPClassifier((3,), optimizer=Plain(), max_iter=200, batch_size=10, tol=0)
    model.set_params(n_iter_no_change=200).fit(X, (X[:, 0] > 0).astype(int))
    assert model._model.training.optimizer_state.slots is slots


@pytest.mark.parametrize("way", ["warm start", "resume"])
def test_a_fit_in_two_parts_drops_at_the_same_steps(way, tmp_path):
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    params = {"tol": 0, "n_iter_no_change": 300, "random_state": 0, "optimizer": "momentum"}
    params |= {"alpha": 0.5, "learning_rate_init": 0.2, "averaging": EMA(decay=0.9)}
    whole = MLPClassifier((20,), max_iter=144, **params).fit(X, y)
    assert (whole.coefs_[0] == 0).any()
    if way == "warm start":
        parts = MLPClassifier((20,), max_iter=60, warm_start=True, **params).fit(X, y)
        parts.set_params(max_iter=84).fit(X, y)
    else:
        stop = StopAfter(60)
        path = tmp_path / "model.npz"
        parts = MLPClassifier((20,), max_iter=144, **params)
        parts.set_callbacks(Checkpoint(path, every=60), stop)
        with pytest.raises(RuntimeError, match="stopped"):
            parts.fit(X, y)
        parts = load(path).resume(X, y)
    for ours, theirs in zip(vectors(parts), vectors(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


class StopAfter(EpochCallback):
    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def after_epoch(self, estimator):
        if training_of(estimator).progress.epoch == self.n_epochs:
            raise RuntimeError("stopped")


def test_muon_makes_none_of_rows_that_have_died_out():
    source = np.random.RandomState(0).randn(6, 9).astype(np.float32)
    source[2:4] *= 1e-20
    products = np.empty(36, np.float32), np.empty(36, np.float32)
    found = _orthogonalize(source.ravel(), np.empty(54, np.float32), (6, 9), products, 1e-7)
    assert n_subnormal(*products, found) == 0
    assert_allclose(np.linalg.norm(found.reshape(6, 9)[[0, 1, 4, 5]], axis=1), 1, atol=0.5)
