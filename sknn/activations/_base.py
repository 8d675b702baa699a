"""The contract of an activation, and the identity."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.strategy import Strategy
from sknn._core.typing import Array


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
            On entry dL/da, on return dL/dz.
        z, a : ndarray of shape (units, n_samples)
            As `forward` left them; may be overwritten.
        scratch : object
            What `scratch` returned.
        """
        raise NotImplementedError


@dataclass(repr=False, eq=False)
class Identity(Activation):
    """The identity, ``a = z``.

    Use it for a linear network.

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
