"""Losses for regression."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from scipy.optimize import brentq

from sknn._core.strategy import POSITIVE, Range
from sknn._core.typing import Array
from sknn.losses._base import (
    REGRESSION,
    FusedLoss,
    constant_of_each_output,
    weighted_mean,
    weighted_quantile,
)

# Brent's method needs at most the square of the about 40 iterations of bisection.
_MOST_ITERATIONS: Final = 2000


def _weighted_median(y: Array, weight: Array | None) -> float:
    return weighted_quantile(y, weight, 0.5)


class _Convex(FusedLoss):
    """Base of losses whose best constant is the root of the gradient and has no closed form."""

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        return constant_of_each_output(self._constant, y_true, weight)

    def _constant(self, y: Array, weight: Array | None) -> float:
        y = y.astype(np.float64)
        weights = np.ones(y.size) if weight is None else weight.astype(np.float64)
        low, high = float(y.min()), float(y.max())
        if low == high:
            return low
        # The root finder multiplies constants and slopes, which could overflow or underflow. So
        # powers of two scale both to about 1, without rounding errors.
        ends = self.gradient(np.array([[low, high]]), np.array([[high, low]]))
        slope_exponent = math.frexp(float(np.abs(ends).max()))[1]
        exponent = math.frexp(max(-low, high))[1]

        def slope(constant: float) -> float:
            constants = np.full((1, y.size), math.ldexp(constant, exponent))
            gradient = self.gradient(constants, y[np.newaxis])[0]
            return float(np.ldexp(gradient, -slope_exponent) @ weights)

        low, high = math.ldexp(low, -exponent), math.ldexp(high, -exponent)
        constant = brentq(slope, low, high, xtol=1e-12 * (high - low), maxiter=_MOST_ITERATIONS)
        return math.ldexp(float(constant), exponent)


@dataclass(repr=False, eq=False)
class SquaredError(FusedLoss):
    """Half the squared error, ``l = sum_k (z_k - y_k)^2 / 2``, ``dl/dz = z - y``.

    The link is the identity.

    Use it to predict means.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import SquaredError
    >>> SquaredError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    has_deviation: ClassVar[bool] = True

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        return constant_of_each_output(weighted_mean, y_true, weight)

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        np.subtract(raw_prediction, y_true, out=gradient)
        np.multiply(gradient, gradient, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)
        np.multiply(value, 0.5, out=value)


@dataclass(repr=False, eq=False)
class AbsoluteError(FusedLoss):
    """The absolute error, ``l = sum_k |z_k - y_k|``, ``dl/dz = sign(z - y)``.

    The link is the identity. The best constant prediction is the median.

    Use it to predict medians, or if outliers must have little influence.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import AbsoluteError
    >>> AbsoluteError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    bounded_gradient: ClassVar[bool] = True

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        return constant_of_each_output(_weighted_median, y_true, weight)

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        np.subtract(raw_prediction, y_true, out=raw_prediction)
        np.sign(raw_prediction, out=gradient)
        np.abs(raw_prediction, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)


@dataclass(repr=False, eq=False)
class Huber(_Convex):
    """Huber's loss, which is squared for small errors ``e = z - y`` and linear for large errors.

    The loss is ``e^2 / 2`` for ``|e| <= delta`` and ``delta (|e| - delta / 2)`` elsewhere, summed
    over the outputs. Its derivative is ``dl/dz = max(-delta, min(e, delta))``. The link is the
    identity.

    Use it to predict means if a few targets are outliers.

    Parameters
    ----------
    delta : float, default=1.0
        The error at which the loss becomes linear, in the units of the target; positive.

    References
    ----------
    P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics
    35, 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Huber
    >>> Huber().value(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]))
    array([0.125, 2.5  ])
    """

    delta: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"delta": POSITIVE}
    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    # The bound of the gradient is delta, which may be large.
    bounded_gradient: ClassVar[bool] = False

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        # With the clipped error c, the loss is c (e - c / 2) in both cases.
        np.subtract(raw_prediction, y_true, out=raw_prediction)
        np.clip(raw_prediction, -self.delta, self.delta, out=gradient)
        np.add(raw_prediction, raw_prediction, out=raw_prediction)
        np.subtract(raw_prediction, gradient, out=raw_prediction)
        np.multiply(raw_prediction, gradient, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)
        np.multiply(value, 0.5, out=value)


@dataclass(repr=False, eq=False)
class LogCosh(_Convex):
    """A smooth absolute error, ``l = sum_k log(cosh(z_k - y_k))``, ``dl/dz = tanh(z - y)``.

    It is computed as ``|e| + log1p(exp(-2 |e|)) - log(2)``, which cannot overflow. The link is
    the identity.

    Use it instead of `Huber` if the loss must be smooth.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import LogCosh
    >>> LogCosh().value(np.array([[0.0, 1e4]]), np.array([[0.0, 0.0]])).round(3)
    array([   0.   , 9999.307])
    """

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    bounded_gradient: ClassVar[bool] = True

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        np.subtract(raw_prediction, y_true, out=raw_prediction)
        np.abs(raw_prediction, out=gradient)
        np.multiply(gradient, -2, out=gradient)
        np.exp(gradient, out=gradient)
        np.log1p(gradient, out=gradient)
        np.subtract(gradient, math.log(2), out=gradient)
        np.add.reduce(gradient, axis=0, out=value)
        np.tanh(raw_prediction, out=gradient)
        np.abs(raw_prediction, out=raw_prediction)
        for row in raw_prediction:
            np.add(value, row, out=value)
