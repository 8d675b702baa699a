"""The gradient of a first layer of which a batch touches only some rows."""

from typing import Any, Final, final

import numpy as np

from sknn._core.typing import Array

# Above this share of rows, computing them alone takes longer than computing the whole gradient.
_MOST: Final = 0.4


@final
class TouchedRows:
    """The rows of the first layer's gradient that can differ from zero, for sparse inputs.

    The gradient of a feature's weights is zero if the feature is zero in all samples of the batch.

    Parameters
    ----------
    n_features : int
        The number of features.

    Attributes
    ----------
    is_on : bool
        Whether the backward pass computes these rows in place of the whole gradient.
    rows : ndarray of int of shape (n_rows,)
        The features that occur in the batch, sorted.
    gradient : ndarray of shape (n_rows, n_units) or None
        The gradient of their weights; None if the whole gradient has been computed.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from sknn._network.touched import TouchedRows
    >>> touched = TouchedRows(5)
    >>> touched.is_on = True
    >>> touched.differentiate(sparse.csr_array([[0.0, 0.0, 0.0, 2.0, 0.0]]), np.array([[10.0]]))
    True
    >>> touched.rows, touched.gradient
    (array([3]), array([[20.]]))
    """

    def __init__(self, n_features: int) -> None:
        self.is_on = False
        self.rows: Array = np.empty(0, np.intp)
        self.gradient: Array | None = None
        self._occurs = np.zeros(n_features, bool)
        self._position = np.empty(n_features, np.intp)

    def differentiate(self, X: Any, delta: Array) -> bool:
        """Compute rows and gradient if it pays; return whether that has been done.

        Parameters
        ----------
        X : CSR matrix of shape (n_samples, n_features)
            The inputs of the batch.
        delta : ndarray of shape (n_units, n_samples)
            dL/d product of the layer.
        """
        self.gradient = None
        if not self.is_on:
            return False
        self._occurs[X.indices] = True
        self.rows = np.flatnonzero(self._occurs)
        self._occurs[self.rows] = False
        if len(self.rows) > _MOST * len(self._occurs):
            return False
        self._position[self.rows] = np.arange(len(self.rows))
        columns = (X.data, self._position[X.indices], X.indptr)
        compact = type(X)(columns, shape=(X.shape[0], len(self.rows)))
        # Each row of the gradient adds up samples in the same order as in the whole product.
        self.gradient = compact.T @ np.ascontiguousarray(delta.T)
        return True
