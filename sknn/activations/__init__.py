"""Activations turn the weighted input of a unit into its output.

Arrays have the shape (units, n_samples). Axis -2 runs over the units. Element-wise activations also
accept arrays with additional leading axes.
"""

from typing import Final

from sknn._core.public import publish
from sknn.activations._base import Activation, Identity
from sknn.activations._exponential_units import CELU, ELU, SELU, Exponential
from sknn.activations._gated import GELU, HardSiLU, Mish, SiLU
from sknn.activations._learnable import PReLU
from sknn.activations._rectifiers import LeakyReLU, ReLU, ReLU6, Threshold
from sknn.activations._shrinks import HardShrink, SoftShrink, TanhShrink
from sknn.activations._sigmoids import HardSigmoid, HardTanh, LogSigmoid, Sigmoid, Softsign, Tanh
from sknn.activations._smooth_rectifiers import Softplus, Squareplus
from sknn.activations._softmax import Softmax

ACTIVATIONS: Final[dict[str, type[Activation]]] = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "softsign": Softsign,
    "log_sigmoid": LogSigmoid,
    "hard_sigmoid": HardSigmoid,
    "hard_tanh": HardTanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "prelu": PReLU,
    "relu6": ReLU6,
    "threshold": Threshold,
    "softplus": Softplus,
    "squareplus": Squareplus,
    "elu": ELU,
    "selu": SELU,
    "celu": CELU,
    "exponential": Exponential,
    "gelu": GELU,
    "silu": SiLU,
    "mish": Mish,
    "hard_silu": HardSiLU,
    "hard_shrink": HardShrink,
    "soft_shrink": SoftShrink,
    "tanh_shrink": TanhShrink,
    "softmax": Softmax,
}

__all__ = [
    "ACTIVATIONS",
    "CELU",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Exponential",
    "HardShrink",
    "HardSiLU",
    "HardSigmoid",
    "HardTanh",
    "Identity",
    "LeakyReLU",
    "LogSigmoid",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "SoftShrink",
    "Softmax",
    "Softplus",
    "Softsign",
    "Squareplus",
    "Tanh",
    "TanhShrink",
    "Threshold",
]

publish(globals())
