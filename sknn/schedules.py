"""Schedules: how the learning rate changes as training goes on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sknn._strategy import Range, Strategy


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
        Rows seen.
    plateaus : int
        How often training stopped improving and the schedule chose to go on.
    total_steps : int
        The updates done when the present call reaches ``max_iter``. A schedule that reads it
        does not go on, after a warm start, as if it had never stopped.
    """

    step: int = 0
    epoch: int = 0
    samples: int = 0
    plateaus: int = 0
    total_steps: int = 0


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
        """Tell whether training goes on, with one plateau more, when it stops improving."""
        return False


@dataclass(repr=False, eq=False)
class Constant(Schedule):
    """The initial rate throughout.

    Examples
    --------
    >>> from sknn.schedules import Constant, Progress
    >>> Constant()(0.1, Progress(epoch=99))
    0.1
    """

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return learning_rate_init


@dataclass(repr=False, eq=False)
class InvScaling(Schedule):
    """The initial rate over a power of the epoch, ``learning_rate_init / (epoch + 1)^power_t``.

    Parameters
    ----------
    power_t : float, default=0.5
        The power, not negative.

    Notes
    -----
    Differs from scikit-learn, whose count is of samples: there the rate is a hundredth of the
    initial one after the first 10,000 rows.

    Examples
    --------
    >>> from sknn.schedules import InvScaling, Progress
    >>> InvScaling()(0.1, Progress(epoch=3))
    0.05
    """

    power_t: float = 0.5

    ranges: ClassVar[Mapping[str, Range]] = {"power_t": Range(0, math.inf, "left")}

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return float(learning_rate_init / (progress.epoch + 1) ** self.power_t)


@dataclass(repr=False, eq=False)
class Adaptive(Schedule):
    """The initial rate, divided whenever training stops improving.

    After ``n_iter_no_change`` epochs without progress the rate is divided by `divisor`, and
    training stops at the first plateau on which it is no more than `minimum`:
    ``learning_rate_init / divisor^plateaus``.

    Parameters
    ----------
    divisor : float, default=5.0
        What the rate is divided by, greater than 1.
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
        "minimum": Range(0, math.inf, "neither"),
    }

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return float(learning_rate_init / self.divisor**progress.plateaus)

    def outlasts_plateau(self, learning_rate_init: float, progress: Progress) -> bool:
        return self(learning_rate_init, progress) > self.minimum


SCHEDULES: Final[dict[str, type[Schedule]]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
}
