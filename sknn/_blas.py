"""BLAS routines that NumPy does not offer, and what one can tell from a dot product."""

import math
from functools import cache
from typing import Any, Final

import numpy as np
from scipy.linalg.blas import daxpy, dscal, saxpy, sscal

from sknn._typing import Array

# Elements that OpenBLAS never shares among threads: it does from 10,001, and `scal` from a million.
# SciPy's BLAS and NumPy's each have threads of their own, and the two keep each other from the
# cores: on two of them an `axpy` in one piece between products took up to a thousand times as long.
# Results are the same for any number of threads, too.
ALONE: Final = 8192
SCALED_ALONE: Final = 2**20

_AXPY: Final[dict[str, Any]] = {"f": saxpy, "d": daxpy}
_SCAL: Final[dict[str, Any]] = {"f": sscal, "d": dscal}


@cache
def warm_up() -> None:
    """Multiply two matrices once in a process, so that later products are fast: 6 ms.

    OpenBLAS prefetches beyond the panels that it packs. As long as no product has been large
    enough to touch the memory there, each prefetch waits for a page that does not exist: on one
    machine a float32 product of 256 x 256 matrices took 3.6 ms before, and 0.9 ms after.
    """
    square = np.ones((400, 400), np.float32)
    np.dot(square, square)


def axpy(a: float, x: Array, y: Array) -> None:
    """Add ``a * x`` to ``y`` in place, in one pass and without a temporary.

    Parameters
    ----------
    a : float
        The factor.
    x, y : contiguous ndarray of shape (size,), both float32 or both float64
        ``y`` is overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._blas import axpy
    >>> y = np.ones(3)
    >>> axpy(-0.5, np.array([0.0, 1.0, 2.0]), y)
    >>> y
    array([1. , 0.5, 0. ])
    """
    routine = _AXPY[y.dtype.char]
    if y.size <= ALONE:
        routine(x, y, a=a)
        return
    for start in range(0, y.size, ALONE):
        piece = slice(start, start + ALONE)
        routine(x[piece], y[piece], a=a)


def dot(x: Array, y: Array) -> float:
    """Return ``sum(x y)``, rounded alike for any number of threads.

    Parameters
    ----------
    x, y : contiguous ndarray of shape (size,), both float32 or both float64
        The factors.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._blas import dot
    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    if y.size <= ALONE:
        return float(np.dot(x, y))
    total = 0.0
    for start in range(0, y.size, ALONE):
        piece = slice(start, start + ALONE)
        total += float(np.dot(x[piece], y[piece]))
    return total


def scale(a: float, x: Array) -> None:
    """Multiply ``x`` by ``a`` in place; for short vectors three times faster than NumPy.

    Parameters
    ----------
    a : float
        The factor.
    x : contiguous ndarray of shape (size,), float32 or float64
        Overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._blas import scale
    >>> x = np.array([1.0, 2.0])
    >>> scale(0.5, x)
    >>> x
    array([0.5, 1. ])
    """
    routine = _SCAL[x.dtype.char]
    if x.size <= SCALED_ALONE:
        routine(a, x)
        return
    for start in range(0, x.size, SCALED_ALONE):
        routine(a, x[start : start + SCALED_ALONE])


def has_nonfinite_product(x: Array, y: Array) -> bool:
    """Tell whether ``x`` or ``y`` holds a NaN or an infinity: one dot product tests both.

    A non-finite element makes its product, and so the sum, non-finite. The converse fails when
    the sum itself overflows, so only then are the elements looked at one by one.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._blas import has_nonfinite_product
    >>> with np.errstate(invalid="ignore"):
    ...     has_nonfinite_product(np.array([0.0, 1.0]), np.array([np.inf, 1.0]))
    True
    >>> with np.errstate(over="ignore"):
    ...     has_nonfinite_product(np.array([1e200, 1.0]), np.array([1e200, 1.0]))
    False
    """
    if math.isfinite(dot(x, y)):
        return False
    return not (bool(np.isfinite(x).all()) and bool(np.isfinite(y).all()))
