"""Shuffling of data on a disk."""

from typing import Any, Final

import numpy as np
from scipy import sparse

from sknn._core.typing import Array

# The value of the parameter `shuffle` for rows that are read from a disk.
BLOCKS: Final = "blocks"
# The bytes of the consecutive rows in one block. A disk reads a block without seeking.
BLOCK_BYTES: Final = 2**20
# The number of blocks in a window, within which all rows are shuffled. The memory should hold one
# window and the next, about 512 MB. Smaller windows mix a sorted file less.
WINDOW: Final = 256


def rows_per_block(X: Any) -> int:
    """Return the number of rows of X that fit into a block, at least 1.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.shuffling import rows_per_block
    >>> rows_per_block(np.zeros((10, 128), np.float32))
    2048
    """
    # Indices have 4 or 8 bytes, and the same rows have the same blocks with either.
    n_bytes: int = X.data.nbytes + 4 * X.indices.size if sparse.issparse(X) else X.nbytes
    n_samples: int = X.shape[0]
    return max(BLOCK_BYTES * n_samples // max(n_bytes, 1), 1)


def shuffle_blocks(order: Array, n_rows: int, random_state: np.random.RandomState) -> None:
    """Shuffle an index of rows, in place, so that few parts of the data are in use at a time.

    The sorted rows are cut into blocks of `n_rows`. The blocks come in random order, and within
    each window of `WINDOW` successive blocks all rows are shuffled. If there are `WINDOW` blocks
    or fewer, each order of the rows is equally likely.

    Parameters
    ----------
    order : ndarray of int
        The index of the rows, in any order.
    n_rows : int
        The number of rows in a block.
    random_state : RandomState
        The source of randomness.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.shuffling import shuffle_blocks
    >>> order = np.arange(6)[::-1].copy()
    >>> shuffle_blocks(order, 2, np.random.RandomState(0))
    >>> np.sort(order)
    array([0, 1, 2, 3, 4, 5])
    """
    order.sort()
    starts = np.arange(0, len(order), n_rows)
    random_state.shuffle(starts)
    order[...] = np.concatenate([order[start : start + n_rows] for start in starts])
    for start in range(0, len(order), WINDOW * n_rows):
        random_state.shuffle(order[start : start + WINDOW * n_rows])
