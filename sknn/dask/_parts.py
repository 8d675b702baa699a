"""Tasks that check and convert the partitions on the workers."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from sklearn.utils import check_array

from sknn._core.typing import Array


@final
@dataclass
class Part:
    """A partition with checked inputs and targets.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
        The inputs, of the dtype of the network.
    y : ndarray of shape (n_rows,) or (n_rows, n_columns)
        The targets that the user passed.
    """

    X: Array
    y: Array


@final
@dataclass
class Summary:
    """The summary of a partition for the client: its shape and the distinct targets.

    Attributes
    ----------
    n_rows, n_features : int
        The shape of the inputs.
    n_columns : int or None
        The number of columns of the targets; None for a vector.
    distinct : ndarray
        The distinct values of the targets; empty for regression.
    """

    n_rows: int
    n_features: int
    n_columns: int | None
    distinct: Array


def read_part(X: Any, y: Any, number: int, dtype: Any, suffix: str) -> Part:
    """Check and convert a partition; errors name its number.

    Parameters
    ----------
    X, y : array-like
        The inputs and targets.
    number : int
        The number of the partition.
    dtype : dtype
        The dtype of the network.
    suffix : str
        The end of the argument names in errors, such as ``"_val"``.
    """
    where = f"partition {number} of X{suffix} and y{suffix}"
    n_rows, n_targets = X.shape[0], y.shape[0]
    if n_rows != n_targets:
        raise ValueError(
            f"{where}: X{suffix} has {n_rows} rows and y{suffix} has {n_targets}. Give both the "
            "same partitions."
        )
    if n_rows == 0:
        return Part(np.empty((0, X.shape[1]), dtype), np.asarray(y))
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the check raises for infinities
            X = check_array(X, dtype=dtype, order="C", input_name=f"X{suffix}")
            y = check_array(y, dtype=None, ensure_2d=False, input_name=f"y{suffix}")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from None
    return Part(X, y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y)


def summarize(part: Part, has_classes: bool) -> Summary:
    """Return the summary of a partition."""
    y = part.y
    n_columns = None if y.ndim == 1 or y.shape[1] == 1 else y.shape[1]
    distinct = np.unique(y) if has_classes else np.empty(0)
    n_rows, n_features = part.X.shape
    return Summary(n_rows, n_features, n_columns, distinct)


def representative_targets(summaries: list[Summary]) -> Array:
    """Return targets with the shape and the distinct values of all partitions.

    Raises
    ------
    ValueError
        If partitions have different numbers of columns or features. The message names them.
    """
    first = next(i for i, summary in enumerate(summaries) if summary.n_rows)
    for name, what in (("n_columns", "columns of y"), ("n_features", "features")):
        expected = getattr(summaries[first], name)
        for number, summary in enumerate(summaries):
            if summary.n_rows and getattr(summary, name) != expected:
                raise ValueError(
                    f"partition {number} has {getattr(summary, name) or 1} {what}, but partition "
                    f"{first} has {expected or 1}."
                )
    distinct = np.unique(np.concatenate([part.distinct for part in summaries if part.n_rows]))
    n_columns = summaries[first].n_columns
    if n_columns is None:
        return distinct
    if not distinct.size:
        return np.empty((0, n_columns))
    return np.tile(distinct[:, np.newaxis], n_columns)
