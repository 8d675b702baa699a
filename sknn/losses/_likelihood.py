"""Losses of positive numbers with a logarithmic link: half the deviance of a distribution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import xlogy

from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn.activations import Activation, Exponential
from sknn.losses._base import REGRESSION, FusedLoss, constant_of_each_output, weighted_mean


class _LogLink(FusedLoss):
    """Base of the losses with ``mu = exp(z)``, whose best constant prediction is the mean."""

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    positive_targets: ClassVar[bool] = True
    allows_zero: ClassVar[bool] = True

    def link(self, target: str) -> Activation:
        return Exponential()

    def scratch(self, raw_prediction: Array) -> Array:
        return np.empty_like(raw_prediction)

    def check_targets(self, y: Array, name: str) -> None:
        wrong = y.min() < 0 if self.allows_zero else y.min() <= 0
        if wrong:
            bound = "0 or more" if self.allows_zero else "more than 0"
            raise ValueError(f"{name} must be {bound} with loss={self!r}, got {y.min():g}.")

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        rounded = constant_of_each_output(weighted_mean, y_true, weight)
        exact = np.array([weighted_mean(y, weight) for y in y_true])
        mean = np.where(rounded > 0, rounded, exact)
        # If all targets are zero, the best constant is -inf; start as if half an event had
        # occurred.
        return np.log(np.where(mean > 0, mean, 0.5 / y_true.shape[1]))


@dataclass(repr=False, eq=False)
class Poisson(_LogLink):
    """Half the Poisson deviance, ``l = exp(z) - y z + y log(y) - y``.

    The loss is summed over the outputs, and ``dl/dz = exp(z) - y``. The link is the exponential, so
    predictions are positive. Targets must not be negative. If rows have different exposures,
    predict the rate and pass the exposure as ``sample_weight``.

    Use it for counts.

    References
    ----------
    P. McCullagh and J. A. Nelder, Generalized linear models, 1989, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Poisson
    >>> Poisson().value(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))
    array([0., 1.])
    """

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        np.exp(raw_prediction, out=gradient)
        np.multiply(raw_prediction, y_true, out=raw_prediction)
        np.subtract(gradient, y_true, out=gradient)
        np.subtract(gradient, raw_prediction, out=raw_prediction)
        xlogy(y_true, y_true, out=scratch)
        np.add(raw_prediction, scratch, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)


@dataclass(repr=False, eq=False)
class Gamma(_LogLink):
    """Half the gamma deviance, ``l = z - log(y) + y exp(-z) - 1``.

    The loss is summed over the outputs, and ``dl/dz = 1 - y exp(-z)``. The loss depends on the
    ratio of target and prediction. The link is the exponential. Targets must be positive.

    Use it for positive quantities whose error grows with their size, such as durations and costs.

    References
    ----------
    P. McCullagh and J. A. Nelder, Generalized linear models, 1989, section 8.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Gamma
    >>> Gamma().value(np.array([[0.0, 0.0]]), np.array([[1.0, 2.0]])).round(4)
    array([0.    , 0.3069])
    """

    allows_zero: ClassVar[bool] = False

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        np.negative(raw_prediction, out=gradient)
        np.exp(gradient, out=gradient)
        np.multiply(gradient, y_true, out=gradient)
        np.subtract(1, gradient, out=gradient)
        np.log(y_true, out=scratch)
        np.subtract(raw_prediction, scratch, out=raw_prediction)
        np.subtract(raw_prediction, gradient, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)


@dataclass(repr=False, eq=False)
class Tweedie(_LogLink):
    """Half the Tweedie deviance with a power between those of Poisson and gamma.

    With ``p`` for `power` and ``mu = exp(z)``, the loss is ``l = y^(2 - p) / ((1 - p) (2 - p)) - y
    mu^(1 - p) / (1 - p) + mu^(2 - p) / (2 -
    p)``, summed over the outputs. Its derivative is ``dl/dz = mu^(2 - p) - y mu^(1 - p)``. The link
    is the exponential. Targets must not be negative.

    Use it for amounts that are often zero, such as claims.

    Parameters
    ----------
    power : float in (1, 2), default=1.5
        The power of the mean to which the variance is proportional. Near 1 the loss is close to
        `Poisson`, near 2 to `Gamma`.

    References
    ----------
    B. Jørgensen, Exponential dispersion models, Journal of the Royal Statistical Society B 49,
    1987, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Tweedie
    >>> Tweedie().value(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))
    array([0., 2.])
    """

    power: float = 1.5

    ranges: ClassVar[Mapping[str, Range]] = {"power": Range(1, 2, "neither")}

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        low, high = 1 - self.power, 2 - self.power
        np.multiply(raw_prediction, high, out=gradient)
        np.exp(gradient, out=gradient)  # mu^(2 - p)
        np.multiply(raw_prediction, low, out=raw_prediction)
        np.exp(raw_prediction, out=raw_prediction)
        np.multiply(raw_prediction, y_true, out=raw_prediction)  # y mu^(1 - p)
        np.multiply(gradient, 1 / high, out=scratch)
        np.subtract(gradient, raw_prediction, out=gradient)
        np.multiply(raw_prediction, -1 / low, out=raw_prediction)
        np.add(raw_prediction, scratch, out=raw_prediction)
        np.power(y_true, high, out=scratch)
        np.multiply(scratch, 1 / (low * high), out=scratch)
        np.add(raw_prediction, scratch, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)
