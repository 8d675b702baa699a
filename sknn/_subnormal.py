"""Subnormal numbers, with which a processor takes up to a hundred times as long as with others.

What shrinks by a factor at each step, as the weights of a feature that is always zero, ends among
them and stays, since 0.9 times the least of them rounds to itself.
"""

from typing import Any, Final

import numpy as np

from sknn._typing import Array

# A sum with these is rounded to multiples of 1.6e-30 (float32) or 2.6e-287: so far above subnormal
# numbers that what shrinks to nine tenths at each step does not reach them between two looks.
OFFSET: Final[dict[str, Any]] = {
    "f": np.array(2.0**-76, np.float32),
    "d": np.array(2.0**-900, np.float64),
}
# Steps from one look to the next.
INTERVAL: Final = 128


def drop_tiny(x: Array) -> None:
    """Set tiny numbers to zero, in place, in two passes; those above 1.4e-23 stay as they are.

    Parameters
    ----------
    x : ndarray of float32 or float64
        What is smaller than 7.9e-31 becomes zero, what lies between is rounded to the nearest
        multiple of 1.6e-30; in float64 the bounds are 1.3e-287 and 1.2e-271.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._subnormal import drop_tiny
    >>> x = np.array([1e-40, -2e-31, 1e-20, -1.0, np.inf], np.float32)
    >>> drop_tiny(x)
    >>> x
    array([ 0.e+00,  0.e+00,  1.e-20, -1.e+00,     inf], dtype=float32)
    """
    offset = OFFSET[x.dtype.char]
    np.add(x, offset, out=x)
    np.subtract(x, offset, out=x)
