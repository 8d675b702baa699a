"""Displays, reports and the range test treat a Pipeline like its last step."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from sknn import MLPClassifier
from sknn.inspection import (
    ActivationDisplay,
    GradientDisplay,
    LossCurveDisplay,
    OptimizerPathDisplay,
    WeightDisplay,
    initialization_report,
    learning_rate_range_test,
)

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)

X, Y = load_breast_cancer(return_X_y=True)
NETWORK = MLPClassifier((8, 4), max_iter=3, random_state=0)
PIPELINE = make_pipeline(StandardScaler(), SelectKBest(k=9), NETWORK)


def numbers(value):
    """Return all numbers in what a call returned."""
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list | tuple):
        return np.concatenate([numbers(each) for each in value])
    return np.ravel(np.asarray(value, float)) if value is not None else np.empty(0)


CALLS = {
    "signals": lambda model, X: ActivationDisplay.compute_from_estimator(model, X).activations,
    "gradients": lambda model, X: (
        GradientDisplay.compute_from_estimator(model, X, Y).gradient_norms
    ),
    "curves": lambda model, X: LossCurveDisplay.compute_from_estimator(model).curves[
        "MLPClassifier"
    ],
    "named curves": lambda model, X: LossCurveDisplay.compute_from_estimator({"a": model}).curves[
        "a"
    ],
    "weights": lambda model, X: WeightDisplay.compute_from_estimator(model, shape=(3, 3)).images,
    "plane": lambda model, X: (
        OptimizerPathDisplay.compute_from_estimator(model, X, Y, ["sgd", "adam"], grid_size=3).paths
    ),
    "range": lambda model, X: learning_rate_range_test(model, X, Y, n_steps=20).losses,
}
OF_INITIALIZERS = {
    "report": lambda model, X: initialization_report(model, X)["std"],
    "initializers": lambda model, X: (
        ActivationDisplay.compute_from_initializers(model, X).activations
    ),
}
NEED_NO_FIT = {name: CALLS[name] for name in ("gradients", "plane", "range")}


@pytest.fixture(scope="module")
def fitted():
    return clone(PIPELINE).fit(X, Y)


def without_seconds(value):
    return {k: v for k, v in value.items() if k != "seconds"} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", CALLS | OF_INITIALIZERS)
def test_a_fitted_pipeline_is_its_last_step_on_what_the_others_make(name, fitted):
    call = (CALLS | OF_INITIALIZERS)[name]
    expected = without_seconds(call(fitted[-1], fitted[:-1].transform(X)))
    found = without_seconds(call(fitted, X))
    assert numbers(found).size
    np.testing.assert_array_equal(numbers(found), numbers(expected))


@pytest.mark.parametrize("name", NEED_NO_FIT)
def test_steps_that_are_not_fitted_are_copied_and_fitted(name, fitted):
    pipeline = clone(PIPELINE)
    found = NEED_NO_FIT[name](pipeline, X)
    np.testing.assert_array_equal(numbers(found), numbers(NEED_NO_FIT[name](fitted, X)))
    assert not hasattr(pipeline[0], "mean_")


@pytest.mark.parametrize("name", OF_INITIALIZERS)
def test_initializers_are_shown_on_scaled_inputs(name):
    pipeline = make_pipeline(StandardScaler(), NETWORK)
    expected = OF_INITIALIZERS[name](NETWORK, StandardScaler().fit_transform(X))
    found = OF_INITIALIZERS[name](pipeline, X)
    np.testing.assert_array_equal(numbers(found), numbers(expected))


@pytest.mark.parametrize("stateless", [Normalizer(), FunctionTransformer(np.tanh), "passthrough"])
def test_steps_without_state_do_not_hide_that_others_are_not_fitted(stateless):
    pipeline = make_pipeline(StandardScaler(), stateless, NETWORK)
    report = initialization_report(pipeline, X)
    fitted = initialization_report(clone(pipeline).fit(X, Y), X)
    np.testing.assert_array_equal(report["std"], fitted["std"])


def test_steps_that_need_targets_are_fitted_to_them():
    report = initialization_report(PIPELINE, X, Y)
    fitted = initialization_report(clone(PIPELINE).fit(X, Y), X)
    np.testing.assert_array_equal(report["std"], fitted["std"])
    shown = ActivationDisplay.compute_from_initializers(PIPELINE, X, Y)
    np.testing.assert_array_equal(shown.table["std"], fitted["std"])
    with pytest.raises(ValueError, match="requires y"):
        initialization_report(PIPELINE, X)


def test_a_pipeline_of_one_step_is_that_step():
    scaled = StandardScaler().fit_transform(X)
    alone = learning_rate_range_test(NETWORK, scaled, Y, n_steps=20)
    found = learning_rate_range_test(make_pipeline(NETWORK), scaled, Y, n_steps=20)
    np.testing.assert_array_equal(found.losses, alone.losses)


@pytest.mark.parametrize("name", CALLS | OF_INITIALIZERS)
def test_a_pipeline_that_ends_in_something_else_is_refused(name):
    pipeline = make_pipeline(StandardScaler(), SelectKBest(k=9)).fit(X, Y)
    with pytest.raises(ValueError, match="or a Pipeline that ends in one, got Pipeline"):
        (CALLS | OF_INITIALIZERS)[name](pipeline, X)
