"""ONNX of estimators that contain networks: ONNX Runtime computes what scikit-learn returns."""

import sys

import numpy as np
import pytest
from common import problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)

from sknn import MLPClassifier, MLPRegressor, compat
from sknn.export import to_onnx
from sknn.losses import Quantile

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(kind, **params):
    cls, X, y = problem(kind, dtype=np.float32)
    return cls(4, max_iter=5, random_state=0, **params), 100 + 20 * X, y


def run(made, inputs):
    """Return the outputs by name, as ONNX Runtime computes them."""
    session = runtime.InferenceSession(made.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def agree(model, X, made=None, inputs=None):
    """Check all outputs against the methods whose results they are."""
    outputs = run(made or to_onnx(model), inputs or {"X": X})
    methods = {
        "label": "predict",
        "prediction": "predict",
        "probabilities": "predict_proba",
        "decision_function": "decision_function",
    }
    for name, found in outputs.items():
        expected = getattr(model, methods[name])(X)
        assert found.shape == expected.shape
        if name == "label":
            assert_array_equal(found, expected)
        else:
            assert found.dtype == np.float32
            assert_allclose(found, expected, atol=1e-5, rtol=1e-5)
    return list(outputs)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_classes(kind, loss):
    model, X, y = network(kind, loss=loss)
    names = agree(make_pipeline(StandardScaler(), model).fit(X, y), X)
    assert names == ["label", "probabilities" if loss == "log_loss" else "decision_function"]


@pytest.mark.parametrize("labels", [["a", "b"], [False, True], [0.0, 1.0], [-7, 2**40]])
def test_classes_of_any_dtype(labels):
    model, X, y = network("binary")
    agree(make_pipeline(StandardScaler(), model).fit(X, np.array(labels)[y]), X)


@pytest.mark.parametrize("kind", ["regression", "multioutput"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers(kind, dtype):
    model, X, y = network(kind)
    X = X.astype(dtype)
    model = make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), model)).fit(X, y)
    assert agree(model, X, to_onnx(model, X)) == ["prediction"]
    assert agree(model, X.astype(np.float32)) == ["prediction"]


def test_activations_and_quantiles():
    model, X, y = network("regression", activation="gelu", loss="quantile")
    agree(make_pipeline(StandardScaler(), model).fit(X, y), X)


def test_two_networks_in_one_graph():
    model, X, y = network("multiclass", activation="prelu")
    agree(BaggingClassifier(model, n_estimators=2, random_state=0).fit(X / 100, y), X / 100)


@pytest.mark.parametrize(
    "around",
    [
        lambda model: GridSearchCV(make_pipeline(StandardScaler(), model), {}, cv=2),
        lambda model: make_pipeline(StandardScaler(), GridSearchCV(model, {}, cv=2)),
        lambda model: StackingClassifier([("net", model)], LogisticRegression(), cv=2),
        lambda model: VotingClassifier(
            [("a", model), ("b", model)], voting="soft", flatten_transform=False
        ),
    ],
    ids=["search", "search inside", "stacking", "voting"],
)
def test_what_may_hold_a_network(around):
    model, X, y = network("multiclass")
    X = (X - 100) / 20
    assert agree(around(model).fit(X, y), X) == ["label", "probabilities"]


def test_several_outputs_one_by_one():
    model, X, y = network("multioutput")
    agree(MultiOutputRegressor(make_pipeline(StandardScaler(), model)).fit(X, y), X)


def test_columns_of_a_data_frame():
    pd = pytest.importorskip("pandas")
    model, X, y = network("multiclass")
    kind = np.where(X[:, 1] > 100, "new", "old")
    frame = pd.DataFrame({"size": X[:, 0], "kind": kind, "n": X[:, 2].astype(int)})
    columns = make_column_transformer(
        (StandardScaler(), ["size", "n"]), (OneHotEncoder(), ["kind"])
    )
    pipeline = make_pipeline(columns, model).fit(frame, y)
    with pytest.raises(ValueError, match=r"pass to_onnx\(model, X\) some rows of it"):
        to_onnx(pipeline)
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    inputs["kind"] = inputs["kind"].astype(object)
    agree(pipeline, frame, to_onnx(pipeline, frame[:2]), inputs)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("inside", [False, True])
def test_a_transformed_target_is_refused_by_name(inside):
    model, X, y = network("regression")
    model = TransformedTargetRegressor(model, transformer=StandardScaler())
    model = (make_pipeline(StandardScaler(), model) if inside else model).fit(X / 100, y)
    with pytest.raises(ValueError, match="inside a TransformedTargetRegressor: skl2onnx has no"):
        to_onnx(model)


def test_what_would_be_converted_wrongly_is_refused():
    """Converters of these read a decision function, and take the probabilities for it."""
    model, X, y = network("multiclass")
    X = (X - 100) / 20
    with pytest.raises(ValueError, match="inside a _CalibratedClassifier"):
        to_onnx(CalibratedClassifierCV(model, cv=2).fit(X, y))
    stack = StackingClassifier([("net", model)], cv=2, stack_method="decision_function")
    with pytest.raises(ValueError, match="inside a StackingClassifier"):
        to_onnx(stack.fit(X, y))


@pytest.mark.parametrize(
    ("kind", "params"), [("multioutput", {}), ("regression", {"loss": Quantile([0.1, 0.5])})]
)
def test_an_ensemble_of_networks_of_several_outputs_is_refused(kind, params):
    """skl2onnx would convert it to a graph of one output, with other numbers."""
    model, X, y = network(kind, **params)
    bag = BaggingRegressor(make_pipeline(StandardScaler(), model), n_estimators=2).fit(X, y)
    with pytest.raises(ValueError, match="a network of 2 outputs inside a BaggingRegressor"):
        to_onnx(bag)
    model, X, y = network("regression")
    bag = BaggingRegressor(make_pipeline(StandardScaler(), model), n_estimators=2).fit(X, y)
    assert_allclose(run(to_onnx(bag), {"X": X})["prediction"].ravel(), bag.predict(X), atol=1e-5)


def test_other_parts_without_a_converter_are_named():
    model, X, y = network("multiclass")
    with pytest.raises(ValueError, match="part of this Pipeline: FunctionTransformer"):
        to_onnx(make_pipeline(FunctionTransformer(np.log), model).fit(X, y))
    hidden = model.fit(X / 100, y).to_transformer()
    with pytest.raises(ValueError, match=r"part of this Pipeline: .*sknn\.estimators\.HiddenLayer"):
        to_onnx(make_pipeline(hidden, LogisticRegression()).fit(X, y))


def test_what_is_no_estimator_or_not_fitted():
    for model in (None, 3, MLPClassifier):
        with pytest.raises(ValueError, match="model must be a sknn"):
            to_onnx(model)
    with pytest.raises(ValueError, match=r"^Pass sknn\.compat\.convert\(model\)"):
        to_onnx(compat.MLPClassifier())
    with pytest.raises(NotFittedError):
        to_onnx(make_pipeline(StandardScaler(), MLPRegressor()))


def test_without_skl2onnx_the_error_says_what_to_install(monkeypatch):
    model, X, y = network("regression")
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="a Pipeline needs the package skl2onnx: pip install"):
        to_onnx(pipeline)
    assert to_onnx(pipeline[-1]).graph.output[0].name == "prediction"
