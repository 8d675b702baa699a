"""Initializers with structured matrices."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import RandomState

from sknn._core.strategy import COUNT, FINITE, NOT_NEGATIVE, POSITIVE, Range
from sknn._core.typing import Array
from sknn.initializers._base import Initializer, Shape


@dataclass(repr=False, eq=False)
class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, times `gain`.

    It is the orthogonal factor of a Gaussian matrix. Its signs are fixed so that it is distributed
    uniformly over the orthogonal matrices. A vector (a bias) is a random direction of length
    `gain`.

    Use it in deep networks, where it preserves the length of signals.

    Parameters
    ----------
    gain : float, default=1.0
        The factor, positive.

    References
    ----------
    A. M. Saxe, J. L. McClelland and S. Ganguli, Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks, ICLR 2014, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Orthogonal
    >>> weights = Orthogonal().sample((3, 2), 3, 2, np.random.RandomState(0))
    >>> abs(weights.T @ weights).round(6)
    array([[1., 0.],
           [0., 1.]])
    """

    gain: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"gain": POSITIVE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        rows, columns = shape[0], math.prod(shape[1:])
        gaussian = random_state.normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(gaussian)
        q *= np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


@dataclass(repr=False, eq=False)
class Identity(Initializer):
    """The identity matrix times `gain`, padded with zeros if it is not square; biases are zero.

    A layer with as many units as inputs initially passes its inputs on.

    Use it in deep networks whose layers have the same width and should start as the identity.

    Parameters
    ----------
    gain : float, default=1.0
        The factor.

    References
    ----------
    Q. V. Le, N. Jaitly and G. E. Hinton, A simple way to initialize recurrent networks of
    rectified linear units, 2015, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Identity
    >>> Identity().sample((2, 3), 2, 3, np.random.RandomState(0))
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """

    gain: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"gain": FINITE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return self.gain * np.eye(*shape) if len(shape) == 2 else np.zeros(shape)


@dataclass(repr=False, eq=False)
class Sparse(Initializer):
    """``N(0, std^2)`` for `n_connections` inputs of each unit, drawn at random; zeros elsewhere.

    The weighted input of a unit then does not depend on the width of the layer below. Biases are
    zero.

    Use it in wide networks, so that units differ from each other from the start.

    Parameters
    ----------
    n_connections : int, default=15
        The number of inputs of a unit with a nonzero weight, at least 1. A unit with fewer inputs
        uses all of them.
    std : float, default=1.0
        The standard deviation of the nonzero weights, not negative.

    References
    ----------
    J. Martens, Deep learning via Hessian-free optimization, ICML 2010, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Sparse
    >>> weights = Sparse(3).sample((100, 4), 100, 4, np.random.RandomState(0))
    >>> (weights != 0).sum(axis=0)
    array([3, 3, 3, 3])
    """

    n_connections: int = 15
    std: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "n_connections": COUNT,
        "std": NOT_NEGATIVE,
    }

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        weights = np.zeros(shape)
        if len(shape) == 2:
            n_connections = min(self.n_connections, fan_in)
            rows = random_state.uniform(size=shape).argsort(axis=0)[:n_connections]
            values = random_state.normal(0.0, self.std, rows.shape)
            np.put_along_axis(weights, rows, values, axis=0)
        return weights
