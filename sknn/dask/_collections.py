"""Checks of Dask collections, and access to their partitions."""

from typing import Any, Final

import dask
import numpy as np
from dask import array

from sknn._core.typing import FLOATS

EXPECTED: Final = "a Dask array or a Dask data frame"


def is_collection(values: Any) -> bool:
    """Return whether values are a Dask array or data frame."""
    return isinstance(values, array.Array) or is_frame(values)


def is_frame(values: Any) -> bool:
    """Return whether values are a Dask data frame or series."""
    return (
        dask.is_dask_collection(values)
        and hasattr(values, "npartitions")
        and (hasattr(values, "map_partitions") and hasattr(values, "divisions"))
    )


def partitions(values: Any, name: str) -> list[Any]:
    """Return the partitions of a collection as delayed objects.

    Raises
    ------
    TypeError
        If the values are not a collection.
    ValueError
        If an array has several chunks along the columns.
    """
    check_collection(values, name)
    if is_frame(values):
        return list(values.to_delayed())
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} must have 1 or 2 dimensions, got {values.ndim}.")
    if values.ndim == 2 and values.numblocks[1] > 1:
        raise ValueError(
            f"{name} has {values.numblocks[1]} chunks along the columns, but must have one: call "
            f"{name}.rechunk({{1: -1}})."
        )
    return list(values.to_delayed().ravel())


def check_collection(values: Any, name: str) -> None:
    """Raise a TypeError unless values are a Dask array or data frame."""
    if not is_collection(values):
        raise TypeError(
            f"{name} must be {EXPECTED}, got {type(values).__name__}. For data in memory use "
            "sknn.MLPClassifier or sknn.MLPRegressor, or dask.array.from_array."
        )


def check_same_partitions(X: list[Any], other: list[Any], name: str, other_name: str) -> None:
    """Raise a ValueError unless both have the same number of partitions."""
    if len(X) != len(other):
        raise ValueError(
            f"{name} has {len(X)} partitions and {other_name} has {len(other)}. Give both the same "
            "partitions, with rechunk for arrays or repartition for data frames."
        )


def check_rows(values: Any, name: str) -> None:
    """Raise an error unless values are a two-dimensional Dask collection.

    Raises
    ------
    TypeError
        If the values are not a collection.
    ValueError
        If the collection has another number of dimensions.
    """
    check_collection(values, name)
    if values.ndim != 2:
        raise ValueError(f"{name} must have 2 dimensions, got {values.ndim}.")


def empty_like(values: Any) -> Any:
    """Return an array or data frame with the columns of a collection and no rows."""
    if is_frame(values):
        return values._meta
    return np.empty((0, *values.shape[1:]), values.dtype)


def training_dtype(values: Any, allowed: Any) -> np.dtype[Any]:
    """Return the dtype of the network, by the rules of scikit-learn.

    Parameters
    ----------
    values : Dask array or data frame
        The inputs.
    allowed : dtype or sequence of dtype
        The dtype, or several dtypes from which the dtype of the inputs is chosen.
    """
    if not isinstance(allowed, (list, tuple)):
        chosen = allowed
    elif is_frame(values):
        dtypes = [np.dtype(dtype) for dtype in values.dtypes if isinstance(dtype, np.dtype)]
        chosen = np.result_type(*dtypes) if len(dtypes) == len(values.columns) else np.dtype(object)
    else:
        chosen = values.dtype
    dtype: np.dtype[Any] = np.dtype(chosen if chosen in FLOATS else FLOATS[0])
    return dtype
