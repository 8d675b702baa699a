"""Schedules that reduce the rate when training stops improving."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sknn._core.strategy import BELOW_ONE, NOT_NEGATIVE, POSITIVE, Range
from sknn.schedules._base import Progress, Schedule, divided


@dataclass(repr=False, eq=False)
class Adaptive(Schedule):
    """Divide the rate each time that training stops improving.

    After ``n_iter_no_change`` epochs without improvement, the rate is divided by `divisor`. It is
    ``learning_rate_init / divisor^plateaus``. Training stops at the first plateau at which the rate
    is at most `minimum`.

    Use it with `SGD`, `Momentum` and `Nesterov` where the length of training is not known.

    Parameters
    ----------
    divisor : float, default=5.0
        The number by which the rate is divided, greater than 1.
    minimum : float, default=1e-6
        The rate at or below which a plateau ends training.

    Examples
    --------
    >>> from sknn.schedules import Adaptive, Progress
    >>> Adaptive()(0.1, Progress(plateaus=1))
    0.02
    """

    divisor: float = 5.0
    minimum: float = 1e-6

    ranges: ClassVar[Mapping[str, Range]] = {
        "divisor": Range(1, math.inf, "neither"),
        "minimum": POSITIVE,
    }

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return divided(learning_rate_init, self.divisor, progress.plateaus)

    def outlasts_plateau(self, learning_rate_init: float, progress: Progress) -> bool:
        return self(learning_rate_init, progress) > self.minimum


@dataclass
class PlateauState:
    """The state of `ReduceOnPlateau`.

    Attributes
    ----------
    best : float
        The best metric so far.
    n_bad_epochs : int
        The number of consecutive epochs without improvement.
    n_cooldown : int
        The number of epochs of the cooldown that remain.
    n_reductions : int
        The number of reductions so far.
    """

    best: float = math.inf
    n_bad_epochs: int = 0
    n_cooldown: int = 0
    n_reductions: int = 0

    def forget_best(self) -> None:
        """Forget the best metric, but not the reductions."""
        self.best, self.n_bad_epochs = math.inf, 0


@dataclass(repr=False, eq=False)
class ReduceOnPlateau(Schedule):
    """Multiply the rate by a factor when the monitored metric stops improving.

    After n reductions the rate is ``max(minimum, learning_rate_init factor^n)``. An epoch is an
    improvement if its metric is less than ``best - threshold |best|``. The rate is reduced after
    more than `patience` consecutive epochs without improvement. Training still ends after
    ``n_iter_no_change`` such epochs, so `patience` should be smaller.

    Use it with early stopping if the metric improves in stages.

    Parameters
    ----------
    factor : float in (0, 1), default=0.1
        The number by which the rate is multiplied.
    patience : int, default=5
        The number of epochs without improvement that do not cause a reduction, not negative.
    threshold : float in [0, 1), default=1e-4
        The smallest improvement that counts, relative to the best metric.
    cooldown : int, default=0
        The number of epochs after a reduction that are not counted, not negative.
    minimum : float, default=0.0
        The smallest rate after a reduction, not negative.

    Notes
    -----
    It differs from ``torch.optim.lr_scheduler.ReduceLROnPlateau`` in two ways. The default
    `patience` of torch is 10. For negative metrics, the relative threshold of torch counts some
    worse values as better.

    Examples
    --------
    >>> from sknn.schedules import Progress, ReduceOnPlateau
    >>> schedule = ReduceOnPlateau(patience=1)
    >>> progress = Progress(state=schedule.init())
    >>> for metric in [1.0, 1.0, 1.0]:
    ...     schedule.after_epoch(metric, progress)
    >>> round(schedule(0.1, progress), 12)
    0.01
    """

    factor: float = 0.1
    patience: int = 5
    threshold: float = 1e-4
    cooldown: int = 0
    minimum: float = 0.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "factor": Range(0, 1, "neither"),
        "patience": Range(0, integer=True),
        "threshold": BELOW_ONE,
        "cooldown": Range(0, integer=True),
        "minimum": NOT_NEGATIVE,
    }

    def init(self) -> PlateauState:
        return PlateauState()

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        minimum = min(self.minimum, learning_rate_init)
        n_reductions = 0 if progress.state is None else progress.state.n_reductions
        return float(max(minimum, learning_rate_init * self.factor**n_reductions))

    def after_epoch(self, metric: float, progress: Progress) -> None:
        if progress.state is None:  # a schedule that wraps this one may lack `init`
            progress.state = self.init()
        state: PlateauState = progress.state
        if math.isinf(state.best) or metric < state.best - self.threshold * abs(state.best):
            state.best, state.n_bad_epochs = metric, 0
        else:
            state.n_bad_epochs += 1
        if state.n_cooldown > 0:
            state.n_cooldown -= 1
            state.n_bad_epochs = 0
        if state.n_bad_epochs > self.patience:
            state.n_reductions += 1
            state.n_cooldown, state.n_bad_epochs = self.cooldown, 0
