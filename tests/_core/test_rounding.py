"""The number of elements that `axpy` rounds only once."""

import numpy as np
import pytest

from sknn._core.blas import axpy
from sknn._core.rounding import multiply_add, n_rounded_once


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 1000, 4099, 8192])
def test_the_rounding_of_each_element_is_known(size, dtype):
    """The products below are sums of two powers of 2, of which one is lost by rounding."""
    exponent = 12 if dtype == np.float32 else 27
    factor = dtype(1 + 2.0**-exponent)
    y = np.full(size, -(1 + 2.0 ** (1 - exponent)), dtype)
    axpy(float(factor), np.full(size, factor), y)
    n_once = n_rounded_once(size, np.dtype(dtype).char)
    np.testing.assert_array_equal(y[:n_once], dtype(2.0 ** (-2 * exponent)))
    np.testing.assert_array_equal(y[n_once:], 0)


def test_plain_python_multiplies_and_adds():
    assert multiply_add(-2.0, 3.0, 0.5) == -5.5
