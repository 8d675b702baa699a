"""Data sets of inputs, targets and weights, and the division of their rows into batches."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, final

import numpy as np
from scipy import sparse

from sknn._core.typing import Array
from sknn._network.network import TILE
from sknn._training.mapped import take_rows


class Data(Protocol):
    """The interface of a fit to its rows, which may be anywhere; `DataSet` has them in memory.

    Only the training code for the storage of the rows reads the inputs themselves.
    """

    X: Any

    def __len__(self) -> int: ...

    @property
    def y(self) -> Array: ...

    @property
    def weight(self) -> Array | None: ...

    @property
    def n_features(self) -> int:
        """The number of features."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the inputs and the network."""

    def inputs(self, rows: Array | slice) -> Any:
        """Return some rows of the inputs."""

    def take(self, rows: Array) -> "Data":
        """Return the data set of some rows."""

    def checksum(self) -> int:
        """Return a checksum of the data, which is never 0."""


@final
@dataclass
class DataSet:
    """Inputs, targets and weights of a number of rows.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs, of the dtype of the network.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The targets: class codes, or numbers of the dtype of the network.
    weight : ndarray of shape (n_samples,) or None
        The weights, of the dtype of the network; None if all are 1.
    """

    X: Any
    y: Array
    weight: Array | None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_features(self) -> int:
        """The number of features."""
        return int(self.X.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the inputs and the network."""
        dtype: np.dtype[Any] = self.X.dtype
        return dtype

    def inputs(self, rows: Array | slice) -> Any:
        """Return some rows of the inputs."""
        return self.X[rows]

    def take(self, rows: Array) -> "DataSet":
        """Return the data set of some rows."""
        weight = None if self.weight is None else self.weight[rows]
        return DataSet(take_rows(self.X, rows), self.y[rows], weight)

    def checksum(self) -> int:
        """Return a checksum of the data, which is never 0."""
        X = self.X
        arrays = [X]
        if sparse.issparse(X):  # its indices may have 4 or 8 bytes
            arrays = [X.data, *(indices.astype(np.int64) for indices in (X.indices, X.indptr))]
        checksum = 1
        for array in (*arrays, self.y, self.weight):
            if array is not None:
                checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return checksum or 1


def n_rows(rows: Array | slice) -> int:
    """Return the number of rows that an index selects."""
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)


def rows_within(rows: Array | slice, positions: slice) -> Array | slice:
    """Return the part of an index of rows that a slice selects.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.data import rows_within
    >>> rows_within(slice(100, 200), slice(0, 50)), rows_within(np.array([7, 3, 5]), slice(1, 3))
    (slice(100, 150, None), array([3, 5]))
    """
    if isinstance(rows, slice):
        return slice(rows.start + positions.start, rows.start + positions.stop)
    return rows[positions]


def slices(n_samples: int, size: int) -> Iterator[slice]:
    """Yield slices of `size` rows from 0 to `n_samples`; the last slice may be shorter."""
    return (slice(i, min(i + size, n_samples)) for i in range(0, n_samples, size))


def even_slices(n_samples: int, size: int) -> Iterator[slice]:
    """Yield slices of about `size` rows from 0 to `n_samples`.

    All slices but the last have the same length, a multiple of `TILE`. The last one has between a
    half and one and a half of that length.

    Examples
    --------
    >>> from sknn._training.data import even_slices
    >>> list(even_slices(1000, 300))
    [slice(0, 336, None), slice(336, 672, None), slice(672, 1000, None)]
    """
    n_slices = max(round(n_samples / size), 1)
    length = -(-n_samples // (n_slices * TILE)) * TILE
    starts = list(range(0, n_samples, length))
    if len(starts) > 1 and n_samples - starts[-1] < length / 2:
        starts.pop()
    return (slice(*edges) for edges in pairwise([*starts, n_samples]))


def batches(order: Array | None, n_samples: int, size: int) -> Iterator[Array | slice]:
    """Yield the index of the rows of each batch of an epoch.

    Parameters
    ----------
    order : ndarray of int or None
        The rows in the order of the epoch; None for all rows in the order of the data.
    n_samples : int
        The number of rows.
    size : int
        The number of rows in a batch; the last batch may be smaller.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.data import batches
    >>> list(batches(np.array([2, 0, 1]), 3, 2))
    [array([2, 0]), array([1])]
    """
    return (rows if order is None else order[rows] for rows in slices(n_samples, size))
