"""Activations of the shape of an S."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn._typing import Array
from sknn.activations._base import Activation


@dataclass(repr=False, eq=False)
class Sigmoid(Activation):
    """The logistic function, ``a = 1 / (1 + exp(-z))``, with ``da/dz = a (1 - a)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.activations import Sigmoid
    >>> a = np.array([[-1e4, 0.0, 1e4]])
    >>> Sigmoid().forward(a, a, None)
    >>> a
    array([[0. , 0.5, 1. ]])
    """

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.negative(z, out=a)
        with np.errstate(over="ignore"):  # exp(1e4) is infinite, and 1 / inf the right limit
            np.exp(a, out=a)
        np.add(a, 1, out=a)
        np.reciprocal(a, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(delta, a, out=delta)
        np.subtract(1, a, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class Tanh(Activation):
    """The hyperbolic tangent, ``a = tanh(z)``, with ``da/dz = 1 - a^2``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.activations import Tanh
    >>> a = np.array([[-1e4, 0.0, 1e4]])
    >>> Tanh().forward(a, a, None)
    >>> a
    array([[-1.,  0.,  1.]])
    """

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.tanh(z, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(a, a, out=a)
        np.subtract(1, a, out=a)
        np.multiply(delta, a, out=delta)
