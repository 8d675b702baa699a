"""The Gaussian loss, with a mean and a variance for each target."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.strategy import POSITIVE, Range
from sknn._core.typing import Array
from sknn.losses._base import REGRESSION, FusedLoss, constant_of_each_output, weighted_mean

# Initial logarithms of variances are multiples of one millionth.
_GRAINS: Final = 2.0**20


@dataclass
class _GaussianScratch:
    log_variance: Array
    error: Array
    row: Array


@dataclass(repr=False, eq=False)
class Gaussian(FusedLoss):
    """The negative log-likelihood of a normal distribution with a mean and a variance per row.

    The network has two outputs for each target, the mean ``mu`` and a number ``s`` that determines
    the variance ``v = exp(s) + min_variance``. The means come first. The loss is
    ``l = sum_k (log(v_k) + (mu_k - y_k)^2 / v_k) / 2``, without the constant ``log(2 pi) / 2``. Its
    derivatives are ``dl/dmu = (mu - y) / v`` and ``dl/ds = (1 - (mu - y)^2 / v) exp(s) / (2 v)``.
    `beta` multiplies the gradient of each target by ``v^beta``. It does not change the value, so
    losses with different `beta` can be compared. The link is the identity, and `predict` returns
    the means.

    Use it to predict the size of the noise in y, which may differ from row to row.

    Parameters
    ----------
    beta : float in [0, 1], default=0.0
        The power of the variance that weights the gradient (beta-NLL). With 0 the gradient is that
        of the likelihood. With 1 the means learn as with `SquaredError`. 0.5 helps if rows with a
        large variance are fitted badly. The optimizer ``"lbfgs"`` needs 0.
    min_variance : float, default=1e-6
        The smallest variance, positive, in squared units of y. It keeps the loss finite if a target
        can be predicted exactly.

    References
    ----------
    D. A. Nix and A. S. Weigend, Estimating the mean and variance of the target probability
    distribution, ICNN 1994.

    M. Seitzer, A. Tavakoli, D. Antic and G. Martius, On the pitfalls of heteroscedastic
    uncertainty estimation with probabilistic neural networks, ICLR 2022, equation 5.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Gaussian
    >>> mean_and_log_variance = np.array([[3.0, 3.0], [0.0, np.log(4.0)]])
    >>> Gaussian().value(mean_and_log_variance, np.array([[1.0, 1.0]])).round(4)
    array([2.    , 1.1931])
    """

    beta: float = 0.0
    min_variance: float = 1e-6

    ranges: ClassVar[Mapping[str, Range]] = {"beta": Range(0, 1), "min_variance": POSITIVE}
    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    has_deviation: ClassVar[bool] = True

    def n_outputs(self, n_targets: int) -> int:
        return 2 * n_targets

    def n_predictions(self, n_outputs: int) -> int:
        return n_outputs // 2

    def noise_variance(self, raw_prediction: Array) -> Array:
        return np.exp(raw_prediction[len(raw_prediction) // 2 :]) + self.min_variance

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        means = constant_of_each_output(weighted_mean, y_true, weight)
        squares = (y_true.astype(np.float64) - means[:, np.newaxis]) ** 2
        variances = np.average(squares, axis=1, weights=weight)
        # Near min_variance the gradient vanishes, so the variance starts at twice that or above.
        exponentials = np.maximum(variances - self.min_variance, self.min_variance)
        # Rounded for the same reason as the means, see `constant_of_each_output`.
        return np.concatenate([means, np.rint(np.log(exponentials) * _GRAINS) / _GRAINS])

    def scratch(self, raw_prediction: Array) -> _GaussianScratch:
        half = raw_prediction[: len(raw_prediction) // 2]
        return _GaussianScratch(np.empty_like(half), np.empty_like(half), np.empty_like(half[0]))

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        log_variance, error = scratch.log_variance, scratch.error
        n_targets = len(log_variance)
        raw_log_variance = raw_prediction[n_targets:]
        of_mean, of_log_variance = gradient[:n_targets], gradient[n_targets:]
        # Neither exponential can overflow: v is at least min_variance, and exp(s) at most v.
        np.logaddexp(raw_log_variance, math.log(self.min_variance), out=log_variance)
        np.subtract(raw_log_variance, log_variance, out=of_log_variance)
        np.exp(of_log_variance, out=of_log_variance)
        np.subtract(raw_prediction[:n_targets], y_true, out=error)
        np.negative(log_variance, out=of_mean)
        np.exp(of_mean, out=of_mean)
        np.multiply(of_mean, error, out=of_mean)
        np.multiply(error, of_mean, out=error)
        np.add.reduce(error, axis=0, out=value)
        np.add.reduce(log_variance, axis=0, out=scratch.row)
        np.add(value, scratch.row, out=value)
        np.multiply(value, 0.5, out=value)
        np.subtract(1, error, out=error)
        np.multiply(error, 0.5, out=error)
        np.multiply(of_log_variance, error, out=of_log_variance)
        if self.beta:
            np.multiply(log_variance, self.beta, out=log_variance)
            np.exp(log_variance, out=log_variance)
            np.multiply(of_mean, log_variance, out=of_mean)
            np.multiply(of_log_variance, log_variance, out=of_log_variance)
