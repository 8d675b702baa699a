"""What every loss is, and the kinds of target."""

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
    """Base of the losses: subclass it and write `targets`, `value` and `gradient`.

    Attributes
    ----------
    targets : frozenset of {"binary", "multiclass", "multilabel", "regression"}
        The kinds of target that the loss can serve.
    bounded_gradient : bool
        Whether ``|dl / d raw_prediction|`` is at most 1 whatever the target, so that a plain
        gradient step of rate 0.1 is safe; `Optimizer.default_learning_rate` asks, for rules whose
        steps are as large as the gradient. The others ask `is_regression`.
    """

    targets: ClassVar[frozenset[str]] = frozenset()
    bounded_gradient: ClassVar[bool] = False

    @property
    def is_regression(self) -> bool:
        """Whether the loss serves regression."""
        return REGRESSION in self.targets

    def link(self, target: str) -> Activation:
        """Return the activation that turns raw predictions into predictions.

        Parameters
        ----------
        target : {"binary", "multiclass", "multilabel", "regression"}
            The kind of target.

        Returns
        -------
        activation : Activation
            By default the identity for regression, the softmax for multiclass targets, and the
            sigmoid for binary and multilabel ones.
        """
        if target == REGRESSION:
            return Identity()
        return Softmax() if target == MULTICLASS else Sigmoid()

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


class FusedLoss(Loss):
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
