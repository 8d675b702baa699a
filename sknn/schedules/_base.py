"""The contract of the schedules."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from sknn._core.strategy import Strategy


@dataclass
class Progress:
    """How far training has come: the training loop counts, and schedules read.

    Attributes
    ----------
    step : int
        The number of updates done.
    epoch : int
        The number of whole passes over the rows done.
    samples : int
        The number of rows seen in whole passes.
    plateaus : int
        How often training stopped improving and the schedule chose to continue.
    first_step : int
        The value of `batches` when the present run began: each call to `fit` begins one, and so
        does a call to `partial_fit` when the last run is over.
    total_steps : int
        The value of `batches` when the run reaches ``max_iter`` epochs (calls of `partial_fit`).
        After a warm start, a schedule that reads it differs from one in a single longer fit.
    steps_per_epoch : int
        The number of batches in an epoch.
    skipped : int
        The number of batches without an update, because all their weights are zero.
    state : object
        What the schedule's `init` returned. A warm start keeps it, unless the `init` of the present
        schedule returns an object of another class.

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
    state: Any = None

    @property
    def batches(self) -> int:
        """The number of batches passed, including those without weight."""
        return self.step + self.skipped

    @property
    def fraction(self) -> float:
        """The part of the run that is done, from 0 to 1; 0 if its end is not known."""
        length = self.total_steps - self.first_step
        done = (self.batches - self.first_step) / length if length > 0 else 0.0
        return min(1.0, max(0.0, done))

    def forget_best(self) -> None:
        """Call the state's ``forget_best()``, if it has one.

        Training does so when the data or the criterion of stopping change, since later metrics
        cannot be compared with earlier ones.
        """
        forget = getattr(self.state, "forget_best", None)
        if forget:
            forget()


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
class Schedule(Strategy, ABC):
    """Base of the schedules: subclass it and write ``__call__``."""

    def init(self) -> Any:
        """Return a new state, which the training loop keeps in ``progress.state``.

        Returns
        -------
        state : object
            What the schedule counts from epoch to epoch: a dataclass, of which `after_epoch`
            changes the fields. None, unless overridden, for a schedule that counts nothing.
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
            How far training has come; its counts are 0 before the first step.

        Returns
        -------
        learning_rate : float
        """

    def outlasts_plateau(self, learning_rate_init: float, progress: Progress) -> bool:
        """Return whether training continues, with one more plateau, when it stops improving.

        Parameters
        ----------
        learning_rate_init : float
            The rate at the start.
        progress : Progress
            How far training has come.

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
        """Record an epoch in ``progress.state``.

        Parameters
        ----------
        metric : float
            The criterion of stopping, of which smaller is better: the training loss, the validation
            loss, or the negated score.
        progress : Progress
            How far training has come; the method may change the state in it.
        """
