"""A callback that limits the time of a fit."""

import time
from typing import Any

from sknn._core.strategy import POSITIVE
from sknn.callbacks._base import EpochCallback
from sknn.estimators import BaseMLP


class TimeBudget(EpochCallback):
    """End a fit after the first epoch that ends when the time is up.

    So a fit takes up to one epoch longer. With ``early_stopping=True`` the fit keeps the best
    weights so far, otherwise the last weights.

    Parameters
    ----------
    seconds : float
        The time of each call to `fit`, positive. The networks of a tabular estimator that train
        one after the other share it evenly.

    Raises
    ------
    ValueError
        If ``seconds`` is not a positive number.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.callbacks import TimeBudget
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier(max_iter=10**6, tol=0.0, random_state=0)
    >>> model.set_callbacks(TimeBudget(seconds=0.2)).fit(X / 16, y).n_iter_ < 1000
    True
    """

    def __init__(self, seconds: float) -> None:
        POSITIVE.check("seconds", seconds)
        self.seconds = seconds
        self._ends: dict[BaseMLP, float] = {}

    def share(self, n_turns: int) -> "TimeBudget":
        """Return the budget of one of several fits that follow each other.

        Parameters
        ----------
        n_turns : int
            The number of fits.

        Returns
        -------
        share : TimeBudget
            A budget with the time divided by the number of fits.
        """
        return TimeBudget(self.seconds / n_turns)

    def before_fit(self, estimator: BaseMLP) -> None:
        self._ends[estimator] = time.monotonic() + self.seconds

    def after_epoch(self, estimator: BaseMLP) -> bool:
        return time.monotonic() >= self._ends[estimator]

    def after_fit(self, estimator: BaseMLP) -> None:
        self._ends.pop(estimator, None)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_ends": {}}  # another process has other fits
