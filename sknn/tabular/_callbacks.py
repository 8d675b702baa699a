"""The callbacks that a tabular estimator passes on to its networks."""

from typing import Any

from sklearn.base import BaseEstimator


def members_callbacks(estimator: BaseEstimator, n_turns: int) -> list[Any]:
    """Return the callbacks of each network.

    Callbacks of scikit-learn that propagate to inner estimators stay on the ensemble and see one
    task per network. All other callbacks run on each network. A callback with a method ``share``,
    such as `TimeBudget`, is split among the networks.

    Parameters
    ----------
    estimator : BaseTabularMLP
        The estimator.
    n_turns : int
        The number of networks that train one after the other.
    """
    callbacks = [
        callback
        for callback in getattr(estimator, "_skl_callbacks", [])
        if not hasattr(callback, "max_propagation_depth")
    ]
    return [
        callback.share(n_turns) if hasattr(callback, "share") else callback
        for callback in callbacks
    ]
