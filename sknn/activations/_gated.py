"""Activations of the form ``z g(z)``, where the gate ``g`` rises from 0 to 1."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from scipy.special import ndtr

from sknn._core.strategy import Choice, Range
from sknn._core.typing import Array
from sknn.activations._base import Activation
from sknn.activations._sigmoids import logistic

# The gate of GELU's tanh form is sigmoid(z (LINEAR + CUBIC z^2)).
LINEAR: Final = 2 * math.sqrt(2 / math.pi)
CUBIC: Final = 0.044715 * LINEAR
# Above this bound the gate of Mish is exactly 1. At the bound its terms are finite in float32.
MISH_LIMIT: Final = 40


@dataclass(repr=False, eq=False)
class GELU(Activation):
    """The Gaussian error linear unit, ``a = z P(z)``, with the normal distribution function ``P``.

    With ``approximate="tanh"``, ``P(z) = (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2``.
    The derivative is ``P(z) + z P'(z)``.

    Use it in deep networks, as a smooth alternative to `ReLU`.

    Parameters
    ----------
    approximate : {"none", "tanh"}, default="none"
        Whether ``P`` is the exact distribution function or the approximation by tanh.

    References
    ----------
    D. Hendrycks and K. Gimpel, Gaussian error linear units, arXiv:1606.08415, section 2.

    Examples
    --------
    >>> from sknn.activations import GELU
    >>> GELU()([-1.0, 0.0, 1.0]).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """

    approximate: str = "none"

    ranges: ClassVar[Mapping[str, Range | Choice]] = {"approximate": Choice("none", "tanh")}
    needs_z: ClassVar[bool] = True
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> Array:
        return np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        if self.approximate == "none":
            ndtr(z, out=scratch)
        else:
            np.multiply(z, z, out=scratch)
            np.multiply(scratch, CUBIC, out=scratch)
            np.add(scratch, LINEAR, out=scratch)
            np.multiply(scratch, z, out=scratch)
            logistic(scratch, scratch)
        np.multiply(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        if self.approximate == "none":
            np.multiply(z, z, out=a)
            np.multiply(a, -0.5, out=a)
            np.exp(a, out=a)
            np.multiply(a, 1 / math.sqrt(2 * math.pi), out=a)
            np.multiply(a, z, out=a)
            np.add(a, scratch, out=a)
            np.multiply(delta, a, out=delta)
        else:
            # With the gate s, z s' = s (1 - s) z (LINEAR + 3 CUBIC z^2); z - a would round more.
            np.subtract(1, scratch, out=a)
            np.multiply(a, z, out=a)
            np.multiply(z, z, out=z)
            np.multiply(z, 3 * CUBIC, out=z)
            np.add(z, LINEAR, out=z)
            np.multiply(z, a, out=z)
            np.add(z, 1, out=z)
            np.multiply(z, scratch, out=z)
            np.multiply(delta, z, out=delta)


@dataclass(repr=False, eq=False)
class SiLU(Activation):
    """The sigmoid linear unit, ``a = z s(z)`` with ``s(z) = 1 / (1 + exp(-z))``.

    Its derivative is ``s(z) (1 + z - a)``.

    Use it in place of `GELU`, at a lower cost.

    References
    ----------
    S. Elfwing, E. Uchibe and K. Doya, Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning, Neural Networks 107, 2018, section 2.

    Examples
    --------
    >>> from sknn.activations import SiLU
    >>> SiLU()([-1e4, 0.0, 1e4])
    array([   -0.,     0., 10000.])
    """

    needs_z: ClassVar[bool] = True
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> Array:
        return np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        logistic(z, scratch)
        np.multiply(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.subtract(z, a, out=z)
        np.add(z, 1, out=z)
        np.multiply(z, scratch, out=z)
        np.multiply(delta, z, out=delta)


@dataclass(repr=False, eq=False)
class Mish(Activation):
    """The Mish unit, ``a = z tanh(log(1 + exp(z)))``.

    With ``w = exp(z)`` and ``d = w (w + 2) + 2``, the gate is ``w (w + 2) / d``, and
    ``da/dz = w (w + 2 + 4 z (w + 1) / d) / d``. This form avoids cancellation in the tails.

    Use it in place of `SiLU`. Its bend is slightly stronger.

    References
    ----------
    D. Misra, Mish: a self regularized non-monotonic activation function, BMVC 2020, equation 1.

    Examples
    --------
    >>> from sknn.activations import Mish
    >>> Mish()([-1e4, 0.0, 1e4])
    array([   -0.,     0., 10000.])
    """

    needs_z: ClassVar[bool] = True
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> tuple[Array, Array, Array]:
        limit = np.full(z.shape[-1], MISH_LIMIT, z.dtype)
        return limit, np.empty_like(z), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        limit, w, d = scratch
        np.minimum(z, limit, out=w)
        np.exp(w, out=w)
        np.add(w, 2, out=a)
        np.multiply(a, w, out=a)
        np.add(a, 2, out=d)
        np.divide(a, d, out=a)
        np.multiply(a, z, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        _, w, d = scratch
        np.divide(z, d, out=z)
        np.add(w, 1, out=a)
        np.multiply(z, a, out=z)
        np.multiply(z, 4, out=z)
        np.add(z, a, out=z)
        np.add(z, 1, out=z)
        np.divide(w, d, out=w)
        np.multiply(z, w, out=z)
        np.multiply(delta, z, out=delta)


@dataclass(repr=False, eq=False)
class HardSiLU(Activation):
    """A piecewise quadratic SiLU, ``a = z h(z)`` with ``h(z) = min(max(z + 3, 0), 6) / 6``.

    Its derivative is 0 for ``z <= -3``, 1 for ``z >= 3``, and ``z / 3 + 1 / 2`` in between.

    Use it in place of `SiLU` if speed matters.

    References
    ----------
    A. Howard et al., Searching for MobileNetV3, ICCV 2019, section 5.2.

    Examples
    --------
    >>> from sknn.activations import HardSiLU
    >>> HardSiLU()([-4.0, 1.5, 4.0])
    array([-0.   ,  1.125,  4.   ])
    """

    needs_z: ClassVar[bool] = True
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> tuple[Array, Array, Array]:
        return np.zeros(z.shape, z.dtype), np.full(z.shape, 6, z.dtype), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, sixes, gate = scratch
        np.add(z, 3, out=gate)
        np.maximum(gate, zeros, out=gate)
        np.minimum(gate, sixes, out=gate)
        np.divide(gate, 6, out=gate)
        np.multiply(z, gate, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        _, _, gate = scratch
        np.abs(z, out=a)
        np.less(a, 3, out=a)
        np.multiply(a, z, out=a)
        np.divide(a, 6, out=a)
        np.add(a, gate, out=a)
        np.multiply(delta, a, out=delta)
