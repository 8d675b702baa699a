"""A call that fails changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Put an estimator's attributes, and random states, back as they were if the body fails.

    Attributes are put back, not copied: the body must not change what they hold. But lists of
    theirs, and of the training state, may grow: they are cut to their length.

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
    state = before.get("_training")
    training = vars(state) if state is not None else {}
    held = [each for each in (*before.values(), *training.values()) if isinstance(each, list)]
    lengths = [len(each) for each in held]
    random_states = users_random_state(estimator), training.get("random_state")
    drawn = [(each, each.get_state()) for each in random_states if each is not None]
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        for each, length in zip(held, lengths, strict=True):
            del each[length:]
        for random_state, state in drawn:
            random_state.set_state(state)
        raise


def users_random_state(estimator: BaseEstimator) -> np.random.RandomState | None:
    """Return NumPy's own random state or the instance given; None for a seed or a wrong value."""
    given = estimator.random_state
    random_state = check_random_state(None) if given is None or given is np.random else given
    return random_state if isinstance(random_state, np.random.RandomState) else None
