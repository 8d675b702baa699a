"""The mean loss of the rows that remain when the most doubtful ones are set aside."""

import numpy as np

from sknn._core.typing import Array


def rejection_curve(loss: Array, doubt: Array, weights: Array) -> tuple[Array, Array]:
    """Return the shares that are set aside, ascending from 0, and the mean loss of the rest.

    Rows with the same doubt are set aside in a random order; the mean loss is the one of the
    expected sums, so it does not depend on the order of the rows.

    Parameters
    ----------
    loss, doubt, weights : ndarray of shape (n_samples,)
        The loss, doubt and positive weight of each row.

    Returns
    -------
    rejected, mean_loss : ndarray of shape (n_samples,)
        One point for each number of rows that remain, from all to one.
    """
    order = np.argsort(doubt, kind="stable")
    remaining, sums = np.cumsum(weights[order]), np.cumsum((weights * loss)[order])
    # Between the ends of a group of equal doubts, the expected sum is linear.
    is_end = np.append(np.diff(doubt[order]) > 0, True)
    expected = np.interp(remaining, np.append(0, remaining[is_end]), np.append(0, sums[is_end]))
    rejected = 1 - remaining / remaining[-1]
    return rejected[::-1], (expected / remaining)[::-1]


def area_under(rejected: Array, error: Array) -> float:
    """Return the mean of a curve over all shares, weighted by the rows between its points."""
    remaining = np.append(1 - rejected, 0)
    return float(np.sum(-np.diff(remaining) * error))
