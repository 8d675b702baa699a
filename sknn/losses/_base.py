"""The base class of losses, and the kinds of target."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.strategy import Strategy
from sknn._core.typing import Array
from sknn.activations import Activation, Identity, Sigmoid, Softmax

BINARY: Final = "binary"
MULTICLASS: Final = "multiclass"
MULTILABEL: Final = "multilabel"
REGRESSION: Final = "regression"


@dataclass(repr=False, eq=False)
class Loss(Strategy, ABC):
    """Base of the losses: subclass it and define `targets`, `value` and `gradient`.

    Attributes
    ----------
    targets : frozenset of {"binary", "multiclass", "multilabel", "regression"}
        The kinds of target that the loss supports.
    bounded_gradient : bool
        Whether ``|dl / d raw_prediction|`` is at most about 1 for every target (1.13 for the focal
        loss with its default). If so, a gradient step with the rate 0.1 is safe. The method
        `Optimizer.default_learning_rate` of an optimizer reads it if steps are proportional to the
        gradient; the other optimizers read `is_regression`.
    positive_targets : bool
        For regression: whether targets must not be negative. scikit-learn's estimator checks read
        it.
    has_probabilities : bool
        For classification: whether the link returns probabilities. If not, the classifier has no
        ``predict_proba``.
    has_deviation : bool
        For regression: whether predictions are means with a standard deviation, so that
        ``predict(X, return_std=True)`` is allowed.
    """

    targets: ClassVar[frozenset[str]] = frozenset()
    bounded_gradient: ClassVar[bool] = False
    positive_targets: ClassVar[bool] = False
    has_probabilities: ClassVar[bool] = True
    has_deviation: ClassVar[bool] = False

    @property
    def is_regression(self) -> bool:
        """Whether the loss supports regression."""
        return REGRESSION in self.targets

    @property
    def predicts_columns(self) -> bool:
        """Whether `predict` returns a column for each output, even if y is a vector.

        It is True for `Quantile` with several levels, which has one output for each level.
        """
        return self.expands

    @property
    def expands(self) -> bool:
        """The former name of `predicts_columns`; a subclass may define either."""
        is_renamed = type(self).predicts_columns is not Loss.predicts_columns
        return is_renamed and self.predicts_columns

    def n_outputs(self, n_targets: int) -> int:
        """Return the number of outputs of the network.

        Parameters
        ----------
        n_targets : int
            The number of columns of y; 1 for a vector.

        Returns
        -------
        n_outputs : int
            The number of units of the output layer.
        """
        return n_targets

    def n_predictions(self, n_outputs: int) -> int:
        """Return the number of outputs that `predict` returns; they are the first ones.

        Parameters
        ----------
        n_outputs : int
            The number of units of the output layer.

        Returns
        -------
        n_predictions : int
            The number of predictions; by default `n_outputs`.
        """
        return n_outputs

    def noise_variance(self, raw_prediction: Array) -> Array | None:
        """Return the predicted variance of y, or None if the loss has no model of the noise.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            The output layer before the link. The method must not change it.

        Returns
        -------
        variance : ndarray of shape (n_predictions, n_samples) or None
            A new array, or None, which is the default.
        """
        return None

    def check_targets(self, y: Array, name: str) -> None:
        """Raise a ValueError if the loss does not support the values of y.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_targets)
            The targets of a regression.
        name : str
            The name of the targets in the error message.
        """

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        """Return the initial biases of the output layer for ``bias_init="auto"``.

        Parameters
        ----------
        y_true : ndarray of shape (n_targets, n_samples), or of shape (n_samples,)
            The targets.
        weight : ndarray of shape (n_samples,) or None
            The weights of the samples.
        n_outputs : int
            The number of units of the output layer.

        Returns
        -------
        raw_prediction : ndarray of shape (n_outputs,)
            A constant raw prediction, by default zeros. The regression losses of this library
            return the constant with the smallest loss, so the network only has to learn the
            deviations from it.
        """
        return np.zeros(n_outputs)

    def link(self, target: str) -> Activation:
        """Return the activation that turns raw predictions into predictions.

        Parameters
        ----------
        target : {"binary", "multiclass", "multilabel", "regression"}
            The kind of target.

        Returns
        -------
        activation : Activation
            By default, the identity for regression, the softmax for multiclass targets, and the
            sigmoid for binary and multilabel targets.
        """
        if target == REGRESSION:
            return Identity()
        return Softmax() if target == MULTICLASS else Sigmoid()

    @abstractmethod
    def value(self, raw_prediction: Array, y_true: Array) -> Array:
        """Return the loss of each sample.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            The output layer before the link.
        y_true : ndarray of shape (n_outputs, n_samples), or of shape (n_samples,)
            The targets. Class codes have the shape (n_samples,).

        Returns
        -------
        value : ndarray of shape (n_samples,)
            A new array with the losses, summed over the outputs.
        """

    @abstractmethod
    def gradient(self, raw_prediction: Array, y_true: Array) -> Array:
        """Return the derivative of the losses with respect to the raw predictions.

        Parameters
        ----------
        raw_prediction, y_true : ndarray
            As for `value`.

        Returns
        -------
        gradient : ndarray of shape (n_outputs, n_samples)
            A new array.
        """

    def scratch(self, raw_prediction: Array) -> Any:
        """Return the buffers of `value_and_gradient`, created once for each batch size.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            An array with the shape and the dtype of the raw predictions.

        Returns
        -------
        scratch : object
            Buffers, or None.
        """
        return None

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        """Compute value and gradient in place; override it if they share work.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            The output layer before the link. The method may overwrite it.
        y_true : ndarray of shape (n_outputs, n_samples), or of shape (n_samples,)
            The targets. The method must not change them.
        value : ndarray of shape (n_samples,)
            The output array for the losses.
        gradient : ndarray of shape (n_outputs, n_samples)
            The output array for the derivatives.
        scratch : object
            The result of `scratch`.
        """
        value[...] = self.value(raw_prediction, y_true)
        gradient[...] = self.gradient(raw_prediction, y_true)


def weighted_mean(y: Array, weight: Array | None) -> float:
    """Return the weighted mean of targets of shape (n_samples,)."""
    return float(np.average(y.astype(np.float64), weights=weight))


def weighted_quantile(y: Array, weight: Array | None, level: float) -> float:
    """Return the smallest value at which the cumulative share of the weight reaches `level`.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses._base import weighted_quantile
    >>> weighted_quantile(
    ...     np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 3.0]), 0.5
    ... )
    2.0
    """
    order = np.argsort(y)
    weights = np.ones(y.size) if weight is None else weight[order].astype(np.float64)
    reached = np.cumsum(weights)
    # The factor absorbs rounding errors, so that a row with weight 2 counts as two rows.
    place = np.searchsorted(reached, level * reached[-1] * (1 - 1e-6))
    return float(y[order[min(place, y.size - 1)]])


def constant_of_each_output(
    constant: Callable[[Array, Array | None], float], y_true: Array, weight: Array | None
) -> Array:
    """Return a statistic of each row of ``y_true``, rounded to a millionth of the largest value.

    At the exact minimum the gradient would be rounding noise, and optimizers that use the sign of
    the gradient would follow the noise.
    """
    constants = np.array([constant(y, weight) for y in y_true])
    largest = np.maximum(np.abs(y_true).max(axis=1).astype(np.float64), np.finfo(np.float64).tiny)
    grain = np.exp2(np.floor(np.log2(largest)) - 20)
    rounded: Array = np.rint(constants / grain) * grain
    return rounded


class FusedLoss(Loss):
    """Base of losses that define `value_and_gradient` and derive `value` and `gradient` from it."""

    def value(self, raw_prediction: Array, y_true: Array) -> Array:
        return self._both(raw_prediction, y_true)[0]

    def gradient(self, raw_prediction: Array, y_true: Array) -> Array:
        return self._both(raw_prediction, y_true)[1]

    @abstractmethod
    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None: ...

    def _both(self, raw_prediction: Array, y_true: Array) -> tuple[Array, Array]:
        raw_prediction = raw_prediction.copy()
        value = np.empty_like(raw_prediction[0])
        gradient = np.empty_like(raw_prediction)
        scratch = self.scratch(raw_prediction)
        self.value_and_gradient(raw_prediction, y_true, value, gradient, scratch)
        return value, gradient
