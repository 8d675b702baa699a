"""BLAS routines: long vectors in single-threaded pieces, and products in fast pieces."""

import numpy as np
import pytest

from sknn import MLPClassifier, MLPRegressor
from sknn._core import blas as _blas

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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("m", "k", "n", "n_calls"),
    [
        (100, 65, 150, 1),  # small as it is
        (100, 65, 200, 2),
        (66, 200, 100, 2),
        (65, 200, 100, 3),  # one row more than whole tiles
        (109, 200, 100, 3),
        (100, 101, 200, 3),
        (100, 200, 200, 1),  # too large to be worth it
        (1, 1001, 1024, 1),  # vectors
        (513, 2048, 1, 1),
        (70_000, 1, 20, 1),  # too few columns to cut
    ],
)
@pytest.mark.parametrize("packs", [True, False])
def test_a_product_in_pieces_is_the_product(dtype, m, k, n, n_calls, packs, monkeypatch):
    monkeypatch.setattr(_blas, "multiplies_unpacked", lambda: not packs)
    rng = np.random.RandomState(0)
    a, b = rng.randn(k, m).astype(dtype).T, rng.randn(n, k).astype(dtype).T
    out = np.full((m, n), np.nan, dtype)
    calls = _blas.product(a, b, out)
    for call in calls:
        call()
    assert len(calls) == (1 if packs else n_calls)
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)


def test_products_stay_whole_on_demand_and_where_pieces_are_slower(monkeypatch):
    monkeypatch.setattr(_blas, "multiplies_unpacked", lambda: True)
    a, b, out = np.ones((65, 100)).T, np.ones((65, 200)), np.empty((100, 200))
    assert len(_blas.product(a, b, out)) == 2
    assert len(_blas.product(a, b, out, in_pieces=False)) == 1
    a, b = np.ones((100, 65)), np.ones((200, 65)).T
    assert len(_blas.product(a, b, out)) == 1


@pytest.mark.parametrize("n_columns", range(16, 400, 7))
@pytest.mark.parametrize("widest", [16, 31, 100])
def test_pieces_cover_all_columns_and_begin_at_whole_tiles(n_columns, widest):
    pieces = _blas._pieces(n_columns, widest)
    covered = [column for piece in pieces for column in range(piece.start, piece.stop)]
    assert covered == list(range(n_columns))
    assert all(piece.start % 16 == 0 for piece in pieces)
    assert len(pieces) == 1 or max(piece.stop - piece.start for piece in pieces) <= widest


@pytest.mark.parametrize(
    ("libraries", "expected"),
    [
        ([{"architecture": "SkylakeX"}, {"architecture": "Cooperlake"}], True),
        ([{"architecture": "Zen"}], False),
        ([{"architecture": "SkylakeX"}, {"internal_api": "mkl"}], False),
        ([], False),
    ],
)
def test_unpacked_products_are_told_by_the_kernels(libraries, expected, monkeypatch):
    found = [{"user_api": "openmp"}, *({"user_api": "blas", **each} for each in libraries)]
    monkeypatch.setattr(_blas, "threadpool_info", lambda: found)
    assert _blas.multiplies_unpacked.__wrapped__() is expected


@pytest.mark.filterwarnings("ignore:.*max_iter=2")
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(("units", "batch_size"), [(500, 2048), (1000, 1024), (64, 200)])
def test_a_fit_in_pieces_is_a_fit_in_whole_products(cls, units, batch_size, monkeypatch):
    X = np.random.RandomState(0).randn(2048, 80)
    y = X[:, 0] > 0 if cls is MLPClassifier else X[:, 0]
    models = []
    for packs in (False, True):
        monkeypatch.setattr(_blas, "multiplies_unpacked", lambda packs=packs: not packs)
        model = cls(units, batch_size=batch_size, max_iter=2, random_state=0)
        models.append(model.fit(X, y))
    cut, whole = models
    np.testing.assert_allclose(cut.coefs_[0], whole.coefs_[0], rtol=1e-6, atol=1e-8)
