"""The objective of a batch: its loss and the gradient of the loss."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sknn._core.blas import scale
from sknn._core.subnormal import drop_tiny
from sknn._core.typing import Array
from sknn._network.compiled import CompiledNetwork
from sknn._training.data import DataSet
from sknn.losses import Loss


class BatchObjective:
    """The weighted loss of batches of one size and its gradient, with all buffers.

    Parameters
    ----------
    compiled : CompiledNetwork
        The network, compiled for batches of that size.
    loss : Loss
        The loss of a sample.
    data : DataSet
        The data set from which batches are gathered.
    X : ndarray or CSR matrix
        The inputs of the data set, with or without a final column of ones.
    """

    def __init__(self, compiled: CompiledNetwork, loss: Loss, data: DataSet, X: Any) -> None:
        self.compiled, self.loss, self.data, self._X = compiled, loss, data, X
        n_samples, dtype = compiled.n_samples, compiled.raw_prediction.dtype
        self._size = float(n_samples)
        self.value = np.empty(n_samples, dtype)
        self._scratch = np.empty_like(compiled.delta)
        self._is_tiny = np.empty(self._scratch.shape, bool)
        self.scratch = loss.scratch(compiled.raw_prediction)
        self._y = np.empty((n_samples, *data.y.shape[1:]), data.y.dtype)
        self._y_true = self._y.T
        self._weight = None if data.weight is None else np.empty(n_samples, dtype)
        self._copies = [(data.y, self._y)]
        if data.weight is not None and self._weight is not None:
            self._copies.append((data.weight, self._weight))
        self._takes: list[Callable[[Array], object]] = [compiled.inputs.gather(X)]
        for values, out in self._copies:
            self._takes.append(partial(values.take, axis=0, out=out, mode="clip"))

    def load(self, rows: Array | slice) -> float:
        """Gather rows, and return the sum of their weights."""
        if isinstance(rows, slice):
            self.compiled.inputs.load(self._X, rows)
            for values, out in self._copies:
                np.copyto(out, values[rows])
        else:
            for take in self._takes:
                take(rows)
        return self._size if self._weight is None else float(np.add.reduce(self._weight))

    def gradient(self, divisor: float) -> float:
        """Return ``sum_i w_i l_i`` of the loaded rows; compute its gradient over `divisor`."""
        compiled, delta = self.compiled, self.compiled.delta
        raw_prediction = compiled.forward()
        self.loss.value_and_gradient(raw_prediction, self._y_true, self.value, delta, self.scratch)
        if self._weight is None:
            loss = np.add.reduce(self.value)
            scale(1 / divisor, compiled.flat_delta)
        else:
            loss = self.value.dot(self._weight)
            np.divide(self._weight, divisor, out=self._weight)  # 1 / divisor may overflow
            np.multiply(delta, self._weight, out=delta)
        drop_tiny(delta, self._scratch, self._is_tiny)
        compiled.backward()
        return float(loss)
