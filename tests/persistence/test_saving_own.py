"""Model files: user-defined classes, and values that a file cannot store."""

import os
from dataclasses import dataclass, field

import numpy as np
import pytest
from common import changes, problem, state, through_file
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, make_scorer

import sknn
from sknn import MLPRegressor
from sknn.activations import Activation
from sknn.initializers import Auto, Normal
from sknn.losses import Focal
from sknn.optimizers import Momentum, Optimizer

SMALL = {"hidden_layer_sizes": (8, 5), "batch_size": 32, "max_iter": 4, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted(**params):
    cls, X, y = problem("regression")
    return cls(**SMALL | params).fit(X, y), X, y


# ---------------------------------------------------------------- classes of one's own


@dataclass(repr=False, eq=False)
class Sine(Activation):
    frequency: float = 1.0

    def forward(self, z, a, scratch):
        np.sin(z * self.frequency, out=a)

    def backward(self, delta, z, a, scratch):
        delta *= self.frequency * np.sqrt(1 - a**2)


@dataclass
class Moments:
    count: int
    held: dict

    def __post_init__(self):
        self.held.setdefault("sum", 0.0)


@dataclass(repr=False, eq=False)
class Own(Optimizer):
    def init(self, params, layout=None):
        return Moments(0, {"last": np.zeros_like(params)})

    def update(self, params, grad, state, learning_rate):
        state.count += 1
        state.held["last"] += grad
        params -= learning_rate * state.held["last"] / state.count


class Regressor(MLPRegressor):
    pass


def test_own_classes_are_refused_unless_passed(tmp_path):
    model, X, _ = fitted(activation=("relu", Sine(2.0)))
    with pytest.raises(ValueError, match=r"holds a Sine, .*strategies=\[Sine\]"):
        through_file(model, tmp_path)
    twin = through_file(model, tmp_path, strategies=[Sine])
    assert type(twin.activation[1]) is Sine
    assert_array_equal(twin.predict(X), model.predict(X))


def test_own_optimizer_keeps_its_state(tmp_path):
    model, X, y = fitted(optimizer=Own(), warm_start=True)
    twin = through_file(model, tmp_path, training_state=True, strategies=[Own, Moments])
    assert changes(state(model.fit(X, y)), state(twin.fit(X, y))) == []
    with pytest.raises(ValueError, match=r"holds a Moments, .*strategies=\[Moments\]"):
        through_file(model, tmp_path, training_state=True, strategies=[Own])


@dataclass(repr=False, eq=False)
class Bumps(Sine):
    w: np.ndarray = field(default_factory=lambda: np.zeros(3))
    w_2: np.ndarray = field(default_factory=lambda: np.ones(3))


def test_arrays_whose_names_look_numbered_keep_apart(tmp_path):
    """The third array's name would be that of the second's stem and a 2."""
    own = Bumps(w=np.full(3, 5.0)), Bumps(w=np.full(3, 6.0), w_2=np.full(3, 7.0))
    twin = through_file(MLPRegressor(activation=own), tmp_path, strategies=[Bumps])
    for one, other in zip(twin.activation, own, strict=True):
        assert_array_equal(one.w, other.w)
        assert_array_equal(one.w_2, other.w_2)


def test_own_estimator(tmp_path):
    _, X, y = problem("regression")
    model = Regressor(**SMALL).fit(X, y)
    assert type(through_file(model, tmp_path, strategies=[Regressor])) is Regressor
    with pytest.raises(ValueError, match="holds a Regressor"):
        through_file(model, tmp_path)


@pytest.mark.parametrize(
    ("strategies", "message"),
    [
        ([Sine()], "strategies must be a sequence of classes, got Sine"),
        (Sine, "strategies must be a sequence of classes"),
        ([Sine, type("Sine", (Activation,), {})], "two classes named Sine"),
    ],
)
def test_wrong_strategies(strategies, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        through_file(MLPRegressor(), tmp_path, strategies=strategies)


# ---------------------------------------------------------------- what a file cannot hold


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scoring", lambda model, X, y: 0.0),
        ("scoring", make_scorer(accuracy_score)),
        ("random_state", np.random),
        ("loss", Focal),
        ("activation", ("relu", object())),
        ("optimizer", Momentum(momentum=object())),
        ("hidden_layer_sizes", np.zeros(2, "i4, f8")),
        ("init", {"weights": Normal, "biases": Auto()}),
    ],
)
def test_a_parameter_that_a_file_cannot_hold_is_named(name, value, tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match=f"^{name}.*cannot be kept in a model file"):
        sknn.save(MLPRegressor(**{name: value}), path)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("model", [[MLPRegressor()], MLPRegressor, None, 3])
def test_only_estimators_are_saved(model, tmp_path):
    with pytest.raises(ValueError, match=r"model must be a sknn\.MLPClassifier or sknn\.MLPR"):
        sknn.save(model, tmp_path / "model.npz")
