"""The Gaussian loss: its minimum, its bound, beta, and fits."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

import sknn
from sknn import MLPRegressor, testing
from sknn._training.diagnosis import _baseline
from sknn.losses import Gaussian, SquaredError

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def heteroscedastic(n_samples=1500, n_targets=1):
    """Return inputs, targets whose noise grows with x, and its deviation."""
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, size=(n_samples, 1))
    deviation = 0.05 + 0.4 * (X + 1) / 2
    y = np.sin(3 * X) + deviation * generator.standard_normal((n_samples, n_targets))
    return X, y[:, 0] if n_targets == 1 else y, deviation[:, 0]


def fitted(X, y, **params):
    model = MLPRegressor(30, "silu", loss="gaussian", max_iter=200, random_state=0)
    return model.set_params(**params).fit(X, y)


def test_the_minimum_is_at_mean_and_variance():
    y = np.random.default_rng(0).normal(3, 0.5, size=(1, 200))

    def objective(raw):
        return Gaussian().value(np.tile(raw[:, np.newaxis], y.size), y).mean()

    found = minimize(objective, [0.0, 0.0], tol=1e-10).x
    np.testing.assert_allclose(found[0], y.mean(), atol=1e-5)
    np.testing.assert_allclose(np.exp(found[1]) + 1e-6, y.var(), rtol=1e-4)
    baseline = Gaussian().baseline(y, None, 2)
    np.testing.assert_allclose(baseline, [y.mean(), np.log(y.var() - 1e-6)], atol=2e-6)
    assert objective(baseline) <= objective(found) + 1e-9


def test_the_baseline_of_constant_targets_is_finite():
    baseline = Gaussian(min_variance=0.01).baseline(np.full((1, 5), 2.0), None, 2)
    np.testing.assert_allclose(baseline, [2, np.log(0.01)], atol=1e-6)


@BOTH_DTYPES
@pytest.mark.parametrize("log_variance", [-1e4, -100.0, 0.0, 80.0, 1e4])
def test_variances_of_any_size_are_finite(log_variance, dtype):
    raw = np.array([[1.0, 0.0], [log_variance, log_variance]], dtype)
    loss, y_true = Gaussian(), np.zeros((1, 2), dtype)
    with np.errstate(all="raise", under="ignore"):
        value, gradient = loss.value(raw, y_true), loss.gradient(raw, y_true)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    if log_variance == -1e4:  # the variance is min_variance
        expected = [(1e6 + np.log(1e-6)) / 2, np.log(1e-6) / 2]
        np.testing.assert_allclose(value, expected, rtol=1e-6)


@BOTH_DTYPES
def test_beta_weighs_the_gradient_by_a_power_of_the_variance(dtype):
    generator = np.random.default_rng(0)
    raw, y_true = generator.normal(size=(6, 50)).astype(dtype), np.zeros((3, 50), dtype)
    plain, weighted = Gaussian(), Gaussian(beta=0.7)
    np.testing.assert_array_equal(plain.value(raw, y_true), weighted.value(raw, y_true))
    factor = np.tile(plain.noise_variance(raw) ** 0.7, (2, 1))
    expected = factor * plain.gradient(raw, y_true)
    np.testing.assert_allclose(weighted.gradient(raw, y_true), expected, rtol=1e-5)


def test_with_beta_of_one_means_learn_as_with_the_squared_error():
    generator = np.random.default_rng(0)
    raw, y_true = generator.normal(size=(4, 50)), generator.normal(size=(2, 50))
    expected = SquaredError().gradient(raw[:2], y_true)
    np.testing.assert_allclose(Gaussian(beta=1.0).gradient(raw, y_true)[:2], expected, rtol=1e-12)


@pytest.mark.parametrize("loss", [Gaussian(), Gaussian(min_variance=0.3)], ids=repr)
def test_it_keeps_the_promises_of_a_loss(loss):
    testing.check_loss(loss)


@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_a_fit_finds_mean_and_noise(beta):
    X, y, deviation = heteroscedastic()
    model = fitted(X, y, loss=Gaussian(beta=beta))
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) == r2_score(y, model.predict(X))
    np.testing.assert_allclose(model.predict(X), np.sin(3 * X[:, 0]), atol=0.15)
    found = np.sqrt(model._model.loss.noise_variance(model.activations(X)[-1].T)[0])
    assert np.abs(found / deviation - 1).mean() < 0.1


def test_several_outputs_have_a_variance_each():
    X, y, deviation = heteroscedastic(n_targets=2)
    y[:, 1] = 10 * y[:, 1] + 3
    model = fitted(X, y)
    assert model.n_outputs_ == 4
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) == r2_score(y, model.predict(X))
    found = np.sqrt(model._model.loss.noise_variance(model.activations(X)[-1].T))
    assert np.abs(found[0] / deviation - 1).mean() < 0.15
    assert np.abs(found[1] / deviation / 10 - 1).mean() < 0.15


def test_float32_stays_float32():
    X, y, _ = heteroscedastic(200)
    model = fitted(X.astype(np.float32), y, max_iter=5)
    assert model.predict(X.astype(np.float32)).dtype == np.float32


def test_a_constant_target_can_be_fitted():
    X = np.random.default_rng(0).normal(size=(100, 2))
    model = fitted(X, np.full(100, 0.3), max_iter=50)
    np.testing.assert_allclose(model.predict(X), 0.3, atol=0.2)
    assert np.isfinite(model.loss_curve_).all()


def test_a_validation_set_of_other_columns_is_refused():
    X, y, _ = heteroscedastic(100, n_targets=2)
    model = MLPRegressor(3, loss="gaussian", early_stopping=True)
    with pytest.raises(ValueError, match="y_val has 1 outputs, y has 2"):
        model.fit(X, y, X_val=X, y_val=y[:, 0])


def test_lbfgs_takes_beta_of_zero_alone():
    X, y, _ = heteroscedastic(300)
    assert fitted(X, y, optimizer="lbfgs").score(X, y) > 0.7
    model = MLPRegressor(3, optimizer="lbfgs", loss=Gaussian(beta=0.5))
    with pytest.raises(ValueError, match=r"loss=Gaussian\(beta=0\.5\) needs an optimizer that tak"):
        model.fit(X, y)


@pytest.mark.parametrize("params", [{"beta": -0.1}, {"beta": 1.5}, {"min_variance": 0}])
def test_hyperparameters_have_ranges(params):
    X, y, _ = heteroscedastic(20)
    with pytest.raises(ValueError, match=f"loss__{next(iter(params))} must be"):
        MLPRegressor(loss=Gaussian(**params)).fit(X, y)


def test_files_keep_it(tmp_path):
    X, y, _ = heteroscedastic(200)
    model = fitted(X, y, max_iter=5, loss=Gaussian(beta=0.5, min_variance=0.01))
    sknn.save(model, tmp_path / "model.npz")
    loaded = sknn.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert repr(loaded._model.loss) == repr(model._model.loss)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_onnx_has_mean_and_deviation(n_targets):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from sknn.export import to_onnx

    X, y, _ = heteroscedastic(200, n_targets)
    model = fitted(X, y, max_iter=5, loss=Gaussian(min_variance=0.01))
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    assert [each.name for each in session.get_outputs()] == ["prediction", "deviation"]
    prediction, deviation = session.run(None, {"X": X.astype(np.float32)})
    np.testing.assert_allclose(prediction, model.predict(X), atol=1e-5)
    noise = model._model.loss.noise_variance(model.activations(X)[-1].T)
    np.testing.assert_allclose(deviation, np.sqrt(noise).T.reshape(y.shape), rtol=1e-5)


def test_a_likelihood_near_zero_is_no_scale_for_explosions():
    """The likelihood of targets of variance 1 / e is about 0: any loss is many times that."""
    y = np.random.default_rng(0).normal(scale=np.exp(-0.499), size=(1, 1000))
    assert np.isnan(_baseline(Gaussian(), y, 2, np.float64))
    assert _baseline(SquaredError(), y, 1, np.float64) == pytest.approx(y.var() / 2, rel=1e-6)
