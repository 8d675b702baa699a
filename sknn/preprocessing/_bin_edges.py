"""Bin edges for a numerical column: quantiles, plus one edge for each very frequent value."""

import numpy as np

from sknn._core.typing import Array


def automatic_n_bins(n_samples: float, n_features: int) -> int:
    """Return the number of bins of a column, ``min(64, n_samples // 16, 2048 // n_features)``.

    The result is 0 if this is less than 4, because so few bins add little to the column itself.

    Examples
    --------
    >>> from sknn.preprocessing._bin_edges import automatic_n_bins
    >>> (
    ...     automatic_n_bins(10_000, 8),
    ...     automatic_n_bins(200, 8),
    ...     automatic_n_bins(50, 8),
    ... )
    (64, 12, 0)
    """
    n_bins = int(min(64, n_samples // 16, 2048 // n_features))
    return n_bins if n_bins >= 4 else 0


def bin_edges(values: Array, weights: Array, n_bins: int) -> Array:
    """Return the increasing edges of at most `n_bins` bins; a constant column has no edges.

    A column with at most ``n_bins + 1`` distinct values has an edge at each value. Otherwise, each
    value on which several quantiles would fall has one edge. The other edges are quantiles of the
    remaining rows.

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        The distinct values, in increasing order.
    weights : ndarray of shape (n_distinct,)
        The total weight of the rows with each value, positive.
    n_bins : int
        The largest number of bins, positive.

    Returns
    -------
    edges : ndarray of shape (n_edges,)
        The edges, taken from `values`; empty if there are fewer than two distinct values.

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
    """Return a mask of the values that weigh as much as a bin of the other rows.

    Removing such a value makes the bins of the other rows lighter, so further values may become
    heavy. The loop ends when there are none.
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
    """Return the smallest values at which the cumulative weight reaches the given levels.

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        The distinct values, in increasing order.
    weights : ndarray of shape (n_distinct,)
        The weights of the values, positive.
    levels : ndarray of shape (n_levels,)
        The levels of the quantiles, from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.preprocessing._bin_edges import weighted_quantiles
    >>> weighted_quantiles(
    ...     np.array([1.0, 2.0, 3.0]),
    ...     np.array([1.0, 1.0, 2.0]),
    ...     np.array([0.5, 1]),
    ... )
    array([2., 3.])
    """
    reached = np.cumsum(weights)
    # A level that equals a cumulative weight, up to rounding, belongs to the value below it.
    positions = np.searchsorted(reached, levels * reached[-1] * (1 - 1e-12))
    quantiles: Array = values[np.minimum(positions, len(values) - 1)]
    return quantiles
