"""Piecewise linear rectifiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.strategy import BELOW_ONE, FINITE, Range
from sknn._core.typing import Array
from sknn.activations._base import Activation


@dataclass(repr=False, eq=False)
class ReLU(Activation):
    """The rectifier, ``a = max(z, 0)``, with derivative 1 for ``z > 0`` and 0 elsewhere.

    Use it as the default: it is the fastest to compute and works well.

    References
    ----------
    X. Glorot, A. Bordes and Y. Bengio, Deep sparse rectifier neural networks, AISTATS 2011,
    section 3.1.

    Examples
    --------
    >>> from sknn.activations import ReLU
    >>> ReLU()([-1.0, 2.0])
    array([0., 2.])
    """

    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> Array:
        # An array of zeros, because NumPy's maximum of two arrays of the same shape takes at most
        # half as long as that of an array and a row or a number.
        return np.zeros(z.shape, z.dtype)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.maximum(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.greater(a, 0, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class LeakyReLU(Activation):
    """The leaky rectifier, ``a = max(z, negative_slope z)``.

    Its derivative is 1 for ``z > 0`` and `negative_slope` elsewhere.

    Use it if many `ReLU` units die, that is, if they no longer get a gradient.

    Parameters
    ----------
    negative_slope : float in [0, 1), default=0.01
        The slope for ``z <= 0``.

    References
    ----------
    A. L. Maas, A. Y. Hannun and A. Y. Ng, Rectifier nonlinearities improve neural network
    acoustic models, ICML 2013, equation 2.

    Examples
    --------
    >>> from sknn.activations import LeakyReLU
    >>> LeakyReLU(0.1)([-1.0, 2.0])
    array([-0.1,  2. ])
    """

    negative_slope: float = 0.01

    ranges: ClassVar[Mapping[str, Range]] = {"negative_slope": BELOW_ONE}
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> Array:
        return np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.multiply(z, self.negative_slope, out=scratch)
        np.maximum(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.greater(a, 0, out=a)
        np.multiply(a, 1 - self.negative_slope, out=a)
        np.add(a, self.negative_slope, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class ReLU6(Activation):
    """The rectifier with a ceiling, ``a = min(max(z, 0), 6)``.

    Its derivative is 1 for ``0 < z < 6`` and 0 elsewhere.

    Use it for networks that must run in low precision.

    References
    ----------
    A. Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010, section 2.

    Examples
    --------
    >>> from sknn.activations import ReLU6
    >>> ReLU6()([-1.0, 2.0, 7.0])
    array([0., 2., 6.])
    """

    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> tuple[Array, Array, Array]:
        return np.zeros(z.shape, z.dtype), np.full(z.shape, 6, z.dtype), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        zeros, sixes, _ = scratch
        np.maximum(z, zeros, out=a)
        np.minimum(a, sixes, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        _, _, below = scratch
        np.less(a, 6, out=below)
        np.greater(a, 0, out=a)
        np.multiply(a, below, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class Threshold(Activation):
    """The identity above a threshold: ``a = z`` for ``z > threshold``, `value` elsewhere.

    Its derivative is 1 for ``z > threshold`` and 0 elsewhere.

    Use it for units that must stay constant below a level.

    Parameters
    ----------
    threshold : float in (-inf, inf), default=0.0
        The end of the constant piece.
    value : float in (-inf, inf), default=0.0
        The activation for ``z <= threshold``.

    Examples
    --------
    >>> from sknn.activations import Threshold
    >>> Threshold(1.0, 0.25)([0.5, 2.0])
    array([0.25, 2.  ])
    """

    threshold: float = 0.0
    value: float = 0.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "threshold": FINITE,
        "value": FINITE,
    }
    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> tuple[Array, Array]:
        return np.empty_like(z), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        above, constant = scratch
        np.greater(z, float(self.threshold), out=above)
        np.multiply(z, above, out=a)
        if self.value != 0:
            np.subtract(1, above, out=constant)
            np.multiply(constant, float(self.value), out=constant)
            np.add(a, constant, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        above, _ = scratch
        np.multiply(delta, above, out=delta)
