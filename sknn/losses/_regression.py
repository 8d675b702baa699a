"""Losses of numbers."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._typing import Array
from sknn.activations import Activation, Identity
from sknn.losses._base import REGRESSION, FusedLoss


@dataclass(repr=False, eq=False)
class SquaredError(FusedLoss):
    """Half the squared error, ``l = sum_k (z_k - y_k)^2 / 2``, ``dl/dz = z - y``.

    The link is the identity.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import SquaredError
    >>> SquaredError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})

    def link(self, target: str) -> Activation:
        return Identity()

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        np.subtract(raw_prediction, y_true, out=gradient)
        np.multiply(gradient, gradient, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)
        np.multiply(value, 0.5, out=value)
