"""Activations: what a unit makes of its weighted sum.

Arrays are of shape (units, n_samples): axis -2 runs over the units, and element-wise rules
assume nothing else about the number of axes.
"""

from typing import Final

from sknn.activations._base import Activation, Identity
from sknn.activations._rectifiers import LeakyReLU, ReLU
from sknn.activations._sigmoids import Sigmoid, Tanh
from sknn.activations._softmax import Softmax

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
]

ACTIVATIONS: Final[dict[str, type[Activation]]] = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "softmax": Softmax,
}
