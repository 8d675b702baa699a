"""Subnormal numbers, with which a processor takes up to a hundred times as long as with others.

What shrinks by a factor at each step, as the weights of a feature that is always zero, ends among
them and stays, since 0.9 times the least of them rounds to itself.
"""

from typing import Any, Final

import numpy as np

from sknn._core.typing import Array

# Numbers below 7.9e-31 (float32) or 1e-286 count as zero: so far above subnormal numbers that what
# shrinks to nine tenths at each step does not reach them from one look to the next.
TINY: Final[dict[str, Any]] = {
    "f": np.array(2.0**-100, np.float32),
    "d": np.array(2.0**-950, np.float64),
}
# Steps from one look to the next.
INTERVAL: Final = 128


def drop_tiny(x: Array, scratch: Array, is_tiny: Array) -> None:
    """Set numbers whose size is below ``TINY`` to zero, in place; all others stay as they are.

    Parameters
    ----------
    x : ndarray of float32 or float64
        Updated.
    scratch, is_tiny : ndarray of the same shape, of x's dtype and of bool
        Overwritten.

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
