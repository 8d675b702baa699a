"""Activations with learnable parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.strategy import FINITE, Range
from sknn._core.typing import Array
from sknn.activations._base import Activation


@dataclass
class _Scratch:
    mask: Array  # of shape (units, n_samples)
    column: Array  # of shape (units, 1)
    zeros: Array  # of the shape of z, because NumPy is slower with an array and a number
    parameters: Any = None
    gradient: Any = None


@dataclass(repr=False, eq=False)
class PReLU(Activation):
    """The parametric rectifier, ``a = max(z, 0) + slope min(z, 0)``, with learned slopes.

    Each unit has its own slope. ``da/dz`` is 1 for ``z > 0`` and the slope elsewhere;
    ``da/dslope = min(z, 0)``. The slopes are part of the network's vector of parameters. The
    optimizer updates them; penalties and weight decay do not apply to them.

    Use it in place of `LeakyReLU` if there is enough data to learn the slopes.

    Parameters
    ----------
    negative_slope : float, default=0.25
        The initial slope of all units.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, ICCV 2015, equations 1
    and 4.

    Examples
    --------
    >>> from sknn.activations import PReLU
    >>> PReLU()([-1.0, 2.0])
    array([-0.25,  2.  ])
    """

    negative_slope: float = 0.25

    ranges: ClassVar[Mapping[str, Range]] = {"negative_slope": FINITE}
    needs_z: ClassVar[bool] = True
    initializer: ClassVar[str] = "he_uniform"

    def initial_parameters(self, units: int) -> Array:
        return np.full(units, float(self.negative_slope))

    def scratch(self, z: Array) -> _Scratch:
        return _Scratch(
            np.empty_like(z), np.empty((z.shape[-2], 1), z.dtype), np.zeros(z.shape, z.dtype)
        )

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        np.minimum(z, scratch.zeros, out=scratch.mask)
        np.maximum(z, scratch.zeros, out=a)
        np.multiply(scratch.mask, scratch.parameters[:, np.newaxis], out=scratch.mask)
        np.add(a, scratch.mask, out=a)

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        mask, column, slopes = scratch.mask, scratch.column, scratch.parameters[:, np.newaxis]
        np.minimum(z, scratch.zeros, out=a)
        np.multiply(a, delta, out=a)
        others = tuple(axis for axis in range(a.ndim) if axis != a.ndim - 2)
        np.add.reduce(a, axis=others, out=scratch.gradient)
        np.greater(z, 0, out=mask)
        np.subtract(1, slopes, out=column)
        np.multiply(mask, column, out=mask)
        np.add(mask, slopes, out=mask)
        np.multiply(delta, mask, out=delta)
