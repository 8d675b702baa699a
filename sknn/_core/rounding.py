"""The rounding of multiply-add in the BLAS, which is detected by experiment."""

from functools import cache
from typing import Any, Final

import numpy as np

from sknn._core.blas import ALONE, axpy
from sknn._core.typing import Array

# The largest power of 2 whose square vanishes when it is added to 1.
LOST: Final = {"f": 2.0**-12, "d": 2.0**-27}


def multiply_add(a: Any, x: Any, y: Any) -> Any:
    """Return ``a x + y`` for numbers. Compiled versions round like `axpy`.

    Examples
    --------
    >>> from sknn._core.rounding import multiply_add
    >>> multiply_add(2.0, 3.0, 1.0)
    7.0
    """
    return a * x + y


@cache
def n_rounded_once(size: int, dtype: str) -> int:
    """Return the number of elements at the start of a vector that `axpy` rounds only once.

    If the processor supports it, the BLAS multiplies and adds with one rounding (FMA). It does so
    for complete blocks. For the elements after the last complete block, it rounds the product too.

    Parameters
    ----------
    size : int
        The size of the vector.
    dtype : str
        The character of the dtype, "f" or "d".

    Examples
    --------
    >>> from sknn._core.rounding import n_rounded_once
    >>> n_rounded_once(100, "d") in (0, 96, 100)
    True
    """
    block = _block(dtype)
    return size - size % block if block else 0


@cache
def _block(dtype: str) -> int:
    """Return the size of the blocks that `axpy` rounds once; 0 if there are none."""
    rounds_once = _rounds_once(ALONE - 1, dtype)  # all but one of the elements of whole blocks
    if not rounds_once.any():
        return 0
    return rounds_once.size - int(np.flatnonzero(rounds_once)[-1])


def _rounds_once(size: int, dtype: str) -> Array:
    """Tell for each element of a vector whether `axpy` rounds it once."""
    small = LOST[dtype]
    y = np.full(size, -(1 + 2 * small), dtype)
    axpy(1 + small, np.full(size, 1 + small, dtype), y)
    is_exact: Array = y != 0  # equal to the square of `small` unless the product was rounded
    return is_exact
