"""The displays of doubt, against counts of rows, all orders of ties and closed forms."""

from itertools import permutations

import numpy as np
import pytest
from common import problem
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.inspection import PredictionIntervalDisplay, RejectionCurveDisplay
from sknn.uncertainty import class_uncertainty, predict_uncertainty, predict_votes

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)

curve = RejectionCurveDisplay.compute_from_predictions
band = PredictionIntervalDisplay.compute_from_estimator


def sine(n_samples=200):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 2, size=(n_samples, 1))
    return X, 100 + 30 * np.sin(3 * X[:, 0]) + 5 * rng.normal(size=n_samples)


def network(**params):
    return MLPRegressor(20, "silu", max_iter=20, random_state=0, **params)


# ------------------------------------------------------------------- the curve


@pytest.mark.parametrize("metric", ["error_rate", "rmse"])
def test_error_is_the_one_of_the_rows_that_remain(metric):
    rng = np.random.default_rng(0)
    y_true, doubt = rng.integers(3, size=30), rng.permutation(30)
    y_pred = rng.integers(3, size=30)
    display = curve(y_true, y_pred, doubt, metric=metric)
    for k, (rejected, error) in enumerate(zip(display.rejected, display.error, strict=True)):
        rows = np.argsort(doubt)[: 30 - k]
        differences = y_true[rows] - y_pred[rows]
        expected = {
            "error_rate": np.mean(differences != 0),
            "rmse": np.sqrt(np.mean(differences**2)),
        }
        assert rejected == pytest.approx(k / 30)
        assert error == pytest.approx(expected[metric])
    assert (display.ideal_error <= display.error + 1e-12).all()
    assert display.area == pytest.approx(display.error.mean())


def test_rows_of_the_same_doubt_are_set_aside_in_any_order():
    wrong, doubt = np.array([1, 0, 0, 1, 0, 1]), np.array([0.2, 0.5, 0.5, 0.5, 0.1, 0.7])
    expected = np.zeros(6)
    orders = list(permutations(range(6)))
    for order in orders:
        of_rows = sorted(order, key=lambda row: doubt[row])
        expected += np.cumsum(wrong[of_rows]) / np.arange(1, 7) / len(orders)
    display = curve(np.zeros(6, int), wrong, doubt)
    np.testing.assert_allclose(display.error, expected[::-1])


def test_a_doubt_that_knows_nothing_leaves_the_error_as_it_is():
    y_true, y_pred = np.arange(20.0), np.arange(20.0) + np.tile([1, 3], 10)
    display = curve(y_true, y_pred, np.full(20, 0.3))
    assert display.metric == "rmse"
    np.testing.assert_allclose(display.error, np.sqrt(5))
    assert display.area == pytest.approx(np.sqrt(5))
    # Best first: the ten rows with the error 3 are set aside.
    np.testing.assert_allclose(display.ideal_error[10:], 1)


def test_the_ideal_area_of_an_error_rate_has_a_closed_form():
    """With k rows wrong of n, the last k of the ideal curve's n points are (j - n + k) / j."""
    wrong = np.arange(50) < 12
    display = curve(np.zeros(50, int), wrong, np.arange(50))
    assert display.ideal_area == pytest.approx(sum((j - 38) / j for j in range(39, 51)) / 50)
    assert display.area > display.ideal_area


def test_weights_are_repeated_rows():
    rng = np.random.default_rng(1)
    y, doubt, weight = rng.normal(size=(2, 15)), rng.random(15), rng.integers(0, 4, 15)
    weighted = curve(*y, doubt, sample_weight=weight)
    repeated = curve(*np.repeat(y, weight, axis=1), np.repeat(doubt, weight))
    assert len(weighted.error) == (weight > 0).sum()
    at = np.searchsorted(repeated.rejected, weighted.rejected - 1e-9)
    np.testing.assert_allclose(repeated.rejected[at], weighted.rejected, atol=1e-12)
    np.testing.assert_allclose(repeated.error[at], weighted.error)


def test_the_doubts_of_a_classifier_are_those_of_its_votes():
    _, X, y = problem("multiclass")
    y = np.array(["a", "b", "c"])[y]
    pipe = make_pipeline(StandardScaler(), MLPClassifier(20, dropout=0.5, max_iter=5))
    pipe.fit(X, y)
    votes = predict_votes(pipe, X, 10, random_state=3)
    for doubt in ("predictive_entropy", "expected_entropy", "mutual_information"):
        display = RejectionCurveDisplay.compute_from_estimator(
            pipe, X, y, doubt=doubt, n_passes=10, random_state=3
        )
        predicted = pipe.classes_[votes.mean(axis=0).argmax(axis=1)]
        expected = curve(y, predicted, getattr(class_uncertainty(votes), doubt))
        np.testing.assert_array_equal(display.error, expected.error)
        assert display.name == "Pipeline"
    default = RejectionCurveDisplay.compute_from_estimator(pipe, X, y, n_passes=10, name="net")
    assert repr(default).startswith("RejectionCurveDisplay(name='net', n_points=120, metric='err")


def test_an_ensemble_and_a_gaussian_regressor_have_curves():
    _, X, y = problem("binary")
    bag = BaggingClassifier(MLPClassifier(5, max_iter=5), 2, bootstrap=False, random_state=0)
    display = RejectionCurveDisplay.compute_from_estimator(bag.fit(X, y), X, y)
    assert display.error[0] == pytest.approx(1 - bag.score(X, y))
    X, y = sine()
    model = TransformedTargetRegressor(network(loss="gaussian"), transformer=StandardScaler())
    model.fit(X, y)
    display = RejectionCurveDisplay.compute_from_estimator(model, X, y)
    assert display.metric == "rmse"
    assert display.error[0] == pytest.approx(np.sqrt(np.mean((model.predict(X) - y) ** 2)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0, 1], [0.1]), "inconsistent numbers of samples"),
        (([0, 1], [0, 1], [0.1, np.nan]), r"^doubt must be finite, got nan\.$"),
        (([0, 1], [[0, 1], [1, 0]], [0.1, 0.2]), "1d array"),
        (([], [], []), "^y_true must have at least one row"),
    ],
)
def test_bad_predictions_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        curve(*arguments)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool, object])
def test_root_mean_squared_error_does_not_depend_on_the_dtype(dtype):
    """Unsigned and short integers wrap around in their own dtype; booleans have no difference."""
    y_true, y_pred, doubt = [0, 1, 0, 100], [1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4]
    columns = [np.asarray(values, dtype) for values in (y_true, y_pred)]
    expected = curve(*(np.asarray(c, float) for c in columns), doubt).error
    np.testing.assert_allclose(curve(*columns, doubt, metric="rmse").error, expected)
    wide = np.array([-100], np.int8), np.array([100], np.int8)
    assert curve(*wide, [0], metric="rmse").error == pytest.approx([200])


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([0.0, np.nan], [0.0, 1.0], r"^Input y_true contains NaN"),
        ([0.0, 1.0], [0.0, np.inf], r"^Input y_pred contains infinity"),
        (["a", "b"], [0.0, 1.0], r"^y_true must be numbers, got the dtype <U1\.$"),
        (np.array([1, "b"], object), [0.0, 1.0], r"^y_true must be numbers, got 'b' among"),
        ([0.0, 1.0], ["1", "2"], r"^y_pred must be numbers"),
    ],
)
def test_root_mean_squared_error_needs_finite_numbers(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        curve(y_true, y_pred, [0.1, 0.2], metric="rmse")


def test_bad_parameters_of_the_curve_are_refused():
    with pytest.raises(ValueError, match=r"^metric must be one of 'auto', .* got 'mse'\.$"):
        curve([0, 1], [0, 1], [0, 1], metric="mse")
    for weight in ([0, 0], [1, -1], [1, np.inf], [1]):
        with pytest.raises(ValueError, match="sample_weight"):
            curve([0, 1], [0, 1], [0, 1], sample_weight=weight)
    X, y = sine()
    of_model = RejectionCurveDisplay.compute_from_estimator
    voter = network(dropout=0.1).fit(X, y / 100)
    with pytest.raises(ValueError, match=r"^doubt must be one of 'auto', 'std', .* 'entropy'\.$"):
        of_model(voter, X, y, doubt="entropy")
    with pytest.raises(ValueError, match=r'^doubt="noise_std" needs a model of the noise'):
        of_model(voter, X, y, doubt="noise_std")
    with pytest.raises(TypeError, match=r"^LogisticRegression has no votes"):
        of_model(LogisticRegression().fit(X, y > 100), X, y > 100)


# ------------------------------------------------------------------- intervals


def test_the_interval_of_y_holds_its_quantiles():
    """1.6449 deviations on each side are 90 % of a normal distribution."""
    X, y = sine()
    model = TransformedTargetRegressor(
        network(loss="gaussian", dropout=0.2), transformer=StandardScaler()
    ).fit(X, y)
    display = band(model, X, y, n_passes=20, grid_resolution=11, margin=0.1)
    low, high = X.min(), X.max()
    expected = np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 11)
    np.testing.assert_allclose(display.grid, expected)
    whole = predict_uncertainty(model, expected[:, np.newaxis], 20)
    for of_mean, std in ((False, whole.std), (True, whole.votes_std)):
        low, high = display.interval(0.9, of_mean=of_mean)
        np.testing.assert_allclose((high - low) / 2, 1.6448536 * std, rtol=1e-6)
        np.testing.assert_allclose((high + low) / 2, whole.mean)
    assert 60 < whole.mean.mean() < 120
    np.testing.assert_array_equal(display.rows[1], y)


@pytest.mark.parametrize(
    ("params", "labels"),
    [
        ({"loss": "gaussian", "dropout": 0.2}, ["doubt, 90 %", "noise and doubt, 90 %"]),
        ({"loss": "gaussian"}, ["noise, 90 %"]),
        ({"dropout": 0.2}, ["doubt, 90 %"]),
    ],
)
def test_bands_are_drawn_for_the_parts_that_a_model_has(params, labels):
    plt = pytest.importorskip("matplotlib.pyplot")
    X, y = sine()
    model = network(**params).fit(X, y / 100)
    display = PredictionIntervalDisplay.from_estimator(model, X, coverage=0.9, n_passes=5)
    polygons = {each.get_label(): each for each in display.ax_.collections}
    assert [*polygons] == labels
    (line,) = display.ax_.lines
    np.testing.assert_array_equal(line.get_ydata(), display.uncertainty.mean)
    low, high = display.interval(0.9)
    for end in (low, high):
        drawn = polygons[labels[-1]].get_paths()[0].vertices[:, 1]
        assert np.abs(drawn[:, np.newaxis] - end).min(axis=0).max() < 1e-12
    plt.close("all")


def test_bad_parameters_of_the_intervals_are_refused():
    X, y = sine()
    model = network(dropout=0.1).fit(X, y / 100)
    for name, value in (("grid_resolution", 1), ("margin", -0.1), ("margin", np.inf)):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            band(model, X, **{name: value})
    with pytest.raises(ValueError, match=r"^coverage must be a number in \(0, 1\), got 95\.$"):
        band(model, X).interval(95)
    with pytest.raises(ValueError, match=r"^X must have one feature, got 2\.$"):
        band(model, np.hstack([X, X]))
    with pytest.raises(ValueError, match=r"^y must have a value for each row of X, got 3 and 200"):
        band(model, X, y[:3])
    two = network(dropout=0.1).fit(X, np.column_stack([y, y]) / 100)
    with pytest.raises(ValueError, match=r"^The estimator must predict one output, got 2\.$"):
        band(two, X)
    with pytest.raises(ValueError, match="was trained without it"):
        band(network().fit(X, y / 100), X)
    classifier = MLPClassifier(5, dropout=0.1, max_iter=2).fit(X, y > 100)
    with pytest.raises(TypeError, match="needs a regressor, got MLPClassifier"):
        band(classifier, X)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.filterwarnings("error:X .*feature names")
def test_a_model_of_a_frame_predicts_a_frame_with_its_column(library):
    frames = pytest.importorskip(library)
    X, y = sine()
    frame = frames.DataFrame({"age": X[:, 0]})
    if not hasattr(StandardScaler().fit(frame), "feature_names_in_"):
        pytest.skip("this scikit-learn does not know the names of such frames")
    by_name = ColumnTransformer([("scaler", StandardScaler(), ["age"])])
    model = make_pipeline(by_name, network(dropout=0.1)).fit(frame, y / 100)
    unnamed = make_pipeline(StandardScaler(), network(dropout=0.1)).fit(X, y / 100)
    display, expected = band(model, frame, y), band(unnamed, X, y)
    np.testing.assert_array_equal(display.grid, expected.grid)
    np.testing.assert_allclose(display.uncertainty.mean, expected.uncertainty.mean)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a"] * 200, r"^y must be numbers, got the dtype <U1\.$"),
        (np.full(200, np.nan), "^Input y contains NaN"),
    ],
)
def test_targets_of_the_intervals_are_finite_numbers(y, message):
    X, target = sine()
    model = network(dropout=0.1).fit(X, target / 100)
    with pytest.raises(ValueError, match=message):
        band(model, X, y)


def test_intervals_need_two_values_of_the_feature():
    X, y = sine()
    model = network(dropout=0.1).fit(X, y / 100)
    with pytest.raises(ValueError, match=r"^X must have at least two distinct values, got only 2"):
        band(model, np.full((5, 1), 2.0), margin=0.5)
