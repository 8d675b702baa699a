"""Edges of bins for a column of numbers: quantiles, with edges of their own for heavy values."""

import numpy as np

from sknn._core.typing import Array


def automatic_n_bins(n_samples: float, n_features: int) -> int:
    """Return how many bins a column gets, ``min(64, n_samples // 16, 2048 // n_features)``.

    Fewer than four bins tell a network little that the column itself does not: then 0.

    Examples
    --------
    >>> from sknn.preprocessing._bin_edges import automatic_n_bins
    >>> automatic_n_bins(10_000, 8), automatic_n_bins(200, 8), automatic_n_bins(50, 8)
    (64, 12, 0)
    """
    n_bins = int(min(64, n_samples // 16, 2048 // n_features))
    return n_bins if n_bins >= 4 else 0


def bin_edges(values: Array, weights: Array, n_bins: int) -> Array:
    """Return increasing edges of at most `n_bins` bins; none if the column is constant.

    A column of at most ``n_bins + 1`` distinct values gets an edge at each. Otherwise values that
    are so frequent that several quantiles would fall on them get an edge each, and the other edges
    are quantiles of the remaining rows.

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        The distinct values, in increasing order.
    weights : ndarray of shape (n_distinct,)
        The total weight of the rows that have each value, positive.
    n_bins : int
        The most bins, positive.

    Returns
    -------
    edges : ndarray of shape (n_edges,)
        Members of `values`; empty for fewer than two distinct values.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.preprocessing._bin_edges import bin_edges
    >>> bin_edges(np.arange(9.0), np.ones(9), 4)
    array([0., 2., 4., 6., 8.])
    >>> bin_edges(np.arange(9.0), np.array([20.0, 1, 1, 1, 1, 1, 1, 1, 1]), 4)
    array([0., 1., 3., 6., 8.])
    """
    if len(values) < 2:
        return values[:0]
    if len(values) <= n_bins + 1:
        return values
    is_heavy = _heavy_values(weights, n_bins + 1)
    n_quantiles = n_bins + 1 - int(is_heavy.sum())
    levels = np.linspace(0, 1, n_quantiles)
    others = weighted_quantiles(values[~is_heavy], weights[~is_heavy], levels)
    return np.unique(np.concatenate([values[is_heavy], others]))


def _heavy_values(weights: Array, n_edges: int) -> Array:
    """Tell which values are as heavy as a whole step between quantiles of the other rows.

    To take such a value out makes the steps between the others smaller, so more values may be
    heavy then.
    """
    is_heavy = np.zeros(len(weights), bool)
    while True:
        n_quantiles = n_edges - int(is_heavy.sum())
        if n_quantiles <= 2:
            return is_heavy
        heavier = ~is_heavy & (weights * (n_quantiles - 1) >= weights[~is_heavy].sum())
        if not heavier.any():
            return is_heavy
        heaviest = np.flatnonzero(heavier)[np.argsort(-weights[heavier], kind="stable")]
        is_heavy[heaviest[: n_quantiles - 2]] = True


def weighted_quantiles(values: Array, weights: Array, levels: Array) -> Array:
    """Return the smallest values at or below which the given shares of the weight lie.

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        The distinct values, in increasing order.
    weights : ndarray of shape (n_distinct,)
        Their weights, positive.
    levels : ndarray of shape (n_levels,)
        Shares, from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.preprocessing._bin_edges import weighted_quantiles
    >>> weighted_quantiles(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0]), np.array([0.5, 1]))
    array([2., 3.])
    """
    reached = np.cumsum(weights)
    # A level that lies on a step up to rounding belongs to the value below, as with whole counts.
    positions = np.searchsorted(reached, levels * reached[-1] * (1 - 1e-12))
    quantiles: Array = values[np.minimum(positions, len(values) - 1)]
    return quantiles
