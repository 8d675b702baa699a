"""Steps on sparse inputs that skip features without a gradient: identical to complete steps."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from common import changes, state
from scipy import sparse

from sknn import MLPClassifier, MLPRegressor
from sknn._core.blas import axpy
from sknn._network.touched import TouchedRows
from sknn._training.penalty import Regularization
from sknn._training.row_updates import RowUpdates
from sknn.exceptions import DivergedError
from sknn.optimizers import OPTIMIZERS, SGD, Adagrad, ElementwiseOptimizer, Momentum
from sknn.testing import check_optimizer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_FEATURES = 3000
ELEMENTWISE = {
    name: cls for name, cls in OPTIMIZERS.items() if issubclass(cls, ElementwiseOptimizer)
}


def texts(dtype, n_samples=400, density=0.003):
    generator = np.random.default_rng(0)
    shape = (n_samples, N_FEATURES)
    X = sparse.random_array(shape, density=density, format="csr", dtype=dtype, rng=generator)
    return X, generator.integers(0, 3, n_samples), generator.integers(0, 3, n_samples)


def make(cls=MLPClassifier, units=7, **params):
    fixed = {"optimizer": "sgd", "alpha": 0, "batch_size": 30, "max_iter": 6, "random_state": 0}
    return cls(**({"hidden_layer_sizes": (units, 5)} | fixed | params))


@pytest.fixture
def count(monkeypatch):
    """Return a list of the numbers of rows of each step that leaves features out."""
    numbers, differentiate = [], TouchedRows.differentiate

    def counted(self, X, delta):
        is_done = differentiate(self, X, delta)
        if is_done:
            numbers.append(len(self.rows))
        return is_done

    monkeypatch.setattr(TouchedRows, "differentiate", counted)
    return numbers


@pytest.fixture
def whole_steps(monkeypatch):
    """Return a function after which all steps compute the whole gradient."""

    def switch():
        monkeypatch.setattr(TouchedRows, "differentiate", lambda self, X, delta: False)

    return switch


VARIATIONS = {
    "plain": {},
    "one unit": {"units": 1},
    "even": {"units": 64},
    "wide": {"units": 100},
    "without hidden layers": {"hidden_layer_sizes": ()},
    "dropout": {"dropout": 0.2, "input_dropout": 0.3},
    "averaged": {"averaging": "ema", "max_norm": 2.0},
    "parameters of activations": {"activation": "prelu"},
    "early stopping": {"early_stopping": True, "scoring": "accuracy"},
    "in order": {"shuffle": False, "learning_rate": "cosine"},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("variation", VARIATIONS)
def test_same_bits(variation, optimizer, dtype, count, whole_steps):
    X, y, weight = texts(dtype)
    params = VARIATIONS[variation] | {"optimizer": optimizer}
    model = make(**params).fit(X, y, weight)
    n_steps = model._model.training.progress.step
    assert n_steps - len(count) == model.n_iter_  # in each epoch, one step is measured
    assert max(count) < 0.1 * N_FEATURES
    whole_steps()
    assert changes(state(model), state(make(**params).fit(X, y, weight))) == []


def test_same_bits_for_numbers_and_matrices(count, whole_steps):
    X, y, _ = texts(np.float64)
    model = make(MLPRegressor, optimizer="adagrad").fit(sparse.csr_matrix(X), y)
    assert count
    whole_steps()
    assert changes(state(model), state(make(MLPRegressor, optimizer="adagrad").fit(X, y))) == []


def test_dense_inputs_agree():
    X, y, _ = texts(np.float64)
    model, other = make().fit(X, y), make().fit(X.toarray(), y)
    np.testing.assert_allclose(model.coefs_[0], other.coefs_[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "params",
    [{"alpha": 1e-4}, {"clip_norm": 1.0}, {"optimizer": "adam"}, {"optimizer": "momentum"}],
    ids=str,
)
def test_other_fits_compute_the_whole_gradient(params, count):
    X, y, _ = texts(np.float64)
    make(**params).fit(X, y)
    assert count == []


def test_a_batch_with_most_features_computes_the_whole_gradient(count):
    X, y, _ = texts(np.float64, density=0.2)
    make(max_iter=1).fit(X, y)
    assert count == []


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_divergence_names_the_layer(optimizer):
    X, y, _ = texts(np.float32)
    model = make(MLPRegressor, optimizer=optimizer, learning_rate_init=1e30, activation="identity")
    with pytest.raises(DivergedError, match="layer"):
        model.fit(X * 1e4, y)


# ---------------------------------------------------------------- the rules


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_rules_that_skip_zeros_do(name):
    """A rule says that it leaves elements without a gradient as they are if it does."""
    optimizer, generator = ELEMENTWISE[name](), np.random.default_rng(0)
    params = generator.standard_normal(200)
    state, is_still = optimizer.init(params), np.arange(200) % 3 == 0
    for _ in range(3):
        optimizer.update(params, generator.standard_normal(200), state, 0.1)
    before = params.copy(), *(slot.copy() for slot in state.slots)
    gradient = np.where(is_still, 0.0, generator.standard_normal(200))
    optimizer.update(params, gradient, state, 0.1)
    after = params, *state.slots
    keeps = all(
        np.array_equal(old[is_still], new[is_still]) for old, new in zip(before, after, strict=True)
    )
    assert keeps == optimizer.leaves_zero_gradients() == (name in ("sgd", "gd", "adagrad"))


@dataclass(repr=False, eq=False)
class Shrinking(SGD):
    """Another rule, which says nothing of zeros."""

    def rule(self, params, grad, scratch, learning_rate):
        params *= 0.9
        axpy(-learning_rate, grad, params)


@dataclass(repr=False, eq=False)
class Decaying(SGD):
    weight_decay: float = 0.1


@dataclass(repr=False, eq=False)
class Whole(SGD):
    def update(self, params, grad, state, learning_rate):
        params -= learning_rate * grad


@dataclass(repr=False, eq=False)
class Lying(Shrinking):
    skips_zeros: ClassVar[bool] = True

    def rule(self, params, grad, scratch, learning_rate):
        super().rule(params, grad, scratch, learning_rate)


def test_a_subclass_has_to_say_so_itself():
    assert not Shrinking().leaves_zero_gradients()
    assert not Decaying().leaves_zero_gradients()
    assert not Whole().leaves_zero_gradients()
    assert Decaying(weight_decay=0.0).leaves_zero_gradients()


def test_the_check_finds_a_rule_that_does_not_skip_zeros():
    check_optimizer(SGD())
    check_optimizer(Adagrad())
    with pytest.raises(AssertionError, match="skips_zeros"):
        check_optimizer(Lying(), learning_rate=0.1)


@pytest.mark.parametrize(
    ("optimizer", "regularization", "expected"),
    [
        (SGD(), Regularization(), True),
        (SGD(), Regularization(max_norm=1.0), True),
        (SGD(), Regularization(alpha=1e-9), False),
        (SGD(), Regularization(clip_norm=1.0), False),
        (Momentum(), Regularization(), False),
    ],
)
def test_where_it_is_exact(optimizer, regularization, expected):
    assert RowUpdates.is_exact(optimizer, regularization) == expected


def test_a_step_updates_the_features_of_its_batch_alone(count):
    """The rule sees the elements of the features that occur, and of the other layers."""
    sizes = []

    @dataclass(repr=False, eq=False)
    class Counting(SGD):
        skips_zeros: ClassVar[bool] = True

        def rule(self, params, grad, scratch, learning_rate):
            sizes.append(params.size)
            super().rule(params, grad, scratch, learning_rate)

    X, y, _ = texts(np.float64)
    model = make(optimizer=Counting(), units=16, max_iter=3).fit(X, y)
    n_other = model._model.network.parameters.vector.size - N_FEATURES * 16
    n_last, n_rounded_up = (
        128 * 16,
        128,
    )  # features that go with the other layers, and whole vectors
    n_whole = model._model.training.progress.step - len(count)
    most = sum(16 * number + n_other + n_last + n_rounded_up for number in count)
    assert sum(sizes) <= most + n_whole * model._model.network.parameters.vector.size
    assert len(count) > n_whole
