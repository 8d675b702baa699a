"""The numbers of the displays, against closed forms and plain fits; no test needs matplotlib."""

import numpy as np
import pytest
from common import problem
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss

from sknn import MLPClassifier, MLPRegressor
from sknn.callbacks import Checkpoint, StopOnTarget
from sknn.inspection import (
    ActivationDisplay,
    GradientDisplay,
    LossCurveDisplay,
    OptimizerPathDisplay,
    Surface,
    WeightDisplay,
)
from sknn.inspection._recording import record
from sknn.inspection._surfaces import SURFACES
from sknn.optimizers import Momentum

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def fitted(digits):
    return MLPClassifier(20, early_stopping=True, max_iter=4, random_state=0).fit(*digits)


# ------------------------------------------------------------------- gradients


@pytest.mark.parametrize("optimizer", ["gd", "sgd", "adam", "lion", "muon", "adadelta"])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_recording_does_not_change_training(optimizer, early_stopping):
    cls, X, y = problem("multiclass")
    params = {"hidden_layer_sizes": (9, 5), "random_state": 0, "batch_size": 30, "max_iter": 6}
    model = cls(**params, optimizer=optimizer, early_stopping=early_stopping, dropout=0.1)
    plain = cls(**model.get_params()).fit(X, y)
    recorded, records = record(model, X, y, lambda params, grad, layout: 1)
    np.testing.assert_array_equal(
        recorded._model.network.parameters.vector, plain._model.network.parameters.vector
    )
    assert len(records) == plain._model.training.progress.step
    assert len(record(model, X, y, lambda params, grad, layout: 1, 2)[1]) == -(-len(records) // 2)


def test_a_recorded_fit_loses_its_tiny_moments_too():
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((20,), optimizer="momentum", alpha=0.5, learning_rate_init=0.2)
    model.set_params(max_iter=150, tol=0, n_iter_no_change=150, random_state=0)
    X = (X / 16).astype(np.float32)
    recorded, _ = record(model, X, y, lambda params, grad, layout: 1, 100)
    plain = clone(model).fit(X, y)
    np.testing.assert_array_equal(recorded.coefs_[0], plain.coefs_[0])
    assert (plain.coefs_[0] == 0).any()


def test_a_recorded_fit_calls_no_callbacks(digits, tmp_path):
    callbacks = Checkpoint(tmp_path / "model.npz"), StopOnTarget(10.0)
    model = MLPClassifier(5, max_iter=3, random_state=0).set_callbacks(*callbacks)
    assert len(GradientDisplay.compute_from_estimator(model, *digits).gradient_norms) == 3
    display = OptimizerPathDisplay.compute_from_estimator(model, *digits, ["sgd"], grid_size=2)
    assert len(display.paths["sgd"]) == 4
    assert not list(tmp_path.iterdir())
    assert model._skl_callbacks == list(callbacks)


def test_gradient_norms_have_their_closed_form(digits):
    """Softmax regression from zero weights has the gradient X^T (1/10 - Y) / n."""
    X, y = digits
    model = MLPClassifier((), optimizer="gd", max_iter=1, alpha=1.0)
    gradient = np.column_stack([X, np.ones(len(X))]).T @ (0.1 - np.eye(10)[y]) / len(X)
    display = GradientDisplay.compute_from_estimator(model, X, y)
    assert display.layer_names == ["layer_0"]
    np.testing.assert_allclose(display.gradient_norms, [[np.linalg.norm(gradient)]], rtol=1e-10)


def test_gradients_vanish_with_sigmoid_and_not_with_relu(digits):
    params = {"hidden_layer_sizes": (40,) * 8, "max_iter": 4, "random_state": 0}
    for activation, low, high in (("sigmoid", 0, 1e-5), ("relu", 0.02, 2)):
        model = MLPClassifier(activation=activation, **params)
        norms = GradientDisplay.compute_from_estimator(model, *digits).gradient_norms
        assert norms.shape == (4, 9)
        share = norms[:, 0] / norms[:, -1]
        assert ((share > low) & (share < high)).all()
    assert not hasattr(model, "n_iter_")


# ------------------------------------------------------------------- paths


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_have_their_gradients_and_minima(name):
    surface = SURFACES[name]
    for x, y in np.random.default_rng(0).uniform(-2, 2, (20, 2)):
        expected = (
            (surface.value(x + 1e-6, y) - surface.value(x - 1e-6, y)) / 2e-6,
            (surface.value(x, y + 1e-6) - surface.value(x, y - 1e-6)) / 2e-6,
        )
        np.testing.assert_allclose(surface.gradient(x, y), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(surface.gradient(*surface.minimum), 0, atol=1e-12)
    display = OptimizerPathDisplay.compute_from_surface(name, "adam", learning_rate=0.01, n_steps=5)
    assert surface.value(*surface.minimum) <= display.grid[2].min() + 1e-12


def test_gradient_steps_in_a_ravine_have_their_closed_form():
    display = OptimizerPathDisplay.compute_from_surface(
        "ravine", {"plain": "sgd", "heavy": Momentum(0.8)}, learning_rate=[0.09, 0.01], n_steps=40
    )
    k = np.arange(41)
    x, y = display.paths["plain"].T
    np.testing.assert_allclose(x, -1.8 * 0.91**k, rtol=1e-10)
    np.testing.assert_allclose(y, 0.8 * (-0.8) ** k, rtol=1e-10)  # it oscillates
    np.testing.assert_allclose(display.values["plain"], (x**2 + 20 * y**2) / 2)
    x, y = display.paths["heavy"].T
    for path, start, slope in ((x, -1.8, 1.0), (y, 0.8, 20.0)):
        expected, velocity = [start], 0.0
        for _ in range(40):
            velocity = 0.8 * velocity - 0.01 * slope * expected[-1]
            expected.append(expected[-1] + velocity)
        np.testing.assert_allclose(path, expected, rtol=1e-10)
    assert (np.diff(np.sign(display.paths["plain"][:, 1])) != 0).all()
    assert (np.diff(np.sign(y)) != 0).sum() < 10


def test_one_optimizer_at_two_rates_has_two_labels():
    rates = {"learning_rate": [0.01, 0.05, 0.1]}
    display = OptimizerPathDisplay.compute_from_surface("ravine", ["sgd", "sgd", "sgd"], **rates)
    assert list(display.paths) == ["sgd", "sgd 2", "sgd 3"]
    assert [path[1, 0] for path in display.paths.values()] == pytest.approx([-1.782, -1.71, -1.62])
    twice = OptimizerPathDisplay.compute_from_surface(
        "ravine", [Momentum()] * 2, learning_rate=0.01
    )
    assert list(twice.paths) == ["Momentum()", "Momentum() 2"]


def test_lbfgs_reaches_rosenbrocks_minimum():
    display = OptimizerPathDisplay.compute_from_surface("rosenbrock", ["lbfgs"], learning_rate=1)
    np.testing.assert_allclose(display.paths["lbfgs"][-1], (1, 1), atol=1e-4)
    np.testing.assert_array_equal(display.paths["lbfgs"][0], (-1.2, 1))


def test_a_path_that_leaves_the_numbers_ends():
    bowl = Surface(lambda x, y: x**4 + y**2, lambda x, y: (4 * x**3, 2 * y), start=(1.0, 1.0))
    path = OptimizerPathDisplay.compute_from_surface(bowl, ["sgd"], learning_rate=10.0).paths["sgd"]
    assert 2 < len(path) < 20
    assert np.isfinite(path).all()


def test_the_plane_of_a_network_of_two_weights_is_exact():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 1))
    y = 2 * X[:, 0] + 1 + 0.1 * rng.normal(size=90)
    model = MLPRegressor((), max_iter=30, tol=0, random_state=0, alpha=1e-5, bias_init="zeros")
    display = OptimizerPathDisplay.compute_from_estimator(
        model, X, y, ["sgd", "adam", "gd"], learning_rate=[0.05, 0.1, 0.3], grid_size=61
    )
    assert display.explained_variance_ratio == pytest.approx(1)
    for optimizer, rate in (("sgd", 0.05), ("adam", 0.1), ("gd", 0.3)):
        plain = model.set_params(optimizer=optimizer, learning_rate_init=rate).fit(X, y)
        values = display.values[optimizer]
        assert len(values) == len(display.paths[optimizer]) == 31
        assert values[-1] == pytest.approx(((plain.predict(X) - y) ** 2).mean() / 2)
    # All three start at one point, and the grid is the loss: that of the best line is least.
    starts = [path[0] for path in display.paths.values()]
    np.testing.assert_allclose(starts, starts[:1] * 3, atol=1e-12)
    best = ((np.poly1d(np.polyfit(X[:, 0], y, 1))(X[:, 0]) - y) ** 2).mean() / 2
    a, b, grid = display.grid
    assert best <= grid.min() < best + 0.02
    for path, values in zip(display.paths.values(), display.values.values(), strict=True):
        for point, value in list(zip(path, values, strict=True))[::5]:
            row, col = np.abs(b - point[1]).argmin(), np.abs(a - point[0]).argmin()
            assert grid[row, col] == pytest.approx(value, rel=0.25, abs=0.02)


def test_the_values_on_a_networks_plane_are_losses(digits):
    model = MLPClassifier(12, max_iter=4, random_state=0, early_stopping=True, dtype="float32")
    display = OptimizerPathDisplay.compute_from_estimator(
        model, *digits, ["sgd", "momentum"], learning_rate=[0.1, 0.01], grid_size=3
    )
    assert 0.5 < display.explained_variance_ratio <= 1
    assert display.grid[2].shape == (3, 3)
    plain = MLPClassifier(12, max_iter=4, random_state=0, dtype="float32", optimizer="momentum")
    plain.set_params(learning_rate_init=0.01).fit(*digits)
    for values in display.values.values():
        assert values[0] == pytest.approx(np.log(10), rel=1e-5)  # output weights start at zero
    expected = log_loss(digits[1], plain.predict_proba(digits[0]).astype(float))
    assert display.values["momentum"][-1] == pytest.approx(expected, rel=1e-4)


# ------------------------------------------------------------------- curves and weights


def test_loss_curves_are_those_of_the_models(digits, fitted):
    plain = MLPClassifier(5, max_iter=3, scoring="accuracy", early_stopping=True, random_state=0)
    plain.fit(*digits)
    curves = LossCurveDisplay.compute_from_estimator({"a": fitted, "b": plain}).curves
    np.testing.assert_array_equal(curves["a"]["loss"], fitted.loss_curve_)
    np.testing.assert_array_equal(curves["a"]["validation_loss"], fitted.validation_loss_curve_)
    np.testing.assert_array_equal(curves["b"]["validation_score"], plain.validation_scores_)
    assert "validation_score" not in curves["a"]
    assert list(LossCurveDisplay.compute_from_estimator(fitted).curves) == ["MLPClassifier"]


class WithHistory(MLPClassifier):
    """Records more than losses."""

    history_ = {"learning_rate": [0.1, 0.01, 0.001, 0.0], "loss": [4, 3, 2, 1]}  # noqa: RUF012


def test_curves_are_all_that_a_model_recorded(digits):
    model = WithHistory(3, max_iter=4, random_state=0).fit(*digits)
    curves = LossCurveDisplay.compute_from_estimator(model).curves["WithHistory"]
    assert curves["loss"].tolist() == [4, 3, 2, 1]
    assert curves["learning_rate"].tolist() == [0.1, 0.01, 0.001, 0.0]


def test_weights_are_images(fitted):
    images = WeightDisplay.compute_from_estimator(fitted).images
    assert images.shape == (20, 8, 8)
    np.testing.assert_array_equal(images[3], fitted.coefs_[0][:, 3].reshape(8, 8))
    assert WeightDisplay.compute_from_estimator(fitted, shape=(4, 16)).images.shape == (20, 4, 16)


# ------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda X, y: GradientDisplay.compute_from_estimator(3, X, y),
            "^estimator must be an MLPClass",
        ),
        (
            lambda X, y: GradientDisplay.compute_from_estimator(
                MLPClassifier(optimizer="lbfgs"), X, y
            ),
            "^optimizer='lbfgs' has no steps to record: it runs its own loop",
        ),
        (
            lambda X, y: OptimizerPathDisplay.compute_from_estimator(
                MLPClassifier(), X, y, ["lbfgs"]
            ),
            "^optimizer='lbfgs' has no steps to record",
        ),
        (
            lambda X, y: OptimizerPathDisplay.compute_from_estimator(
                MLPClassifier(), X, y, ["sgd", "adam"], learning_rate=[0.1]
            ),
            "^learning_rate must be one rate, or one for each of the 2 optimizers; got 1",
        ),
        (
            lambda X, y: OptimizerPathDisplay.compute_from_estimator(
                MLPClassifier(), X, y, ["sgd"], grid_size=1
            ),
            r"^grid_size must be an integer in \[2, inf\), got 1",
        ),
        (
            lambda X, y: OptimizerPathDisplay.compute_from_surface(
                "ravin", ["sgd"], learning_rate=1
            ),
            "^surface='ravin' is not known; did you mean 'ravine'",
        ),
        (
            lambda X, y: OptimizerPathDisplay.compute_from_surface(
                "ravine", ["sdg"], learning_rate=1
            ),
            "^optimizer='sdg' is not known",
        ),
        (
            lambda X, y: OptimizerPathDisplay.compute_from_surface(
                "ravine", ["sgd"], learning_rate=0
            ),
            r"^learning_rate must be a number in \(0, inf\), got 0",
        ),
        (
            lambda X, y: OptimizerPathDisplay.compute_from_surface(
                "ravine", ["sgd"], learning_rate=1, n_steps=0
            ),
            r"^n_steps must be an integer in \[1, inf\), got 0",
        ),
        (
            lambda X, y: WeightDisplay.compute_from_estimator(
                MLPClassifier(3, max_iter=1).fit(X[:, :60], y)
            ),
            r"^shape must be \(height, width\) with height \* width = 60, .* got None and no sq",
        ),
        (
            lambda X, y: WeightDisplay.compute_from_estimator(
                MLPClassifier(3, max_iter=1).fit(X, y), shape=(8, 9)
            ),
            r"^shape must be .* = 64, .* got \(8, 9\)\.$",
        ),
    ],
)
def test_bad_input(digits, call, message):
    with pytest.raises(ValueError, match=message):
        call(*digits)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LossCurveDisplay.compute_from_estimator({}), "^estimator must hold at least one"),
        (
            lambda: OptimizerPathDisplay.compute_from_surface("ravine", [], learning_rate=1),
            r"^optimizers must hold at least one optimizer, got \[\]",
        ),
        (
            lambda: OptimizerPathDisplay.compute_from_estimator(MLPClassifier(), [[1]], [1], {}),
            "^optimizers must hold at least one optimizer, got {}",
        ),
        (
            lambda: ActivationDisplay.compute_from_initializers(MLPClassifier(), [[1]], init=()),
            r"^init must hold at least one initializer, got \(\)",
        ),
        (
            lambda: ActivationDisplay.compute_from_estimator(
                MLPRegressor((), max_iter=1).fit([[1.0]], [1.0]), [[1.0]]
            ),
            "^This network has no hidden layer to look at",
        ),
    ],
)
def test_nothing_to_show(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unfitted_models():
    for display in (LossCurveDisplay, WeightDisplay):
        with pytest.raises(NotFittedError):
            display.compute_from_estimator(MLPClassifier())
