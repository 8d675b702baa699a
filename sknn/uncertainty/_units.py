"""Votes of a TransformedTargetRegressor, in the units of y."""

from typing import Any, Final

import numpy as np

from sknn._core.typing import Array

# How far from linear a transformer may be, as a share of the deviation.
_TOLERANCE: Final = 1e-3


def in_units_of_y(model: Any, votes: Array, noise: Array | None) -> tuple[Array, Array | None]:
    """Return votes and deviations of the noise as a transformer of the targets had not been there.

    Parameters
    ----------
    model : TransformedTargetRegressor
        Fitted.
    votes, noise : ndarray of shape (n_votes, n_samples) or (n_votes, n_samples, n_outputs)
        Of its regressor.

    Raises
    ------
    ValueError
        If there is noise, and the transformer is not linear in each column by itself.
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
            f"The deviation of the noise has no counterpart in the units of y, because transformer "
            f"{model.transformer_!r} is not a shift and a scale of each column. Use "
            "StandardScaler, or return the votes without return_std and look at their quantiles."
        )
    return center.reshape(shape), half.reshape(shape)


def _inverse(model: Any, values: Array) -> Array:
    inverse = np.asarray(model.transformer_.inverse_transform(values))
    return inverse.reshape(len(values), -1)


def _mixes(model: Any, row: Array, deviation: Array) -> bool:
    """Tell whether a column of the result depends on another column of the input."""
    moved = np.tile(row, (row.shape[1], 1)) + np.diag(deviation[0])
    changes = np.abs(_inverse(model, moved) - _inverse(model, row))
    if changes.shape[0] != changes.shape[1]:
        return True
    return bool((changes - np.diag(np.diag(changes)) > _TOLERANCE * changes.max()).any())
