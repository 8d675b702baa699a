"""Losses: closed forms, gradients, extreme predictions, memory, and a user's own."""

import json
import tracemalloc
from dataclasses import dataclass
from typing import ClassVar

import common
import numpy as np
import pytest
from scipy.special import expit, huber, log_expit, log_softmax, softmax, xlogy
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error

from sknn import MLPRegressor
from sknn.losses import (
    BINARY,
    LOSSES,
    MULTICLASS,
    MULTILABEL,
    REGRESSION,
    LogLoss,
    Loss,
    Quantile,
)

GOLDEN = json.loads((common.GOLDEN / "losses.json").read_text())
N_OUTPUTS = {BINARY: 1, MULTICLASS: 4, MULTILABEL: 3, REGRESSION: 3}
SERVED = [(name, target) for name, loss in LOSSES.items() for target in sorted(loss.targets)]

BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
EVERY_PROBLEM = pytest.mark.parametrize(("name", "target"), SERVED)


POSITIVE = ("poisson", "gamma", "tweedie")


def problem(target, n_samples=50, dtype=np.float64, name=None):
    """Return raw predictions and targets in the network's form, positive ones where needed."""
    generator, n_outputs = np.random.default_rng(0), N_OUTPUTS[target]
    n_targets = n_outputs
    if name == "gaussian":  # a mean and a logarithm of the variance for each target
        n_outputs *= 2
    z = 2 * generator.standard_normal((n_outputs, n_samples)).astype(dtype)
    if target == MULTICLASS:
        return z, generator.integers(n_outputs, size=n_samples)
    if target == REGRESSION:
        y_true = generator.standard_normal((n_targets, n_samples)).astype(dtype)
        return z, np.exp(y_true) if name in POSITIVE else y_true
    return z, generator.integers(2, size=z.shape).astype(dtype)


def in_place(loss, z, y_true):
    """Return what `value_and_gradient` writes."""
    raw_prediction, value, gradient = z.copy(), np.empty_like(z[0]), np.empty_like(z)
    loss.value_and_gradient(raw_prediction, y_true, value, gradient, loss.scratch(raw_prediction))
    return value, gradient


def discounted(log_p):
    return -((-np.expm1(log_p)) ** 2) * log_p


def focal(z):
    return discounted(log_expit(z))


def margin(z, y):
    others = np.where(np.arange(len(z))[:, np.newaxis] == y, -np.inf, z)
    return np.maximum(0, 1 + others.max(axis=0) - z[y, np.arange(y.size)])


def normal_likelihood(z, y):
    mean, variance = z[: len(y)], np.exp(z[len(y) :]) + 1e-6
    return -(norm(mean, np.sqrt(variance)).logpdf(y) + np.log(2 * np.pi) / 2).sum(axis=0)


CLOSED_FORMS = {
    ("gaussian", REGRESSION): normal_likelihood,
    ("focal", BINARY): lambda z, y: focal(np.where(y == 1, z, -z)).sum(axis=0),
    ("focal", MULTILABEL): lambda z, y: focal(np.where(y == 1, z, -z)).sum(axis=0),
    ("focal", MULTICLASS): lambda z, y: discounted(log_softmax(z, axis=0)[y, np.arange(y.size)]),
    ("hinge", BINARY): lambda z, y: np.maximum(0, np.where(y == 1, 1 - z, 1 + z)).sum(axis=0),
    ("hinge", MULTILABEL): lambda z, y: np.maximum(0, np.where(y == 1, 1 - z, 1 + z)).sum(axis=0),
    ("hinge", MULTICLASS): lambda z, y: margin(z, y),
    ("quantile", REGRESSION): lambda z, y: abs(z - y).sum(axis=0) / 2,
    ("poisson", REGRESSION): lambda z, y: (np.exp(z) - y * z + xlogy(y, y) - y).sum(axis=0),
    ("gamma", REGRESSION): lambda z, y: (z - np.log(y) + y * np.exp(-z) - 1).sum(axis=0),
    ("tweedie", REGRESSION): lambda z, y: (
        -4 * np.sqrt(y) + 2 * y * np.exp(-z / 2) + 2 * np.exp(z / 2)
    ).sum(axis=0),
    ("log_loss", BINARY): lambda z, y: -log_expit(np.where(y == 1, z, -z))[0],
    ("log_loss", MULTILABEL): lambda z, y: -log_expit(np.where(y == 1, z, -z)).sum(axis=0),
    ("log_loss", MULTICLASS): lambda z, y: -log_softmax(z, axis=0)[y, np.arange(y.size)],
    ("squared_error", REGRESSION): lambda z, y: ((z - y) ** 2).sum(axis=0) / 2,
    ("absolute_error", REGRESSION): lambda z, y: abs(z - y).sum(axis=0),
    ("huber", REGRESSION): lambda z, y: huber(1.0, z - y).sum(axis=0),
    ("log_cosh", REGRESSION): lambda z, y: (np.logaddexp(z - y, y - z) - np.log(2)).sum(axis=0),
}
LINKS = {
    ("log_loss", BINARY): "Sigmoid",
    ("log_loss", MULTILABEL): "Sigmoid",
    ("log_loss", MULTICLASS): "Softmax",
    ("focal", BINARY): "Sigmoid",
    ("focal", MULTILABEL): "Sigmoid",
    ("focal", MULTICLASS): "Softmax",
    **{("hinge", target): "Identity" for target in (BINARY, MULTILABEL, MULTICLASS)},
    **{
        (name, REGRESSION): "Exponential" if name in POSITIVE else "Identity"
        for name, target in SERVED
        if target == REGRESSION
    },
}


@EVERY_PROBLEM
def test_value_is_the_closed_form(name, target):
    z, y_true = problem(target, name=name)
    value = LOSSES[name]().value(z, y_true)
    assert value.shape == y_true.shape[-1:]
    expected = CLOSED_FORMS[name, target](z, y_true)
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id="-".join([case["loss"], case["target"], *case["hyperparameters"]]))
        for case in GOLDEN["cases"]
    ],
)
def test_agrees_with_torch(case):
    loss = LOSSES[case["loss"]](**case["hyperparameters"])
    z, y_true = np.array(case["raw_prediction"]), np.array(case["y_true"])
    value, gradient = in_place(loss, z, y_true)
    np.testing.assert_allclose(value, case["value"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient, case["gradient"], rtol=1e-11, atol=1e-14)
    single = y_true if y_true.ndim == 1 else y_true.astype(np.float32)
    value, gradient = in_place(loss, z.astype(np.float32), single)
    assert value.dtype == gradient.dtype == np.float32
    np.testing.assert_allclose(value, case["value"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(gradient, case["gradient"], rtol=1e-4, atol=1e-5)


def test_torch_has_computed_every_loss():
    assert {case["loss"] for case in GOLDEN["cases"]} == set(LOSSES)


@pytest.mark.parametrize("target", [BINARY, MULTICLASS])
def test_mean_log_loss_is_scikit_learns(target):
    z, y_true = problem(target)
    probabilities = expit(z[0]) if target == BINARY else softmax(z, axis=0).T
    expected = log_loss(y_true.ravel(), probabilities)
    assert LOSSES["log_loss"]().value(z, y_true).mean() == pytest.approx(expected, rel=1e-12)


def test_mean_squared_error_is_half_scikit_learns():
    z, y_true = problem(REGRESSION)
    expected = mean_squared_error(y_true.T, z.T, multioutput="raw_values").sum() / 2
    assert LOSSES["squared_error"]().value(z, y_true).mean() == pytest.approx(expected, rel=1e-13)


@EVERY_PROBLEM
def test_gradient_is_the_derivative(name, target):
    loss, step = LOSSES[name](), 1e-6
    z, y_true = problem(target, name=name)
    gradient = loss.gradient(z, y_true)
    for seed in range(1, 6):
        direction = np.random.default_rng(seed).standard_normal(z.shape)
        above = loss.value(z + step * direction, y_true)
        below = loss.value(z - step * direction, y_true)
        # Sample by sample: the difference quotient is exact to about step^2 plus eps / step.
        slope = (gradient * direction).sum(axis=0)
        np.testing.assert_allclose(slope, (above - below) / (2 * step), atol=3e-8, rtol=1e-8)


@EVERY_PROBLEM
def test_link_depends_on_the_target(name, target):
    assert type(LOSSES[name]().link(target)).__name__ == LINKS[name, target]


@pytest.mark.parametrize(
    ("name", "target"), [each for each in SERVED if each[0] in ("log_loss", "squared_error")]
)
def test_gradient_is_prediction_minus_target_for_these_links(name, target):
    z, y_true = problem(target)
    prediction = LOSSES[name]().link(target)(z)
    one_hot = np.eye(len(z))[y_true].T if target == MULTICLASS else y_true
    np.testing.assert_allclose(LOSSES[name]().gradient(z, y_true), prediction - one_hot, atol=1e-15)


@BOTH_DTYPES
@EVERY_PROBLEM
def test_one_call_agrees_with_two(name, target, dtype):
    loss, (z, y_true) = LOSSES[name](), problem(target, dtype=dtype, name=name)
    kept, kept_targets = z.copy(), y_true.copy()
    value, gradient = loss.value(z, y_true), loss.gradient(z, y_true)
    both = in_place(loss, z, y_true)
    assert value.dtype == gradient.dtype == dtype
    np.testing.assert_array_equal(both[0], value)
    np.testing.assert_array_equal(both[1], gradient)
    np.testing.assert_array_equal(z, kept)
    np.testing.assert_array_equal(y_true, kept_targets)


@BOTH_DTYPES
@EVERY_PROBLEM
def test_bounded_gradient_is_what_it_says(name, target, dtype):
    z, y_true = problem(target, dtype=dtype, name=name)
    loss = LOSSES[name](**({"delta": 3.0} if name == "huber" else {}))
    with np.errstate(over="ignore"):
        largest = abs(loss.gradient(100 * z, y_true)).max()
    assert (largest <= (1.13 if name == "focal" else 1)) == loss.bounded_gradient


@BOTH_DTYPES
@pytest.mark.parametrize("delta", [0.1, 2.5])
def test_huber_turns_linear_at_delta(delta, dtype):
    z, y_true = problem(REGRESSION, dtype=dtype)
    value, gradient = in_place(LOSSES["huber"](delta), z, y_true)
    error = z.astype(np.float64) - y_true
    np.testing.assert_allclose(value, huber(delta, error).sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(gradient, np.clip(error, -delta, delta), rtol=1e-5, atol=1e-6)


@BOTH_DTYPES
@pytest.mark.parametrize("name", ["absolute_error", "huber", "log_cosh"])
def test_robust_losses_of_extremes_are_finite(name, dtype):
    z, y_true = np.array([[-1e30, 1e30]], dtype), np.zeros((1, 2), dtype)
    value, gradient = in_place(LOSSES[name](), z, y_true)
    np.testing.assert_allclose(value, [1e30, 1e30], rtol=1e-6)
    np.testing.assert_array_equal(gradient, [[-1, 1]])


@BOTH_DTYPES
@pytest.mark.parametrize("target", [BINARY, MULTILABEL])
def test_sigmoid_log_loss_of_extremes_is_exact(target, dtype):
    z = np.tile(np.array([-1e4, -1e4, 1e4, 1e4, 0], dtype), (N_OUTPUTS[target], 1))
    y_true = np.tile(np.array([0, 1, 0, 1, 1], dtype), (N_OUTPUTS[target], 1))
    value, gradient = in_place(LOSSES["log_loss"](), z, y_true)
    once = np.array([0, 1e4, 1e4, 0, np.log(2)], dtype)
    np.testing.assert_allclose(value, N_OUTPUTS[target] * once, rtol=np.finfo(dtype).eps)
    np.testing.assert_array_equal(value[:4], N_OUTPUTS[target] * once[:4])
    np.testing.assert_array_equal(gradient, np.tile([0, -1, 1, 0, -0.5], (N_OUTPUTS[target], 1)))


@BOTH_DTYPES
def test_softmax_log_loss_of_extremes_is_exact(dtype):
    z = np.array([[1e4, 1e4, -1e4, 0], [0, 0, 0, 0], [-1e4, -1e4, -1e4, 0]], dtype)
    value, gradient = in_place(LOSSES["log_loss"](), z, np.array([0, 1, 2, 1]))
    np.testing.assert_array_equal(value[:3], np.array([0, 1e4, 1e4], dtype))
    assert value[3] == pytest.approx(np.log(3), rel=float(np.finfo(dtype).eps))
    np.testing.assert_array_equal(gradient[:, :3], [[0, 1, 0], [0, -1, 1], [0, 0, -1]])


@BOTH_DTYPES
@EVERY_PROBLEM
def test_tails_keep_their_digits(name, target, dtype):
    z, y_true = problem(target, dtype=dtype, name=name)
    scaled = (dtype(15) * z).astype(np.float64)
    exact = y_true if target == MULTICLASS else y_true.astype(np.float64)
    expected = CLOSED_FORMS[name, target](scaled, exact)
    value = LOSSES[name]().value(dtype(15) * z, y_true)
    # A sum of terms of the size of z is exact to their rounding, an exponential to z times that.
    atol = 8 * np.finfo(dtype).eps * 15 * abs(z).max()
    has_exponential = name in (*POSITIVE, "gaussian")
    rtol = 1e-6 if not has_exponential else max(1e-6, 2 * np.finfo(dtype).eps * abs(scaled).max())
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=atol)


@BOTH_DTYPES
@EVERY_PROBLEM
def test_warm_call_allocates_nothing_that_grows(name, target, dtype):
    loss, (z, y_true) = LOSSES[name](), problem(target, 100_000, dtype, name)
    value, gradient, scratch = np.empty_like(z[0]), np.empty_like(z), loss.scratch(z)
    kept = z.copy()
    loss.value_and_gradient(z, y_true, value, gradient, scratch)
    np.copyto(z, kept)
    tracemalloc.start()
    loss.value_and_gradient(z, y_true, value, gradient, scratch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < value.nbytes / 4


@BOTH_DTYPES
@pytest.mark.parametrize("target", [BINARY, MULTICLASS, MULTILABEL])
def test_label_smoothing_smooths_the_targets(target, dtype):
    z, y_true = problem(target, dtype=dtype)
    value, gradient = in_place(LOSSES["log_loss"](label_smoothing=0.3), z, y_true)
    if target == MULTICLASS:
        smooth_targets = 0.7 * np.eye(len(z))[y_true].T + 0.3 / len(z)
        expected = -(smooth_targets * log_softmax(z, axis=0)).sum(axis=0)
        slope = softmax(z, axis=0) - smooth_targets
    else:
        smooth_targets = 0.7 * y_true + 0.15
        log_odds = smooth_targets * log_expit(z) + (1 - smooth_targets) * log_expit(-z)
        expected, slope = -log_odds.sum(axis=0), expit(z) - smooth_targets
    tolerance = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(gradient, slope, atol=tolerance)
    assert value.dtype == gradient.dtype == dtype


@pytest.mark.parametrize("target", [BINARY, MULTICLASS, MULTILABEL])
def test_label_smoothing_allocates_nothing_that_grows(target):
    loss, (z, y_true) = LOSSES["log_loss"](0.1), problem(target, 100_000, np.float32)
    value, gradient, scratch = np.empty_like(z[0]), np.empty_like(z), loss.scratch(z)
    kept = z.copy()
    loss.value_and_gradient(z, y_true, value, gradient, scratch)
    np.copyto(z, kept)
    tracemalloc.start()
    loss.value_and_gradient(z, y_true, value, gradient, scratch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < value.nbytes / 4


@dataclass(repr=False, eq=False)
class OwnLogCosh(Loss):
    """A smooth absolute error, written as a user would: targets, value and gradient only."""

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})

    def value(self, raw_prediction, y_true):
        error = abs(raw_prediction - y_true)
        return (error + np.log1p(np.exp(-2 * error)) - np.log(2)).sum(axis=0)

    def gradient(self, raw_prediction, y_true):
        return np.tanh(raw_prediction - y_true)


@dataclass(repr=False, eq=False)
class OwnSquaredError(OwnLogCosh):
    def value(self, raw_prediction, y_true):
        return 0.5 * ((raw_prediction - y_true) ** 2).sum(axis=0)

    def gradient(self, raw_prediction, y_true):
        return raw_prediction - y_true


def fitted(loss, y, optimizer="adam"):
    X = np.random.default_rng(0).standard_normal((200, 3))
    model = MLPRegressor(16, loss=loss, optimizer=optimizer, learning_rate_init=0.01)
    model.set_params(bias_init="zeros")
    return model.set_params(max_iter=150, random_state=0).fit(X, y(X))


def smooth(X):
    return np.tanh(X @ [[1.0, 0.3], [-1.0, 0.5], [0.5, -0.2]])


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_own_loss_trains(optimizer):
    X = np.random.default_rng(0).standard_normal((200, 3))
    model = fitted(OwnLogCosh(), smooth, optimizer)
    assert model.score(X, smooth(X)) > 0.9
    loss = OwnLogCosh().value(model.predict(X).T, smooth(X).T).mean()
    assert loss < 0.1 * OwnLogCosh().value(np.zeros((2, 200)), smooth(X).T).mean()


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_own_squared_error_trains_as_ours_does():
    own, ours = fitted(OwnSquaredError(), smooth), fitted("squared_error", smooth)
    np.testing.assert_allclose(own.loss_curve_, ours.loss_curve_, rtol=1e-9)


def test_rivals_that_tie_share_the_gradient_of_the_hinge():
    raw_prediction = np.array([[0.5, 3.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, -9.0]])
    loss, classes = LOSSES["hinge"](), np.array([0, 0, 0])
    np.testing.assert_array_equal(loss.value(raw_prediction, classes), [1.5, 0, 1])
    expected = [[-1, 0, -1], [0.5, 0, 1], [0.5, 0, 0]]
    np.testing.assert_array_equal(loss.gradient(raw_prediction, classes), expected)


# ---------------------------------------------------------------- columns of predictions


@dataclass(repr=False, eq=False)
class TwoConstants(Loss):
    """Two outputs for one target, both of its mean."""

    targets = frozenset({REGRESSION})

    def n_outputs(self, n_targets):
        return 2

    def value(self, raw_prediction, y_true):
        return ((raw_prediction - y_true) ** 2).sum(axis=0) / 2

    def gradient(self, raw_prediction, y_true):
        return raw_prediction - y_true


class ByNewName(TwoConstants):
    predicts_columns = True


class ByFormerName(TwoConstants):
    expands = True


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize("cls", [ByNewName, ByFormerName])
def test_a_loss_may_have_several_outputs_for_a_target(cls):
    X, y = np.linspace(-1, 1, 40)[:, np.newaxis], np.linspace(0, 1, 40)
    model = MLPRegressor(5, loss=cls(), max_iter=1, random_state=0).fit(X, y)
    assert cls().predicts_columns
    assert cls().expands
    assert model.predict(X).shape == (40, 2)


def test_the_former_name_reads_as_the_new_one():
    for loss, expected in ((Quantile([0.5]), True), (Quantile(0.5), False), (LogLoss(), False)):
        assert loss.expands is loss.predicts_columns is expected
