"""scikit-learn's tools around the estimators: ensembles, wrappers, inspection, displays."""

import numpy as np
import pandas as pd
import pytest
from common import problem
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, RocCurveDisplay
from sklearn.model_selection import (
    LearningCurveDisplay,
    cross_val_predict,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from sknn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 8, "max_iter": 30, "learning_rate_init": 0.02, "random_state": 0}
BINARY, MULTICLASS = problem("binary")[1:], problem("multiclass")[1:]
HALF_LABELED = (BINARY[0], np.where(np.arange(120) < 60, BINARY[1], -1))
LABELS, NUMBERS, OUTPUTS = (problem(k)[1:] for k in ("multilabel", "regression", "multioutput"))


def classifier(**params):
    return MLPClassifier(**SMALL | params)


def regressor(**params):
    return MLPRegressor(**SMALL | params)


# ---------------------------------------------------------------- ensembles and wrappers


CLASSIFIERS = {
    "calibrated": (CalibratedClassifierCV(classifier(), cv=2), BINARY),
    "isotonic": (CalibratedClassifierCV(classifier(), method="isotonic", cv=2), MULTICLASS),
    "bagging": (BaggingClassifier(classifier(), 3, random_state=0), MULTICLASS),
    "boosting": (AdaBoostClassifier(classifier(), n_estimators=3, random_state=0), MULTICLASS),
    "stacking": (
        StackingClassifier([("mlp", classifier()), ("linear", LogisticRegression())], cv=2),
        MULTICLASS,
    ),
    "stacked upon": (StackingClassifier([("linear", LogisticRegression())], classifier()), BINARY),
    "voting": (
        VotingClassifier([("mlp", classifier()), ("linear", LogisticRegression())], voting="soft"),
        MULTICLASS,
    ),
    "one against rest": (OneVsRestClassifier(classifier()), MULTICLASS),
    "self-training": (SelfTrainingClassifier(classifier()), HALF_LABELED),
    "pipeline": (make_pipeline(StandardScaler(), classifier()), MULTICLASS),
}
REGRESSORS = {
    "bagging": (BaggingRegressor(regressor(), 3, random_state=0), NUMBERS),
    "boosting": (AdaBoostRegressor(regressor(), n_estimators=3, random_state=0), NUMBERS),
    "stacking": (StackingRegressor([("mlp", regressor()), ("ridge", Ridge())], cv=2), NUMBERS),
    "voting": (VotingRegressor([("mlp", regressor()), ("ridge", Ridge())]), NUMBERS),
    "outputs": (MultiOutputRegressor(regressor()), OUTPUTS),
    "chain": (RegressorChain(regressor()), OUTPUTS),
    "scaled target": (
        TransformedTargetRegressor(regressor(), transformer=StandardScaler()),
        (NUMBERS[0], 1000 + 100 * NUMBERS[1]),
    ),
    "scaled targets": (
        TransformedTargetRegressor(regressor(), transformer=StandardScaler()),
        (OUTPUTS[0], 1000 + 100 * OUTPUTS[1]),
    ),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_within(name):
    model, (X, y) = CLASSIFIERS[name]
    model = clone(model).fit(X, y)
    labeled = y >= 0
    assert model.score(X[labeled], y[labeled]) > 0.85
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (120, len(np.unique(y[labeled])))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressor_within(name):
    model, (X, y) = REGRESSORS[name]
    model = clone(model).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.3
    assert model.score(X, y) > DummyRegressor().fit(X, y).score(X, y) + 0.3


@pytest.mark.parametrize("wrapper", [MultiOutputClassifier, ClassifierChain])
def test_labels_one_by_one(wrapper):
    X, y = LABELS
    model = wrapper(classifier()).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert (model.predict(X) == y).mean() > 0.9


@pytest.mark.parametrize("wrapper", [MultiOutputClassifier, MultiOutputRegressor])
def test_wrappers_offer_partial_fit_where_it_is(wrapper):
    model = classifier if wrapper is MultiOutputClassifier else regressor
    assert hasattr(wrapper(model()), "partial_fit")
    assert not hasattr(wrapper(model(optimizer="lbfgs")), "partial_fit")


def test_boosting_uses_weights():
    X, y = BINARY
    model = AdaBoostClassifier(classifier(max_iter=3), n_estimators=2, random_state=0).fit(X, y)
    first, second = model.estimators_
    assert not np.allclose(first.coefs_[0], clone(second).fit(X, y).coefs_[0])


def test_calibration_of_a_fitted_classifier():
    frozen = pytest.importorskip("sklearn.frozen").FrozenEstimator
    X, y = BINARY
    model = classifier().fit(X[:60], y[:60])
    calibrated = CalibratedClassifierCV(frozen(model)).fit(X[60:], y[60:])
    assert calibrated.score(X[60:], y[60:]) > 0.85


def test_data_frame_through_a_pipeline():
    X, y = MULTICLASS
    frame = pd.DataFrame(X, columns=list("abcdef")).assign(group=np.where(X[:, 0] > 0, "x", "y"))
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), list("abcdef")), ("groups", OneHotEncoder(), ["group"])]
    ).set_output(transform="default")
    model = make_pipeline(columns, classifier()).fit(frame, y)
    assert model.score(frame, y) > 0.85
    assert model[-1].n_features_in_ == 8


def test_pipeline_that_keeps_data_frames():
    X, y = MULTICLASS
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = make_pipeline(StandardScaler(), classifier(early_stopping=True, scoring="accuracy"))
    model.set_output(transform="pandas").fit(frame, y)
    assert model[-1].feature_names_in_.tolist() == list("abcdef")
    assert model.score(frame, y) > 0.7


# ---------------------------------------------------------------- inspection


def test_permutation_importance():
    X, _ = NUMBERS
    y = 2 * X[:, 1]
    result = permutation_importance(regressor(max_iter=60).fit(X, y), X, y, random_state=0)
    assert result.importances_mean.argmax() == 1


@pytest.mark.parametrize("kind", ["average", "individual"])
def test_partial_dependence(kind):
    X, _ = NUMBERS
    model = regressor(hidden_layer_sizes=(), optimizer="lbfgs", alpha=0.0).fit(X, 2 * X[:, 1])
    result = partial_dependence(model, X, [1], kind=kind, grid_resolution=5)
    slopes = np.diff(result[kind][0], axis=-1) / np.diff(result["grid_values"][0])
    np.testing.assert_allclose(slopes, 2, rtol=1e-3)


@pytest.mark.parametrize("response", ["predict_proba", "decision_function"])
def test_partial_dependence_of_a_classifier(response):
    X, y = BINARY
    model = classifier().fit(X, y)
    result = partial_dependence(model, X, [0], response_method=response, grid_resolution=5)
    assert result["average"].shape == (1, 5)


def test_learning_and_validation_curves():
    X, y = MULTICLASS
    sizes, train, test = learning_curve(
        classifier(), X, y, cv=2, train_sizes=[30, 60], exploit_incremental_learning=True
    )
    assert sizes.tolist() == [30, 60]
    assert train.shape == test.shape == (2, 2)
    train, _ = validation_curve(
        classifier(), X, y, cv=2, param_name="optimizer__beta_1", param_range=[0.5, 0.9]
    )
    assert np.isfinite(train).all()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict(method):
    X, y = MULTICLASS
    predicted = cross_val_predict(classifier(), X, y, cv=2, method=method)
    assert predicted.shape == ((120,) if method == "predict" else (120, 3))


@pytest.fixture
def _without_screen():
    pytest.importorskip("matplotlib").use("Agg")
    yield
    pytest.importorskip("matplotlib.pyplot").close("all")


@pytest.mark.usefixtures("_without_screen")
def test_displays_of_a_classifier():
    X, y = BINARY
    model = classifier().fit(X, y)
    confusion = ConfusionMatrixDisplay.from_estimator(model, X, y).confusion_matrix
    assert np.trace(confusion) / 120 == pytest.approx(model.score(X, y))
    assert RocCurveDisplay.from_estimator(model, X, y).roc_auc > 0.9
    share = CalibrationDisplay.from_estimator(model, X, y, n_bins=3).prob_true
    assert share[0] < 0.5 < share[-1]


@pytest.mark.usefixtures("_without_screen")
def test_display_of_a_boundary():
    X, y = BINARY
    model = classifier().fit(X[:, :2], y)
    response = DecisionBoundaryDisplay.from_estimator(model, X[:, :2], grid_resolution=5).response
    assert response.shape == (5, 5)


@pytest.mark.usefixtures("_without_screen")
def test_displays_of_a_regressor():
    X, y = NUMBERS
    model = regressor().fit(X, y)
    np.testing.assert_array_equal(
        PredictionErrorDisplay.from_estimator(model, X, y).y_pred, model.predict(X)
    )
    dependence = PartialDependenceDisplay.from_estimator(model, X, [0], grid_resolution=5)
    assert dependence.pd_results[0]["average"].shape == (1, 5)
    curve = LearningCurveDisplay.from_estimator(regressor(), X, y, cv=2, train_sizes=[30, 60])
    assert curve.test_scores.shape == (2, 2)
