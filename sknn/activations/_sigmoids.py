"""S-shaped activations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.strategy import FINITE, Range
from sknn._core.typing import Array
from sknn.activations._base import Activation


def logistic(z: Array, out: Array) -> None:
    """Write ``1 / (1 + exp(-z))`` into ``out``, of the same shape; it may be ``z`` itself."""
    np.negative(z, out=out)
    with np.errstate(over="ignore"):  # exp(1e4) is infinite, and 1 / inf is the correct limit
        np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)


def soft_tail(tail: Array, slope: Array, scratch: Array) -> None:
    """Compute ``log(1 + exp(-x))`` for ``x >= 0`` and a logistic derivative, in place.

    Parameters
    ----------
    tail : ndarray
        ``-x`` on entry, ``log(1 + exp(-x))`` on return.
    slope : ndarray of the same shape
        1 or 0 on entry; ``1 / (1 + exp(-x))`` or ``exp(-x) / (1 + exp(-x))`` on return.
    scratch : ndarray of the same shape
        A buffer, which is overwritten.
    """
    np.exp(tail, out=tail)
    np.maximum(slope, tail, out=slope)
    np.add(tail, 1, out=scratch)
    np.divide(slope, scratch, out=slope)
    np.log1p(tail, out=tail)


@dataclass(repr=False, eq=False)
class Sigmoid(Activation):
    """The logistic function, ``a = 1 / (1 + exp(-z))``, with ``da/dz = a (1 - a)``.

    Use it for units that are probabilities. Deep stacks of sigmoid layers learn slowly, because
    the slope is at most 1/4.

    Examples
    --------
    >>> from sknn.activations import Sigmoid
    >>> Sigmoid()([-1e4, 0.0, 1e4])
    array([0. , 0.5, 1. ])
    """

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        logistic(z, a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(delta, a, out=delta)
        np.subtract(1, a, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class Tanh(Activation):
    """The hyperbolic tangent, ``a = tanh(z)``, with ``da/dz = 1 - a^2``.

    Use it in shallow networks, or if outputs around zero help.

    Examples
    --------
    >>> from sknn.activations import Tanh
    >>> Tanh()([-1e4, 0.0, 1e4])
    array([-1.,  0.,  1.])
    """

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.tanh(z, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(a, a, out=a)
        np.subtract(1, a, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class Softsign(Activation):
    """The softsign, ``a = z / (1 + |z|)``, with ``da/dz = 1 / (1 + |z|)^2``.

    Use it in place of `Tanh` if units should saturate more gently.

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, section 3.

    Examples
    --------
    >>> from sknn.activations import Softsign
    >>> Softsign()([-3.0, 0.0, 1.0])
    array([-0.75,  0.  ,  0.5 ])
    """

    def scratch(self, z: Array) -> Array:
        return np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.abs(z, out=scratch)
        np.add(scratch, 1, out=scratch)
        np.divide(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        # Two divisions, because the square would overflow in float32.
        np.divide(delta, scratch, out=delta)
        np.divide(delta, scratch, out=delta)


@dataclass(repr=False, eq=False)
class LogSigmoid(Activation):
    """The logarithm of the logistic function, ``a = -log(1 + exp(-z))``.

    Its derivative is ``1 / (1 + exp(z))``. Both are accurate in both tails.

    Use it for log-probabilities inside a network.

    Examples
    --------
    >>> from sknn.activations import LogSigmoid
    >>> LogSigmoid()([-100.0, 0.0]).round(4)
    array([-100.    ,   -0.6931])
    """

    def scratch(self, z: Array) -> tuple[Array, Array, Array, Array]:
        return np.zeros(z.shape, z.dtype), np.empty_like(z), np.empty_like(z), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, tail, slope, denominator = scratch
        np.abs(z, out=tail)
        np.negative(tail, out=tail)
        np.less_equal(z, 0, out=slope)
        soft_tail(tail, slope, denominator)
        np.minimum(z, zeros, out=a)
        np.subtract(a, tail, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(delta, scratch[2], out=delta)


@dataclass(repr=False, eq=False)
class HardSigmoid(Activation):
    """A piecewise linear sigmoid, ``a = min(max(z + 3, 0), 6) / 6``.

    Its derivative is 1/6 for ``-3 < z < 3`` and 0 elsewhere.

    Use it in place of `Sigmoid` if speed matters more than smoothness.

    References
    ----------
    A. Howard et al., Searching for MobileNetV3, ICCV 2019, section 5.2.

    Examples
    --------
    >>> from sknn.activations import HardSigmoid
    >>> HardSigmoid()([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75])
    """

    def scratch(self, z: Array) -> tuple[Array, Array, Array]:
        return np.zeros(z.shape, z.dtype), np.full(z.shape, 6, z.dtype), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, sixes, _ = scratch
        np.add(z, 3, out=a)
        np.maximum(a, zeros, out=a)
        np.minimum(a, sixes, out=a)
        np.divide(a, 6, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        _, _, below = scratch
        np.less(a, 1, out=below)
        np.greater(a, 0, out=a)
        np.multiply(a, below, out=a)
        np.divide(a, 6, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class HardTanh(Activation):
    """A piecewise linear tanh, ``a = min(max(z, min_value), max_value)``.

    Its derivative is 1 for ``min_value < z < max_value`` and 0 elsewhere.

    Use it in place of `Tanh` if speed matters more than smoothness.

    Parameters
    ----------
    min_value : float in (-inf, inf), default=-1.0
        The smallest activation.
    max_value : float in (-inf, inf), default=1.0
        The largest activation, greater than `min_value`.

    References
    ----------
    R. Collobert, Large scale machine learning, PhD thesis, Universite Paris VI, 2004.

    Examples
    --------
    >>> from sknn.activations import HardTanh
    >>> HardTanh()([-4.0, 0.5, 1.5])
    array([-1. ,  0.5,  1. ])
    """

    min_value: float = -1.0
    max_value: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "min_value": FINITE,
        "max_value": FINITE,
    }

    def check(self, name: str) -> None:
        super().check(name)
        self.check_order(name, "min_value", "max_value")

    def scratch(self, z: Array) -> tuple[Array, Array, Array]:
        low = np.full(z.shape[-1], self.min_value, z.dtype)
        return low, np.full_like(low, self.max_value), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        low, high, _ = scratch
        np.maximum(z, low, out=a)
        np.minimum(a, high, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        low, high, below = scratch
        np.less(a, high, out=below)
        np.greater(a, low, out=a)
        np.multiply(a, below, out=a)
        np.multiply(delta, a, out=delta)
