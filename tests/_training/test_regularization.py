"""Elastic net, bounds on norms, and averaged weights."""

import math

import numpy as np
import pytest
from common import changes, leaves, problem, state
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet

from sknn import MLPClassifier, MLPRegressor
from sknn._core.parameters import Block, Layout
from sknn._training.penalty import Chunk, MaxNorm, Regularization, clip
from sknn.averaging import EMA
from sknn.optimizers import LBFGS, SGD

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


class Recorder(SGD):
    """Gradient descent that notes the parameters after each step."""

    def update(self, params, grad, state, learning_rate):
        super().update(params, grad, state, learning_rate)
        points.append(params.copy())


points = []


def fit(cls, X, y, **params):
    points.clear()
    return cls(random_state=0, max_iter=5, n_iter_no_change=5).set_params(**params).fit(X, y)


# ---------------------------------------------------------------- elastic net


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_penalty_and_its_gradient(l1_ratio):
    layout = Layout(
        [Block("first", (4, 3), 9), Block("slopes", (3,), 0), Block("second", (4, 1), 3)]
    )
    params = np.random.default_rng(0).normal(size=layout.size)
    regularization, step = Regularization(0.7, l1_ratio), 1e-6
    grad, whole = np.zeros_like(params), slice(0, layout.size)

    def penalty(vector):
        return Chunk(layout, whole, vector, grad).penalty(regularization)

    weights = np.concatenate([params[:9], params[15:18]])
    expected = l1_ratio * abs(weights).sum() + (1 - l1_ratio) / 2 * (weights**2).sum()
    assert penalty(params) == pytest.approx(0.7 * expected, rel=1e-14)
    Chunk(layout, whole, params, grad).add_penalty(regularization)
    for i in range(layout.size):
        move = step * (np.arange(layout.size) == i)
        slope = (penalty(params + move) - penalty(params - move)) / (2 * step)
        assert grad[i] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_a_linear_network_is_scikit_learns_elastic_net(l1_ratio):
    _, X, y = problem("regression")
    expected = ElasticNet(alpha=0.1, l1_ratio=l1_ratio, tol=1e-10, max_iter=10**5).fit(X, y)
    params = {"optimizer": "gd", "learning_rate_init": 0.02}
    model = MLPRegressor((), alpha=0.1, l1_ratio=l1_ratio, tol=0.0, max_iter=6000, **params)
    model.set_params(n_iter_no_change=6000)
    model.fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected.coef_, atol=3e-3)
    np.testing.assert_allclose(model.intercepts_[0], expected.intercept_, atol=3e-3)


def test_absolute_values_leave_fewer_large_weights():
    cls, X, y = problem("multiclass")
    params = {"learning_rate_init": 0.01, "max_iter": 500, "n_iter_no_change": 500}
    shares = [
        np.mean(abs(fit(cls, X, y, alpha=0.02, l1_ratio=ratio, **params).coefs_[0]) > 0.01)
        for ratio in (0.0, 1.0)
    ]
    assert shares[1] < shares[0] / 2


# ---------------------------------------------------------------- bounds on norms


@BOTH_DTYPES
def test_max_norm_bounds_hidden_units_and_leaves_the_output_free(dtype):
    cls, X, y = problem("multiclass", dtype=dtype)
    params = {"optimizer": "sgd", "learning_rate_init": 1.0, "max_iter": 50}
    model = fit(cls, X, y, hidden_layer_sizes=(20, 10), max_norm=0.5, **params)
    free = fit(cls, X, y, hidden_layer_sizes=(20, 10), **params)
    for i in (0, 1):
        assert np.linalg.norm(model.coefs_[i], axis=0).max() <= 0.5 * (1 + 1e-6)
        assert np.linalg.norm(free.coefs_[i], axis=0).max() > 0.6
    assert np.linalg.norm(model.coefs_[2], axis=0).max() > 0.5
    assert model.coefs_[0].dtype == dtype


def test_max_norm_shortens_weights_and_leaves_biases_alone():
    cls, X, y = problem("multiclass")
    params = {"optimizer": Recorder(), "learning_rate_init": 1.0, "batch_size": 120}
    model = fit(cls, X, y, hidden_layer_sizes=(20, 10), max_norm=0.5, **params)
    blocks = model._model.network.parameters.layout.views(
        points[-1]
    )  # after the step, before the bound
    for i, name in enumerate(("layer_0", "layer_1")):
        weights, biases = blocks[name][:-1], blocks[name][-1]
        norms = np.linalg.norm(weights, axis=0)
        assert abs(biases[norms > 0.5]).max() > 0.01
        np.testing.assert_allclose(model.coefs_[i], weights * np.minimum(0.5 / norms, 1))
        np.testing.assert_array_equal(model.intercepts_[i], biases)


def test_max_norm_changes_only_what_is_too_long():
    weights = np.array([[3.0, 0.1], [4.0, 0.2]])
    MaxNorm([weights], 2.0).apply()
    np.testing.assert_allclose(weights, [[1.2, 0.1], [1.6, 0.2]], rtol=1e-15)


@BOTH_DTYPES
def test_clip_shortens_what_is_longer(dtype):
    short, huge = np.array([0.3, 0.4], dtype), np.array([0.3, 0.4], dtype) * np.finfo(dtype).max
    clip(short, 1.0)
    np.testing.assert_array_equal(short, np.array([0.3, 0.4], dtype))
    with np.errstate(over="ignore"):
        clip(huge, 1.0)
    np.testing.assert_allclose(huge, [0.6, 0.8], rtol=1e-6)


def test_a_clipped_step_is_as_long_as_the_rate_allows():
    cls, X, y = problem("regression")
    rate, bound = 0.1, 0.05
    params = {"optimizer": Recorder(), "learning_rate_init": rate, "batch_size": 40}
    fit(cls, X, y, clip_norm=bound, **params)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps.max() == pytest.approx(rate * bound, rel=1e-12)
    fit(cls, X, y, **params)
    assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() > 2 * rate * bound


def test_clipping_that_never_acts_changes_nothing():
    cls, X, y = problem("regression")
    first, second = (fit(cls, X, y, clip_norm=bound).coefs_ for bound in (None, 1e9))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- averaged weights


def averages(decay):
    """Return the average after each recorded step, by its definition."""
    average, found = 0.0, []
    for count, params in enumerate(points, start=1):
        average = average + max(1 - decay, 1 / count) * (params - average)
        found.append(average)
    return found


@pytest.mark.parametrize("averaging", ["ema", EMA(0.6)])
def test_the_average_of_the_steps_predicts(averaging):
    cls, X, y = problem("binary")
    model = fit(cls, X, y, optimizer=Recorder(), averaging=averaging, batch_size=30)
    decay = 0.99 if averaging == "ema" else 0.6
    np.testing.assert_allclose(
        model._model.network.parameters.vector, averages(decay)[-1], rtol=1e-12
    )
    last = fit(cls, X, y, optimizer=Recorder(), batch_size=30)
    np.testing.assert_array_equal(
        model._model.training.parameters.vector, last._model.network.parameters.vector
    )
    assert (model.predict_proba(X) != last.predict_proba(X)).all()


def test_validation_sees_the_average_and_the_best_one_stays():
    cls, X, y = problem("binary")
    params = {"optimizer": Recorder(), "averaging": "ema", "early_stopping": True}
    model = fit(cls, X, y, learning_rate_init=2.0, batch_size=27, max_iter=20, **params)
    best = int(np.argmin(model.validation_loss_curve_))
    per_epoch = len(points) // model.n_iter_
    kept = averages(0.99)[(best + 1) * per_epoch - 1]
    np.testing.assert_allclose(model._model.network.parameters.vector, kept, rtol=1e-10)


@BOTH_DTYPES
def test_n_epochs_and_n_more_are_2_n(dtype):
    cls, X, y = problem("multiclass", dtype=dtype)
    bounds = {"max_norm": 1.0, "clip_norm": 0.5, "l1_ratio": 0.5, "averaging": "ema"}
    twice = fit(cls, X, y, warm_start=True, **bounds).fit(X, y)
    whole = fit(cls, X, y, max_iter=10, n_iter_no_change=10, warm_start=True, **bounds)
    whole.set_params(max_iter=5, n_iter_no_change=5)
    assert changes(state(twice), state(whole)) == []


def test_partial_fit_averages_over_its_calls():
    cls, X, y = problem("regression")
    whole = fit(cls, X, y, averaging="ema")
    parts = cls(random_state=0, averaging="ema")
    for _ in range(5):
        parts.partial_fit(X, y)
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))


def test_averaging_may_end_and_start_between_calls():
    cls, X, y = problem("regression")
    model = fit(cls, X, y, averaging="ema", warm_start=True)
    assert model._model.network.parameters is model._model.training.average
    model.set_params(averaging=None).fit(X, y)
    assert model._model.network.parameters is model._model.training.parameters
    model.set_params(averaging="ema").fit(X, y)
    assert model._model.training.n_averaged == 5


def test_nested_parameter_on_a_name():
    model = MLPClassifier(averaging="ema").set_params(averaging__decay=0.9)
    assert model.averaging.decay == 0.9


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"l1_ratio": 1.5}, r"l1_ratio must be a number in \[0, 1\], got 1\.5\."),
        ({"max_norm": 0}, r"max_norm must be None or a number in \(0, inf\), got 0\."),
        ({"clip_norm": -1}, r"clip_norm must be None or a number in \(0, inf\), got -1\."),
        ({"clip_norm": math.inf}, "clip_norm must be None or"),
        ({"averaging": "swa"}, r"averaging='swa' is not known.* Allowed: 'ema'"),
        ({"averaging": EMA(1.0)}, r"averaging__decay must be a number in \[0, 1\), got 1\.0\."),
        ({"max_norm": 1.0, "optimizer": "lbfgs"}, "max_norm=1.0 needs an optimizer that takes"),
        ({"averaging": "ema", "optimizer": LBFGS()}, "averaging='ema' needs an optimizer that"),
    ],
)
def test_bad_values(params, message):
    cls, X, y = problem("regression")
    model = cls(**params)
    before = leaves(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert changes(before, leaves(vars(model))) == []


def test_lbfgs_ignores_clip_norm_and_minds_the_elastic_net():
    cls, X, y = problem("regression")
    plain, clipped = (fit(cls, X, y, optimizer="lbfgs", clip_norm=b) for b in (None, 1e-9))
    np.testing.assert_array_equal(plain.coefs_[0], clipped.coefs_[0])
    sparse = fit(cls, X, y, optimizer="lbfgs", alpha=0.1, l1_ratio=1.0)
    assert abs(sparse.coefs_[0]).sum() < abs(plain.coefs_[0]).sum() / 2
