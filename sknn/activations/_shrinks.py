"""Activations that shrink small values to zero."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.strategy import NOT_NEGATIVE, Range
from sknn._core.typing import Array
from sknn.activations._base import Activation


@dataclass(repr=False, eq=False)
class HardShrink(Activation):
    """The hard shrinkage: ``a = z`` for ``|z| > threshold``, 0 elsewhere.

    Its derivative is 1 for ``|z| > threshold`` and 0 elsewhere.

    Use it for sparse codes in which large values keep their size.

    Parameters
    ----------
    threshold : float in [0, inf), default=0.5
        The largest ``|z|`` that becomes zero.

    References
    ----------
    D. L. Donoho and I. M. Johnstone, Ideal spatial adaptation by wavelet shrinkage,
    Biometrika 81, 1994, section 2.

    Examples
    --------
    >>> from sknn.activations import HardShrink
    >>> HardShrink()([-2.0, 0.25, 1.0])
    array([-2.,  0.,  1.])
    """

    threshold: float = 0.5

    ranges: ClassVar[Mapping[str, Range]] = {"threshold": NOT_NEGATIVE}

    def scratch(self, z: Array) -> Array:
        return np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.abs(z, out=scratch)
        np.greater(scratch, float(self.threshold), out=scratch)
        np.multiply(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(delta, scratch, out=delta)


@dataclass(repr=False, eq=False)
class SoftShrink(Activation):
    """The soft shrinkage, ``a = z - min(max(z, -threshold), threshold)``.

    Its derivative is 1 for ``|z| > threshold`` and 0 elsewhere.

    Use it for sparse codes; it is the proximal step of an l1 penalty.

    Parameters
    ----------
    threshold : float in [0, inf), default=0.5
        The amount by which ``|z|`` shrinks.

    References
    ----------
    D. L. Donoho and I. M. Johnstone, Ideal spatial adaptation by wavelet shrinkage,
    Biometrika 81, 1994, section 2.

    Examples
    --------
    >>> from sknn.activations import SoftShrink
    >>> SoftShrink()([-2.0, 0.25, 1.0])
    array([-1.5,  0. ,  0.5])
    """

    threshold: float = 0.5

    ranges: ClassVar[Mapping[str, Range]] = {"threshold": NOT_NEGATIVE}

    def scratch(self, z: Array) -> tuple[Array, Array, Array]:
        high = np.full(z.shape[-1], self.threshold, z.dtype)
        return -high, high, np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        low, high, clipped = scratch
        np.maximum(z, low, out=clipped)
        np.minimum(clipped, high, out=clipped)
        np.subtract(z, clipped, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.not_equal(a, 0, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class TanhShrink(Activation):
    """The identity minus tanh, ``a = z - tanh(z)``, with ``da/dz = tanh(z)^2``.

    The difference is accurate to the rounding of ``z``, not of ``a``.

    Use it for units that ignore small inputs smoothly.

    Examples
    --------
    >>> from sknn.activations import TanhShrink
    >>> TanhShrink()([-1e4, 0.0, 1e4])
    array([-9999.,     0.,  9999.])
    """

    def scratch(self, z: Array) -> Array:
        return np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.tanh(z, out=scratch)
        np.subtract(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(scratch, scratch, out=scratch)
        np.multiply(delta, scratch, out=delta)
