"""The one BLAS routine that NumPy does not offer."""

from typing import Any, Final

import numpy as np
from scipy.linalg.blas import daxpy, saxpy

from sknn._typing import Array

_ROUTINES: Final[dict[str, Any]] = {"f": saxpy, "d": daxpy}


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
    _ROUTINES[y.dtype.char](x, y, a=a)


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
    if np.isfinite(np.dot(x, y)):
        return False
    return not (bool(np.isfinite(x).all()) and bool(np.isfinite(y).all()))
