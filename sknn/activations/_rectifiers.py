"""Activations of straight pieces, of which one is the identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._strategy import Range
from sknn._typing import Array
from sknn.activations._base import Activation


@dataclass(repr=False, eq=False)
class ReLU(Activation):
    """The rectifier, ``a = max(z, 0)``, with derivative 1 for ``z > 0`` and 0 elsewhere.

    References
    ----------
    X. Glorot, A. Bordes and Y. Bengio, Deep sparse rectifier neural networks, AISTATS 2011,
    section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.activations import ReLU
    >>> a = np.array([[-1.0, 2.0]])
    >>> ReLU().forward(a, a, ReLU().scratch(a))
    >>> a
    array([[0., 2.]])
    """

    initializer: ClassVar[str] = "he_uniform"

    def scratch(self, z: Array) -> Array:
        # A row of zeros: in float32, NumPy's maximum of two arrays is several times faster than
        # its maximum of an array and a number.
        return np.zeros(z.shape[-1], z.dtype)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.maximum(z, scratch, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        np.greater(a, 0, out=a)
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class LeakyReLU(Activation):
    """The leaky rectifier, ``a = max(z, negative_slope z)``.

    Its derivative is 1 for ``z > 0`` and `negative_slope` elsewhere.

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
    >>> import numpy as np
    >>> from sknn.activations import LeakyReLU
    >>> a = np.array([[-1.0, 2.0]])
    >>> LeakyReLU(0.1).forward(a, a, np.empty_like(a))
    >>> a
    array([[-0.1,  2. ]])
    """

    negative_slope: float = 0.01

    ranges: ClassVar[Mapping[str, Range]] = {"negative_slope": Range(0, 1, "left")}
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
