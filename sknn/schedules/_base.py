"""The base class of schedules."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from sknn._core.strategy import Strategy


@dataclass
class Progress:
    """The progress of training, which the training loop counts and schedules read.

    Attributes
    ----------
    step : int
        The number of completed updates.
    epoch : int
        The number of completed passes over the rows.
    samples : int
        The number of rows in completed passes.
    plateaus : int
        The number of times that training stopped improving and the schedule chose to continue.
    first_step : int
        The value of `batches` at the start of the current run. Each call to `fit` starts a run, and
        so does a call to `partial_fit` after the end of the last run.
    total_steps : int
        The value of `batches` when the run reaches ``max_iter`` epochs (calls of `partial_fit`).
        After a warm start, a schedule that reads this value differs from one in a longer fit.
    steps_per_epoch : int
        The number of batches in an epoch.
    skipped : int
        The number of batches without an update, because all their weights are zero.
    state : object
        The state that the schedule's `init` returned. A warm start keeps the state, unless the
        `init` of the current schedule returns an object of another class.

    Notes
    -----
    A schedule that plans ahead counts `batches`. The number of batches without weight is not known
    in advance, because each epoch shuffles the rows.
    """

    step: int = 0
    epoch: int = 0
    samples: int = 0
    plateaus: int = 0
    first_step: int = 0
    total_steps: int = 0
    steps_per_epoch: int = 0
    skipped: int = 0
    state: Any = None

    @property
    def batches(self) -> int:
        """The number of processed batches, including those without weight."""
        return self.step + self.skipped

    @property
    def fraction(self) -> float:
        """The completed fraction of the run, from 0 to 1; 0 if the end of the run is unknown."""
        length = self.total_steps - self.first_step
        done = (self.batches - self.first_step) / length if length > 0 else 0.0
        return min(1.0, max(0.0, done))

    def forget_best(self) -> None:
        """Call ``forget_best()`` of the state, if the state has this method.

        Training calls this method when the data or the metric that decides on stopping changes,
        because later metrics cannot be compared with earlier ones.
        """
        forget = getattr(self.state, "forget_best", None)
        if forget:
            forget()


def divided(rate: float, base: float, power: float) -> float:
    """Return ``rate / base^power``, or 0 if the power overflows.

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
class Schedule(Strategy, ABC):
    """Base of the schedules: subclass it and define ``__call__``."""

    def init(self) -> Any:
        """Return a new state, which the training loop keeps in ``progress.state``.

        Returns
        -------
        state : object
            A dataclass whose fields `after_epoch` changes, for a schedule that counts over several
            epochs. None, unless overridden, for a schedule without state.
        """
        return None

    @abstractmethod
    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        """Return the learning rate of the next step.

        Parameters
        ----------
        learning_rate_init : float
            The rate at the start.
        progress : Progress
            The progress of training; all counts are 0 before the first step.

        Returns
        -------
        learning_rate : float
        """

    def outlasts_plateau(self, learning_rate_init: float, progress: Progress) -> bool:
        """Return whether to continue training when it stops improving.

        Parameters
        ----------
        learning_rate_init : float
            The rate at the start.
        progress : Progress
            The progress of training. If training continues, `plateaus` increases by 1.

        Returns
        -------
        continues : bool
            False unless overridden.
        """
        return False

    @property
    def knows_end(self) -> bool:
        """Whether the rate is planned to the last epoch. If so, training runs to ``max_iter``."""
        return False

    def after_epoch(self, metric: float, progress: Progress) -> None:
        """Record an epoch in ``progress.state``.

        Parameters
        ----------
        metric : float
            The metric that decides on stopping: the training loss, the validation loss or the
            negated score. Smaller is better.
        progress : Progress
            The progress of training. The method may change ``progress.state``.
        """
