"""ONNX graphs of networks, including the conversion to what `predict` returns."""

from typing import Any, Final

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn._core.typing import Array
from sknn._version import __version__
from sknn.estimators import BaseMLP
from sknn.estimators.internals import RegressionTargets, fitted_model
from sknn.export._activations import activate
from sknn.export._graph import Graph
from sknn.losses import BINARY, MULTILABEL, Gaussian

# The versions of 2022, which have all operators used here. Runtimes read all older versions.
OPSET: Final = 18
IR_VERSION: Final = 8

INPUT: Final = "X"


def network_to_onnx(model: BaseMLP, *, with_deviation: bool = True) -> Any:
    """Convert a fitted network to an ONNX model.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        The fitted network.
    with_deviation : bool, default=True
        Whether a regressor whose loss is `Gaussian` has the output ``deviation``.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError("to_onnx needs the package onnx: pip install onnx.") from error
    check_is_fitted(model)
    graph = Graph(onnx)
    raw = _add_network(graph, model)
    outputs = _add_prediction(graph, model, raw, with_deviation)
    shape = ["n_samples", model.n_features_in_]
    X = onnx.helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, shape)
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, type(model).__name__, [X], outputs, graph.constants),
        producer_name="sknn",
        producer_version=__version__,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(made)
    return made


def _add_network(graph: Graph, model: BaseMLP) -> str:
    """Add all layers; return the name of the raw prediction, of shape (n_samples, n_outputs)."""
    network, a = fitted_model(model).network, INPUT
    architecture = network.architecture
    for i, block in enumerate(map(_as_float32, network.blocks)):
        weights = graph.constant(block[:-1], f"coefs_{i}")
        biases = graph.constant(block[-1], f"intercepts_{i}")
        a = graph.add("Gemm", a, weights, biases)
        if i < architecture.n_hidden:
            learned = network.activation_parameters(i)
            learned = None if learned is None else _as_float32(learned)
            a = activate(graph, architecture.activations[i], a, learned)
    return a


def _as_float32(values: Array) -> Array:
    with np.errstate(over="ignore"):
        converted = values.astype(np.float32)
    if not np.isfinite(converted).all():
        raise ValueError("the network has weights that are infinite in float32.")
    return converted


def _add_prediction(graph: Graph, model: BaseMLP, raw: str, with_deviation: bool) -> list[Any]:
    """Add the nodes that turn raw predictions into predictions; return the graph's outputs."""
    fitted = fitted_model(model)
    link, targets = fitted.network.architecture.link, fitted.targets
    if isinstance(targets, RegressionTargets):
        prediction = activate(graph, link, raw, None)
        if not isinstance(fitted.loss, Gaussian):
            return [_add_numbers(graph, targets, prediction, "prediction")]
        means, deviations = _add_gaussian(graph, targets, fitted.loss, raw)
        outputs = [_add_numbers(graph, targets, means, "prediction")]
        if with_deviation:
            outputs.append(_add_numbers(graph, targets, deviations, "deviation"))
        return outputs
    label = _add_label(graph, model, raw)
    if not fitted.loss.has_probabilities:
        return [label, _add_decision(graph, model, raw)]
    if targets.kind == BINARY:
        raw = graph.add("Concat", graph.add("Neg", raw), raw, axis=1)
    probabilities = activate(graph, link, raw, None)
    graph.add("Identity", probabilities, output="probabilities")
    return [label, _floats(graph, "probabilities", len(model.classes_))]


def _add_numbers(graph: Graph, targets: RegressionTargets, values: str, name: str) -> Any:
    """Add an output of a regressor, a vector where y is one; return its description."""
    if targets.predicts_vector:
        graph.add("Squeeze", values, graph.integers(1), output=name)
        return _floats(graph, name)
    graph.add("Identity", values, output=name)
    return _floats(graph, name, targets.n_predictions)


def _add_gaussian(
    graph: Graph, targets: RegressionTargets, loss: Gaussian, raw: str
) -> tuple[str, str]:
    """Add the means and the deviations of `Gaussian`; return their names."""
    n, axis = targets.n_predictions, graph.integers(1)
    means = graph.add("Slice", raw, graph.integers(0), graph.integers(n), axis)
    logarithms = graph.add("Slice", raw, graph.integers(n), graph.integers(2 * n), axis)
    variances = graph.add("Add", graph.add("Exp", logarithms), graph.number(loss.min_variance))
    return means, graph.add("Sqrt", variances)


def _floats(graph: Graph, name: str, *columns: int) -> Any:
    kind = graph.onnx.TensorProto.FLOAT
    return graph.onnx.helper.make_tensor_value_info(name, kind, ["n_samples", *columns])


def _add_decision(graph: Graph, model: BaseMLP, raw: str) -> Any:
    name = "decision_function"
    if fitted_model(model).targets.kind == MULTILABEL or model.n_outputs_ > 1:
        graph.add("Identity", raw, output=name)
        return _floats(graph, name, model.n_outputs_)
    graph.add("Squeeze", raw, graph.integers(1), output=name)
    return _floats(graph, name)


def _add_label(graph: Graph, model: BaseMLP, raw: str) -> Any:
    onnx, int64 = graph.onnx, graph.onnx.TensorProto.INT64
    if fitted_model(model).targets.kind == MULTILABEL:
        graph.add("Cast", graph.add("Greater", raw, graph.number(0)), to=int64, output="label")
        shape = ["n_samples", len(model.classes_)]
        return onnx.helper.make_tensor_value_info("label", int64, shape)
    if fitted_model(model).targets.kind == BINARY:
        column = graph.add("Squeeze", raw, graph.integers(1))
        code = graph.add("Cast", graph.add("Greater", column, graph.number(0)), to=int64)
    else:
        code = graph.add("ArgMax", raw, axis=1, keepdims=0)
    classes = portable_classes(model.classes_)
    graph.add("Gather", graph.constant(classes, "classes"), code, axis=0, output="label")
    kind = onnx.helper.np_dtype_to_tensor_dtype(classes.dtype)
    return onnx.helper.make_tensor_value_info("label", kind, ["n_samples"])


def portable_classes(classes: Array) -> Array:
    """Return classes in a dtype that ONNX has: int64, bool, floats, or objects for strings."""
    if np.can_cast(classes.dtype, np.int64) and classes.dtype.kind != "b":
        return classes.astype(np.int64)
    if classes.dtype.kind in "bf" and classes.dtype.itemsize <= 8:
        return classes
    if all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object)
    raise ValueError(f"classes of dtype {classes.dtype} cannot be exported, got {classes}.")
