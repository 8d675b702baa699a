"""The log-loss, for classification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.strategy import BELOW_ONE, Range
from sknn._core.typing import Array
from sknn.activations import Sigmoid
from sknn.losses._base import BINARY, MULTICLASS, MULTILABEL, FusedLoss

SIGMOID: Final = Sigmoid()


@dataclass
class ClassScratch:
    """Buffers of a classification loss.

    Attributes
    ----------
    row : ndarray of shape (n_samples,)
        A buffer of the dtype of the predictions.
    ones : ndarray of shape (n_outputs,)
        Ones; the product with them is the sum over the outputs.
    positions : ndarray of shape (n_samples,)
        The position of the true class of each sample in the flattened arrays.
    samples : ndarray of shape (n_samples,)
        The numbers 0, 1, 2, ...
    n_samples, one : ndarray of shape ()
        Scalars as arrays, so that NumPy does not convert them in each call.
    """

    row: Array
    ones: Array
    positions: Array
    samples: Array
    n_samples: Array
    one: Array

    def own_class(self, y: Array) -> Array:
        """Return the positions of the true classes in the flat arrays, ``y_i n_samples + i``."""
        np.multiply(y, self.n_samples, out=self.positions)
        return np.add(self.positions, self.samples, out=self.positions)


@dataclass(repr=False, eq=False)
class LogLoss(FusedLoss):
    """The negative log-likelihood of the true classes.

    ``z`` are the raw predictions. With two classes, the link is the sigmoid,
    ``l = log(1 + exp(z)) - y z`` and ``dl/dz = sigmoid(z) - y``. Multilabel targets use the same
    loss for each label, summed over the labels. With more than two classes, the link is the
    softmax, ``l = log(sum_j exp(z_j)) - z_y`` and ``dl/dz_j = softmax(z)_j - [j = y]``. These forms
    do not overflow and never take the logarithm of zero.

    With `label_smoothing` ``s``, the targets are ``(1 - s) y + s / n_classes``, where ``y`` is 1
    for the sample's class and 0 for the others. For binary and multilabel targets they are
    ``(1 - s) y + s / 2``.

    Use it for classification. Use some label smoothing if a few labels are wrong.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        The share of each target that is spread evenly over the classes.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.90 and 4.108.
    C. Szegedy and others, Rethinking the Inception architecture for computer vision, CVPR
    2016, section 7.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import LogLoss
    >>> LogLoss().value(np.array([[1e4], [0.0], [-1e4]]), np.array([1]))
    array([10000.])
    >>> LogLoss().gradient(np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]]))
    array([[ 0.5, -0.5]])
    """

    label_smoothing: float = 0.0

    ranges: ClassVar[Mapping[str, Range]] = {"label_smoothing": BELOW_ONE}
    targets: ClassVar[frozenset[str]] = frozenset({BINARY, MULTICLASS, MULTILABEL})
    bounded_gradient: ClassVar[bool] = True

    def scratch(self, raw_prediction: Array) -> ClassScratch:
        n_outputs, n_samples = raw_prediction.shape
        return ClassScratch(
            np.empty(n_samples, raw_prediction.dtype),
            np.ones(n_outputs, raw_prediction.dtype),
            np.empty(n_samples, np.intp),
            np.arange(n_samples),
            np.array(n_samples),
            np.ones((), raw_prediction.dtype),
        )

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        form = self._softmax if y_true.ndim == 1 else self._sigmoid
        form(raw_prediction, y_true, value, gradient, scratch)

    def _softmax(
        self, z: Array, y: Array, value: Array, gradient: Array, scratch: ClassScratch
    ) -> None:
        row = scratch.row
        np.maximum.reduce(z, axis=0, out=row)
        np.subtract(z, row, out=z)
        np.exp(z, out=gradient)
        scratch.ones.dot(gradient, out=row)  # the sum over the classes
        np.log(row, out=value)
        np.reciprocal(row, out=row)
        np.multiply(gradient, row, out=gradient)  # takes half the time of a division
        positions = scratch.own_class(y)
        z.reshape(-1).take(positions, out=row, mode="clip")
        np.subtract(value, row, out=value)
        flat = gradient.reshape(-1)
        flat.take(positions, out=row, mode="clip")
        np.subtract(row, scratch.one, out=row)
        flat[positions] = row
        if self.label_smoothing:
            self._smooth_softmax(z, value, gradient, scratch)

    def _sigmoid(
        self, z: Array, y: Array, value: Array, gradient: Array, scratch: ClassScratch
    ) -> None:
        # log(1 + exp(z)) - y z = max(z, 0) - y z + log1p(exp(-|z|)), added term by term.
        row, ones = scratch.row, scratch.ones
        np.multiply(z, y, out=gradient)
        ones.dot(gradient, out=row)
        np.maximum(z, 0, out=gradient)
        ones.dot(gradient, out=value)
        np.subtract(value, row, out=value)
        np.abs(z, out=gradient)
        np.negative(gradient, out=gradient)
        np.exp(gradient, out=gradient)
        np.log1p(gradient, out=gradient)
        ones.dot(gradient, out=row)
        np.add(value, row, out=value)
        SIGMOID.forward(z, gradient, None)
        np.subtract(gradient, y, out=gradient)
        if self.label_smoothing:
            self._smooth_sigmoid(z, y, value, gradient, scratch)

    def _smooth_softmax(
        self, z: Array, value: Array, gradient: Array, scratch: ClassScratch
    ) -> None:
        # Smoothing adds s (z_y - mean_j z_j) to the loss, and s ([j = y] - 1 / n_classes) to its
        # gradient.
        row, positions = scratch.row, scratch.positions
        smoothing = self.label_smoothing
        share = smoothing / len(z)
        flat = gradient.reshape(-1)
        flat.take(positions, out=row, mode="clip")
        np.add(row, smoothing, out=row)
        flat[positions] = row
        np.subtract(gradient, share, out=gradient)
        z.reshape(-1).take(positions, out=row, mode="clip")
        np.multiply(row, smoothing, out=row)
        np.add(value, row, out=value)
        scratch.ones.dot(z, out=row)
        np.multiply(row, share, out=row)
        np.subtract(value, row, out=value)

    def _smooth_sigmoid(
        self, z: Array, y: Array, value: Array, gradient: Array, scratch: ClassScratch
    ) -> None:
        # For each label, smoothing adds s z (y - 1 / 2) to the loss and s (y - 1 / 2) to its
        # gradient.
        row, smoothing = scratch.row, self.label_smoothing
        for z_k, y_k, gradient_k in zip(z, y, gradient, strict=True):
            np.subtract(y_k, 0.5, out=row)
            np.multiply(row, smoothing, out=row)
            np.add(gradient_k, row, out=gradient_k)
            np.multiply(row, z_k, out=row)
            np.add(value, row, out=value)
