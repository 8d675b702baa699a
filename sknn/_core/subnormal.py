"""Removal of subnormal numbers, which can slow a processor down by a factor of a hundred.

A number that shrinks by a factor at each step, such as the weight of a feature that is always
zero, becomes subnormal and stays so, because 0.9 times the smallest subnormal number rounds to the
same number.
"""

from typing import Any, Final

import numpy as np

from sknn._core.typing import Array

# Numbers below 7.9e-31 (float32) or 1e-286 (float64) are set to zero. The bounds are so far above
# subnormal numbers that a number which shrinks by a tenth at each step does not become subnormal
# between two calls.
TINY: Final[dict[str, Any]] = {
    "f": np.array(2.0**-100, np.float32),
    "d": np.array(2.0**-950, np.float64),
}
# Steps between two calls of `drop_tiny`.
INTERVAL: Final = 128


def drop_tiny(x: Array, scratch: Array, is_tiny: Array) -> None:
    """Set numbers whose absolute value is below ``TINY`` to zero, in place.

    Parameters
    ----------
    x : ndarray of float32 or float64
        The numbers, which are updated.
    scratch, is_tiny : ndarray of the same shape, of x's dtype and of bool
        Buffers, which are overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._core.subnormal import drop_tiny
    >>> x = np.array([1e-40, -2e-31, 1e-30, -1.0, np.inf], np.float32)
    >>> drop_tiny(x, np.empty_like(x), np.empty(5, bool))
    >>> x
    array([ 0.e+00,  0.e+00,  1.e-30, -1.e+00,     inf], dtype=float32)
    """
    np.abs(x, out=scratch)
    np.less(scratch, TINY[x.dtype.char], out=is_tiny)
    np.copyto(x, 0, where=is_tiny)
