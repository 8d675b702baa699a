"""The configuration of a fit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from sknn.averaging import Averaging
from sknn.optimizers import Minimizer, Optimizer
from sknn.schedules import Progress, Schedule


def _do_nothing() -> bool:
    return False


@final
@dataclass
class FitConfiguration:
    """The configuration of a fit, constant while it trains.

    Attributes
    ----------
    optimizer : Optimizer or Minimizer
        The rule of each step, or the minimizer that runs all of them.
    schedule : Schedule
        The schedule that computes the learning rate of each step.
    learning_rate_init : float
        The learning rate from which the schedule starts.
    batch_size : int
        The number of rows in a step.
    max_iter : int
        The largest number of epochs (of iterations, for a minimizer).
    horizon : int
        The number of epochs for which schedules plan.
    incremental : bool
        Whether the call continues a run of several calls, as ``partial_fit`` does.
    shuffle : bool
        Whether each epoch shuffles the rows. Full-batch optimizers never shuffle them.
    tol : float
        The smallest decrease that counts as an improvement.
    n_iter_no_change : float
        The number of epochs without improvement after which training ends.
    early_stopping : bool
        Whether validation decides on stopping, and the best weights are kept. Otherwise the
        training loss decides.
    averaging : Averaging or None
        The average of the weights over the steps; None for no average.
    report : callable
        Called after each epoch as ``report(training)``.
    block_size : int or None
        The number of rows in a block if each epoch shuffles blocks; None to shuffle all rows.
    begin_epoch, end_epoch : callable
        Called before each epoch, and after the epoch is complete. Training stops if `end_epoch`
        returns True.
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
    block_size: int | None = None
    begin_epoch: Callable[[], object] = _do_nothing
    end_epoch: Callable[[], bool] = _do_nothing

    @property
    def has_steps(self) -> bool:
        """Whether the optimizer takes steps, unlike a minimizer, which runs all iterations."""
        return isinstance(self.optimizer, Optimizer)

    def learning_rate(self, progress: Progress) -> float:
        """Return the learning rate of a step, or raise a ValueError if the schedule has none."""
        rate = self.schedule(self.learning_rate_init, progress)
        if rate is None or not 0 <= rate < math.inf:
            raise ValueError(
                f"learning_rate={self.schedule!r} must return rates of 0 or more, got {rate!r}."
            )
        return rate
