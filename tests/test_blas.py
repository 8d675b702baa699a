"""BLAS routines: long vectors in pieces that no second thread is woken for."""

import numpy as np
import pytest

from sknn import _blas

SIZES = [1, _blas.ALONE, _blas.ALONE + 1, 3 * _blas.ALONE + 17]


def recorded(monkeypatch, table, key):
    """Let a routine take down how many elements it is called with."""
    sizes, routine = [], table[key]

    def record(*arguments, **named):
        sizes.append(max(each.size for each in arguments if isinstance(each, np.ndarray)))
        return routine(*arguments, **named)

    monkeypatch.setitem(table, key, record)
    return sizes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_axpy_is_that_of_the_formula(dtype, size, monkeypatch):
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=(2, size)).astype(dtype)
    expected = y + dtype(-0.3) * x
    sizes = recorded(monkeypatch, _blas._AXPY, y.dtype.char)
    _blas.axpy(-0.3, x, y)
    np.testing.assert_allclose(y, expected, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6)
    assert sum(sizes) == size
    assert max(sizes) <= _blas.ALONE


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_dot_is_that_of_the_formula(dtype, size):
    x, y = np.random.default_rng(size).normal(size=(2, size)).astype(dtype)
    expected = float(np.sum(x.astype(float) * y.astype(float)))
    found = _blas.dot(x, y)
    assert isinstance(found, float)
    assert found == pytest.approx(expected, abs=size * float(np.finfo(dtype).eps))


def test_scale_of_a_long_vector(monkeypatch):
    x = np.arange(2 * _blas.SCALED_ALONE + 5, dtype=np.float64)
    sizes = recorded(monkeypatch, _blas._SCAL, "d")
    _blas.scale(0.5, x)
    np.testing.assert_array_equal(x, np.arange(x.size) / 2)
    assert sizes == [_blas.SCALED_ALONE, _blas.SCALED_ALONE, 5]
