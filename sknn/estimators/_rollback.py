"""Rollback: a call that fails changes nothing, and one that succeeds changes all at once."""

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.base import BaseEstimator

from sknn._training.interrupts import Interrupts
from sknn.estimators._model import users_random_state, view

T = TypeVar("T")


def all_or_nothing(estimator: BaseEstimator, train: Callable[[Any], T]) -> T:
    """Train a draft of an estimator, then set all its attributes on the estimator at once.

    Nothing is written to the estimator before the end, so nothing has to be undone if training
    fails, and another thread never reads a half-trained estimator. A random state that others share
    is restored if training fails.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator to train.
    train : callable
        Called with the draft, another estimator with the same attributes; returns the result. It
        must not change the objects in the attributes. Ctrl-C interrupts this function only.

    Examples
    --------
    >>> from sknn import MLPClassifier
    >>> from sknn.estimators._rollback import all_or_nothing
    >>> model = MLPClassifier()
    >>> def train(draft):
    ...     draft.classes_ = [0, 1]
    ...     raise KeyboardInterrupt
    >>> try:
    ...     all_or_nothing(model, train)
    ... except KeyboardInterrupt:
    ...     hasattr(model, "classes_")
    False
    """
    draft, random_state = view(estimator), users_random_state(estimator)
    drawn = None if random_state is None else random_state.get_state()
    with Interrupts() as interrupts:
        try:
            result = interrupts.run(train, draft)
        except BaseException:
            if random_state is not None and drawn is not None:
                random_state.set_state(drawn)
            raise
        estimator.__dict__ = vars(draft)
    return result
