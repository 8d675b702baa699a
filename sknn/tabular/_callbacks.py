"""Which callbacks of an ensemble its networks get."""

from typing import Any

from sklearn.base import BaseEstimator


def members_callbacks(estimator: BaseEstimator, n_turns: int) -> list[Any]:
    """Return the callbacks for each network.

    scikit-learn's own, which are handed down from estimator to estimator, count networks and get
    no epochs; all others watch each network. One that spends a budget, and has a method ``share``,
    gives each network its share.

    Parameters
    ----------
    estimator : BaseTabularMLP
        Whose callbacks they are.
    n_turns : int
        How many networks train one after the other.
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
