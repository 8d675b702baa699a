"""Monte-Carlo dropout: closed forms, results that do not depend on chunks, and errors."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn._network.votes import VoteMasks
from sknn.dropout import AlphaDropout
from sknn.losses import Gaussian, Quantile, SquaredError

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
SMALL = {"max_iter": 5, "random_state": 0}


def data(n_samples=700, n_features=4):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n_samples, n_features))
    return X, X[:, 0] * X[:, 1] + 0.3 * generator.normal(size=n_samples)


def linear(rate=0.4, input_rate=0.0, dtype=None):
    X, y = data()
    model = MLPRegressor((30,), "identity", dropout=rate, input_dropout=input_rate, dtype=dtype)
    return model.set_params(max_iter=30, random_state=0, init="he_normal").fit(X, y), X


# ---------------------------------------------------------------- closed forms


def test_the_variance_of_a_linear_network_is_known():
    """A hidden unit h with weight w adds rate / (1 - rate) (w h)^2 to the variance."""
    model, X = linear()
    X = X[:20]
    (first, last), (bias, _) = model.coefs_, model.intercepts_
    hidden = X @ first + bias
    expected = np.sqrt(0.4 / 0.6 * ((hidden * last[:, 0]) ** 2).sum(axis=1))
    mean, std = model.predict(X, return_std=True, n_passes=10_000)
    np.testing.assert_allclose(std, expected, rtol=0.04)
    error = np.abs(mean - model.predict(X)) / (expected / np.sqrt(10_000))
    assert error.max() < 4.5  # standard errors


def test_the_variance_with_input_dropout_is_known():
    model, X = linear(rate=0.0, input_rate=0.3)
    X = X[:20]
    weights = (model.coefs_[0] @ model.coefs_[1])[:, 0]
    expected = np.sqrt(0.3 / 0.7 * ((X * weights) ** 2).sum(axis=1))
    for inputs in (X, sparse.csr_array(X)):
        mean, std = model.predict(inputs, return_std=True, n_passes=10_000)
        np.testing.assert_allclose(std, expected, rtol=0.04)
        error = np.abs(mean - model.predict(X)) / (expected / np.sqrt(10_000))
        assert error.max() < 4.5


def test_the_moments_of_alpha_dropout_are_known():
    """A unit is gain (a - s) + gain (1 - rate) s, or the latter alone with probability rate."""
    X, y = data()
    model = MLPRegressor(40, "selu", dropout=AlphaDropout(0.2), **SMALL).fit(X, y)
    X, limit, gain = X[:20], -1.7580993408473766, AlphaDropout(0.2).gain
    hidden, weights = model.activations(X)[0], model.coefs_[1][:, 0]
    expected = gain * 0.8 * hidden @ weights + model.intercepts_[1]
    deviation = gain * np.sqrt(0.8 * 0.2 * ((hidden - limit) ** 2 @ weights**2))
    mean, std = model.predict(X, return_std=True, n_passes=10_000)
    np.testing.assert_allclose(std, deviation, rtol=0.04)
    assert (np.abs(mean - expected) / (deviation / 100)).max() < 4.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mean_and_deviation_are_those_of_the_votes(dtype):
    model, X = linear(dtype=dtype)
    votes = model.predict_votes(X, 40, random_state=3)
    mean, std = model.predict(X, return_std=True, n_passes=40, random_state=3)
    assert votes.shape == (40, len(X))
    assert votes.dtype == mean.dtype == std.dtype == dtype
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(mean, votes.mean(axis=0), atol=tolerance)
    np.testing.assert_allclose(std, votes.std(axis=0), atol=tolerance)


def test_noise_and_doubt_add_up_to_the_deviation():
    X, y = data()
    y = np.column_stack([y, 2 * y])
    model = MLPRegressor(20, loss="gaussian", dropout=0.2, **SMALL).fit(X, y)
    votes, noise = model.predict_votes(X, 30, return_std=True)
    assert votes.shape == noise.shape == (30, len(X), 2)
    mean, std = model.predict(X, return_std=True, n_passes=30)
    np.testing.assert_allclose(mean, votes.mean(axis=0), rtol=1e-10)
    total = votes.var(axis=0) + (noise**2).mean(axis=0)
    np.testing.assert_allclose(std, np.sqrt(total), rtol=1e-10)


def test_without_dropout_the_gaussian_deviation_is_the_noise():
    X, y = data()
    model = MLPRegressor(20, loss=Gaussian(min_variance=0.01), **SMALL).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, model.predict(X))
    raw = model.activations(X)[-1]
    np.testing.assert_allclose(std, np.sqrt(np.exp(raw[:, 1]) + 0.01), rtol=1e-12)


# ---------------------------------------------------------------- identical results


PROBLEMS = {
    "hidden": {"dropout": 0.3},
    "last hidden layer": {"dropout": [0.0, 0.3]},
    "inputs": {"input_dropout": 0.3},
    "both": {"dropout": 0.3, "input_dropout": 0.2},
    "activation that needs z": {"dropout": 0.3, "activation": "silu"},
}


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_votes_do_not_depend_on_chunks(problem, is_sparse):
    X, y = data()
    model = MLPRegressor((20, 20), **PROBLEMS[problem], **SMALL).fit(X, y)
    X = sparse.csr_array(X) if is_sparse else X
    whole = model.predict_votes(X, 7)
    assert len(np.unique(whole, axis=0)) >= 4  # few inputs have few masks
    for rows in (slice(0, 1), slice(1, 320), slice(699, 700), slice(300, 700)):
        np.testing.assert_array_equal(model.predict_votes(X[rows], 7), whole[:, rows])
    np.testing.assert_array_equal(model.predict_votes(X, 3), whole[:3])
    np.testing.assert_array_equal(model.predict_votes(X, 7, random_state=0), whole)
    assert not np.array_equal(model.predict_votes(X, 7, random_state=1), whole)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_vote_is_the_network_without_some_units(problem):
    """A dense pass with the masks written into the weights gives the same numbers."""
    X, y = data(50)
    model = MLPRegressor((20, 20), **PROBLEMS[problem], **SMALL).fit(X, y)
    network = model._model.network
    seed = int(np.random.RandomState(5).randint(2**31 - 1))
    masks = VoteMasks(network.architecture, 3, seed, network.dtype)
    votes = model.predict_votes(X, 3, random_state=5)
    activate = network.architecture.activations[0]
    for vote in range(3):
        masks.select(vote)
        a = X * masks.present[0].T if 0 in masks.present else X
        for i in range(2):
            a = activate((a @ model.coefs_[i] + model.intercepts_[i]).T).T
            a = a * masks.present[i + 1].T if i + 1 in masks.present else a
        expected = a @ model.coefs_[2] + model.intercepts_[2]
        np.testing.assert_allclose(votes[vote], expected[:, 0], rtol=1e-9, atol=1e-12)


def test_plain_predictions_stay_and_draw_nothing():
    X, y = data()
    model = MLPRegressor(20, dropout=0.3, **SMALL).fit(X, y)
    before = model.predict(X)
    state = np.random.RandomState(0)
    first, second = (model.predict_votes(X, 2, random_state=state) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(model.predict(X), before)
    twin = MLPRegressor(20, dropout=0.3, **SMALL).fit(X, y)
    twin.partial_fit(X, y)
    np.testing.assert_array_equal(model.partial_fit(X, y).predict(X), twin.predict(X))


def test_memory_does_not_grow_with_the_votes():
    X, y = data(3000)
    model = MLPClassifier(20, dropout=0.3, **SMALL).fit(X, y > 0)
    peaks = []
    for n_passes in (2, 50):
        tracemalloc.start()
        model.predict_proba(X, n_passes=n_passes)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 50 * 20 * 8


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_votes_of_a_classifier(kind):
    X, y = data()
    y = {
        "binary": np.where(y > 0, "a", "b"),
        "multiclass": np.digitize(y, [-0.5, 0.5]),
        "multilabel": np.column_stack([y > 0, y > 1, X[:, 2] > 0]).astype(int),
    }[kind]
    model = MLPClassifier(20, dropout=0.3, **SMALL).fit(X, y)
    plain = model.predict_proba(X)
    votes = model.predict_votes(X, 20)
    assert votes.shape == (20, *plain.shape)
    if kind != "multilabel":
        np.testing.assert_allclose(votes.sum(axis=2), 1, rtol=1e-12)
    mean = model.predict_proba(X, n_passes=20)
    np.testing.assert_allclose(mean, votes.mean(axis=0), rtol=1e-12)
    assert 0 < np.abs(mean - plain).mean() < 0.1
    np.testing.assert_array_equal(model.predict_proba(X), plain)


def test_without_probabilities_there_are_no_votes():
    X, y = data()
    model = MLPClassifier(5, loss="hinge", dropout=0.3, **SMALL).fit(X, y > 0)
    assert not hasattr(model, "predict_votes")


# ---------------------------------------------------------------- errors


def test_a_network_without_dropout_says_so():
    X, y = data(50)
    regressor = MLPRegressor(5, **SMALL).fit(X, y)
    classifier = MLPClassifier(5, **SMALL).fit(X, y > 0)
    calls = (
        lambda: regressor.predict(X, return_std=True),
        lambda: regressor.predict_votes(X),
        lambda: classifier.predict_votes(X),
        lambda: classifier.predict_proba(X, n_passes=3),
    )
    for call in calls:
        with pytest.raises(ValueError, match="was trained without it: set dropout"):
            call()


@pytest.mark.parametrize(
    "loss", ["absolute_error", "huber", "log_cosh", "quantile", "poisson", Quantile([0.1, 0.9])]
)
def test_losses_without_a_deviation_are_named(loss):
    X, y = data(50)
    model = MLPRegressor(5, loss=loss, dropout=0.3, **SMALL).fit(X, np.abs(y))
    with pytest.raises(ValueError, match=r"return_std=True has no meaning with loss="):
        model.predict(X, return_std=True)
    assert model.predict_votes(X, 3).shape == (3, *model.predict(X).shape)


def test_only_the_gaussian_loss_has_votes_on_the_noise():
    X, y = data(50)
    model = MLPRegressor(5, dropout=0.3, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="needs loss='gaussian' here: loss=SquaredError"):
        model.predict_votes(X, return_std=True)


@pytest.mark.parametrize("n_passes", [0, -1, 2.5, "3", None])
def test_n_passes_is_a_positive_integer(n_passes):
    X, y = data(50)
    model = MLPRegressor(5, dropout=0.3, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="n_passes must be an integer"):
        model.predict(X, return_std=True, n_passes=n_passes)


def test_what_is_not_fitted_or_wrong():
    X, y = data(50)
    for model in (MLPRegressor(dropout=0.3), MLPClassifier(dropout=0.3)):
        with pytest.raises(NotFittedError):
            model.predict_votes(X)
    with pytest.raises(NotFittedError):
        MLPRegressor(dropout=0.3).predict(X, return_std=True)
    model = MLPRegressor(5, input_dropout=AlphaDropout(0.1), **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="replaces zeros, and X is sparse"):
        model.predict_votes(sparse.csr_array(X))
    with pytest.raises(ValueError, match="votes are not finite"):
        model.predict_votes(np.full((2, 4), 1.7e308))


# ---------------------------------------------------------------- a user's own loss


@dataclass(repr=False, eq=False)
class LossOfKnownNoise(SquaredError):  # noqa: N818
    """A squared error of targets whose noise is known; the second output is not used."""

    def n_outputs(self, n_targets):
        return n_targets + 1

    def n_predictions(self, n_outputs):
        return n_outputs - 1

    def noise_variance(self, raw_prediction):
        return np.full_like(raw_prediction[:-1], 9.0)

    def baseline(self, y_true, weight, n_outputs):
        return np.zeros(n_outputs)

    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        super().value_and_gradient(raw_prediction[:-1], y_true, value, gradient[:-1], scratch)
        gradient[-1] = 0


def test_an_own_loss_may_predict_the_noise():
    X, y = data()
    model = MLPRegressor(5, loss=LossOfKnownNoise(), **SMALL).fit(X, y)
    assert model.predict(X).shape == y.shape
    np.testing.assert_array_equal(model.predict(X, return_std=True)[1], 3.0)


def test_a_pipeline_passes_the_arguments_on():
    X, y = data(100)
    network = MLPRegressor(5, dropout=0.3, **SMALL)
    model = make_pipeline(StandardScaler(), network).fit(X, y)
    found = model.predict(X, return_std=True, n_passes=7)
    expected = model[-1].predict(model[0].transform(X), return_std=True, n_passes=7)
    np.testing.assert_array_equal(found, expected)
