"""A call that fails changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Put an estimator's attributes, and its random state, back as they were if the body fails.

    Attributes are put back, not copied: the body must not change what they hold.

    Examples
    --------
    >>> from sknn import MLPClassifier
    >>> from sknn.estimators._atomic import all_or_nothing
    >>> model = MLPClassifier()
    >>> try:
    ...     with all_or_nothing(model):
    ...         model.classes_ = [0, 1]
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt:
    ...     hasattr(model, "classes_")
    False
    """
    before = dict(vars(estimator))
    given = estimator.random_state
    random_state = check_random_state(None) if given is None else given
    drawn = random_state.get_state() if isinstance(random_state, np.random.RandomState) else None
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        if drawn is not None:
            random_state.set_state(drawn)
        raise
