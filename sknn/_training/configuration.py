"""The configuration of a fit: how to train."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sknn.averaging import Averaging
from sknn.optimizers import Minimizer, Optimizer
from sknn.schedules import Progress, Schedule


def _go_on() -> bool:
    return False


@dataclass
class FitConfiguration:
    """How a fit goes about it.

    Attributes
    ----------
    optimizer : Optimizer or Minimizer
        The rule of a step, or of all of them.
    schedule : Schedule
        The rate of each step.
    learning_rate_init : float
        Where it starts.
    batch_size : int
        Rows of a step.
    max_iter : int
        The most epochs (iterations, for a minimizer).
    horizon : int
        The epochs that schedules plan for.
    incremental : bool
        Whether this is a part of a run that other calls began.
    shuffle : bool
        Whether each epoch shuffles the order of the last one; not if its one step must have all.
    tol : float
        How much better counts as an improvement.
    n_iter_no_change : float
        Epochs without one that end training.
    early_stopping : bool
        Whether validation decides, and the best weights are kept; the training loss otherwise.
    averaging : Averaging or None
        The average of the weights over the steps, if there is to be one.
    report : callable
        Told of each epoch: ``report(training)``.
    begin_epoch, end_epoch : callable
        Called before each epoch, and when all of it is done; training stops if the latter returns
        True.
    """

    optimizer: Optimizer | Minimizer
    schedule: Schedule
    learning_rate_init: float
    batch_size: int
    max_iter: int
    horizon: int
    incremental: bool
    shuffle: bool
    tol: float
    n_iter_no_change: float
    early_stopping: bool
    averaging: Averaging | None
    report: Callable[[Any], None]
    begin_epoch: Callable[[], object] = _go_on
    end_epoch: Callable[[], bool] = _go_on

    @property
    def has_steps(self) -> bool:
        """Whether the optimizer takes steps; a minimizer runs by itself."""
        return isinstance(self.optimizer, Optimizer)

    def learning_rate(self, progress: Progress) -> float:
        """Return the rate of a step; a ValueError if the schedule returns none."""
        rate = self.schedule(self.learning_rate_init, progress)
        if rate is None or not 0 <= rate < math.inf:
            raise ValueError(
                f"learning_rate={self.schedule!r} must return rates of 0 or more, got {rate!r}."
            )
        return rate
