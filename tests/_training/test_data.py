"""The checksum of data sets."""

import numpy as np
import pytest
from common import problem
from scipy import sparse

from sknn._training.data import DataSet

DENSE = np.arange(1.0, 13.0).reshape(4, 3)
SPARSE = sparse.csr_array(np.array([[1.0, 0, 0], [0, 2, 3], [0, 0, 0], [4, 0, 0]]))
Y, WEIGHT = np.arange(4.0), np.linspace(1, 2, 4)


def with_changed(name, at, value):
    """Return the sparse matrix with another number in one of its three arrays."""
    X = SPARSE.copy()
    getattr(X, name)[at] = value
    return X


OTHERS = {
    "dense values": DataSet(np.where(DENSE == 5, 5.5, DENSE), Y, WEIGHT),
    "dense order": DataSet(DENSE[::-1], Y, WEIGHT),
    "targets": DataSet(DENSE, Y[::-1], WEIGHT),
    "weights": DataSet(DENSE, Y, WEIGHT[::-1]),
    "no weights": DataSet(DENSE, Y, None),
    "sparse": DataSet(SPARSE, Y, WEIGHT),
    "sparse values": DataSet(with_changed("data", 2, 5.0), Y, WEIGHT),
    "sparse columns": DataSet(with_changed("indices", 0, 1), Y, WEIGHT),
    "sparse rows": DataSet(with_changed("indptr", 3, 4), Y, WEIGHT),
}


def test_data_that_differ_have_other_checksums():
    checksums = [rows.checksum() for rows in (DataSet(DENSE, Y, WEIGHT), *OTHERS.values())]
    assert len(set(checksums)) == len(checksums)
    assert min(checksums) > 0


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_the_same_data_have_the_same_checksum(dtype):
    X = SPARSE.copy()
    X.indices, X.indptr = X.indices.astype(dtype), X.indptr.astype(dtype)
    assert DataSet(X, Y, WEIGHT).checksum() == DataSet(SPARSE, Y, WEIGHT).checksum()
    dense = DataSet(np.asfortranarray(DENSE), Y, WEIGHT)
    assert dense.checksum() == DataSet(DENSE, Y, WEIGHT).checksum()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_notices_that_sparse_columns_moved():
    cls, X, y = problem("multiclass")
    X = sparse.csr_array(np.where((abs(X) < 0.5) | (np.arange(6) == 0), 0, X))
    moved = sparse.csr_array((X.data, X.indices - 1, X.indptr), X.shape)
    model = cls(8, max_iter=2, warm_start=True, random_state=0).fit(X, y)
    before = model._model.training.checksum
    assert model.fit(X, y)._model.training.checksum == before
    assert model.fit(moved, y)._model.training.checksum != before
    assert model._model.training.best == min(model.loss_curve_[4:])
