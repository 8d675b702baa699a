"""A check of numbers that are drawn or compared."""

from typing import Any

import numpy as np
from sklearn.utils import check_array, column_or_1d

from sknn._core.typing import Array


def column_of_numbers(values: Any, name: str) -> Array:
    """Return values as finite float64 numbers in one dimension.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        Numbers of any dtype, or booleans. The conversion to floats prevents integer overflow.
    name : str
        The name of the values in messages.

    Raises
    ------
    ValueError
        If a value is not a finite number.
    """
    column: Array = column_or_1d(values)
    if column.dtype.kind not in "biufO":
        raise ValueError(f"{name} must be numbers, got the dtype {column.dtype}.")
    if column.dtype == object:
        stranger = next((value for value in column if isinstance(value, str | bytes)), None)
        if stranger is not None:
            raise ValueError(f"{name} must be numbers, got {stranger!r} among its elements.")
    checked: Array = check_array(column, dtype=np.float64, ensure_2d=False, input_name=name)
    return checked
