"""Schedules that plan the rate to the last epoch, so that training runs to ``max_iter``."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sknn._core.strategy import COUNT, NOT_NEGATIVE, POSITIVE, Range
from sknn.schedules._base import Progress, Schedule

# The logarithm of the largest ratio of two cycles.
_LONGEST: Final = 100.0


class _Planned(Schedule):
    """Base of the schedules that plan the rate to the end of a fit."""

    @property
    def knows_end(self) -> bool:
        return True

    def outlasts_plateau(self, learning_rate_init: float, progress: Progress) -> bool:
        return True


@dataclass(repr=False, eq=False)
class Polynomial(_Planned):
    """Reduce the rate to zero as a power of the remaining time.

    The rate is ``learning_rate_init (1 - f)^power``, where ``f`` is the completed fraction of the
    run, ``progress.fraction``.

    Use it for a simple decay to zero over a known number of epochs.

    Parameters
    ----------
    power : float, default=1.0
        The power, positive; with 1 the decay is linear.

    Examples
    --------
    >>> from sknn.schedules import Polynomial, Progress
    >>> Polynomial(power=2.0)(0.1, Progress(step=50, total_steps=100))
    0.025
    """

    power: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"power": POSITIVE}

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        return float(learning_rate_init * (1 - progress.fraction) ** self.power)


@dataclass(repr=False, eq=False)
class Cosine(_Planned):
    """Reduce the rate along half a cosine to `minimum`, once or several times.

    The rate is ``minimum + (learning_rate_init - minimum) (1 + cos(pi c)) / 2``, where ``c`` is the
    completed fraction of the cycle. The run has `n_cycles` cycles, each `cycle_factor` times as
    long as the one before it.

    Use it for a known number of epochs: the rate stays high for a long time and ends gently.

    Parameters
    ----------
    n_cycles : int, default=1
        The number of cycles, at least 1. Each cycle after the first is a warm restart.
    cycle_factor : float, default=1.0
        The ratio of the length of a cycle to that of the one before it, at least 1.
    minimum : float, default=0.0
        The rate at the end of a cycle, not negative.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017,
    equation 5.

    Examples
    --------
    >>> from sknn.schedules import Cosine, Progress
    >>> round(Cosine()(0.1, Progress(step=50, total_steps=100)), 12)
    0.05
    >>> Cosine(n_cycles=2)(0.1, Progress(step=50, total_steps=100))
    0.1
    """

    n_cycles: int = 1
    cycle_factor: float = 1.0
    minimum: float = 0.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "n_cycles": COUNT,
        "cycle_factor": Range(1, math.inf, "left"),
        "minimum": NOT_NEGATIVE,
    }

    def check(self, name: str) -> None:
        super().check(name)
        if self.n_cycles * math.log(self.cycle_factor) > _LONGEST:
            raise ValueError(
                f"{name}__cycle_factor={self.cycle_factor!r} is too large for "
                f"{name}__n_cycles={self.n_cycles!r}: the last cycle would take all of the run. "
                "Lower one of them."
            )

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        lengths = [self.cycle_factor**i for i in range(self.n_cycles)]
        done = progress.fraction * sum(lengths)
        while len(lengths) > 1 and done >= lengths[0] * (1 - 1e-12):
            done -= lengths.pop(0)
        share = (1 + math.cos(math.pi * max(0.0, done) / lengths[0])) / 2
        return float(self.minimum + (learning_rate_init - self.minimum) * share)


@dataclass(repr=False, eq=False)
class OneCycle(_Planned):
    """Raise the rate to the initial rate and then reduce it far below, each along half a cosine.

    In the first part of the run the rate rises from ``learning_rate_init / start_divisor`` to
    ``learning_rate_init``, its largest value. In the second part it falls to
    ``learning_rate_init / start_divisor / end_divisor``.

    Use it to train in few epochs, with a large rate from the range test.

    Parameters
    ----------
    warmup_fraction : float in (0, 1), default=0.3
        The fraction of the run in which the rate rises.
    start_divisor : float, default=25.0
        The largest rate divided by the first rate, at least 1.
    end_divisor : float, default=1e4
        The first rate divided by the last rate, at least 1.

    References
    ----------
    L. N. Smith and N. Topin, Super-convergence: very fast training of neural networks using large
    learning rates, 2018, section 3; the cosines are those of ``torch``'s ``OneCycleLR``.

    Examples
    --------
    >>> from sknn.schedules import OneCycle, Progress
    >>> OneCycle()(0.1, Progress(step=30, total_steps=100))
    0.1
    """

    warmup_fraction: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e4

    ranges: ClassVar[Mapping[str, Range]] = {
        "warmup_fraction": Range(0, 1, "neither"),
        "start_divisor": Range(1, math.inf, "left"),
        "end_divisor": Range(1, math.inf, "left"),
    }

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        fraction, peak = progress.fraction, self.warmup_fraction
        first = learning_rate_init / self.start_divisor
        if fraction < peak:
            return _between(first, learning_rate_init, fraction / peak)
        return _between(
            learning_rate_init, first / self.end_divisor, (fraction - peak) / (1 - peak)
        )


def _between(start: float, end: float, share: float) -> float:
    return float(end + (start - end) * (1 + math.cos(math.pi * share)) / 2)
