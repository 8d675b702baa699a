"""ONNX nodes for each activation, on values of shape (n_samples, units)."""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from sknn._core.typing import Array
from sknn.activations import (
    CELU,
    ELU,
    GELU,
    SELU,
    Activation,
    Exponential,
    HardShrink,
    HardSigmoid,
    HardSiLU,
    HardTanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    SoftShrink,
    Softsign,
    Squareplus,
    Tanh,
    TanhShrink,
    Threshold,
)
from sknn.export._graph import Graph
from sknn.losses import Increasing

# A function of the graph, the activation, and the name of z, which returns the name of a.
Writer = Callable[[Graph, Any, str], str]


def activate(graph: Graph, activation: Activation, z: str, parameters: Array | None) -> str:
    """Add an activation to a graph, and return the name of its output.

    Parameters
    ----------
    graph : Graph
        The graph, to which nodes are added.
    activation : Activation
        An activation of the library.
    z : str
        The name of the input, of shape (n_samples, units).
    parameters : ndarray or None
        The learned parameters of `PReLU`.

    Raises
    ------
    ValueError
        If the activation is not from the library.
    """
    if type(activation) is PReLU:
        return graph.add("PRelu", z, graph.constant(np.asarray(parameters, np.float32)))
    if type(activation) not in WRITERS:
        raise ValueError(
            f"{activation!r} cannot be exported: ONNX knows only the activations of sknn itself."
        )
    return WRITERS[type(activation)](graph, activation, z)


def _operator(name: str, **attributes: Any) -> Writer:
    return lambda graph, activation, z: graph.add(name, z, **attributes)


def _gate(name: str, **attributes: Any) -> Writer:
    """Return the writer of ``z g(z)``."""
    return lambda graph, activation, z: graph.add("Mul", z, graph.add(name, z, **attributes))


def _hard_tanh(graph: Graph, activation: HardTanh, z: str) -> str:
    low, high = graph.number(activation.min_value), graph.number(activation.max_value)
    return graph.add("Clip", z, low, high)


def _log_sigmoid(graph: Graph, activation: LogSigmoid, z: str) -> str:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", z)))


def _leaky_relu(graph: Graph, activation: LeakyReLU, z: str) -> str:
    return graph.add("LeakyRelu", z, alpha=activation.negative_slope)


def _relu6(graph: Graph, activation: ReLU6, z: str) -> str:
    return graph.add("Clip", z, graph.number(0), graph.number(6))


def _threshold(graph: Graph, activation: Threshold, z: str) -> str:
    above = graph.add("Greater", z, graph.number(activation.threshold))
    return graph.add("Where", above, z, graph.number(activation.value))


def _softplus(graph: Graph, activation: Softplus, z: str) -> str:
    beta = graph.number(activation.beta)
    return graph.add("Div", graph.add("Softplus", graph.add("Mul", z, beta)), beta)


def _squareplus(graph: Graph, activation: Squareplus, z: str) -> str:
    squared = graph.add("Add", graph.add("Mul", z, z), graph.number(activation.b))
    whole = graph.add("Add", graph.add("Sqrt", squared), graph.add("Abs", z))
    bend = graph.add("Div", graph.number(activation.b / 2), whole)
    return graph.add("Add", graph.add("Relu", z), bend)


def _elu(graph: Graph, activation: ELU, z: str) -> str:
    return graph.add("Elu", z, alpha=activation.alpha)


def _celu(graph: Graph, activation: CELU, z: str) -> str:
    return graph.add("Celu", z, alpha=activation.alpha)


def _gelu(graph: Graph, activation: GELU, z: str) -> str:
    if activation.approximate == "none":
        argument = graph.add("Mul", z, graph.number(math.sqrt(0.5)))
        curve = graph.add("Erf", argument)
    else:
        cube = graph.add("Mul", graph.add("Mul", graph.add("Mul", z, z), z), graph.number(0.044715))
        argument = graph.add("Mul", graph.add("Add", z, cube), graph.number(math.sqrt(2 / math.pi)))
        curve = graph.add("Tanh", argument)
    gate = graph.add("Mul", graph.add("Add", curve, graph.number(1)), graph.number(0.5))
    return graph.add("Mul", z, gate)


def _mish(graph: Graph, activation: Mish, z: str) -> str:
    return graph.add("Mul", z, graph.add("Tanh", graph.add("Softplus", z)))


def _shrink(graph: Graph, activation: HardShrink | SoftShrink, z: str) -> str:
    bias = activation.threshold if isinstance(activation, SoftShrink) else 0.0
    return graph.add("Shrink", z, lambd=float(activation.threshold), bias=float(bias))


def _tanh_shrink(graph: Graph, activation: TanhShrink, z: str) -> str:
    return graph.add("Sub", z, graph.add("Tanh", z))


def _increasing(graph: Graph, activation: Increasing, z: str) -> str:
    axis = graph.integers(1)
    first = graph.add("Slice", z, graph.integers(0), graph.integers(1), axis)
    others = graph.add("Slice", z, graph.integers(1), graph.integers(2**31), axis)
    steps = graph.add("Softplus", others)
    parts = graph.add("Concat", first, steps, axis=1)
    return graph.add("CumSum", parts, graph.constant(np.array(1, np.int64)))


# Activations for which ONNX has an operator use it. Some operators, such as ``Clip``, take
# numbers as inputs instead of attributes.
WRITERS: Final[dict[type[Activation], Writer]] = {
    Identity: _operator("Identity"),
    Sigmoid: _operator("Sigmoid"),
    Tanh: _operator("Tanh"),
    Softsign: _operator("Softsign"),
    LogSigmoid: _log_sigmoid,
    HardSigmoid: _operator("HardSigmoid", alpha=1 / 6, beta=0.5),
    HardTanh: _hard_tanh,
    ReLU: _operator("Relu"),
    LeakyReLU: _leaky_relu,
    ReLU6: _relu6,
    Threshold: _threshold,
    Softplus: _softplus,
    Squareplus: _squareplus,
    ELU: _elu,
    SELU: _operator("Selu", alpha=SELU.ALPHA, gamma=SELU.SCALE),
    CELU: _celu,
    Exponential: _operator("Exp"),
    GELU: _gelu,
    SiLU: _gate("Sigmoid"),
    Mish: _mish,
    HardSiLU: _gate("HardSigmoid", alpha=1 / 6, beta=0.5),
    HardShrink: _shrink,
    SoftShrink: _shrink,
    TanhShrink: _tanh_shrink,
    Softmax: _operator("Softmax", axis=1),
    Increasing: _increasing,
}
