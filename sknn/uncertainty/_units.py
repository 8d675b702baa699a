"""Votes of a TransformedTargetRegressor, in the units of y."""

from typing import Any, Final

import numpy as np

from sknn._core.typing import Array

# The allowed nonlinearity of a transformer, as a share of the standard deviation.
_TOLERANCE: Final = 1e-3


def in_units_of_y(model: Any, votes: Array, noise: Array | None) -> tuple[Array, Array | None]:
    """Transform votes and standard deviations of the noise back to the units of y.

    Parameters
    ----------
    model : TransformedTargetRegressor
        The fitted model.
    votes, noise : ndarray of shape (n_votes, n_samples) or (n_votes, n_samples, n_outputs)
        The votes of its regressor, and the standard deviations of the noise.

    Raises
    ------
    ValueError
        If `noise` is given and the transformer does not scale and shift each column separately.
    """
    n_columns = 1 if votes.ndim == 2 else votes.shape[2]
    flat = votes.reshape(-1, n_columns).astype(np.float64)
    center = _inverse(model, flat)
    is_vector = center.shape[1] == 1 and getattr(model, "_training_dim", 1) == 1
    shape = votes.shape[:2] if is_vector else (*votes.shape[:2], center.shape[1])
    if noise is None:
        return center.reshape(shape), None
    deviation = noise.reshape(-1, n_columns).astype(np.float64)
    above, below = _inverse(model, flat + deviation), _inverse(model, flat - deviation)
    half = np.abs(above - below) / 2
    bend = np.abs(above + below - 2 * center)
    rounding = 1e-9 * np.abs(center).max(initial=0)
    if (bend > _TOLERANCE * half + rounding).any() or _mixes(model, flat[:1], deviation[:1]):
        raise ValueError(
            "The standard deviation of the noise cannot be converted to the units of y, because "
            f"the transformer {model.transformer_!r} does more than shift and scale each column. "
            "Use StandardScaler, or call predict_votes without return_std and use its quantiles."
        )
    return center.reshape(shape), half.reshape(shape)


def _inverse(model: Any, values: Array) -> Array:
    inverse = np.asarray(model.transformer_.inverse_transform(values))
    return inverse.reshape(len(values), -1)


def _mixes(model: Any, row: Array, deviation: Array) -> bool:
    """Return whether a column of the result depends on another column of the input."""
    moved = np.tile(row, (row.shape[1], 1)) + np.diag(deviation[0])
    changes = np.abs(_inverse(model, moved) - _inverse(model, row))
    if changes.shape[0] != changes.shape[1]:
        return True
    return bool((changes - np.diag(np.diag(changes)) > _TOLERANCE * changes.max()).any())
