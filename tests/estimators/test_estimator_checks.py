"""scikit-learn's own checks: all of them where estimators differ, and for every other optimizer
those that depend on it. The slow tests are the remaining checks of the other optimizers.
"""

import pytest
from sklearn.utils.estimator_checks import (
    check_classifiers_multilabel_output_format_predict_proba,
    estimator_checks_generator,
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

VARIANTS = [
    {},
    {"optimizer": "gd"},
    # Rounding grows as L-BFGS goes on, by a factor of ten in a few iterations; the weight check
    # has a tolerance of 1e-7.
    {"optimizer": "lbfgs", "max_iter": 30},
    {"dropout": 0.2, "input_dropout": 0.1},
    {"dtype": "float32"},
    {"early_stopping": True},
]
OTHERS = [
    *({"optimizer": name} for name in OPTIMIZERS if name not in ("adam", "gd", "lbfgs")),
    {"hidden_layer_sizes": (20, 10), "activation": ("tanh", "leaky_relu")},
]
# What another optimizer could break: what it learns, its memory between fits and in a pickle,
# degenerate data, dtypes and weights. The other checks end before a step or read the data.
DEPEND_ON_THE_OPTIMIZER = {
    *("check_classifiers_train", "check_regressors_train", "check_regressor_multioutput"),
    *("check_classifiers_classes", "check_classifiers_one_label", "check_regressors_int"),
    *("check_class_weight_classifiers", "check_classifiers_one_label_sample_weights"),
    *("check_fit2d_1sample", "check_fit2d_1feature", "check_fit_idempotent"),
    *("check_estimators_dtypes", "check_estimators_pickle", "check_estimators_overwrite_params"),
    *("check_non_transformer_estimators_n_iter", "check_sample_weights_not_overwritten", *WEIGHTS),
}


def estimators(variants):
    for params in variants:
        for estimator in (MLPClassifier, MLPRegressor):
            yield estimator(**{"max_iter": 100} | params)


def with_losses():
    for name, loss in LOSSES.items():
        estimator = MLPRegressor if REGRESSION in loss.targets else MLPClassifier
        if name not in ("log_loss", "squared_error"):
            yield estimator(loss=name, max_iter=100)


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


def every_check(estimators):
    return parametrize_with_checks(list(estimators), expected_failed_checks=expected_failures)


def checks_of_the_optimizer(estimators):
    """Return the parameters of every check, of which those of `DEPEND_ON_...` alone are quick."""
    mark = every_check(estimators)
    names, cases = mark.args
    marked = []
    for case in cases:
        values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
        check = getattr(values[1], "func", values[1]).__name__
        slow = () if check in DEPEND_ON_THE_OPTIMIZER else (pytest.mark.slow,)
        marked.append(pytest.param(*values, marks=(*marks, *slow)))
    return pytest.mark.parametrize(names, marked, **mark.kwargs)


@every_check([*estimators(VARIANTS), *with_losses()])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


@checks_of_the_optimizer(estimators(OTHERS))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check_of_another_optimizer(estimator, check):
    check(estimator)


@parametrize_with_checks(list(compat_estimators()))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check_of_compat(estimator, check):
    check(estimator)


def test_checks_of_the_optimizer_are_scikit_learns():
    checks = {
        getattr(check, "func", check).__name__
        for estimator in estimators([{}])
        for _, check in estimator_checks_generator(estimator)
    }
    assert checks >= DEPEND_ON_THE_OPTIMIZER
