"""Averages of the weights over the training steps, with which the network predicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sknn._core.blas import axpy, scale
from sknn._core.strategy import BELOW_ONE, Range, Strategy
from sknn._core.typing import Array

__all__ = ["AVERAGINGS", "EMA", "Averaging"]


@dataclass(repr=False, eq=False)
class Averaging(Strategy):
    """Base of the averages: subclass it and define `update`."""

    def update(self, average: Array, params: Array, count: int) -> None:
        """Update the average with the parameters after a step, in place.

        Parameters
        ----------
        average, params : ndarray of shape (size,)
            The flat vectors. The method updates ``average`` and does not change ``params``.
        count : int
            The number of steps in the average, including this one. At 1 the average is still empty.
        """
        raise NotImplementedError


@dataclass(repr=False, eq=False)
class EMA(Averaging):
    """The exponential moving average, ``average += rate (params - average)``.

    The rate is ``max(1 - decay, 1 / count)``. So the average is first the plain mean of all steps,
    and later that of about the last ``1 / (1 - decay)`` steps.

    Parameters
    ----------
    decay : float in [0, 1), default=0.99
        The share of the average that each step keeps.

    References
    ----------
    B. T. Polyak and A. B. Juditsky, Acceleration of stochastic approximation by averaging, SIAM
    Journal on Control and Optimization 30, 1992; with exponential weights as in D. P. Kingma and
    J. Ba, Adam, ICLR 2015, section 7.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.averaging import EMA
    >>> average = np.zeros(1)
    >>> for count, value in enumerate([2.0, 4.0, 4.0], start=1):
    ...     EMA(decay=0.5).update(average, np.array([value]), count)
    >>> average
    array([3.5])
    """

    decay: float = 0.99

    ranges: ClassVar[Mapping[str, Range]] = {"decay": BELOW_ONE}

    def update(self, average: Array, params: Array, count: int) -> None:
        rate = max(1 - self.decay, 1 / count)
        scale(1 - rate, average)
        axpy(rate, params, average)


AVERAGINGS: Final[dict[str, type[Averaging]]] = {"ema": EMA}
