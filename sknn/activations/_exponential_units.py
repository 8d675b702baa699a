"""Linear units with an exponential tail, and the exponential."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.strategy import POSITIVE, Range
from sknn._core.typing import Array
from sknn.activations._base import Activation


@dataclass(repr=False, eq=False)
class ELU(Activation):
    """The exponential linear unit: ``a = z`` for ``z > 0``, ``alpha (exp(z) - 1)`` elsewhere.

    Its derivative is 1 for ``z > 0`` and ``a + alpha`` elsewhere.

    Use it if outputs around zero help and units must not die.

    Parameters
    ----------
    alpha : float in (0, inf), default=1.0
        The negative of the limit for ``z`` to minus infinity.

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter, Fast and accurate deep network learning by
    exponential linear units, ICLR 2016, equation 16.

    Examples
    --------
    >>> from sknn.activations import ELU
    >>> ELU()([-1e4, 0.0, 2.0])
    array([-1.,  0.,  2.])
    """

    alpha: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"alpha": POSITIVE}
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> tuple[Array, Array]:
        return np.zeros(z.shape, z.dtype), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, tail = scratch
        np.minimum(z, zeros, out=tail)
        np.expm1(tail, out=tail)
        if self.alpha != 1:
            np.multiply(tail, float(self.alpha), out=tail)
        np.maximum(z, zeros, out=a)
        np.add(a, tail, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        zeros, positive = scratch
        if self.alpha != 1:
            np.greater(a, 0, out=positive)
            np.multiply(positive, 1 - float(self.alpha), out=positive)
        np.minimum(a, zeros, out=a)
        np.add(a, float(self.alpha), out=a)
        if self.alpha != 1:
            np.add(a, positive, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class SELU(Activation):
    """The self-normalizing unit: ``s z`` for ``z > 0``, ``s alpha (exp(z) - 1)`` elsewhere.

    ``s = 1.0507...`` and ``alpha = 1.6732...`` keep mean 0 and variance 1 across layers.
    The derivative is ``s`` for ``z > 0`` and ``a + s alpha`` elsewhere.

    Use it in deep networks of dense layers, with standardized inputs and
    `sknn.dropout.AlphaDropout`.

    References
    ----------
    G. Klambauer et al., Self-normalizing neural networks, NIPS 2017, equation 2.

    Examples
    --------
    >>> from sknn.activations import SELU
    >>> SELU()([-1e4, 0.0, 2.0]).round(4)
    array([-1.7581,  0.    ,  2.1014])
    """

    initializer: ClassVar[str] = "lecun_normal"
    # With these numbers, mean 0 and variance 1 are a fixed point; see section 2 of the paper.
    ALPHA: ClassVar[float] = 1.6732632423543772
    SCALE: ClassVar[float] = 1.0507009873554805

    def scratch(self, z: Array) -> tuple[Array, Array]:
        return np.zeros(z.shape, z.dtype), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, tail = scratch
        np.minimum(z, zeros, out=tail)
        np.expm1(tail, out=tail)
        np.multiply(tail, self.ALPHA, out=tail)
        np.maximum(z, zeros, out=a)
        np.add(a, tail, out=a)
        np.multiply(a, self.SCALE, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        zeros, positive = scratch
        np.greater(a, 0, out=positive)
        np.multiply(positive, self.SCALE * (1 - self.ALPHA), out=positive)
        np.minimum(a, zeros, out=a)
        np.add(a, self.SCALE * self.ALPHA, out=a)
        np.add(a, positive, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class CELU(Activation):
    """The continuously differentiable ELU, ``a = max(z, 0) + min(0, alpha (exp(z / alpha) - 1))``.

    Its derivative is ``1 + min(a, 0) / alpha``.

    Use it in place of `ELU` if the derivative must be continuous for an alpha other than 1.

    Parameters
    ----------
    alpha : float in (0, inf), default=1.0
        The negative of the limit for ``z`` to minus infinity, and the length of the tail.

    References
    ----------
    J. T. Barron, Continuously differentiable exponential linear units, arXiv:1704.07483,
    equation 2.

    Examples
    --------
    >>> from sknn.activations import CELU
    >>> CELU(2.0)([-1e4, 0.0, 3.0])
    array([-2.,  0.,  3.])
    """

    alpha: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"alpha": POSITIVE}
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> tuple[Array, Array]:
        return np.zeros(z.shape, z.dtype), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, tail = scratch
        np.minimum(z, zeros, out=tail)
        if self.alpha != 1:
            np.divide(tail, float(self.alpha), out=tail)
        np.expm1(tail, out=tail)
        if self.alpha != 1:
            np.multiply(tail, float(self.alpha), out=tail)
        np.maximum(z, zeros, out=a)
        np.add(a, tail, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        zeros, _ = scratch
        np.minimum(a, zeros, out=a)
        if self.alpha != 1:
            np.divide(a, float(self.alpha), out=a)
        np.add(a, 1, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class Exponential(Activation):
    """The exponential function, ``a = exp(z)``, which is its own derivative.

    It overflows for ``z > 709`` in float64 and for ``z > 88`` in float32.

    Use it as a link for positive quantities. In hidden layers its values explode.

    Examples
    --------
    >>> from sknn.activations import Exponential
    >>> Exponential()([-1e4, 0.0])
    array([0., 1.])
    """

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.exp(z, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(delta, a, out=delta)
