"""Telling callbacks of a fit and of its epochs."""

from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing

from sknn.estimators._attributes import attributes_so_far
from sknn.training import Training

# The name of an epoch's task.
EPOCH: Final = "epoch"


class Watch:
    """A fit as its callbacks see it: a task, with one task in it for each epoch.

    They get the rows that are trained on, as `fit` was given them, and an estimator that predicts
    as if training had ended there. Both are made only for a callback that asks for them.

    Parameters
    ----------
    estimator : BaseMLP
        What is fitted.
    X, y, sample_weight
        What its `fit` was given.
    """

    def __init__(self, estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any) -> None:
        self._estimator = estimator
        self._given: tuple[Any, ...] = (X, y, sample_weight)
        self._fit = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self._is_watched = bool(getattr(estimator, "_skl_callbacks", None))
        self._epoch: Any = None
        self._told: dict[str, Any] = {}

    def begin_fit(self, training: Training) -> None:
        """Tell that training is about to begin."""
        rows = None if training.validation_rows is None else training.order
        if self._is_watched and rows is not None:
            rows = np.sort(rows)
            self._given = tuple(
                None if each is None else _safe_indexing(each, rows) for each in self._given
            )
        X, y, weight = self._given
        metadata = None if weight is None else {"sample_weight": weight}
        self._told = {
            "estimator": self._estimator,
            "X": lambda: X,
            "y": lambda: y,
            "metadata": metadata,
        }
        self._fit.call_on_fit_task_begin(**self._told)

    def begin_epoch(self) -> None:
        """Tell that an epoch (iteration) begins."""
        if self._is_watched:
            self._epoch = self._fit.subcontext(task_name=EPOCH)
            self._epoch.call_on_fit_task_begin(**self._told)

    def end_epoch(self) -> bool:
        """Tell that an epoch (iteration) is over, and return whether training is to stop."""
        if not self._is_watched:
            return False
        return bool(
            self._epoch.call_on_fit_task_end(
                **self._told, reconstruction_attributes=lambda: attributes_so_far(self._estimator)
            )
        )

    def end_fit(self) -> None:
        """Tell that the estimator is fitted."""
        self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})
