"""Rows of memory-mapped arrays, which may be larger than the memory."""

import errno
import mmap
import os
import tempfile
from typing import Any, Final

import numpy as np

from sknn._core.typing import Array

# Rows of a mapped array of more bytes than this are copied to a file, and not into memory.
MAPPED: Final = 2**28
# Bytes of the rows that are copied at a time.
_COPIED: Final = 2**22
# The errors of file systems, or of kernels, that cannot reserve space.
_UNSUPPORTED: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENODEV, errno.EPERM)


def is_mapped(X: Any) -> bool:
    """Return whether an array is a memory-mapped file, or a view of one.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sknn._training.mapped import is_mapped
    >>> with tempfile.TemporaryFile() as file:
    ...     X = np.memmap(file, np.float32, "w+", shape=(3, 2))
    >>> is_mapped(np.asarray(X)[1:]), is_mapped(X.copy())
    (True, False)
    """
    base = X
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap)


def take_rows(X: Any, rows: Array) -> Any:
    """Return a copy of the given rows of X.

    Rows of a memory-mapped array of more than `MAPPED` bytes are copied to a temporary file, which
    is also memory-mapped. The operating system removes the file when the copy is no longer used.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs.
    rows : ndarray of int
        The index of the rows.

    Raises
    ------
    OSError
        If the disk has no room for the file.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.mapped import take_rows
    >>> take_rows(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0]))
    array([[3.],
           [1.]])
    """
    if not (is_mapped(X) and X.nbytes > MAPPED):
        return X[rows]
    with tempfile.TemporaryFile() as file:
        _reserve(file.fileno(), len(rows) * X.shape[1] * X.itemsize)
        taken = np.memmap(file, X.dtype, "w+", shape=(len(rows), X.shape[1]))
    positions = np.argsort(rows)  # sorted, so that the disk is read sequentially
    size = max(_COPIED // (X.itemsize * X.shape[1]), 1)
    for start in range(0, len(rows), size):
        into = positions[start : start + size]
        taken[into] = X[rows[into]]
    return np.asarray(taken)


def _reserve(descriptor: int, n_bytes: int) -> None:
    """Reserve space for a file if possible, because a write to a full disk ends the process."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, n_bytes)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
