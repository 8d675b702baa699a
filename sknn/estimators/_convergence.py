"""The end of a loss curve: whether the loss still moves, and how far it would fall."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

# The loss still moves if, in the last tenth of the epochs, it changes by more than the first share
# of its total decrease. The second share suffices if the change per epoch exceeds the third share
# of the loss.
_MUCH, _SOMETHING, _AN_EPOCH = 0.05, 0.005, 0.01
# The loss also still moves if as many epochs again would lower it by this share of its value.
_WORTH_IT: Final = 0.1
# The share of the epochs before a point over which the loss is averaged, because it is noisy.
_SMOOTHED: Final = 0.1


@final
@dataclass
class Trend:
    """The movement of a loss curve at its end.

    Attributes
    ----------
    curve : sequence of float
        The loss of each epoch.
    change : float
        The decrease of the loss in the last epochs; NaN if there is one epoch.
    n_epochs : int
        The number of these epochs: a tenth of all.
    forecast : float
        The share of the loss by which as many epochs again would lower it; 0 if they would lower
        it by less than `tol` an epoch, which does not count as an improvement.
    """

    curve: Sequence[float]
    change: float
    n_epochs: int
    forecast: float

    @classmethod
    def of(cls, curve: Sequence[float], tol: float) -> "Trend":
        """Return the trend of a curve."""
        n_epochs = min(len(curve) - 1, max(1, len(curve) // 10))
        change = curve[-1 - n_epochs] - curve[-1] if n_epochs else math.nan
        fall, level = expected_fall(curve), _level(curve, len(curve))
        counts = level > 0 and fall > tol * len(curve)
        return cls(curve, change, n_epochs, fall / level if counts else 0.0)

    def still_moves(self) -> bool:
        """Tell whether the loss changes, or would fall by a tenth."""
        return math.isnan(self.change) or self._changes() or self.forecast >= _WORTH_IT

    def _changes(self) -> bool:
        fallen = self.curve[0] - min(self.curve)
        fast = abs(self.change) > _AN_EPOCH * self.n_epochs * abs(self.curve[-1])
        return fallen <= 0 or abs(self.change) > (_SOMETHING if fast else _MUCH) * fallen

    def describe(self, name: str) -> str:
        """Return the trend in words, for a loss with this name; empty if there is one epoch."""
        if not self.n_epochs:
            return ""
        verb = "fell" if self.change >= 0 else "rose"
        last = "its last epoch" if self.n_epochs == 1 else f"its last {self.n_epochs} epochs"
        description = (
            f": in {last} the {name} {verb} by {abs(self.change):.2g} to {self.curve[-1]:.4g}"
        )
        if self.change >= 0 and self.forecast >= _WORTH_IT:
            description += (
                f", and {len(self.curve)} more would lower it by about {self.forecast:.0%}"
            )
        return description


def expected_fall(curve: Sequence[float]) -> float:
    """Return the decrease that a loss curve would show if its number of epochs doubled.

    A curve ``c + b t^-a`` falls, in each doubling of the epochs, by a constant share of its fall
    in the doubling before. So the next fall follows from the last two, for any ``a``, ``b`` and
    ``c``. It is expected to be no larger than the last one, and a positive loss is not expected to
    fall faster than a curve ``b exp(-a t)``, which falls to zero.

    Parameters
    ----------
    curve : sequence of float
        The loss of each epoch.

    Returns
    -------
    fall : float
        The expected decrease, not negative; 0 for fewer than four epochs.
    """
    n_epochs = len(curve)
    if n_epochs < 4:
        return 0.0
    quarter, half, end = (_level(curve, n) for n in (n_epochs // 4, n_epochs // 2, n_epochs))
    before, last = quarter - half, half - end
    if last <= 0:
        return 0.0
    most = min(last, end * (1 - (end / half) ** 2)) if end > 0 else last
    return min(most, last * last / before) if before > 0 else most


def _level(curve: Sequence[float], n_epochs: int) -> float:
    """Return the mean loss of the last tenth of the first epochs."""
    n_averaged = max(1, int(_SMOOTHED * n_epochs))
    return float(np.mean(curve[n_epochs - n_averaged : n_epochs]))
