"""The learning-rate range test."""

import numpy as np
import pytest
from common import changes, leaves, problem
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.inspection import learning_rate_range_test
from sknn.optimizers import OPTIMIZERS

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def test_repr_is_one_line_and_plot_draws_the_curve(digits):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    result = learning_rate_range_test(MLPClassifier(random_state=0), *digits, n_steps=30)
    n_rates, last = len(result.learning_rates), result.learning_rates[-1]
    told = f"suggestion={result.suggestion:.3g}, {n_rates} rates from 1e-06 to {last:.3g}"
    assert repr(result) == f"RangeTest({told})"
    assert result.plot() is result
    assert result.ax_.get_xscale() == "log"
    losses, smoothed, suggestion = result.ax_.get_lines()
    np.testing.assert_array_equal(losses.get_xydata().T, (result.learning_rates, result.losses))
    np.testing.assert_array_equal(smoothed.get_ydata(), result.smoothed_losses)
    assert set(suggestion.get_xdata()) == {result.suggestion}
    low, high = result.ax_.get_ylim()
    assert low < result.losses.min() < result.losses[0] < high < 2 * result.losses[0]
    assert result.losses.max() > high  # the rise leaves the picture
    ax = plt.figure().subplots()
    assert result.plot(ax).ax_ is ax
    result.figure_.canvas.draw()
    plt.close("all")


def test_rates_rise_geometrically_and_the_loss_falls_then_rises(digits):
    result = learning_rate_range_test(MLPClassifier(random_state=0), *digits)
    ratios = result.learning_rates[1:] / result.learning_rates[:-1]
    np.testing.assert_allclose(ratios, 1e7 ** (1 / 99), rtol=1e-10)
    assert result.learning_rates[0] == 1e-6
    assert result.losses[0] == pytest.approx(np.log(10), rel=0.01)
    least = result.smoothed_losses.argmin()
    assert 0.2 * len(result.losses) < least < len(result.losses) - 1
    assert result.smoothed_losses[least] < 0.5 * result.smoothed_losses[0]
    assert result.learning_rates[0] < result.suggestion < result.learning_rates[least]
    assert (
        len(result.losses) == 100 or result.smoothed_losses[-1] > 4 * result.smoothed_losses.min()
    )


def test_smoothed_losses_are_their_definition(digits):
    result = learning_rate_range_test(MLPClassifier(random_state=0), *digits, n_steps=20)
    weights = 0.9 ** np.arange(len(result.losses))[::-1]
    expected = weights @ result.losses / weights.sum()
    assert result.smoothed_losses[-1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "rmsprop"])
def test_the_suggestion_learns(digits, optimizer):
    X, y = digits
    model = MLPClassifier(40, optimizer=optimizer, random_state=0, max_iter=20)
    rate = learning_rate_range_test(model, X[:1200], y[:1200]).suggestion
    model.set_params(learning_rate_init=rate).fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.85


def test_it_is_reproducible_and_changes_nothing(digits):
    model = MLPClassifier(random_state=3).fit(*digits)
    before = leaves(vars(model))
    first, second = (learning_rate_range_test(model, *digits, n_steps=30) for _ in range(2))
    np.testing.assert_array_equal(first.losses, second.losses)
    assert changes(before, leaves(vars(model))) == []


@pytest.mark.parametrize(
    "kind", ["binary", "multiclass", "multilabel", "regression", "multioutput"]
)
def test_every_kind_of_target(kind):
    cls, X, y = problem(kind)
    result = learning_rate_range_test(cls(8, random_state=0, early_stopping=True), X, y, n_steps=40)
    assert np.isfinite(result.losses).all()
    other = learning_rate_range_test(cls(8, random_state=0), sparse.csc_array(X), y, n_steps=40)
    np.testing.assert_allclose(other.losses[:20], result.losses[:20], rtol=1e-9)


def test_a_frame_and_the_batch_size(digits):
    pandas = pytest.importorskip("pandas")
    X, y = pandas.DataFrame(digits[0]), pandas.Series(digits[1])
    model = MLPClassifier(8, random_state=0, batch_size=50)
    framed = learning_rate_range_test(model, X.add_prefix("pixel"), y, n_steps=20)
    plain = learning_rate_range_test(model, *digits, n_steps=20)
    np.testing.assert_array_equal(framed.losses, plain.losses)


@pytest.mark.parametrize("optimizer", ["gd", "rprop"])
def test_a_step_has_all_rows_if_the_optimizer_takes_them(digits, optimizer):
    X, y = digits
    params = {"init": "he_normal", "random_state": 0, "batch_size": 50}
    model = MLPClassifier(8, optimizer=optimizer, **params)
    losses = learning_rate_range_test(model, X, y, n_steps=10, low=1e-9, high=1e-8).losses
    model.set_params(learning_rate_init=1e-9, max_iter=1).fit(X, y)
    np.testing.assert_allclose(losses, model.loss_curve_[0], rtol=1e-3)


def test_classes_are_weighed_over_all_rows(digits):
    X, y = digits
    y = (y == 3) * 1
    rates = {"n_steps": 20, "high": 0.1}
    weights = {0: len(y) / 2 / (y == 0).sum(), 1: len(y) / 2 / y.sum()}
    balanced, by_hand, plain = (
        learning_rate_range_test(MLPClassifier(8, random_state=0, class_weight=each), X, y, **rates)
        for each in ("balanced", weights, None)
    )
    np.testing.assert_allclose(balanced.losses, by_hand.losses, rtol=1e-9)
    assert abs(balanced.losses[-1] - plain.losses[-1]) > 1e-3
    rare = MLPClassifier(8, random_state=0, batch_size=2, class_weight={0: 0, 1: 1})
    assert np.isfinite(learning_rate_range_test(rare, X, y, **rates).losses).all()


def test_divergence_ends_it():
    X = np.random.default_rng(0).normal(size=(300, 3))
    model = MLPRegressor(optimizer="sgd", random_state=0)
    result = learning_rate_range_test(model, X, 100 * X[:, 0], high=1e6)
    assert len(result.losses) < 100
    with pytest.raises(ValueError, match=r"Training diverged after \d steps: lower low"):
        learning_rate_range_test(model, 1e8 * X, 1e8 * X[:, 0], low=1e5, high=1e9)


@pytest.mark.parametrize(
    ("make", "params", "message"),
    [
        (lambda: make_pipeline(StandardScaler()), {}, "or a Pipeline that ends in one, got Pipe"),
        (lambda: MLPClassifier(optimizer="lbfgs"), {}, "optimizer='lbfgs' has no learning rate"),
        (lambda: MLPClassifier(optimizer=OPTIMIZERS["lbfgs"]()), {}, "has no learning rate"),
        (MLPClassifier, {"low": 0}, r"^low must be a number in \(0, inf\), got 0\.$"),
        (MLPClassifier, {"low": 1.0, "high": 0.1}, r"^high must be a number in \(1, inf\), got 0"),
        (MLPClassifier, {"n_steps": 5}, r"^n_steps must be an integer in \[10, inf\), got 5\.$"),
        (lambda: MLPClassifier(alpha=-1), {}, "^alpha must be"),
        (lambda: MLPClassifier(class_weight="even"), {}, "^class_weight must be None, 'balanced'"),
    ],
)
def test_bad_input(digits, make, params, message):
    with pytest.raises(ValueError, match=message):
        learning_rate_range_test(make(), *digits, **params)
