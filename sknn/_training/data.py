"""Rows of data, and memory for batches of them."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from sknn._core.blas import scale
from sknn._core.subnormal import drop_tiny
from sknn._core.typing import Array
from sknn._network.network import TILE, Workspace
from sknn.losses import Loss


@dataclass
class Rows:
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


class Batch:
    """Memory for batches of one size: inputs, targets, weights, stages and losses.

    Parameters
    ----------
    workspace : Workspace
        The stages.
    loss : Loss
        The rule.
    rows : Rows
        Where batches come from.
    X : ndarray or CSR matrix
        Their inputs, maybe `with_ones`.
    """

    def __init__(self, workspace: Workspace, loss: Loss, rows: Rows, X: Any) -> None:
        self.workspace, self.loss, self.rows, self._X = workspace, loss, rows, X
        n_samples, dtype = workspace.n_samples, workspace.raw_prediction.dtype
        self._size = float(n_samples)
        self.value = np.empty(n_samples, dtype)
        self._room = np.empty_like(workspace.delta)
        self._is_tiny = np.empty(self._room.shape, bool)
        self.scratch = loss.scratch(workspace.raw_prediction)
        self._y = np.empty((n_samples, *rows.y.shape[1:]), rows.y.dtype)
        self._y_true = self._y.T
        self._weight = None if rows.weight is None else np.empty(n_samples, dtype)
        self._copies = [(rows.y, self._y)]
        if rows.weight is not None and self._weight is not None:
            self._copies.append((rows.weight, self._weight))
        self._takes: list[Callable[[Array], object]] = [workspace.inputs.gather(X)]
        for values, out in self._copies:
            self._takes.append(partial(values.take, axis=0, out=out, mode="clip"))

    def load(self, at: Array | slice) -> float:
        """Gather rows, and return the sum of their weights."""
        if isinstance(at, slice):
            self.workspace.inputs.load(self._X, at)
            for values, out in self._copies:
                np.copyto(out, values[at])
        else:
            for take in self._takes:
                take(at)
        return self._size if self._weight is None else float(np.add.reduce(self._weight))

    def gradient(self, divisor: float) -> float:
        """Compute ``sum_i w_i l_i`` of what was loaded, and the gradient of that over `divisor`."""
        workspace, delta = self.workspace, self.workspace.delta
        raw_prediction = workspace.forward()
        self.loss.value_and_gradient(raw_prediction, self._y_true, self.value, delta, self.scratch)
        if self._weight is None:
            loss = np.add.reduce(self.value)
            scale(1 / divisor, workspace.flat_delta)
        else:
            loss = self.value.dot(self._weight)
            np.divide(self._weight, divisor, out=self._weight)  # 1 / divisor may overflow
            np.multiply(delta, self._weight, out=delta)
        drop_tiny(delta, self._room, self._is_tiny)
        workspace.backward()
        return float(loss)


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
