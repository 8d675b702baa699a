"""Fast matrix products and vector routines of the BLAS."""

import math
from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
from scipy.linalg.blas import daxpy, dscal, saxpy, sscal
from threadpoolctl import threadpool_info  # which scikit-learn requires

from sknn._core.typing import Array

# OpenBLAS never splits vectors of up to this size among threads. OpenBLAS splits those of more than
# 10,000 elements, and `scal` those of more than a million. NumPy's and SciPy's BLAS have separate
# threads, which compete for the cores: on two cores, an `axpy` in one piece between matrix products
# took up to a thousand times as long. Without threads, results also do not depend on the number of
# threads.
ALONE: Final = 8192
SCALED_ALONE: Final = 2**20

# The number of elements above which `matmul` is faster than `dot`, which first clears its output.
LARGE: Final = 2**14

# On processors with AVX-512, OpenBLAS multiplies matrices without packing them first if the product
# takes at most `UNPACKED` multiply-adds. Products of up to `CUT` are cut into pieces of that size.
UNPACKED: Final = 10**6
CUT: Final = 3 * UNPACKED
TILE: Final = 16  # rows or columns that OpenBLAS processes at a time
WITH_AVX512: Final = ("SkylakeX", "Cooperlake", "SapphireRapids")

_AXPY: Final[dict[str, Any]] = {"f": saxpy, "d": daxpy}
_SCAL: Final[dict[str, Any]] = {"f": sscal, "d": dscal}


@cache
def warm_up() -> None:
    """Multiply two matrices once in a process, so that later products are fast; it takes 6 ms.

    OpenBLAS prefetches beyond the panels that it packs. Until a product has been large enough to
    touch the memory there, each prefetch waits for a page that does not exist. On one machine a
    float32 product of 256 x 256 matrices took 3.6 ms before the warm-up, and 0.9 ms after it.
    """
    square = np.ones((400, 400), np.float32)
    np.dot(square, square)


@cache
def multiplies_unpacked() -> bool:
    """Return whether the BLAS of NumPy and SciPy multiplies small matrices without packing them."""
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    kinds = [library.get("architecture") for library in libraries]
    return bool(kinds) and all(kind in WITH_AVX512 for kind in kinds)


def product(
    a: Array, b: Array, out: Array, *, in_pieces: bool = True
) -> list[Callable[[], object]]:
    """Return calls that write ``a @ b`` to ``out``, in the fastest way for these shapes.

    If the BLAS is faster for small matrices, products a little above that size are cut into pieces.

    Parameters
    ----------
    a, b, out : ndarray of shape (m, k), (k, n) and (m, n)
        The arrays to which the calls are bound: each call reads their values when it is made.
    in_pieces : bool, default=True
        Whether the product may be cut, between columns and before its last row.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.blas import product
    >>> a, out = np.eye(2), np.empty((2, 2))
    >>> calls = product(a, a, out)
    >>> a *= 3
    >>> for call in calls:
    ...     _ = call()
    >>> out
    array([[9., 0.],
           [0., 9.]])
    """
    (m, k), n = a.shape, b.shape[1]
    is_vector = 1 in (m, k, n)
    # The kernel without packing is not faster if `a` is in row order and `b` in column order.
    is_slow = a.flags.c_contiguous and b.flags.f_contiguous
    is_between = UNPACKED < m * k * n <= CUT
    if in_pieces and is_between and not is_vector and not is_slow and multiplies_unpacked():
        if m % TILE == 1:  # an incomplete tile would take as long as a complete one
            return product(a[:-1], b, out[:-1]) + product(a[-1:], b, out[-1:])
        pieces = _pieces(n, UNPACKED // (m * k))
        return [partial(np.matmul, a, b[:, piece], out[:, piece]) for piece in pieces]
    if is_vector or out.size < LARGE:
        return [partial(a.dot, b, out)]  # the method, because `np.dot` has Python overhead
    return [partial(np.matmul, a, b, out)]


def _pieces(n_columns: int, widest: int) -> list[slice]:
    """Cut columns into the fewest pieces of about the same width, none wider than `widest`.

    The columns stay in one piece if even pieces of one tile would be wider.
    """
    for n_pieces in range(2, n_columns // TILE + 1):
        width = n_columns / n_pieces
        edges = [*(round(i * width / TILE) * TILE for i in range(n_pieces)), n_columns]
        if max(b - a for a, b in pairwise(edges)) <= widest:
            return [slice(a, b) for a, b in pairwise(edges)]
    return [slice(0, n_columns)]


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
    >>> from sknn._core.blas import axpy
    >>> y = np.ones(3)
    >>> axpy(-0.5, np.array([0.0, 1.0, 2.0]), y)
    >>> y
    array([1. , 0.5, 0. ])
    """
    routine, size = _AXPY[y.dtype.char], y.size
    if size <= ALONE:
        routine(x, y, size, a)  # positional arguments halve the time of a call
        return
    for piece in _cut(size):
        routine(x[piece], y[piece], a=a)


def additions(x: Array, y: Array) -> list[Callable[[float], object]]:
    """Return calls that together compute `axpy`; each takes the factor.

    Parameters
    ----------
    x, y : contiguous ndarray of shape (size,), both float32 or both float64
        The arrays to which the calls are bound. Each call ``add(a)`` adds ``a * x`` to a piece of
        ``y`` in place.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.blas import additions
    >>> y = np.ones(3)
    >>> for add in additions(np.array([0.0, 1.0, 2.0]), y):
    ...     _ = add(-0.5)
    >>> y
    array([1. , 0.5, 0. ])
    """
    routine = _AXPY[y.dtype.char]
    return [partial(routine, x[piece], y[piece], y[piece].size) for piece in _cut(y.size)]


def _cut(size: int) -> list[slice]:
    return [slice(start, start + ALONE) for start in range(0, size, ALONE)]


def dot(x: Array, y: Array) -> float:
    """Return ``sum(x y)``, with the same rounding for any number of threads.

    Parameters
    ----------
    x, y : contiguous ndarray of shape (size,), both float32 or both float64
        The factors.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.blas import dot
    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    if y.size <= ALONE:
        return float(x.dot(y))
    total = 0.0
    for piece in _cut(y.size):
        total += float(x[piece].dot(y[piece]))
    return total


def inner_products(x: Array, y: Array) -> list[Callable[[], Any]]:
    """Return calls whose results add up to `dot`.

    Parameters
    ----------
    x, y : contiguous ndarray of shape (size,), both float32 or both float64
        The arrays to which the calls are bound: each call reads their values when it is made.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.blas import inner_products
    >>> [float(call()) for call in inner_products(np.array([1.0, 2.0]), np.array([3.0, 4.0]))]
    [11.0]
    """
    return [partial(x[piece].dot, y[piece]) for piece in _cut(y.size)]


def scale(a: float, x: Array) -> None:
    """Multiply ``x`` by ``a`` in place, for short vectors three times faster than NumPy.

    Parameters
    ----------
    a : float
        The factor.
    x : contiguous ndarray of shape (size,), float32 or float64
        The vector, which is overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.blas import scale
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


def accumulate(moment: Array, beta: float, values: Array) -> None:
    """Compute ``moment = beta moment + values`` in place; both of shape (size,).

    The running mean is ``1 - beta`` times the moment; optimizers include this factor in their
    coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.blas import accumulate
    >>> moment = np.array([1.0, 2.0])
    >>> accumulate(moment, 0.5, np.ones(2))
    >>> moment
    array([1.5, 2. ])
    """
    scale(beta, moment)
    np.add(moment, values, moment)


def has_nonfinite_product(x: Array, y: Array) -> bool:
    """Return whether ``x`` or ``y`` contains a NaN or an infinity; one dot product tests both.

    A non-finite element makes its product, and therefore the sum, non-finite. A sum of finite
    products may overflow as well, so a non-finite sum leads to a test of each element.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.blas import has_nonfinite_product
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
