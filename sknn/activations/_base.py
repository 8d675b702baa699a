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
    """Base of the activations: subclass it and define `forward` and `backward`.

    Every activation can be called as a function. ``activation(z)`` returns the activations, and
    ``activation.derivative(z)`` the derivatives, both in new arrays.

    Attributes
    ----------
    needs_z : bool
        Whether `backward` reads ``z``. If not, the network overwrites ``z`` with ``a``.
    initializer : str
        The name of the initializer in `sknn.initializers.INITIALIZERS` that ``init="auto"`` uses
        for a layer with this activation.
    """

    needs_z: ClassVar[bool] = False
    initializer: ClassVar[str] = "xavier_uniform"

    def __call__(self, z: npt.ArrayLike, parameters: Array | None = None) -> Any:
        """Return the activation of ``z``.

        Parameters
        ----------
        z : array-like of shape (units, n_samples) or (units,), or a number
            The pre-activations, which are not changed. Additional leading axes are allowed.
        parameters : ndarray of shape (n_parameters,), default=None
            The learnable parameters of the activation; None for `initial_parameters`.

        Returns
        -------
        a : ndarray of the shape of z
            A new array, of dtype float32 if ``z`` is float32, else float64. For a number, a NumPy
            number.

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
            The pre-activations, which are not changed. Additional leading axes are allowed.
        parameters : ndarray of shape (n_parameters,), default=None
            The learnable parameters of the activation; None for `initial_parameters`.

        Returns
        -------
        derivative : ndarray of the shape of z
            A new array, of dtype float32 if ``z`` is float32, else float64. For a number, a NumPy
            number.

        Raises
        ------
        TypeError
            If the activation is not elementwise, such as `Softmax`. See `is_elementwise`.

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

        For an elementwise activation, `backward` multiplies every gradient by the same derivatives.
        The method tests this on a few random inputs, with the initial parameters.

        Parameters
        ----------
        n_units : int, default=2
            The number of units in the layer.

        Returns
        -------
        is_elementwise : bool
            False for `Softmax` with two or more units.

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
        """Run `forward` as a network does, and return ``z``, ``a`` and the scratch."""
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
        """Return a vector with the initial values of the learnable parameters, or None.

        The parameters belong to the network. The optimizer updates them, and no penalty applies to
        them. The scratch of such an activation has the attributes ``parameters`` and ``gradient``,
        which the network sets. `backward` writes the gradient.

        Parameters
        ----------
        units : int
            The number of units in the layer.
        """
        return None

    def scratch(self, z: Array) -> Any:
        """Return the buffers of `forward` and `backward`, created once for each batch size.

        Parameters
        ----------
        z : ndarray of shape (units, n_samples)
            An array with the shape and the dtype of the pre-activations. Its values have no
            meaning.
        """
        return None

    @abstractmethod
    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        """Write the activation of ``z`` into ``a``, in place.

        Parameters
        ----------
        z : ndarray of shape (units, n_samples)
            The pre-activations.
        a : ndarray of shape (units, n_samples)
            The output array. It is the same array as ``z`` unless `needs_z` is True.
        scratch : object
            The result of `scratch`.
        """

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        """Multiply ``delta`` by the transposed Jacobian in place, from dL/da to dL/dz.

        Parameters
        ----------
        delta : ndarray of shape (units, n_samples)
            The input is dL/da, and the output is dL/dz.
        z, a : ndarray of shape (units, n_samples)
            The arrays after `forward`. The method may overwrite them.
        scratch : object
            The result of `scratch`.
        """
        # Not abstract, because links of losses need no backward pass: the loss includes it.
        raise NotImplementedError(f"{type(self).__name__} has no backward pass: define backward.")


def _floats(z: npt.ArrayLike) -> Array:
    """Return numbers as float32 if they are float32, else as float64."""
    numbers = np.asarray(z)
    if numbers.dtype.kind not in "fiub":
        raise TypeError(f"z must be real numbers, got {numbers.dtype}.")
    return numbers.astype(np.float32 if numbers.dtype == np.float32 else np.float64, copy=False)


def _units_by_samples(z: Array) -> Array:
    """Return ``z`` with axes for units and samples; a vector is a single sample."""
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
