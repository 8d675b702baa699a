"""ONNX Runtime computes what `predict` and `predict_proba` return."""

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.activations import (
    ACTIVATIONS,
    CELU,
    ELU,
    GELU,
    Activation,
    Exponential,
    HardShrink,
    HardTanh,
    LeakyReLU,
    PReLU,
    Softplus,
    SoftShrink,
    Squareplus,
    Threshold,
)
from sknn.export import to_onnx
from sknn.export._activations import WRITERS, activate
from sknn.export._graph import Graph
from sknn.losses import LOSSES, MULTICLASS, REGRESSION, Increasing, Quantile

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (20, 10), "max_iter": 15, "random_state": 0}
DATA = {"digits": load_digits, "breast_cancer": load_breast_cancer, "diabetes": load_diabetes}
OTHERS = [
    GELU("tanh"),
    LeakyReLU(0.2),
    ELU(0.5),
    CELU(2.0),
    HardTanh(-0.5, 2.0),
    HardShrink(0.1),
    SoftShrink(0.3),
    Softplus(3.0),
    Squareplus(1.0),
    Threshold(0.3, -0.2),
    PReLU(-0.3),
]


@cache
def load(name, dtype=np.float32):
    X, y = DATA[name](return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(dtype)
    return X, ((y - y.mean()) / y.std()).astype(dtype) if name == "diabetes" else y


def run(model, X):
    """Return the outputs by name, as ONNX Runtime computes them."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(to_onnx(model).SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X.astype(np.float32)}), strict=True))


def in_both_layers(activation):
    """Return the activation of both layers; an exponential of an exponential would overflow."""
    return ("exponential", "tanh") if activation == "exponential" else activation


def agree_on_classes(model, X):
    outputs = run(model, X)
    assert list(outputs) == ["label", "probabilities"]
    assert_array_equal(outputs["label"], model.predict(X))
    assert_allclose(outputs["probabilities"], model.predict_proba(X), atol=1e-5, rtol=0)
    assert outputs["probabilities"].dtype == np.float32


def agree_on_numbers(model, X):
    prediction = run(model, X)["prediction"]
    assert prediction.shape == model.predict(X).shape
    assert_allclose(prediction, model.predict(X), atol=1e-5, rtol=1e-5)


# ---------------------------------------------------------------- real data


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_classifier_with_every_activation(activation, name):
    X, y = load(name)
    agree_on_classes(MLPClassifier(**SMALL, activation=in_both_layers(activation)).fit(X, y), X)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, *OTHERS], ids=repr)
def test_regressor_with_every_activation(activation):
    X, y = load("diabetes")
    agree_on_numbers(MLPRegressor(**SMALL, activation=in_both_layers(activation)).fit(X, y), X)


@pytest.mark.parametrize("loss", [n for n, loss in LOSSES.items() if MULTICLASS in loss.targets])
@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_every_loss_for_classes(loss, name):
    X, y = load(name)
    model = MLPClassifier(**SMALL, loss=loss).fit(X, y)
    if LOSSES[loss].has_probabilities:
        agree_on_classes(model, X)
        return
    outputs = run(model, X)
    assert list(outputs) == ["label", "decision_function"]
    assert_array_equal(outputs["label"], model.predict(X))
    assert_allclose(outputs["decision_function"], model.decision_function(X), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("loss", [n for n, loss in LOSSES.items() if REGRESSION in loss.targets])
def test_every_loss_for_numbers(loss):
    X, y = load("diabetes")
    y = y - y.min() + 0.1
    agree_on_numbers(MLPRegressor(**SMALL, loss=loss).fit(X, y), X)


@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.9), (0.5,)])
def test_quantiles_increase(levels):
    X, y = load("diabetes")
    model = MLPRegressor(**SMALL, loss=Quantile(levels)).fit(X, y)
    agree_on_numbers(model, X)
    assert (np.diff(run(model, X)["prediction"], axis=1) >= 0).all()


# ---------------------------------------------------------------- shapes and dtypes


@pytest.mark.parametrize(
    ("classes", "dtype"),
    [
        (["negative", "positive ü"], object),
        (np.array(["negative", "positive"], object), object),
        ([-3, 10**12], np.int64),
        (np.array([7, 9], np.uint8), np.int64),
        ([False, True], np.bool_),
        ([1.0, 2.0], np.float64),
    ],
)
def test_classes_of_any_type(classes, dtype):
    X, y = load("breast_cancer")
    model = MLPClassifier(**SMALL).fit(X, np.asarray(classes)[y])
    agree_on_classes(model, X)
    assert run(model, X)["label"].dtype == dtype


def test_multilabel():
    X, y = load("digits")
    model = MLPClassifier(**SMALL).fit(X, np.stack([y % 2, y > 4, y % 3 == 0], axis=1) + 0)
    agree_on_classes(model, X)
    assert run(model, X)["label"].shape == (len(X), 3)


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_two_labels_are_not_two_classes(loss):
    X, y = load("breast_cancer")
    model = MLPClassifier(**SMALL, loss=loss).fit(X, np.stack([y, 1 - y], axis=1))
    assert_array_equal(run(model, X)["label"], model.predict(X))
    assert run(model, X)["label"].shape == (len(X), 2)


def test_a_single_class():
    X, _ = load("digits")
    agree_on_classes(MLPClassifier(**SMALL).fit(X, np.full(len(X), "only")), X)


def test_several_outputs():
    X, y = load("diabetes")
    agree_on_numbers(MLPRegressor(**SMALL).fit(X, np.stack([y, X[:, 0]], axis=1)), X)


@pytest.mark.parametrize("sizes", [(), 7, (5, 4, 3, 2)])
def test_any_number_of_layers(sizes):
    X, y = load("digits")
    agree_on_classes(MLPClassifier(**SMALL | {"hidden_layer_sizes": sizes}).fit(X, y), X)


def test_a_network_in_float64():
    X, y = load("breast_cancer", np.float64)
    model = MLPClassifier(**SMALL).fit(X, y)
    outputs = run(model, X)
    assert_allclose(outputs["probabilities"], model.predict_proba(X), atol=1e-5, rtol=0)


def test_averaged_weights_and_dropout():
    X, y = load("digits")
    model = MLPClassifier(**SMALL, averaging="ema", dropout=0.2, early_stopping=True)
    agree_on_classes(model.fit(X, y), X)


@pytest.mark.parametrize("n_samples", [1, 2, 500])
def test_any_number_of_rows(n_samples):
    X, y = load("digits")
    agree_on_classes(MLPClassifier(**SMALL).fit(X, y), X[:n_samples])


# ---------------------------------------------------------------- far from zero


@pytest.mark.parametrize("activation", [*ACTIVATIONS, Increasing(), *OTHERS], ids=repr)
def test_tails_of_an_activation(activation):
    activation = ACTIVATIONS[activation]() if isinstance(activation, str) else activation
    top = 50.0 if isinstance(activation, Exponential) else 200.0
    z = np.linspace(-200, top, 4000, dtype=np.float32).reshape(-1, 4)
    a = activation(z.T)
    graph = Graph(onnx)
    graph.add(
        "Identity", activate(graph, activation, "z", activation.initial_parameters(4)), output="a"
    )
    info = [onnx.helper.make_tensor_value_info(n, 1, ["n", 4]) for n in ("z", "a")]
    made = onnx.helper.make_graph(graph.nodes, "one", info[:1], info[1:], graph.constants)
    opset = [onnx.helper.make_opsetid("", 18)]
    made = onnx.helper.make_model(made, opset_imports=opset, ir_version=8)
    session = runtime.InferenceSession(made.SerializeToString())
    assert_allclose(session.run(None, {"z": z})[0], a.T, atol=1e-5, rtol=1e-5)


def test_no_activation_is_missing():
    assert {*ACTIVATIONS.values(), Increasing} == {*WRITERS, PReLU}


# ---------------------------------------------------------------- the model as a file


def test_it_is_small_and_says_who_made_it(tmp_path):
    X, y = load("digits")
    model = MLPClassifier((300,), max_iter=2, dtype="float32").fit(X, y)
    made = to_onnx(model)
    onnx.checker.check_model(made, full_check=True)
    assert made.producer_name == "sknn"
    assert [each.version for each in made.opset_import] == [18]
    onnx.save(made, tmp_path / "model.onnx")
    size = (tmp_path / "model.onnx").stat().st_size
    assert size < 1.05 * model._model.network.parameters.vector.nbytes


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install onnx"):
        to_onnx(MLPRegressor())


@dataclass(repr=False, eq=False)
class Double(Activation):
    def forward(self, z, a, scratch):
        np.multiply(z, 2, out=a)

    def backward(self, delta, z, a, scratch):
        np.multiply(delta, 2, out=delta)


def test_what_cannot_be_exported():
    X, y = load("diabetes")
    with pytest.raises(ValueError, match=r"Double\(\) cannot be exported"):
        to_onnx(MLPRegressor(**SMALL, activation=Double()).fit(X, y))
    with pytest.raises(NotFittedError):
        to_onnx(MLPRegressor())
    model = MLPRegressor(**SMALL, dtype="float64").fit(X, y)
    model.coefs_[0][0, 0] = 1e39
    with pytest.raises(ValueError, match="weights that are infinite in float32"):
        to_onnx(model)
    model = MLPClassifier(**SMALL).fit(X, y > 0)
    model.classes_ = np.array([0, 1], "M8[s]")
    with pytest.raises(ValueError, match="classes of dtype datetime64"):
        to_onnx(model)
