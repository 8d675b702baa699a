"""Initializers that depend on the data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import RandomState

from sknn._core.strategy import POSITIVE, Range
from sknn._core.typing import Array
from sknn.initializers._base import Initializer, Shape
from sknn.initializers._structured import Orthogonal


@dataclass(repr=False, eq=False)
class LSUV(Initializer):
    """Layer-sequential unit variance: orthonormal weights, rescaled on the data.

    From the first layer to the last, ``W /= sqrt(var(z))`` is repeated until
    ``|var(z) - 1| < tol``, where the variance is taken over units and rows. The rows are up to 256
    rows of the training set with a positive sample weight, evenly spaced. A layer whose weighted
    inputs have no variance keeps the weights that were drawn.

    Use it in deep networks with activations for which there is no special initializer, or with
    inputs that are not standardized.

    Parameters
    ----------
    tol : float, default=0.01
        The largest accepted distance of the variance from 1; positive.

    References
    ----------
    D. Mishkin and J. Matas, All you need is a good init, ICLR 2016, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import LSUV
    >>> weights = LSUV().sample((3, 2), 3, 2, np.random.RandomState(0))
    >>> z = weights.T @ np.random.RandomState(1).normal(0, 5, size=(3, 1000))
    >>> LSUV().rescale(weights, z)
    True
    >>> z = weights.T @ np.random.RandomState(1).normal(0, 5, size=(3, 1000))
    >>> round(float(z.var()), 6)
    1.0
    """

    tol: float = 0.01

    ranges: ClassVar[Mapping[str, Range]] = {"tol": POSITIVE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        if len(shape) == 1:
            return np.zeros(shape)
        return Orthogonal().sample(shape, fan_in, fan_out, random_state)

    def rescale(self, weights: Array, z: Array) -> bool:
        variance = float(z.var(dtype=np.float64))
        if abs(variance - 1) < self.tol or not 0 < variance < math.inf:
            return False
        weights /= math.sqrt(variance)
        return True
