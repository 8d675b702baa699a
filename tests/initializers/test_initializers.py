"""Initializers: theoretical moments, shapes, seeds, and the initial parameters of a fit."""

import math

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from sknn import MLPClassifier
from sknn.activations import ACTIVATIONS
from sknn.initializers import INITIALIZERS, Auto, Constant, Normal, TruncatedNormal, Uniform
from sknn.optimizers import OPTIMIZERS

FAN_IN, FAN_OUT = 400, 250
AVERAGE = (FAN_IN + FAN_OUT) / 2
TRUNCATED = 0.7737413  # the variance of a standard normal within two standard deviations

# Mean, variance, and the largest absolute value (infinite if there is none).
THEORY = {
    "zeros": (0, 0, 0),
    "constant": (0, 0, 0),
    "normal": (0, 1, math.inf),
    "uniform": (0, 0.1**2 / 12, 0.05),
    "truncated_normal": (0, TRUNCATED, 2),
    "xavier_uniform": (0, 1 / AVERAGE, math.sqrt(6 / (FAN_IN + FAN_OUT))),
    "xavier_normal": (0, 1 / AVERAGE, math.inf),
    "he_uniform": (0, 2 / FAN_IN, math.sqrt(6 / FAN_IN)),
    "he_normal": (0, 2 / FAN_IN, math.inf),
    "lecun_uniform": (0, 1 / FAN_IN, math.sqrt(3 / FAN_IN)),
    "lecun_normal": (0, 1 / FAN_IN, math.inf),
    "orthogonal": (0, 1 / FAN_IN, math.inf),
    "sparse": (0, 15 / FAN_IN, math.inf),
    "lsuv": (0, 1 / FAN_IN, math.inf),
}
DRAWING = [name for name, member in INITIALIZERS.items() if member is not Auto]
EVERY_INITIALIZER = pytest.mark.parametrize("name", DRAWING)
WITH_MOMENTS = pytest.mark.parametrize("name", [name for name in DRAWING if name != "identity"])


def draw(initializer, shape=(FAN_IN, FAN_OUT), seed=0):
    fan_in, fan_out = shape if len(shape) == 2 else (FAN_IN, *shape)
    return initializer.sample(shape, fan_in, fan_out, np.random.RandomState(seed))


def assert_moments(values, mean, variance):
    """Allow five standard errors; a sparse draw has as many values as are not zero."""
    n_values = max(1, np.count_nonzero(values))
    error = math.sqrt(variance / values.size)
    assert values.mean() == pytest.approx(mean, rel=1e-12, abs=5 * error)
    error = variance * math.sqrt(2 / n_values)
    assert values.var() == pytest.approx(variance, rel=1e-12, abs=1e-30 + 5 * error)


def test_every_initializer_has_a_theory():
    assert set(THEORY) == set(DRAWING) - {"identity"}


@WITH_MOMENTS
def test_mean_and_variance(name):
    mean, variance, _ = THEORY[name]
    assert_moments(draw(INITIALIZERS[name]()), mean, variance)


@WITH_MOMENTS
def test_tails(name):
    _, variance, largest = THEORY[name]
    reached = abs(draw(INITIALIZERS[name]())).max()
    if math.isinf(largest):
        # Of 3,750 normal draws or more the largest is beyond 3 standard deviations, surely enough.
        assert reached > 3 * math.sqrt(variance)
    else:
        assert 0.999 * largest <= reached <= largest


@pytest.mark.parametrize(
    ("initializer", "mean", "variance"),
    [
        (Constant(-0.3), -0.3, 0),
        (Normal(2, 0.1), 2, 0.01),
        (Uniform(1, 3), 2, 4 / 12),
        (TruncatedNormal(-1, 0.5), -1, TRUNCATED / 4),
    ],
)
def test_hyperparameters_move_the_moments(initializer, mean, variance):
    assert_moments(draw(initializer), mean, variance)


def test_truncated_normal_ends_at_two_standard_deviations():
    values = draw(TruncatedNormal(5, 0.1))
    assert 4.8 <= values.min() < 4.801
    assert 5.199 < values.max() <= 5.2


@pytest.mark.parametrize("gain", [1, 0.5])
@pytest.mark.parametrize("shape", [(60, 20), (20, 60), (40, 40)])
def test_orthogonal(shape, gain):
    weights = draw(INITIALIZERS["orthogonal"](gain), shape)
    gram = weights.T @ weights if shape[0] >= shape[1] else weights @ weights.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(min(shape)), atol=1e-14)


def test_orthogonal_has_no_preferred_sign():
    traces = [np.trace(draw(INITIALIZERS["orthogonal"](), (5, 5), seed)) for seed in range(400)]
    # A uniform orthogonal matrix has a trace of mean 0 and variance 1.
    assert np.mean(traces) == pytest.approx(0, abs=5 / math.sqrt(400))
    assert np.var(traces) == pytest.approx(1, abs=5 * math.sqrt(2 / 400))


@pytest.mark.parametrize(("n_connections", "n_wanted"), [(3, 3), (15, 15), (1000, 60)])
def test_sparse_connects_each_unit_to_so_many_inputs(n_connections, n_wanted):
    weights = draw(INITIALIZERS["sparse"](n_connections, std=2), (60, 500))
    assert ((weights != 0).sum(axis=0) == n_wanted).all()
    assert weights[weights != 0].std() == pytest.approx(2, rel=0.1)
    if n_wanted < 60:  # every input is as likely as the others
        counts = (weights != 0).sum(axis=1)
        mean = 500 * n_wanted / 60
        assert abs(counts - mean).max() < 5 * math.sqrt(mean)


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2)])
def test_identity_passes_inputs_on(shape):
    inputs = np.random.default_rng(0).normal(size=(4, shape[0]))
    n_common = min(shape)
    outputs = inputs @ draw(INITIALIZERS["identity"](2.0), shape)
    np.testing.assert_array_equal(outputs[:, :n_common], 2 * inputs[:, :n_common])
    assert not outputs[:, n_common:].any()


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (5, 5), (1, 4), (4, 1), (6,), (1,)])
@EVERY_INITIALIZER
def test_shape_and_dtype(name, shape):
    values = draw(INITIALIZERS[name](), shape)
    assert values.shape == shape
    assert values.dtype == np.float64
    assert np.isfinite(values).all()


@EVERY_INITIALIZER
def test_seed_decides(name):
    initializer = INITIALIZERS[name]()
    values = draw(initializer, seed=1)
    np.testing.assert_array_equal(draw(clone(initializer), seed=1), values)
    draws = name != "identity" and THEORY[name][1] > 0
    assert (draw(initializer, seed=2) != values).any() == draws


# Units that pass about half of a symmetric input's power on.
RECTIFIERS = {
    *("relu", "leaky_relu", "prelu", "relu6", "threshold", "squareplus", "elu", "celu"),
    *("gelu", "silu", "mish", "hard_silu"),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_auto_is_he_for_rectifiers_lecun_for_selu_and_xavier_for_others(name):
    expected = "he_uniform" if name in RECTIFIERS else "xavier_uniform"
    expected = "lecun_normal" if name == "selu" else expected
    assert type(Auto().for_layer(ACTIVATIONS[name](), is_output=False)) is INITIALIZERS[expected]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@EVERY_INITIALIZER
def test_others_ignore_the_activation(name, activation):
    initializer = INITIALIZERS[name]()
    for is_output in (False, True):
        assert initializer.for_layer(ACTIVATIONS[activation](), is_output) is initializer


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_auto_starts_the_output_at_zero(name):
    assert type(Auto().for_layer(ACTIVATIONS[name](), is_output=True)) is INITIALIZERS["zeros"]


def test_auto_draws_nothing_itself():
    with pytest.raises(TypeError, match="for_layer"):
        draw(Auto())


@pytest.mark.parametrize(
    ("initializer", "message"),
    [
        (Normal(std=-1), r"init__std must be a number in \[0, inf\), got -1\."),
        (TruncatedNormal(std=-0.5), r"init__std must be .*, got -0\.5\."),
        (Constant(math.nan), r"init__value must be .*, got nan\."),
        (Uniform(0.2, 0.1), r"init__low must not exceed init__high, got 0\.2 > 0\.1\."),
        (INITIALIZERS["orthogonal"](0), r"init__gain must be a number in \(0, inf\), got 0\."),
    ],
)
def test_ranges(initializer, message):
    with pytest.raises(ValueError, match=message):
        initializer.check("init")


def standing_still(optimizer):
    """Return an optimizer that is `optimizer` in all but its steps: it takes none."""
    methods = dict.fromkeys(["rule", "update", "minimize"], lambda *_: True)
    return type("StandingStill", (OPTIMIZERS[optimizer],), methods)()


def initial_weights(optimizer="adam", **params):
    """Return what a fit starts from."""
    X = np.linspace(-1, 1, 24).reshape(8, 3).astype(params.pop("input_dtype", np.float64))
    model = MLPClassifier((5, 4), optimizer=standing_still(optimizer), n_iter_no_change=1)
    model.set_params(**{"random_state": 0, **params})
    model.fit(X, np.arange(8) % 3)
    return [*model.coefs_, *model.intercepts_]


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_lsuv_gives_every_layer_unit_variance(activation, make):
    X = np.random.default_rng(0).normal(3, 20, size=(200, 6))
    model = MLPClassifier((30, 20), activation, init="lsuv", optimizer=standing_still("sgd"))
    model.set_params(n_iter_no_change=1, random_state=0).fit(make(X), np.arange(200) % 3)
    signal = X
    for weights in model.coefs_:
        z = signal @ weights
        assert z.var() == pytest.approx(1, abs=0.01)
        gram = weights.T @ weights if weights.shape[0] >= weights.shape[1] else weights @ weights.T
        np.testing.assert_allclose(gram, gram[0, 0] * np.eye(len(gram)), atol=1e-12)
        signal = np.maximum(z, 0) if activation == "relu" else np.tanh(z)


@pytest.mark.parametrize("n_samples", [200, 2000])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_lsuv_does_not_read_rows_without_weight(make, n_samples):
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(n_samples, 6)), np.arange(n_samples) % 3, np.ones(n_samples)
    left_out = rng.random(n_samples) < 0.3
    X[left_out] *= 5
    weight[left_out] = 0
    params = {"optimizer": standing_still("sgd"), "n_iter_no_change": 1, "random_state": 0}
    weighted, rest = (MLPClassifier((30, 20), init="lsuv", **params) for _ in range(2))
    weighted.fit(make(X), y, weight)
    rest.fit(make(X[~left_out]), y[~left_out])
    assert_same(weighted.coefs_, rest.coefs_)


@pytest.mark.parametrize(
    ("tol", "variance", "rescales"),
    [
        *((0.1, 1.05, False), (0.1, 0.95, False), (0.1, 1.11, True), (0.1, 0.89, True)),
        *((1e-6, 1.00001, True), (1e-6, 1.0, False), (5.0, 3.0, False)),
        *((None, 1.009, False), (None, 0.991, False), (None, 1.011, True), (None, 0.989, True)),
    ],
)
def test_lsuv_rescales_beyond_its_tolerance(tol, variance, rescales):
    lsuv = INITIALIZERS["lsuv"]() if tol is None else INITIALIZERS["lsuv"](tol=tol)
    z = math.sqrt(variance) * np.array([[1.0, -1.0, 1.0, -1.0]])
    weights = np.array([[2.0]])
    assert lsuv.rescale(weights, z) == rescales
    expected = 2 / math.sqrt(variance) if rescales else 2
    assert weights[0, 0] == pytest.approx(expected, rel=1e-12)


def test_an_activation_may_ask_for_an_initializer_that_looks_at_data():
    class Wanting(ACTIVATIONS["tanh"]):
        initializer = "lsuv"

    X = np.random.default_rng(0).normal(3, 20, size=(200, 6))
    model = MLPClassifier((30,), Wanting(), optimizer=standing_still("sgd"), n_iter_no_change=1)
    model.fit(X, np.arange(200) % 3)
    assert (X @ model.coefs_[0]).var() == pytest.approx(1, abs=0.01)


def test_lsuv_leaves_a_layer_without_variance():
    model = MLPClassifier(4, init="lsuv", optimizer=standing_still("sgd"), n_iter_no_change=1)
    model.fit(np.zeros((10, 3)), np.arange(10) % 2)
    np.testing.assert_allclose(np.linalg.norm(model.coefs_[0], axis=1), 1)


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_start_does_not_depend_on_optimizer_or_rate(optimizer):
    assert_same(initial_weights(optimizer, learning_rate_init=0.7), initial_weights())


@pytest.mark.parametrize(
    "params", [{"random_state": 1}, {"init": "he_normal"}, {"activation": "tanh"}]
)
def test_start_depends_on(params):
    for one, other in zip(initial_weights(**params)[:2], initial_weights()[:2], strict=True):
        assert (one != other).all()


def test_start_is_one_in_both_dtypes():
    double, single = initial_weights(), initial_weights(input_dtype=np.float32)
    assert {part.dtype for part in single} == {np.dtype(np.float32)}
    assert_same([part.astype(np.float32) for part in double], single)


def test_biases_start_where_their_initializer_says():
    *_, first, second, last = initial_weights(bias_init=Constant(0.25))
    assert [part.shape for part in (first, second, last)] == [(5,), (4,), (3,)]
    assert set(np.concatenate([first, second, last])) == {0.25}
    assert set(np.concatenate(initial_weights()[3:])) == {0.0}
