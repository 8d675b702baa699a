"""Activations: what a unit makes of its weighted sum.

Arrays are of shape (units, n_samples): axis -2 runs over the units, and element-wise rules
assume nothing else about the number of axes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from sknn._strategy import Range, Strategy
from sknn._typing import Array


@dataclass(repr=False, eq=False)
class Activation(Strategy):
    """Base of the activations: subclass it and write `forward` and `backward`.

    Attributes
    ----------
    needs_z : bool
        Whether `backward` reads ``z``. If not, the network overwrites ``z`` with ``a``.
    initializer : str
        The name in `sknn.initializers.INITIALIZERS` which ``init="auto"`` takes for a layer
        with this activation.
    """

    needs_z: ClassVar[bool] = False
    initializer: ClassVar[str] = "xavier_uniform"

    def initial_parameters(self, units: int) -> Array | None:
        """Return where the activation's own parameters start, a vector; None if it has none.

        They are part of the network: the optimizer updates them, no penalty touches them. The
        scratch of such an activation has attributes ``parameters`` and ``gradient``, which the
        network sets; `backward` writes the latter.

        Parameters
        ----------
        units : int
            How many units the layer has.
        """
        return None

    def scratch(self, z: Array) -> Any:
        """Return memory for `forward` and `backward`, made once for each batch size.

        Parameters
        ----------
        z : ndarray of shape (units, n_samples)
            An array like those to come; its values mean nothing.
        """
        return None

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        """Write the activation of ``z`` into ``a``, in place.

        Parameters
        ----------
        z : ndarray of shape (units, n_samples)
            Pre-activations.
        a : ndarray of shape (units, n_samples)
            Receives the activations; the same memory as ``z`` unless `needs_z`.
        scratch : object
            What `scratch` returned.
        """
        raise NotImplementedError

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        """Multiply ``delta`` by the transposed Jacobian, in place: dL/da becomes dL/dz.

        Parameters
        ----------
        delta : ndarray of shape (units, n_samples)
            dL/da on entry, dL/dz on return.
        z, a : ndarray of shape (units, n_samples)
            As `forward` left them; may be overwritten.
        scratch : object
            What `scratch` returned.
        """
        raise NotImplementedError


@dataclass(repr=False, eq=False)
class Identity(Activation):
    """The identity, ``a = z``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.activations import Identity
    >>> a = np.array([[-1.0, 2.0]])
    >>> Identity().forward(a, a, None)
    >>> a
    array([[-1.,  2.]])
    """

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        if a is not z:
            np.copyto(a, z)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        pass


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


@dataclass(repr=False, eq=False)
class Softmax(Activation):
    """The softmax over the units, ``a_i = exp(z_i) / sum_j exp(z_j)``.

    Its Jacobian couples the units: ``dL/dz_i = a_i (dL/da_i - sum_j a_j dL/da_j)``.
    The largest ``z`` is subtracted first, so nothing overflows.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.activations import Softmax
    >>> a = np.array([[1e4, 0.0], [1e4, 0.0]])
    >>> Softmax().forward(a, a, Softmax().scratch(a))
    >>> a
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """

    def scratch(self, z: Array) -> tuple[Array, Array]:
        return np.empty((*z.shape[:-2], 1, z.shape[-1]), z.dtype), np.empty_like(z)

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        row, _ = scratch
        np.maximum.reduce(z, axis=-2, keepdims=True, out=row)
        np.subtract(z, row, out=a)
        np.exp(a, out=a)
        np.add.reduce(a, axis=-2, keepdims=True, out=row)
        np.divide(a, row, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        row, product = scratch
        np.multiply(delta, a, out=product)
        np.add.reduce(product, axis=-2, keepdims=True, out=row)
        np.subtract(delta, row, out=delta)
        np.multiply(delta, a, out=delta)


ACTIVATIONS: Final[dict[str, type[Activation]]] = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "softmax": Softmax,
}
