"""The contract of an activation, and the identity."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sknn._core.strategy import Strategy
from sknn._core.typing import Array


@dataclass(repr=False, eq=False)
class Activation(Strategy, ABC):
    """Base of the activations: subclass it and write `forward` and `backward`.

    Every activation is also a function: ``activation(z)`` computes it, and
    ``activation.derivative(z)`` its derivative, both in new arrays.

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

    def __call__(self, z: npt.ArrayLike, parameters: Array | None = None) -> Any:
        """Return the activation of ``z``.

        Parameters
        ----------
        z : array-like of shape (units, n_samples) or (units,), or a number
            Pre-activations; not changed. More axes may come first.
        parameters : ndarray of shape (n_parameters,), default=None
            The activation's own parameters; None for `initial_parameters`.

        Returns
        -------
        a : ndarray of the shape of z
            A new array, float32 if ``z`` is, else float64; a NumPy number for a number.

        Examples
        --------
        >>> from sknn.activations import ReLU, Softmax
        >>> ReLU()([-1.0, 2.0])
        array([0., 2.])
        >>> Softmax()([0.0, 0.0])
        array([0.5, 0.5])
        """
        z = _floats(z)
        return self._forward(_units_by_samples(z), parameters)[1].reshape(z.shape)[()]

    def derivative(self, z: npt.ArrayLike, parameters: Array | None = None) -> Any:
        """Return the derivative of each output with respect to its own input, ``da/dz``.

        Parameters
        ----------
        z : array-like of shape (units, n_samples) or (units,), or a number
            Pre-activations; not changed. More axes may come first.
        parameters : ndarray of shape (n_parameters,), default=None
            The activation's own parameters; None for `initial_parameters`.

        Returns
        -------
        derivative : ndarray of the shape of z
            A new array, float32 if ``z`` is, else float64; a NumPy number for a number.

        Raises
        ------
        TypeError
            If the activation is not elementwise, such as `Softmax`: see `is_elementwise`.

        Examples
        --------
        >>> from sknn.activations import Sigmoid
        >>> Sigmoid().derivative([-1e4, 0.0])
        array([0.  , 0.25])
        """
        z = _floats(z)
        columns = _units_by_samples(z)
        if not self.is_elementwise(columns.shape[-2]):
            raise TypeError(
                f"{self!r} has no elementwise derivative: each output depends on several units. "
                "Its backward multiplies by the whole Jacobian."
            )
        delta = np.ones_like(columns)
        self.backward(delta, *self._forward(columns, parameters))
        return delta.reshape(z.shape)[()]

    def is_elementwise(self, n_units: int = 2) -> bool:
        """Return whether each output depends on its own input alone.

        `backward` tells: for an elementwise activation it multiplies every gradient by the same
        derivatives. It is tried on a few random inputs, with the initial parameters.

        Parameters
        ----------
        n_units : int, default=2
            How many units the layer has.

        Returns
        -------
        is_elementwise : bool
            False for `Softmax` of two units or more.

        Examples
        --------
        >>> from sknn.activations import Softmax, Tanh
        >>> Tanh().is_elementwise(), Softmax().is_elementwise()
        (True, False)
        """
        z, delta = np.random.default_rng(0).standard_normal((2, n_units, 4))
        derivatives, product = np.ones_like(z), delta.copy()
        with np.errstate(all="ignore"):
            for gradient in (derivatives, product):
                self.backward(gradient, *self._forward(z, None))
            expected = derivatives * delta
            return bool(np.allclose(product, expected, rtol=1e-9, atol=1e-12, equal_nan=True))

    def _forward(self, z: Array, parameters: Array | None) -> tuple[Array, Array, Any]:
        """Return copies of ``z``, ``a`` and scratch as `forward` leaves them in a network."""
        z = z.copy()
        a = np.empty_like(z) if self.needs_z else z
        scratch = self.scratch(z)
        start = self.initial_parameters(z.shape[-2]) if parameters is None else parameters
        if start is not None:
            scratch.parameters = start.astype(z.dtype)
            scratch.gradient = np.empty_like(scratch.parameters)
        self.forward(z, a, scratch)
        return z, a, scratch

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

    @abstractmethod
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

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        """Multiply ``delta`` by the transposed Jacobian, in place: dL/da becomes dL/dz.

        Parameters
        ----------
        delta : ndarray of shape (units, n_samples)
            On entry dL/da, on return dL/dz.
        z, a : ndarray of shape (units, n_samples)
            As `forward` left them; may be overwritten.
        scratch : object
            What `scratch` returned.
        """
        # Not abstract: a loss's link is never differentiated, since the loss's gradient is.
        raise NotImplementedError(f"{type(self).__name__} has no backward pass: write `backward`.")


def _floats(z: npt.ArrayLike) -> Array:
    """Return numbers in the dtype that a network has for them: float32, or float64."""
    numbers = np.asarray(z)
    if numbers.dtype.kind not in "fiub":
        raise TypeError(f"z must be real numbers, got {numbers.dtype}.")
    return numbers.astype(np.float32 if numbers.dtype == np.float32 else np.float64, copy=False)


def _units_by_samples(z: Array) -> Array:
    """Return ``z`` with an axis of units and one of samples; a vector is one sample."""
    return z if z.ndim > 1 else z.reshape(-1, 1)


@dataclass(repr=False, eq=False)
class Identity(Activation):
    """The identity, ``a = z``.

    Use it for a linear network.

    Examples
    --------
    >>> from sknn.activations import Identity
    >>> Identity()([-1.0, 2.0])
    array([-1.,  2.])
    """

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        if a is not z:
            np.copyto(a, z)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        pass
