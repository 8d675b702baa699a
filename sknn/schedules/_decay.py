"""Schedules that depend on the number of epochs only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sknn._core.strategy import COUNT, NOT_NEGATIVE, Range
from sknn.schedules._base import Progress, Schedule, divided

FACTOR: Final = Range(0, 1, "neither")


@dataclass(repr=False, eq=False)
class Constant(Schedule):
    """Keep the initial rate.

    Use it as the default.

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
    """Divide the rate by a power of the epoch, ``learning_rate_init / (epoch + 1)^power_t``.

    Use it with `SGD`, whose convergence theory asks for such a rate.

    Parameters
    ----------
    power_t : float, default=0.5
        The power, not negative.

    Notes
    -----
    scikit-learn counts samples instead of epochs, so its rate is a hundredth of the initial rate
    after the first 10,000 rows.

    Examples
    --------
    >>> from sknn.schedules import InvScaling, Progress
    >>> InvScaling()(0.1, Progress(epoch=3))
    0.05
    """

    power_t: float = 0.5

    ranges: ClassVar[Mapping[str, Range]] = {"power_t": NOT_NEGATIVE}

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return divided(learning_rate_init, progress.epoch + 1, self.power_t)


@dataclass(repr=False, eq=False)
class Step(Schedule):
    """Multiply the rate by a factor every `step_size` epochs.

    The rate is ``learning_rate_init factor^(epoch // step_size)``.

    Use it to follow a recipe that gives the epochs of the reductions.

    Parameters
    ----------
    step_size : int, default=30
        The number of epochs between two reductions, at least 1.
    factor : float in (0, 1), default=0.1
        The factor of each reduction.

    Examples
    --------
    >>> from sknn.schedules import Progress, Step
    >>> Step(step_size=10, factor=0.5)(0.1, Progress(epoch=25))
    0.025
    """

    step_size: int = 30
    factor: float = 0.1

    ranges: ClassVar[Mapping[str, Range]] = {"step_size": COUNT, "factor": FACTOR}

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return float(learning_rate_init * self.factor ** (progress.epoch // self.step_size))


@dataclass(repr=False, eq=False)
class Exponential(Schedule):
    """Multiply the rate by a factor in each epoch, ``learning_rate_init factor^epoch``.

    Use it for a smooth decay without a fixed end.

    Parameters
    ----------
    factor : float in (0, 1), default=0.97
        The factor of each reduction.

    Examples
    --------
    >>> from sknn.schedules import Exponential, Progress
    >>> Exponential(factor=0.5)(0.1, Progress(epoch=2))
    0.025
    """

    factor: float = 0.97

    ranges: ClassVar[Mapping[str, Range]] = {"factor": FACTOR}

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return float(learning_rate_init * self.factor**progress.epoch)
