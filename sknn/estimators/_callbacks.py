"""Callbacks: scikit-learn's support, and the calls that a fit makes for its epochs."""

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

    Callbacks receive the training rows in the form that was passed to `fit`, and an estimator that
    predicts as if training had ended there. Both are made only for a callback that asks for them.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator that is fitted.
    X, y, sample_weight
        The arguments of its `fit`.
    """

    def __init__(self, estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any) -> None:
        self._estimator = estimator
        self._X_y, self._weight = (X, y), sample_weight
        self._rows: Array | None = None  # all of them
        self._fit = begin_fit_task(estimator, estimator.max_iter)
        self._is_watched = bool(getattr(estimator, "_skl_callbacks", None))
        self._epoch: Any = None
        self._arguments: dict[str, Any] = {}

    @cached_property
    def _trained_on(self) -> tuple[Any, ...]:
        return tuple(_take(values, self._rows) for values in self._X_y)

    def begin_fit(self, training: TrainingState) -> None:
        """Tell the callbacks that training begins."""
        if training.validation_rows is not None and training.order is not None:
            self._rows = np.sort(training.order)
        weight = _take(self._weight, self._rows) if self._is_watched else self._weight
        self._arguments = {
            "estimator": self._estimator,
            "X": lambda: self._trained_on[0],
            "y": lambda: self._trained_on[1],
            "metadata": None if weight is None else {"sample_weight": weight},
        }
        self._fit.call_on_fit_task_begin(**self._arguments)

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch (iteration) begins."""
        if self._is_watched:
            self._epoch = self._fit.subcontext(task_name=EPOCH)
            self._epoch.call_on_fit_task_begin(**self._arguments)

    def end_epoch(self) -> bool:
        """Tell the callbacks that an epoch (iteration) has ended; return whether to stop."""
        if not self._is_watched:
            return False
        return bool(
            self._epoch.call_on_fit_task_end(
                **self._arguments,
                reconstruction_attributes=lambda: attributes_so_far(self._estimator),
            )
        )

    def end_fit(self) -> None:
        """Tell the callbacks that the estimator is fitted."""
        self._fit.call_on_fit_task_end(**self._arguments, reconstruction_attributes={})


def _take(values: Any, rows: Array | None) -> Any:
    """Return rows of an argument of `fit`, in the form in which it was passed if possible."""
    if values is None or rows is None or isinstance(values, Real):
        return values
    if sparse.issparse(values):
        return values.tocsr()[rows]
    return _safe_indexing(np.asarray(values) if isinstance(values, memoryview) else values, rows)
