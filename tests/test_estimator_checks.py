"""scikit-learn's own checks, at the defaults and for every optimizer."""

import pytest
from sklearn.utils.estimator_checks import (
    check_classifiers_multilabel_output_format_predict_proba,
    parametrize_with_checks,
)

from sknn import MLPClassifier, MLPRegressor, compat
from sknn.losses import LOSSES, REGRESSION
from sknn.optimizers import OPTIMIZERS

# The only checks that cannot hold, and why. Everything else passes.
WEIGHTS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
EXPECTED_FAILURES = {
    "dropout": dict.fromkeys(WEIGHTS, "each row has a dropout mask of its own, repeated rows too"),
    "float32": dict.fromkeys(WEIGHTS, "the check's tolerance, 1e-7, is below float32's precision")
    | {"check_regressor_multioutput": "the check wants float64 predictions from a float32 model"},
    "early stopping": dict.fromkeys(
        WEIGHTS, "rows are set aside by their number, so a repeated row may be on either side"
    ),
    "positive": {
        "check_regressor_multioutput": "the check has negative targets, whatever the tags say"
    },
}

VARIANTS = {
    "defaults": {},
    **{optimizer: {"optimizer": optimizer} for optimizer in OPTIMIZERS if optimizer != "adam"},
    # Rounding grows as L-BFGS goes on, by a factor of ten in a few iterations; the weight check
    # has a tolerance of 1e-7.
    "lbfgs": {"optimizer": "lbfgs", "max_iter": 30},
    "layers": {"hidden_layer_sizes": (20, 10), "activation": ("tanh", "leaky_relu")},
    "dropout": {"dropout": 0.2, "input_dropout": 0.1},
    "float32": {"dtype": "float32"},
    "early stopping": {"early_stopping": True},
}


def estimators():
    for variant, params in VARIANTS.items():
        for estimator in (MLPClassifier, MLPRegressor):
            yield estimator(**{"max_iter": 100} | params), variant
    for name, loss in LOSSES.items():
        estimator = MLPRegressor if REGRESSION in loss.targets else MLPClassifier
        if name not in ("log_loss", "squared_error"):
            yield estimator(loss=name, max_iter=100), name


def expected_failures(estimator):
    failures = {}
    if estimator.dropout:
        failures |= EXPECTED_FAILURES["dropout"]
    if estimator.early_stopping:
        failures |= EXPECTED_FAILURES["early stopping"]
    if estimator.dtype == "float32":
        failures |= EXPECTED_FAILURES["float32"]
    if estimator.loss in ("poisson", "gamma", "tweedie"):
        failures |= EXPECTED_FAILURES["positive"]
    return failures


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_probabilities_of_labels_of_a_network_that_saturates():
    model = MLPClassifier(optimizer="lbfgs")  # at the default max_iter
    check_classifiers_multilabel_output_format_predict_proba("MLPClassifier", model)


def compat_estimators():
    for solver, max_iter in (("adam", 100), ("lbfgs", 30)):
        yield compat.MLPClassifier(solver=solver, max_iter=max_iter)
        yield compat.MLPRegressor(solver=solver, max_iter=max_iter)


@parametrize_with_checks([e for e, _ in estimators()], expected_failed_checks=expected_failures)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


@parametrize_with_checks(list(compat_estimators()))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check_of_compat(estimator, check):
    check(estimator)
