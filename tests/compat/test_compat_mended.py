"""Cases in which sknn.compat differs from scikit-learn, because scikit-learn is wrong."""

import inspect
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags

from sknn.compat import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
ESTIMATORS = [MLPClassifier, MLPRegressor]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def settings(**params):
    return {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0} | params


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_batches_without_weight_are_skipped(kind, solver):
    """The fit is that of the rows that have weight."""
    rows = np.r_[0:10, 60:70, 110:120]
    weight = np.zeros(len(y))
    weight[rows] = 2.0
    params = settings(solver=solver, batch_size=10, shuffle=False)
    whole = kind(**params).fit(X, y, sample_weight=weight)
    some = kind(**params).fit(X[rows], y[rows], sample_weight=weight[rows])
    assert_array_equal(whole.coefs_[0], some.coefs_[0])
    assert whole.loss_curve_ == some.loss_curve_


def test_invscaling_lowers_the_rate_at_the_end_of_each_epoch():
    """Also where it has batches without weight."""
    rows = np.r_[0:10, 60:70, 110:120]
    weight = np.zeros(len(y))
    weight[rows] = 2.0
    params = settings(solver="sgd", batch_size=10, shuffle=False, learning_rate="invscaling")
    params |= {"max_iter": 3, "n_iter_no_change": 9, "learning_rate_init": 0.1, "power_t": 0.1}
    model = MLPClassifier(**params, momentum=0.0).fit(X, y, sample_weight=weight)
    stepwise = MLPClassifier(**params, momentum=0.0)
    for epoch in range(3):
        rate = 0.1 / (epoch * len(y) + 1) ** 0.1 if epoch else 0.1
        stepwise.set_params(learning_rate="constant", learning_rate_init=rate, max_iter=1)
        stepwise.set_params(warm_start=True).fit(X, y, sample_weight=weight)
    assert_allclose(model.coefs_[0], stepwise.coefs_[0], rtol=1e-12)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_float32_stays_float32(kind, solver):
    target = y if kind is MLPClassifier else y.astype(np.float64)
    model = kind(**settings(solver=solver)).fit(X.astype(np.float32), target)
    arrays = [*model.coefs_, *model.intercepts_]
    if solver != "lbfgs":
        arrays += model._optimizer.state.slots
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    if kind is MLPRegressor:
        assert model.predict(X.astype(np.float32)).dtype == np.float32
    else:
        assert model.predict_proba(X.astype(np.float32)).dtype == np.float32


def test_a_regressor_with_lbfgs_has_no_partial_fit():
    assert hasattr(MLPRegressor(solver="adam"), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        MLPRegressor(solver="lbfgs").partial_fit(X, y)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_poisson_refuses_negative_targets(method):
    with pytest.raises(ValueError, match="y must be 0 or more with loss='poisson', got -1"):
        getattr(MLPRegressor("poisson"), method)(X, y - 1)
    assert MLPRegressor("poisson", **settings()).fit(X, y * 0).loss_ > 0


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_negative_weights_are_refused(kind, method):
    known = {"classes": [0, 1, 2]} if (kind, method) == (MLPClassifier, "partial_fit") else {}
    weight = np.where(np.arange(len(y)) == 7, -1.0, 1.0)
    with pytest.raises(ValueError, match="sample_weight must not be negative, got -1"):
        getattr(kind(), method)(X, y, sample_weight=weight, **known)
    with pytest.raises(ValueError, match="at least one"):
        getattr(kind(), method)(X, y, sample_weight=weight * 0, **known)


def test_a_fit_that_diverges_ends_at_once():
    params = settings(solver="sgd", activation="identity", learning_rate_init=1.0, max_iter=100)
    with pytest.raises(ValueError, match=r"non-finite parameter weights.* layer\b.*in epoch"):
        MLPRegressor(**params).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch .* best weights"):
        model = MLPRegressor(early_stopping=True, **params).fit(X, y)
    assert model.n_iter_ < 100
    assert len(model.validation_scores_) == model.n_iter_
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_call_that_fails_changes_nothing(kind):
    model = kind(**settings(solver="sgd")).fit(X, y)
    before, n_iter = model.predict(X), model.n_iter_
    model.set_params(learning_rate_init=1e200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="non-finite"):
            model.fit(X * 1e200, y)
    assert_array_equal(model.predict(X), before)
    assert model.n_iter_ == n_iter


def test_the_tags_say_that_several_outputs_are_served():
    assert get_tags(MLPRegressor()).target_tags.multi_output


def test_early_stopping_takes_names_of_classes():
    """In scikit-learn since 1.9 only."""
    names = np.array(["one", "two", "three"])[y]
    model = MLPClassifier(early_stopping=True, **settings()).fit(X, names)
    assert len(model.validation_scores_) == model.n_iter_


def test_predictions_do_not_depend_on_company():
    """scikit-learn's may differ in the last bit between a row alone and among others."""
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegressor(**settings(solver="lbfgs", hidden_layer_sizes=(50, 20))).fit(X, y)
    together = model.predict(X)
    assert_array_equal(together[:7], [model.predict(X[i : i + 1])[0] for i in range(7)])
    assert_allclose(together, super(type(model), model)._forward_pass_fast(X).ravel(), rtol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_warning_made_an_error_leaves_the_model_trained(solver):
    ours, theirs = (
        kind(solver=solver, max_iter=3, random_state=0)
        for kind in (MLPClassifier, neural_network.MLPClassifier)
    )
    for model in (ours, theirs):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            with pytest.raises(ConvergenceWarning) as caught:
                model.fit(X, y)
        text = str(caught.value)
    assert text.startswith(("Stochastic Optimizer: Maximum iterations", "lbfgs failed to converge"))
    assert ours.n_iter_ == theirs.n_iter_
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10)


def test_warnings_come_from_the_module_of_scikit_learn():
    """As filters by module expect."""
    for kind in (MLPClassifier, neural_network.MLPClassifier):
        with pytest.warns(ConvergenceWarning) as caught:
            kind(max_iter=3, random_state=0).fit(X, y)
        assert caught[0].filename == inspect.getfile(neural_network.MLPClassifier)
