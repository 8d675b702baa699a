"""Losses: what training makes small. A loss owns its link, the activation of the output layer.

``raw_prediction`` is of shape (n_outputs, n_samples). ``y_true`` has that shape too, except
for multiclass targets, which are class codes of shape (n_samples,). Losses are per sample and
summed over the outputs; weights and means are the network's business.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from sknn._strategy import Strategy
from sknn._typing import Array
from sknn.activations import Activation, Identity, Sigmoid, Softmax

BINARY: Final = "binary"
MULTICLASS: Final = "multiclass"
MULTILABEL: Final = "multilabel"
REGRESSION: Final = "regression"


@dataclass(repr=False, eq=False)
class Loss(Strategy):
    """Base of the losses: subclass it and write `link`, `value` and `gradient`.

    Attributes
    ----------
    targets : frozenset of {"binary", "multiclass", "multilabel", "regression"}
        The kinds of target that the loss can serve.
    bounded_gradient : bool
        Whether ``|dl / d raw_prediction|`` is at most 1 whatever the target, so that a plain
        gradient step of rate 0.1 is safe; `Optimizer.default_learning_rate` asks.
    """

    targets: ClassVar[frozenset[str]] = frozenset()
    bounded_gradient: ClassVar[bool] = False

    def link(self, target: str) -> Activation:
        """Return the activation that turns raw predictions into predictions.

        Parameters
        ----------
        target : {"binary", "multiclass", "multilabel", "regression"}
            The kind of target.
        """
        raise NotImplementedError

    def value(self, raw_prediction: Array, y_true: Array) -> Array:
        """Return the losses as a new ndarray of shape (n_samples,)."""
        raise NotImplementedError

    def gradient(self, raw_prediction: Array, y_true: Array) -> Array:
        """Return dl / d raw_prediction as a new ndarray of shape (n_outputs, n_samples)."""
        raise NotImplementedError

    def scratch(self, raw_prediction: Array) -> Any:
        """Return memory for `value_and_gradient`, made once for each batch size."""
        return None

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        """Compute both in place; override it where they share work.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            The output layer before the link; may be overwritten.
        y_true : ndarray of shape (n_outputs, n_samples), or of shape (n_samples,)
            The targets; not to be written to.
        value : ndarray of shape (n_samples,)
            Receives the losses.
        gradient : ndarray of shape (n_outputs, n_samples)
            Receives the derivatives.
        scratch : object
            What `scratch` returned.
        """
        value[...] = self.value(raw_prediction, y_true)
        gradient[...] = self.gradient(raw_prediction, y_true)


class _FusedLoss(Loss):
    """A loss whose `value` and `gradient` come from its `value_and_gradient`."""

    def value(self, raw_prediction: Array, y_true: Array) -> Array:
        return self._both(raw_prediction, y_true)[0]

    def gradient(self, raw_prediction: Array, y_true: Array) -> Array:
        return self._both(raw_prediction, y_true)[1]

    def _both(self, raw_prediction: Array, y_true: Array) -> tuple[Array, Array]:
        raw_prediction = raw_prediction.copy()
        value = np.empty_like(raw_prediction[0])
        gradient = np.empty_like(raw_prediction)
        scratch = self.scratch(raw_prediction)
        self.value_and_gradient(raw_prediction, y_true, value, gradient, scratch)
        return value, gradient


@dataclass
class _LogLossScratch:
    row: Array  # of shape (n_samples,)
    ones: Array  # of shape (n_outputs,), to sum over the outputs
    at: Array  # of shape (n_samples,): flat positions
    samples: Array  # of shape (n_samples,): 0, 1, 2, ...


@dataclass(repr=False, eq=False)
class LogLoss(_FusedLoss):
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


@dataclass(repr=False, eq=False)
class SquaredError(_FusedLoss):
    """Half the squared error, ``l = sum_k (z_k - y_k)^2 / 2``, ``dl/dz = z - y``.

    The link is the identity.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses import SquaredError
    >>> SquaredError().value(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})

    def link(self, target: str) -> Activation:
        return Identity()

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        np.subtract(raw_prediction, y_true, out=gradient)
        np.multiply(gradient, gradient, out=raw_prediction)
        np.add.reduce(raw_prediction, axis=0, out=value)
        np.multiply(value, 0.5, out=value)


LOSSES: Final[dict[str, type[Loss]]] = {
    "log_loss": LogLoss,
    "squared_error": SquaredError,
}
