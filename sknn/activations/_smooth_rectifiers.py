"""Smooth rectifiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.strategy import POSITIVE, Range
from sknn._core.typing import Array
from sknn.activations._base import Activation
from sknn.activations._sigmoids import soft_tail


@dataclass(repr=False, eq=False)
class Softplus(Activation):
    """The smooth rectifier, ``a = log(1 + exp(beta z)) / beta``.

    Its derivative is ``1 / (1 + exp(-beta z))``. Both are accurate in both tails.

    Use it for positive quantities, or as a smooth rectifier.

    Parameters
    ----------
    beta : float in (0, inf), default=1.0
        The sharpness of the bend. For large values the function is close to `ReLU`.

    References
    ----------
    C. Dugas et al., Incorporating second-order functional knowledge for better option pricing,
    NIPS 2000, section 3.

    Examples
    --------
    >>> from sknn.activations import Softplus
    >>> Softplus()([-1e4, 0.0, 1e4]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+04])
    """

    beta: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"beta": POSITIVE}

    def scratch(self, z: Array) -> tuple[Array, Array, Array, Array]:
        return np.zeros(z.shape, z.dtype), np.empty_like(z), np.empty_like(z), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, tail, slope, denominator = scratch
        np.abs(z, out=tail)
        np.multiply(tail, -float(self.beta), out=tail)
        np.greater(z, 0, out=slope)
        soft_tail(tail, slope, denominator)
        if self.beta != 1:
            np.divide(tail, float(self.beta), out=tail)
        np.maximum(z, zeros, out=a)
        np.add(a, tail, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(delta, scratch[2], out=delta)


@dataclass(repr=False, eq=False)
class Squareplus(Activation):
    """The algebraic smooth rectifier, ``a = (z + sqrt(z^2 + b)) / 2``.

    Its derivative is ``a^2 / (a^2 + b / 4)``. It is computed as the sum of ``max(z, 0)`` and
    ``b / 2 / (sqrt(z^2 + b) + |z|)``, which avoids cancellation.

    Use it in place of `Softplus` if speed matters.

    Parameters
    ----------
    b : float in (0, inf), default=4.0
        The squared width of the bend.

    References
    ----------
    J. T. Barron, Squareplus: a softplus-like algebraic rectifier, arXiv:2112.11687, equation 1.

    Examples
    --------
    >>> from sknn.activations import Squareplus
    >>> Squareplus()([-1.5, 0.0, 1.5])
    array([0.5, 1. , 2. ])
    """

    b: float = 4.0

    ranges: ClassVar[Mapping[str, Range]] = {"b": POSITIVE}
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> tuple[Array, Array, Array]:
        return np.zeros(z.shape, z.dtype), np.empty_like(z), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, root, size = scratch
        np.multiply(z, z, out=root)
        np.add(root, float(self.b), out=root)
        np.sqrt(root, out=root)
        np.abs(z, out=size)
        np.add(root, size, out=root)
        np.divide(float(self.b) / 2, root, out=root)
        np.maximum(z, zeros, out=a)
        np.add(a, root, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        _, root, _ = scratch
        np.multiply(a, a, out=a)
        np.add(a, float(self.b) / 4, out=root)
        np.divide(a, root, out=a)
        np.multiply(delta, a, out=delta)
