"""Losses of classes."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._typing import Array
from sknn.activations import Activation, Sigmoid, Softmax
from sknn.losses._base import BINARY, MULTICLASS, MULTILABEL, FusedLoss


@dataclass
class _LogLossScratch:
    row: Array  # of shape (n_samples,)
    ones: Array  # of shape (n_outputs,), to sum over the outputs
    at: Array  # of shape (n_samples,): flat positions
    samples: Array  # of shape (n_samples,): 0, 1, 2, ...


@dataclass(repr=False, eq=False)
class LogLoss(FusedLoss):
    """The negative log-likelihood of the classes, from raw predictions ``z``.

    With two classes, and for each label of several, the link is the sigmoid and
    ``l = log(1 + exp(z)) - y z``, ``dl/dz = sigmoid(z) - y``; labels are summed over. With
    more classes the link is the softmax and ``l = log(sum_j exp(z_j)) - z_y``,
    ``dl/dz_j = softmax(z)_j - [j = y]``. No form overflows, nor takes a logarithm of zero.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.90 and 4.108.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import LogLoss
    >>> LogLoss().value(np.array([[1e4], [0.0], [-1e4]]), np.array([1]))
    array([10000.])
    >>> LogLoss().gradient(np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]]))
    array([[ 0.5, -0.5]])
    """

    targets: ClassVar[frozenset[str]] = frozenset({BINARY, MULTICLASS, MULTILABEL})
    bounded_gradient: ClassVar[bool] = True

    def link(self, target: str) -> Activation:
        return Softmax() if target == MULTICLASS else Sigmoid()

    def scratch(self, raw_prediction: Array) -> "_LogLossScratch":
        n_outputs, n_samples = raw_prediction.shape
        return _LogLossScratch(
            np.empty(n_samples, raw_prediction.dtype),
            np.ones(n_outputs, raw_prediction.dtype),
            np.empty(n_samples, np.intp),
            np.arange(n_samples),
        )

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        form = self._softmax if y_true.ndim == 1 else self._sigmoid
        form(raw_prediction, y_true, value, gradient, scratch)

    def _softmax(
        self, z: Array, y: Array, value: Array, gradient: Array, scratch: "_LogLossScratch"
    ) -> None:
        row, at = scratch.row, scratch.at
        np.maximum.reduce(z, axis=0, out=row)
        np.subtract(z, row, out=z)
        np.exp(z, out=gradient)
        np.dot(scratch.ones, gradient, out=row)  # the sum over the classes
        np.divide(gradient, row, out=gradient)
        np.log(row, out=value)
        # Sample i's own class stands at y_i n_samples + i of the flat arrays.
        np.multiply(y, y.size, out=at)
        np.add(at, scratch.samples, out=at)
        z.reshape(-1).take(at, out=row, mode="clip")
        np.subtract(value, row, out=value)
        flat = gradient.reshape(-1)
        flat.take(at, out=row, mode="clip")
        np.subtract(row, 1, out=row)
        flat[at] = row

    def _sigmoid(
        self, z: Array, y: Array, value: Array, gradient: Array, scratch: "_LogLossScratch"
    ) -> None:
        # log(1 + exp(z)) - y z = max(z, 0) - y z + log1p(exp(-|z|)), a term at a time.
        row, ones = scratch.row, scratch.ones
        np.multiply(z, y, out=gradient)
        np.dot(ones, gradient, out=row)
        np.maximum(z, 0, out=gradient)
        np.dot(ones, gradient, out=value)
        np.subtract(value, row, out=value)
        np.abs(z, out=gradient)
        np.negative(gradient, out=gradient)
        np.exp(gradient, out=gradient)
        np.log1p(gradient, out=gradient)
        np.dot(ones, gradient, out=row)
        np.add(value, row, out=value)
        Sigmoid().forward(z, gradient, None)
        np.subtract(gradient, y, out=gradient)
