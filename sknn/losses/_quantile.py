"""The quantile loss, for one level or for several levels whose predictions do not cross."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn.activations import Activation, Identity, Softplus
from sknn.losses._base import (
    REGRESSION,
    FusedLoss,
    constant_of_each_output,
    weighted_quantile,
)

LEVEL: Final = Range(0, 1, "neither")
# The smallest distance between the initial predictions of two levels.
_SMALLEST_GAP: Final = 1e-6


@dataclass
class _Steps:
    softplus: Any  # its scratch
    steps: Array  # of shape (n_outputs - 1, n_samples)


@dataclass(repr=False, eq=False)
class Increasing(Activation):
    """Increasing outputs, ``a_1 = z_1``, ``a_k = a_(k-1) + log(1 + exp(z_k))``.

    It is the link of `Quantile` with several levels. ``dL/dz_k`` is the sum of ``dL/da_j`` over
    ``j >= k``, times ``1 / (1 + exp(-z_k))`` for ``k > 1``.

    Examples
    --------
    >>> from sknn.losses import Increasing
    >>> Increasing()([1.0, -100.0, 0.0]).round(4)
    array([1.    , 1.    , 1.6931])
    """

    def scratch(self, z: Array) -> _Steps:
        return _Steps(Softplus().scratch(z[1:]), np.empty_like(z[1:]))

    def forward(self, z: Array, a: Array, scratch: Any) -> None:
        Softplus().forward(z[1:], scratch.steps, scratch.softplus)
        np.copyto(a[0], z[0])
        for k, step in enumerate(scratch.steps):
            np.add(a[k], step, out=a[k + 1])

    def backward(self, delta: Array, z: Array, a: Array, scratch: Any) -> None:
        for k in range(len(delta) - 1, 0, -1):
            np.add(delta[k - 1], delta[k], out=delta[k - 1])
        Softplus().backward(delta[1:], z[1:], a[1:], scratch.softplus)


@dataclass(repr=False, eq=False)
class Quantile(FusedLoss):
    """The pinball loss, ``l = max(q (y - p), (q - 1) (y - p))``, which quantiles minimize.

    ``p`` is the prediction and ``q`` the level. ``dl/dp`` is ``-q`` for ``y > p`` and ``1 - q``
    elsewhere. With one level, the loss is summed over the outputs and the link is the identity.
    With several levels, the target has one column, the network has one output for each level, and
    the loss is summed over the levels. The predictions then have the shape (n_samples, n_levels),
    and the link `Increasing` keeps them from crossing.

    Use it for prediction intervals, or if predictions that are too high and too low have different
    costs.

    Parameters
    ----------
    quantile : float in (0, 1), or increasing sequence of them, default=0.5
        The level or levels of the predicted quantiles.

    References
    ----------
    R. Koenker and G. Bassett, Regression quantiles, Econometrica 46, 1978, equation 1.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Quantile
    >>> Quantile(0.9).value(np.array([[0.0, 0.0]]), np.array([[1.0, -1.0]])).round(
    ...     6
    ... )
    array([0.9, 0.1])
    """

    quantile: Any = 0.5

    ranges: ClassVar[Mapping[str, Range]] = {"quantile": LEVEL}
    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    bounded_gradient: ClassVar[bool] = True

    @property
    def predicts_columns(self) -> bool:
        return not isinstance(self.quantile, Real)

    @property
    def levels(self) -> list[float]:
        """The levels, in increasing order."""
        levels = self.quantile if self.predicts_columns else [self.quantile]
        return [float(level) for level in levels]

    def check(self, name: str) -> None:
        if not self.predicts_columns:
            super().check(name)
            return
        is_sequence = isinstance(self.quantile, (Sequence, np.ndarray))
        is_sequence = is_sequence and not isinstance(self.quantile, str)
        levels = list(self.quantile) if is_sequence else []
        increasing = all(a < b for a, b in pairwise(levels))
        if not levels or any(level not in LEVEL for level in levels) or not increasing:
            raise ValueError(
                f"{name}__quantile must be {LEVEL}, or an increasing sequence of such numbers, got "
                f"{self.quantile!r}."
            )

    def check_targets(self, y: Array, name: str) -> None:
        if self.predicts_columns and y.shape[1] > 1:
            raise ValueError(
                f"{name} has {y.shape[1]} columns, but {self!r} with several levels needs one. "
                "Wrap the regressor in MultiOutputRegressor, or pass a single level."
            )

    def n_outputs(self, n_targets: int) -> int:
        return len(self.levels) if self.predicts_columns else n_targets

    def link(self, target: str) -> Activation:
        return Increasing() if self.predicts_columns else Identity()

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        constants = [
            constant_of_each_output(partial(weighted_quantile, level=level), y_true, weight)
            for level in self.levels
        ]
        if not self.predicts_columns:
            return constants[0]
        firsts = [constant[0] for constant in constants]
        steps = np.maximum(np.diff(firsts), _SMALLEST_GAP)
        return np.concatenate([firsts[:1], steps + np.log(-np.expm1(-steps))])

    def scratch(self, raw_prediction: Array) -> tuple[Any, Array, Array]:
        levels = np.array(self.levels, raw_prediction.dtype)[:, np.newaxis]
        link = self.link(REGRESSION)
        return link.scratch(raw_prediction), np.empty_like(raw_prediction), levels

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        link_scratch, prediction, levels = scratch
        link = self.link(REGRESSION)
        link.forward(raw_prediction, prediction, link_scratch)
        # With e = p - y, l = max(e, 0) - q e and dl/dp = [e >= 0] - q.
        np.subtract(prediction, y_true, out=prediction)
        np.greater_equal(prediction, 0, out=gradient)
        np.subtract(gradient, levels, out=gradient)
        np.multiply(prediction, gradient, out=prediction)
        np.add.reduce(prediction, axis=0, out=value)
        link.backward(gradient, raw_prediction, prediction, link_scratch)
