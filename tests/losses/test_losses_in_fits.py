"""Losses in complete fits: initial biases, checks of y, quantiles, counts and hinges."""

import pickle

import numpy as np
import pytest
from common import changes, leaves, problem
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import d2_pinball_score, mean_pinball_loss, mean_poisson_deviance
from sklearn.model_selection import GridSearchCV

from sknn import MLPClassifier, MLPRegressor
from sknn.losses import LOSSES, REGRESSION, Huber, LogCosh, Quantile, Tweedie

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
REGRESSIONS = [name for name, loss in LOSSES.items() if REGRESSION in loss.targets]
CLASSES = [name for name in LOSSES if name not in REGRESSIONS]


def data(n_samples=400, n_outputs=1):
    """Return inputs and positive targets, some of them zero where that is allowed."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((n_samples, 3))
    y = np.exp(X[:, :n_outputs] + 3 + 0.3 * generator.standard_normal((n_samples, n_outputs)))
    return X, y[:, 0] if n_outputs == 1 else y


def started(loss, X, y, weight=None, **params):
    """Return a network that has taken one step of no length."""
    model = MLPRegressor(5, loss=loss, optimizer="sgd", learning_rate_init=1e-30, random_state=0)
    return model.set_params(**params).partial_fit(X, y, weight)


# ---------------------------------------------------------------- where biases start


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", [*REGRESSIONS, Quantile(0.8), Huber(3.0)], ids=str)
def test_the_first_prediction_is_the_best_constant(loss, weighted):
    X, y = data()
    weight = np.random.default_rng(1).integers(0, 4, size=len(y)) if weighted else np.ones(len(y))
    model = started(loss, X, y, weight if weighted else None)
    predicted = model.predict(X)
    assert np.ptp(predicted) < 1e-12 * predicted[0]
    rule = model._model.loss
    link = np.log if model.out_activation_ == "exponential" else np.asarray

    def objective(constant):
        raw_prediction = np.full((1, len(y)), link(constant))
        if loss == "gaussian":  # the variance as it started
            start = np.full((1, len(y)), model.intercepts_[-1][1])
            raw_prediction = np.concatenate([raw_prediction, start])
        return weight @ rule.value(raw_prediction, y[np.newaxis])

    best = minimize_scalar(objective, bounds=(y.min(), y.max()), method="bounded")
    assert objective(predicted[0]) <= best.fun * (1 + 1e-7)


@pytest.mark.parametrize("loss", REGRESSIONS)
def test_each_output_starts_at_its_own_constant(loss):
    X, y = data(n_outputs=2)
    predicted = started(loss, X, y).predict(X)[0]
    for k in range(2):
        expected = started(loss, X, y[:, k]).predict(X)[0]
        np.testing.assert_allclose(predicted[k], expected, rtol=1e-12)


@pytest.mark.parametrize("loss", REGRESSIONS)
def test_a_weight_of_two_starts_as_the_row_twice(loss):
    X, y = data(40)
    weight = np.random.default_rng(1).integers(1, 4, size=len(y))
    weighted = started(loss, X, y, weight).intercepts_[-1]
    repeated = started(loss, np.repeat(X, weight, axis=0), np.repeat(y, weight)).intercepts_[-1]
    np.testing.assert_array_equal(weighted, repeated)


def test_zeros_are_really_zeros_and_classes_start_there():
    X, y = data()
    model = started("squared_error", X, y, bias_init="zeros")
    np.testing.assert_allclose(model.intercepts_[-1], 0, atol=1e-27)
    classifier = MLPClassifier(5, optimizer="sgd", learning_rate_init=1e-30, random_state=0)
    classifier.partial_fit(X, y > 30, classes=[False, True])
    np.testing.assert_allclose(classifier.intercepts_[-1], 0, atol=1e-29)
    np.testing.assert_allclose(started("squared_error", X, y).intercepts_[0], 0, atol=1e-27)


def test_targets_far_from_zero_need_no_scaling_of_their_mean():
    X, y = data()
    y = 1e4 + np.tanh(X[:, 0])
    params = {"max_iter": 100, "random_state": 0}
    assert MLPRegressor(20, **params).fit(X, y).score(X, y) > 0.9
    assert MLPRegressor(20, bias_init="zeros", **params).fit(X, y).score(X, y) < 0


def test_float32_starts_in_float32():
    X, y = data()
    model = started("gamma", X.astype(np.float32), y.astype(np.float32))
    assert model.intercepts_[-1].dtype == model.predict(X.astype(np.float32)).dtype == np.float32


def test_one_count_among_very_many_rows_starts_finite():
    y = np.zeros((1, 3_000_000))
    y[0, 0] = 1.0
    assert LOSSES["poisson"]().baseline(y, None, 1) == pytest.approx(-np.log(3e6), rel=1e-12)


@pytest.mark.parametrize("loss", ["poisson", "tweedie"])
def test_zeros_only_are_counts_too(loss):
    X, y = data()
    model = MLPRegressor(2, loss=loss, random_state=0).partial_fit(X, np.zeros(len(X)))
    assert model.predict(X).max() < 0.1
    model.partial_fit(X, np.abs(y)).partial_fit(X[:3], np.zeros(3))
    model = MLPRegressor(2, loss=loss, early_stopping=True, max_iter=5, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, np.abs(y), X_val=X[:3], y_val=np.zeros(3))
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("exponent", [-1000, -700, -530, -100, 100, 700, 1020])
def test_best_constant_scales_with_the_target(exponent, weighted):
    rng = np.random.default_rng(0)
    y = rng.standard_cauchy((1, 50)).clip(-8, 8)
    weight = rng.random(50) if weighted else None
    scale = 2.0**exponent
    expected = scale * LOSSES["huber"](1.0).baseline(y, weight, 1)
    with np.errstate(over="ignore"):  # of the loss's value
        assert LOSSES["huber"](scale).baseline(scale * y, weight, 1) == expected


@pytest.mark.parametrize("scale", [1e-20, 1e-160, 1e-200, 1e-300])
@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
def test_best_constant_of_tiny_targets_is_their_mean(loss, scale):
    y = np.random.default_rng(0).normal(size=(1, 50))
    found = LOSSES[loss]().baseline(scale * y, None, 1) / scale
    assert found == pytest.approx(y.mean(), abs=2e-6 * abs(y).max())


@pytest.mark.parametrize("scale", [1e20, 1e200, 6e307])
@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
def test_best_constant_of_huge_targets_is_their_median(loss, scale):
    y = np.random.default_rng(0).uniform(-2, 2, size=(1, 51))
    with np.errstate(over="ignore"):
        found = LOSSES[loss]().baseline(scale * y, None, 1) / scale
    assert found == pytest.approx(np.median(y), abs=1e-5)


def test_slopes_of_huge_targets_do_not_overflow():
    y = np.random.default_rng(0).uniform(-1, 1, size=(1, 51))
    with np.errstate(over="ignore"):
        found = LOSSES["huber"](1.5e308).baseline(1.5e308 * y, None, 1) / 1.5e308
    expected = LOSSES["huber"](1.0).baseline(y, None, 1)
    assert found == pytest.approx(expected, abs=2e-6)


def test_positive_counts_of_no_weight_are_no_baseline():
    y = np.array([[3.0, 0.0, 0.0, 0.0]])
    start = LOSSES["poisson"]().baseline(y, np.array([0.0, 1.0, 1.0, 1.0]), 1)
    assert start == pytest.approx(np.log(0.5 / 4))


# ---------------------------------------------------------------- which targets are allowed


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", [1.0, -2.0, 3.0], r"^y must be 0 or more with loss=Poisson\(\), got -2\.$"),
        ("tweedie", [1.0, -0.5, 3.0], r"^y must be 0 or more with loss=Tweedie\(\), got -0\.5\.$"),
        ("gamma", [1.0, 0.0, 3.0], r"^y must be more than 0 with loss=Gamma\(\), got 0\.$"),
        (
            Quantile([0.1, 0.9]),
            [[1.0, 2.0]] * 3,
            r"^y has 2 columns, but Quantile.* with several levels",
        ),
        (Quantile([0.9, 0.1]), [1.0, 2.0, 3.0], r"^loss__quantile must be a number in \(0, 1\), o"),
        (Quantile([]), [1.0, 2.0, 3.0], "^loss__quantile must be .* got \\[\\]"),
        (Quantile([0.5, 1.0]), [1.0, 2.0, 3.0], "^loss__quantile must be"),
        (Quantile(1.0), [1.0, 2.0, 3.0], r"^loss__quantile must be a number in \(0, 1\), got 1"),
        (Quantile("0.5"), [1.0, 2.0, 3.0], "^loss__quantile must be"),
        (Tweedie(2.0), [1.0, 2.0, 3.0], r"^loss__power must be a number in \(1, 2\), got 2\.0\.$"),
    ],
)
def test_targets_that_a_loss_cannot_serve(loss, y, message):
    model = MLPRegressor(2, loss=loss)
    before = leaves(vars(model))
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            call(np.zeros((3, 2)), np.array(y))
    assert changes(before, leaves(vars(model))) == []


def test_validation_targets_are_checked_by_their_name():
    X, y = data()
    model = MLPRegressor(2, loss="gamma", early_stopping=True)
    with pytest.raises(ValueError, match=r"^y_val must be more than 0 with loss=Gamma\(\)"):
        model.fit(X, y, X_val=X[:5], y_val=[1.0, 2.0, -1.0, 3.0, 4.0])


# ---------------------------------------------------------------- quantiles


def spread(n_samples=1500):
    """Return data whose spread grows with the input."""
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, size=(n_samples, 1))
    return X, 2 * X[:, 0] + (1.2 + X[:, 0]) * generator.standard_normal(n_samples)


LEVELS = [0.1, 0.5, 0.9]


def test_several_levels_cover_their_shares_and_never_cross():
    X, y = spread()
    model = MLPRegressor(30, loss=Quantile(LEVELS), max_iter=200, random_state=0).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == (len(y), 3)
    np.testing.assert_allclose((y[:, np.newaxis] <= predicted).mean(axis=0), LEVELS, atol=0.04)
    far = model.predict(np.random.default_rng(1).uniform(-100, 100, size=(2000, 1)))
    assert (np.diff(far, axis=1) >= 0).all()
    for half in (X[:, 0] < 0, X[:, 0] > 0):  # at each spread, not on average only
        shares = (y[half, np.newaxis] <= predicted[half]).mean(axis=0)
        np.testing.assert_allclose(shares, LEVELS, atol=0.06)


def test_score_of_several_levels_is_the_share_explained():
    X, y = spread(300)
    weight = np.random.default_rng(0).random(len(y))
    model = MLPRegressor(10, loss=Quantile(LEVELS), max_iter=150, random_state=0).fit(X, y)
    expected = np.mean(
        [
            d2_pinball_score(y, predicted, alpha=level, sample_weight=weight)
            for level, predicted in zip(LEVELS, model.predict(X).T, strict=True)
        ]
    )
    assert model.score(X, y, weight) == pytest.approx(expected, rel=1e-12)
    assert model.score(X, y) > 0.2
    search = GridSearchCV(model, {"alpha": [1e-5, 1e-2]}, cv=2, error_score="raise").fit(X, y)
    assert 0 < search.best_score_ < 1


def test_one_level_in_a_sequence_is_a_column():
    X, y = spread(300)
    model = MLPRegressor(10, loss=Quantile([0.5]), max_iter=20, random_state=0).fit(X, y)
    flat = clone(model).set_params(loss=Quantile(0.5)).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), flat.predict(X)[:, np.newaxis])
    assert flat.score(X, y) != model.score(X, y)  # R^2, and the pinball loss explained


def test_several_levels_stop_early_and_survive_a_pickle():
    X, y = spread(300)
    model = MLPRegressor(10, loss=Quantile(LEVELS), early_stopping=True, random_state=0)
    model.set_params(scoring=None, max_iter=20).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert len(model.validation_scores_) == model.n_iter_


@pytest.mark.parametrize("level", [0.2, 0.8])
def test_a_level_beats_the_median_at_its_own_loss(level):
    X, y = spread()
    params = {"max_iter": 100, "random_state": 0}
    own = MLPRegressor(20, loss=Quantile(level), **params).fit(X, y).predict(X)
    median = MLPRegressor(20, loss="quantile", **params).fit(X, y).predict(X)
    losses = [mean_pinball_loss(y, predicted, alpha=level) for predicted in (own, median)]
    assert losses[0] < 0.95 * losses[1]


# ---------------------------------------------------------------- counts, sizes, amounts


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_losses_of_positive_targets_learn_and_predict_positive(loss):
    X, y = data()
    model = MLPRegressor(20, loss=loss, max_iter=100, random_state=0).fit(X, y)
    assert (model.predict(10 * X) > 0).all()
    assert model.out_activation_ == "exponential"
    assert model.score(X, y) > 0.7


def test_counts_are_fit_better_by_poisson():
    generator = np.random.default_rng(0)
    X = generator.standard_normal((2000, 3))
    y = generator.poisson(np.exp(X[:, 0] - 1)).astype(float)
    params = {"max_iter": 60, "random_state": 0}
    poisson = MLPRegressor(20, loss="poisson", **params).fit(X[:1000], y[:1000])
    squared = MLPRegressor(20, **params).fit(X[:1000], y[:1000])
    deviances = [
        mean_poisson_deviance(y[1000:], np.maximum(model.predict(X[1000:]), 1e-3))
        for model in (poisson, squared)
    ]
    assert deviances[0] < deviances[1]


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize("loss", CLASSES)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_loss_of_classes_learns(kind, loss):
    cls, X, y = problem(kind)
    model = cls(20, loss=loss, learning_rate_init=0.01, max_iter=150, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


def test_hinge_has_no_probabilities():
    cls, X, y = problem("multiclass")
    model = cls(20, loss="hinge", max_iter=50, random_state=0).fit(X, y)
    assert model.out_activation_ == "identity"
    decision = model.decision_function(X)
    np.testing.assert_array_equal(model.predict(X), model.classes_[decision.argmax(axis=1)])
    for method in ("predict_proba", "predict_log_proba"):
        assert not hasattr(model, method)
        assert hasattr(cls(loss="focal"), method)
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'") as error:
        model.predict_proba(X)
    assert "loss='hinge' gives no probabilities" in str(error.value.__cause__)
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (len(y), 3)


@pytest.mark.parametrize("loss", CLASSES)
def test_a_single_class_fits(loss):
    model = MLPClassifier(3, loss=loss, max_iter=3, random_state=0).fit(np.eye(4), ["a"] * 4)
    assert set(model.predict(np.eye(4))) == {"a"}


def test_label_smoothing_keeps_probabilities_from_the_ends():
    cls, X, y = problem("multiclass")
    params = {"learning_rate_init": 0.02, "max_iter": 300, "random_state": 0, "alpha": 0.0}
    largest = [
        cls(30, loss=LOSSES["log_loss"](s), **params).fit(X, y).predict_proba(X).max()
        for s in (0.0, 0.2)
    ]
    assert largest[0] > 0.999
    assert largest[1] < 0.99


@pytest.mark.parametrize("loss", [Huber(), LogCosh(), "absolute_error"], ids=str)
def test_robust_losses_shrug_off_outliers(loss):
    X, _ = data()
    y = np.tanh(X[:, 0])
    spoilt = y.copy()
    spoilt[::20] += 50
    params = {"max_iter": 200, "random_state": 0}
    robust = MLPRegressor(20, loss=loss, **params).fit(X, spoilt)
    squared = MLPRegressor(20, **params).fit(X, spoilt)
    errors = [abs(model.predict(X) - y).mean() for model in (robust, squared)]
    assert errors[0] < 0.3 * errors[1]
