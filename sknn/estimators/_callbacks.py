"""Callbacks: scikit-learn's support for them, and how a fit tells them of its epochs."""

from functools import cached_property
from numbers import Real
from typing import Any, Final

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing

from sknn._core.typing import Array
from sknn._training.state import TrainingState
from sknn.estimators._model import attributes_so_far

try:  # scikit-learn 1.9 and later have callbacks
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:
    from sknn.estimators._callbacks_before_1_9 import CallbackSupportMixin, with_callbacks

__all__ = ["EPOCH", "CallbackSupportMixin", "Watch", "begin_fit_task", "with_callbacks"]

# The name of an epoch's task.
EPOCH: Final = "epoch"


def begin_fit_task(estimator: BaseEstimator, max_subtasks: int) -> Any:
    """Set up the callbacks of an estimator, and return the task that its fit is to them."""
    return estimator._init_callback_context(max_subtasks=max_subtasks)


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
        self._given, self._weight = (X, y), sample_weight
        self._rows: Array | None = None  # all of them
        self._fit = begin_fit_task(estimator, estimator.max_iter)
        self._is_watched = bool(getattr(estimator, "_skl_callbacks", None))
        self._epoch: Any = None
        self._told: dict[str, Any] = {}

    @cached_property
    def _trained_on(self) -> tuple[Any, ...]:
        return tuple(_take(each, self._rows) for each in self._given)

    def begin_fit(self, training: TrainingState) -> None:
        """Tell that training is about to begin."""
        if training.validation_rows is not None and training.order is not None:
            self._rows = np.sort(training.order)
        weight = _take(self._weight, self._rows) if self._is_watched else self._weight
        self._told = {
            "estimator": self._estimator,
            "X": lambda: self._trained_on[0],
            "y": lambda: self._trained_on[1],
            "metadata": None if weight is None else {"sample_weight": weight},
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


def _take(values: Any, rows: Array | None) -> Any:
    """Return some rows of what `fit` was given, in its own form where that has rows."""
    if values is None or rows is None or isinstance(values, Real):
        return values
    if sparse.issparse(values):
        return values.tocsr()[rows]
    return _safe_indexing(np.asarray(values) if isinstance(values, memoryview) else values, rows)
