"""The softmax, which couples the units of a layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn._core.typing import Array
from sknn.activations._base import Activation


@dataclass(repr=False, eq=False)
class Softmax(Activation):
    """The softmax over the units, ``a_i = exp(z_i) / sum_j exp(z_j)``.

    Its Jacobian couples the units: ``dL/dz_i = a_i (dL/da_i - sum_j a_j dL/da_j)``.
    The largest ``z`` is subtracted first, so the exponentials do not overflow.

    Use it if the outputs of a layer must sum to 1. It is the link of losses for several classes.

    Examples
    --------
    >>> from sknn.activations import Softmax
    >>> Softmax()([[1e4, 0.0], [1e4, 0.0]])
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
