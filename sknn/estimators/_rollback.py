"""A call that fails changes nothing; one that succeeds changes all at once."""

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.base import BaseEstimator

from sknn._training.interrupts import Interrupts
from sknn.estimators._model import users_random_state, view

T = TypeVar("T")


def all_or_nothing(estimator: BaseEstimator, train: Callable[[Any], T]) -> T:
    """Train a draft of an estimator, then give the estimator all of its attributes at once.

    Nothing is written to the estimator before that, and so nothing is to be undone if training
    fails, or if another thread reads the estimator meanwhile. A random state that others share is
    restored if training fails.

    Parameters
    ----------
    estimator : BaseEstimator
        What is to be trained.
    train : callable
        Gets the draft, another estimator that holds the same attributes, and returns the result. It
        must not change what the attributes hold. Ctrl-C interrupts it, and nothing else.

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
