"""Classification losses that concentrate on hard samples: the focal loss and the hinge loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.strategy import NOT_NEGATIVE, Range
from sknn._core.typing import Array
from sknn.activations import Activation, Identity
from sknn.losses._base import BINARY, MULTICLASS, MULTILABEL, FusedLoss
from sknn.losses._classification import ClassScratch, LogLoss

LOG_LOSS: Final = LogLoss()


@dataclass
class _FocalScratch:
    log_loss: Any  # the scratch of the log-loss
    surprise: Array  # of shape (n_outputs, n_samples), or of one row for multiclass targets
    miss: Array  # of the same shape
    weight: Array  # of the same shape


@dataclass(repr=False, eq=False)
class Focal(FusedLoss):
    """The log-loss with less weight on easy samples, ``l = -(1 - p)^gamma log(p)``.

    ``p`` is the predicted probability of the true class (softmax), or of the true value of each
    label (sigmoid). The losses of several labels are summed. With ``s = -log(p)``, the gradient is
    the gradient of the log-loss times ``(1 - p)^gamma (1 + gamma p s / (1 - p))``.

    Use it if easy samples outnumber the hard samples that matter, as with rare classes.

    Parameters
    ----------
    gamma : float, default=2.0
        The strength of the discount for easy samples, not negative. With 0 the loss is the
        log-loss.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, Focal loss for dense object detection,
    ICCV 2017, equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Focal
    >>> Focal().value(np.array([[0.0, 3.0]]), np.array([[1.0, 1.0]])).round(4)
    array([1.733e-01, 1.000e-04])
    """

    gamma: float = 2.0

    ranges: ClassVar[Mapping[str, Range]] = {"gamma": NOT_NEGATIVE}
    targets: ClassVar[frozenset[str]] = frozenset({BINARY, MULTICLASS, MULTILABEL})
    bounded_gradient: ClassVar[bool] = True

    def scratch(self, raw_prediction: Array) -> _FocalScratch:
        arrays = (np.empty_like(raw_prediction) for _ in range(3))
        return _FocalScratch(LOG_LOSS.scratch(raw_prediction), *arrays)

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        form = self._softmax if y_true.ndim == 1 else self._sigmoid
        form(raw_prediction, y_true, value, gradient, scratch)

    def _softmax(self, z: Array, y: Array, value: Array, gradient: Array, scratch: Any) -> None:
        LOG_LOSS.value_and_gradient(z, y, value, gradient, scratch.log_loss)
        weight = scratch.weight[0]
        np.copyto(scratch.surprise[0], value)
        self._discount(scratch.surprise[0], value, weight, scratch.miss[0])
        np.multiply(gradient, weight, out=gradient)

    def _sigmoid(self, z: Array, y: Array, value: Array, gradient: Array, scratch: Any) -> None:
        # With t = 1 or -1, s = log(1 + exp(-t z)), and the gradient of the log-loss is sigmoid(z) -
        # y.
        surprise, losses = scratch.surprise, gradient
        np.subtract(y, 0.5, out=surprise)
        np.multiply(surprise, -2, out=surprise)
        np.multiply(surprise, z, out=surprise)
        np.copyto(losses, surprise)
        np.abs(losses, out=losses)
        np.negative(losses, out=losses)
        np.exp(losses, out=losses)
        np.log1p(losses, out=losses)
        np.maximum(surprise, 0, out=surprise)
        np.add(surprise, losses, out=surprise)
        self._discount(surprise, losses, scratch.weight, scratch.miss)
        scratch.log_loss.ones.dot(losses, out=value)
        # sigmoid(z) - y = -t (1 - p)
        np.subtract(y, 0.5, out=gradient)
        np.multiply(gradient, -2, out=gradient)
        np.multiply(gradient, scratch.miss, out=gradient)
        np.multiply(gradient, scratch.weight, out=gradient)

    def _discount(self, surprise: Array, losses: Array, weight: Array, miss: Array) -> None:
        """Compute ``l``, ``1 - p`` and the gradient's factor from ``s``, and overwrite ``s``."""
        np.negative(surprise, out=miss)
        np.expm1(miss, out=miss)
        np.negative(miss, out=miss)
        # s / (1 - p), which tends to 1 as both tend to 0.
        tiny = float(np.finfo(miss.dtype).tiny)
        np.add(miss, tiny, out=weight)
        np.divide(surprise, weight, out=weight)
        np.power(miss, self.gamma, out=losses)
        np.multiply(surprise, losses, out=surprise)
        # weight = (1 - p)^gamma (1 + gamma p s / (1 - p)), with p = 1 - miss
        np.multiply(weight, self.gamma, out=weight)
        np.multiply(weight, losses, out=weight)
        np.add(weight, losses, out=losses)
        np.multiply(weight, miss, out=weight)
        np.subtract(losses, weight, out=weight)
        np.copyto(losses, surprise)


@dataclass
class _HingeScratch(ClassScratch):
    count: Array  # of shape (n_samples,): the classes that share the maximum


@dataclass(repr=False, eq=False)
class Hinge(FusedLoss):
    """The hinge loss, which is 0 for samples classified correctly with a margin of at least 1.

    With two classes, ``l = max(0, 1 - t z)``, where ``t`` is 1 or -1. Multilabel targets use the
    same loss for each label, summed over the labels. With more than two classes,
    ``l = max(0, 1 + max_(j != y) z_j - z_y)``; classes that share the maximum share the gradient
    equally. The link is the identity. It does not return probabilities, so the classifier has no
    ``predict_proba``.

    Use it if only the predicted class matters, not its probability.

    References
    ----------
    K. Crammer and Y. Singer, On the algorithmic implementation of multiclass kernel-based vector
    machines, JMLR 2, 2001, equation 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import Hinge
    >>> Hinge().value(np.array([[0.5, -2.0]]), np.array([[1.0, 1.0]]))
    array([0.5, 3. ])
    """

    targets: ClassVar[frozenset[str]] = frozenset({BINARY, MULTICLASS, MULTILABEL})
    bounded_gradient: ClassVar[bool] = True
    has_probabilities: ClassVar[bool] = False

    def link(self, target: str) -> Activation:
        return Identity()

    def scratch(self, raw_prediction: Array) -> _HingeScratch:
        shared = LOG_LOSS.scratch(raw_prediction)
        return _HingeScratch(**vars(shared), count=np.empty_like(shared.row))

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        form = self._classes if y_true.ndim == 1 else self._labels
        form(raw_prediction, y_true, value, gradient, scratch)

    def _labels(
        self, z: Array, y: Array, value: Array, gradient: Array, scratch: _HingeScratch
    ) -> None:
        np.subtract(y, 0.5, out=gradient)
        np.multiply(gradient, -2, out=gradient)  # -t
        np.multiply(z, gradient, out=z)
        np.add(z, 1, out=z)
        np.maximum(z, 0, out=z)
        scratch.ones.dot(z, out=value)
        np.greater(z, 0, out=z)
        np.multiply(gradient, z, out=gradient)

    def _classes(
        self, z: Array, y: Array, value: Array, gradient: Array, scratch: _HingeScratch
    ) -> None:
        row, positions = scratch.row, scratch.own_class(y)
        flat = z.reshape(-1)
        flat.take(positions, out=row, mode="clip")
        flat[positions] = -np.inf
        np.maximum.reduce(z, axis=0, out=value)
        np.equal(z, value, out=gradient)
        scratch.ones.dot(gradient, out=scratch.count)
        np.subtract(value, row, out=value)
        np.add(value, 1, out=value)
        np.maximum(value, 0, out=value)
        np.greater(value, 0, out=row)
        np.divide(row, scratch.count, out=scratch.count)
        np.multiply(gradient, scratch.count, out=gradient)
        np.negative(row, out=row)
        gradient.reshape(-1)[positions] = row
