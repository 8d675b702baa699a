"""Noise and doubt: identities of entropies, ensembles, and the units of y."""

from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sknn import MLPClassifier, MLPRegressor
from sknn.uncertainty import (
    class_uncertainty,
    predict_mean_std,
    predict_uncertainty,
    predict_votes,
    regression_uncertainty,
)

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
SMALL = {"max_iter": 5, "random_state": 0}


def data(n_samples=200):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n_samples, 4))
    return X, 50 + 20 * (X[:, 0] * X[:, 1] + 0.3 * generator.normal(size=n_samples))


# ---------------------------------------------------------------- identities


def test_entropies_add_up():
    votes = np.random.default_rng(0).dirichlet(np.ones(5), size=(40, 30))
    found = class_uncertainty(votes)
    total = found.expected_entropy + found.mutual_information
    np.testing.assert_allclose(total, found.predictive_entropy, rtol=1e-12)
    assert (found.mutual_information > 0).all()
    assert (found.predictive_entropy < np.log(5)).all()
    divergences = (votes * np.log(votes / found.probabilities)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(found.mutual_information, divergences, rtol=1e-10)


def test_votes_that_agree_have_no_doubt():
    vote = np.random.default_rng(0).dirichlet(np.ones(3), size=30)
    found = class_uncertainty(np.stack(4 * [vote]))
    np.testing.assert_allclose(found.mutual_information, 0, atol=1e-15)
    assert (found.mutual_information >= 0).all()


def test_certain_votes_that_differ_are_all_doubt():
    found = class_uncertainty(np.eye(3)[:, np.newaxis])
    np.testing.assert_allclose(found.predictive_entropy, np.log(3))
    assert found.expected_entropy == 0


def test_labels_have_an_entropy_each():
    votes = np.random.default_rng(0).uniform(size=(10, 6, 2))
    with pytest.raises(ValueError, match=r"Pass np\.stack\(\[1 - votes, votes\], axis=-1\)"):
        class_uncertainty(votes)
    found = class_uncertainty(np.stack([1 - votes, votes], axis=-1))
    assert found.mutual_information.shape == (6, 2)


@pytest.mark.parametrize("shape", [(3,), (3, 4), (0, 3, 2)])
def test_votes_of_a_wrong_shape(shape):
    with pytest.raises(ValueError, match="votes must be of shape"):
        class_uncertainty(np.zeros(shape))


def test_variances_add_up():
    generator = np.random.default_rng(0)
    votes, noise = generator.normal(size=(50, 20)), generator.uniform(1, 2, size=(50, 20))
    found = regression_uncertainty(votes, noise)
    np.testing.assert_allclose(found.std**2, found.noise_std**2 + found.votes_std**2)
    np.testing.assert_allclose(found.votes_std, votes.std(axis=0))
    np.testing.assert_allclose(found.noise_std**2, (noise**2).mean(axis=0))
    alone = regression_uncertainty(votes)
    assert alone.noise_std is None
    np.testing.assert_array_equal(alone.std, found.votes_std)
    with pytest.raises(ValueError, match="votes_std must have the shape of votes"):
        regression_uncertainty(votes, noise[:3])
    with pytest.raises(ValueError, match="votes must be of shape"):
        regression_uncertainty(votes[0])


# ---------------------------------------------------------------- ensembles


def test_members_of_a_bagging_differ_and_run_in_parallel():
    """Networks of different seeds on all rows are scikit-learn's Bagging without bootstrap."""
    X, y = data()
    network = MLPClassifier(10, max_iter=10)
    with parallel_config(backend="threading"):  # processes take seconds to start
        bags = [
            BaggingClassifier(network, 3, bootstrap=False, n_jobs=n_jobs, random_state=0).fit(
                X, y > 50
            )
            for n_jobs in (1, 2)
        ]
    votes = [predict_votes(bag, X) for bag in bags]
    np.testing.assert_array_equal(votes[0], votes[1])
    assert votes[0].shape == (3, len(X), 2)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(votes[0][i] - votes[0][j]).max() > 1e-3
    np.testing.assert_allclose(votes[0].mean(axis=0), bags[0].predict_proba(X), rtol=1e-12)


def test_dropout_inside_members_on_request():
    X, y = data()
    network = make_pipeline(StandardScaler(), MLPRegressor(10, dropout=0.2, max_iter=3))
    bag = BaggingRegressor(network, 3, max_features=0.5, random_state=0).fit(X, y)
    plain = predict_votes(bag, X)
    assert plain.shape == (3, len(X))
    np.testing.assert_allclose(plain.mean(axis=0), bag.predict(X), rtol=1e-12)
    votes = predict_votes(bag, X, 4)
    assert votes.shape == (12, len(X))
    assert len(np.unique(votes, axis=0)) == 12
    np.testing.assert_array_equal(votes, predict_votes(bag, X, 4, random_state=0))


def test_members_that_do_not_know_all_classes():
    X, _ = data(60)
    y = np.repeat(["a", "b", "c"], [2, 18, 40])
    for network in (MLPClassifier(5, max_iter=3), DecisionTreeClassifier()):
        pipeline = make_pipeline(StandardScaler(), network)  # takes samples, not weights
        bag = BaggingClassifier(pipeline, 5, max_samples=10, random_state=0).fit(X, y)
        assert min(len(member.classes_) for member in bag.estimators_) < 3
        votes = predict_votes(bag, X)
        assert votes.shape == (5, 60, 3)
        np.testing.assert_allclose(votes.mean(axis=0), bag.predict_proba(X), atol=1e-12)


def test_an_ensemble_of_gaussian_networks_has_noise_and_doubt():
    X, y = data()
    network = MLPRegressor(10, loss="gaussian", max_iter=5)
    scaled = TransformedTargetRegressor(network, transformer=StandardScaler())
    bag = BaggingRegressor(scaled, 3, random_state=0).fit(X, y)
    found = regression_uncertainty(*predict_votes(bag, X, return_std=True))
    assert found.mean.shape == found.noise_std.shape == found.votes_std.shape == y.shape
    mean, std = predict_mean_std(bag, X)
    np.testing.assert_array_equal(mean, found.mean)
    np.testing.assert_array_equal(std, found.std)
    assert 5 < found.noise_std.mean() < 50


# ---------------------------------------------------------------- the units of y


@pytest.mark.parametrize("params", [{"dropout": 0.2}, {"loss": "gaussian"}, {}])
def test_mean_and_deviation_in_the_units_of_y(params):
    X, y = data()
    params = params or {"loss": "gaussian", "dropout": 0.2}
    network = make_pipeline(StandardScaler(), MLPRegressor(10, **params, **SMALL))
    model = TransformedTargetRegressor(network, transformer=StandardScaler()).fit(X, y)
    mean, std = predict_mean_std(model, X)
    assert mean.shape == std.shape == y.shape
    inner = model.regressor_[-1]
    Z = model.regressor_[0].transform(X)
    scaled_mean, scaled_std = inner.predict(Z, return_std=True)
    np.testing.assert_allclose(mean, scaled_mean * y.std() + y.mean(), rtol=1e-9)
    np.testing.assert_allclose(std, scaled_std * y.std(), rtol=1e-6)


def test_several_outputs_and_searches():
    X, y = data()
    y = np.column_stack([y, 3 * y + X[:, 2]])
    network = MLPRegressor(10, loss="gaussian", dropout=0.2, **SMALL)
    model = TransformedTargetRegressor(network, transformer=StandardScaler())
    search = GridSearchCV(model, {"regressor__alpha": [0.1]}, cv=2).fit(X, y)
    mean, std = predict_mean_std(search, X, 20)
    inner = search.best_estimator_.regressor_
    expected, deviation = inner.predict(X, return_std=True, n_passes=20)
    np.testing.assert_allclose(mean, expected * y.std(axis=0) + y.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(std, deviation * y.std(axis=0), rtol=1e-6)


def test_uncertainty_in_one_call_is_the_one_of_the_votes():
    X, y = data()
    classifier = make_pipeline(StandardScaler(), MLPClassifier(10, dropout=0.3, max_iter=5))
    classifier.fit(X, y > 50)
    found = predict_uncertainty(classifier, X, 7, random_state=2)
    expected = class_uncertainty(predict_votes(classifier, X, 7, random_state=2))
    np.testing.assert_array_equal(found.mutual_information, expected.mutual_information)
    regressor = make_pipeline(
        StandardScaler(), MLPRegressor(10, dropout=0.3, loss="gaussian", max_iter=5)
    ).fit(X, y / 50)
    found = predict_uncertainty(regressor, X, 7, random_state=2)
    expected = regression_uncertainty(
        *predict_votes(regressor, X, 7, return_std=True, random_state=2)
    )
    for name in ("mean", "std", "noise_std", "votes_std"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("n_columns", [1, 2])
def test_votes_pass_through_any_transformer_and_noise_only_through_a_scale(n_columns):
    X, y = data()
    y = np.column_stack([y, X[:, 2]])[:, :n_columns]
    transformer = PowerTransformer() if n_columns == 1 else PCA()
    for loss in ("squared_error", "gaussian"):
        network = MLPRegressor(10, loss=loss, dropout=0.2, **SMALL)
        model = TransformedTargetRegressor(network, transformer=transformer).fit(X, y)
        votes = predict_votes(model, X, 5)
        assert votes.shape == (5, len(X), n_columns)
        inner = model.regressor_.predict_votes(X, 5)[2].reshape(-1, n_columns)
        np.testing.assert_allclose(votes[2], model.transformer_.inverse_transform(inner))
    with pytest.raises(ValueError, match="does more than shift and scale each column"):
        predict_votes(model, X, 5, return_std=True)


# ---------------------------------------------------------------- errors


def test_what_has_no_votes():
    X, y = data(60)
    with pytest.raises(TypeError, match="LinearRegression has no votes"):
        predict_votes(LinearRegression().fit(X, y), X)
    with pytest.raises(NotFittedError):
        predict_votes(MLPRegressor(dropout=0.1), X)
    with pytest.raises(ValueError, match="was trained without"):
        predict_votes(MLPRegressor(5, **SMALL).fit(X, y), X)
    bag = BaggingRegressor(MLPRegressor(5, **SMALL), 2).fit(X, y)
    with pytest.raises(ValueError, match="was trained without"):
        predict_votes(bag, X, 5)
    with pytest.raises(ValueError, match="BaggingRegressor predicts no noise"):
        predict_votes(bag, X, return_std=True)
    classifier = MLPClassifier(5, dropout=0.2, **SMALL).fit(X, y > 50)
    with pytest.raises(TypeError, match="predict_mean_std needs a regressor"):
        predict_mean_std(classifier, X)
    quantile = MLPRegressor(5, loss="quantile", dropout=0.2, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="has no meaning with loss=Quantile"):
        predict_mean_std(quantile, X)


@pytest.mark.parametrize("scaled", [True, False])
def test_rows_whose_deviation_is_infinite_are_named(scaled):
    """The variance is the exponential of an output, and overflows before the output does."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = X[:, 0] + np.exp(2 * X[:, 1]) * rng.normal(size=200)
    network = MLPRegressor(20, loss="gaussian", dropout=0.1, max_iter=30, random_state=0)
    model = TransformedTargetRegressor(network, transformer=StandardScaler()) if scaled else network
    model.fit(X, y)
    far = np.array([[0.0, 0.0], [0.0, 1e5]])
    assert np.isfinite(predict_mean_std(model, far[:1])[1]).all()
    for ask in (predict_mean_std, partial(predict_votes, return_std=True)):
        with pytest.raises(ValueError, match="X has values up to 1e\\+05 for which deviations"):
            ask(model, far)
