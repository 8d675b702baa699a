"""Data sets: inputs, targets and weights, row by row, and how their rows are divided."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from sknn._core.typing import Array
from sknn._network.network import TILE


@dataclass
class DataSet:
    """Inputs, targets and weights, row by row.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Of the network's dtype.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Class codes, or targets of the network's dtype.
    weight : ndarray of shape (n_samples,) or None
        Of the network's dtype; None for all ones.
    """

    X: Any
    y: Array
    weight: Array | None

    def __len__(self) -> int:
        return len(self.y)

    def checksum(self) -> int:
        """Return a positive number that tells data from other data."""
        X = self.X
        arrays = [X]
        if sparse.issparse(X):  # whose indices may be of 4 or 8 bytes
            arrays = [X.data, *(each.astype(np.int64) for each in (X.indices, X.indptr))]
        checksum = 1
        for array in (*arrays, self.y, self.weight):
            if array is not None:
                checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return checksum or 1


def n_rows(at: Array | slice) -> int:
    """Return how many rows an index stands for."""
    return at.stop - at.start if isinstance(at, slice) else len(at)


def rows_within(at: Array | slice, part: slice) -> Array | slice:
    """Return the rows at some places of an index.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.data import rows_within
    >>> rows_within(slice(100, 200), slice(0, 50)), rows_within(np.array([7, 3, 5]), slice(1, 3))
    (slice(100, 150, None), array([3, 5]))
    """
    if isinstance(at, slice):
        return slice(at.start + part.start, at.start + part.stop)
    return at[part]


def slices(n_samples: int, size: int) -> Iterator[slice]:
    """Yield the rows 0 to n_samples in slices of a size, of which the last may be short."""
    return (slice(i, min(i + size, n_samples)) for i in range(0, n_samples, size))


def even_slices(n_samples: int, size: int) -> Iterator[slice]:
    """Yield the rows 0 to n_samples in slices of about a size, of whole tiles but for the last.

    All are of one length but the last, which is half as long to half longer.

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
    """Yield the rows of each batch of an epoch.

    Parameters
    ----------
    order : ndarray of int or None
        The rows in order; None for all as they stand.
    n_samples : int
        How many rows.
    size : int
        Rows in a batch; the last one may be short.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.data import batches
    >>> list(batches(np.array([2, 0, 1]), 3, 2))
    [array([2, 0]), array([1])]
    """
    return (part if order is None else order[part] for part in slices(n_samples, size))
