"""The contract of the schedules."""

import math
from dataclasses import dataclass

from sknn._core.strategy import Strategy


@dataclass
class Progress:
    """How far training is; the trainer counts, schedules read.

    Attributes
    ----------
    step : int
        Updates done.
    epoch : int
        Whole passes done.
    samples : int
        Rows seen, in whole passes.
    plateaus : int
        How often training stopped improving and the schedule chose to go on.
    first_step : int
        The value of `batches` when the present run began: each call to `fit` begins one, and so
        does a call to `partial_fit` when the last run is over.
    total_steps : int
        The value of `batches` when the run reaches ``max_iter`` epochs (calls of `partial_fit`). A
        schedule that reads it does not go on, after a warm start, as if it had never stopped.
    steps_per_epoch : int
        Batches of an epoch.
    skipped : int
        Batches that were passed without an update, because all their weights are zero.
    metric_best, n_bad_epochs, n_cooldown, n_reductions
        What `ReduceOnPlateau` counts.

    Notes
    -----
    A schedule that plans ahead counts `batches`: how many of them will have no weight is not known
    beforehand, since each epoch shuffles the rows.
    """

    step: int = 0
    epoch: int = 0
    samples: int = 0
    plateaus: int = 0
    first_step: int = 0
    total_steps: int = 0
    steps_per_epoch: int = 0
    skipped: int = 0
    metric_best: float = math.inf
    n_bad_epochs: int = 0
    n_cooldown: int = 0
    n_reductions: int = 0

    @property
    def batches(self) -> int:
        """Batches passed, those without weight included."""
        return self.step + self.skipped

    @property
    def fraction(self) -> float:
        """The part of the run that is done, from 0 to 1; 0 if its end is not known."""
        length = self.total_steps - self.first_step
        done = (self.batches - self.first_step) / length if length > 0 else 0.0
        return min(1.0, max(0.0, done))


def divided(rate: float, base: float, power: float) -> float:
    """Return ``rate / base^power``, and 0 where the power is beyond all floats.

    Examples
    --------
    >>> from sknn.schedules._base import divided
    >>> divided(0.1, 5.0, 1), divided(0.1, 5.0, 1000)
    (0.02, 0.0)
    """
    try:
        return float(rate / base**power)
    except OverflowError:
        return 0.0


@dataclass(repr=False, eq=False)
class Schedule(Strategy):
    """Base of the schedules: subclass it and write ``__call__``."""

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        """Return the learning rate of the next step.

        Parameters
        ----------
        learning_rate_init : float
            The rate at the start.
        progress : Progress
            What has been done so far; all zeros before the first step.

        Returns
        -------
        learning_rate : float
        """
        raise NotImplementedError

    def outlasts_plateau(self, learning_rate_init: float, progress: Progress) -> bool:
        """Tell whether training goes on, with one plateau more, when it stops improving.

        Parameters
        ----------
        learning_rate_init : float
            The estimator's.
        progress : Progress
            Where training stands.

        Returns
        -------
        goes_on : bool
            False unless overridden.
        """
        return False

    @property
    def knows_end(self) -> bool:
        """Whether the rate is planned to the last epoch: training then runs to ``max_iter``."""
        return False

    def after_epoch(self, metric: float, progress: Progress) -> None:
        """Take note of an epoch, in ``progress``, where the trainer keeps it.

        Parameters
        ----------
        metric : float
            What decides on stopping, smaller is better: the training loss, the validation loss, or
            the negated score.
        progress : Progress
            Its counts may be updated.
        """
