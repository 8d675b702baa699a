"""What every loss is, and the kinds of target."""

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
    """Base of the losses: subclass it and write `targets`, `value` and `gradient`.

    Attributes
    ----------
    targets : frozenset of {"binary", "multiclass", "multilabel", "regression"}
        The kinds of target that the loss can serve.
    bounded_gradient : bool
        Whether ``|dl / d raw_prediction|`` is at most about 1 whatever the target (1.13 for the
        focal loss at its default), so that a plain gradient step of rate 0.1 is safe;
        `Optimizer.default_learning_rate` asks, for rules whose steps are as large as the gradient.
        The others ask `is_regression`.
    positive_targets : bool
        For regression: whether targets must not be negative; scikit-learn's checks ask.
    has_probabilities : bool
        For classes: whether the link gives probabilities. If not, there is no ``predict_proba``.
    has_deviation : bool
        For regression: whether predictions are means to which a standard deviation belongs, so
        that ``predict(X, return_std=True)`` is allowed.
    """

    targets: ClassVar[frozenset[str]] = frozenset()
    bounded_gradient: ClassVar[bool] = False
    positive_targets: ClassVar[bool] = False
    has_probabilities: ClassVar[bool] = True
    has_deviation: ClassVar[bool] = False

    @property
    def is_regression(self) -> bool:
        """Whether the loss serves regression."""
        return REGRESSION in self.targets

    @property
    def predicts_columns(self) -> bool:
        """Whether `predict` returns a column for each output, even where y is a vector.

        `Quantile` with a sequence of levels does: its one target has an output for each level.
        """
        return self.expands

    @property
    def expands(self) -> bool:
        """The former name of `predicts_columns`; a subclass may define either."""
        is_renamed = type(self).predicts_columns is not Loss.predicts_columns
        return is_renamed and self.predicts_columns

    def n_outputs(self, n_targets: int) -> int:
        """Return how many outputs the network has for so many columns of targets.

        Parameters
        ----------
        n_targets : int
            Columns of y, or one for a vector.

        Returns
        -------
        n_outputs : int
            Units of the output layer.
        """
        return n_targets

    def n_predictions(self, n_outputs: int) -> int:
        """Return how many of the network's outputs `predict` returns, the first ones.

        Parameters
        ----------
        n_outputs : int
            Units of the output layer.

        Returns
        -------
        n_predictions : int
            By default all of them.
        """
        return n_outputs

    def noise_variance(self, raw_prediction: Array) -> Array | None:
        """Return the variance of y that the network predicts, if it predicts one.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            The output layer before the link; not to be written to.

        Returns
        -------
        variance : ndarray of shape (n_predictions, n_samples) or None
            A new array. None, the default, if the loss has no model of the noise.
        """
        return None

    def check_targets(self, y: Array, name: str) -> None:
        """Raise a ValueError that names ``y`` if the loss cannot serve its values.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_targets)
            Targets of regression.
        name : str
            What they are called.
        """

    def baseline(self, y_true: Array, weight: Array | None, n_outputs: int) -> Array:
        """Return the constant raw prediction to start from, with ``bias_init="auto"``.

        Parameters
        ----------
        y_true : ndarray of shape (n_targets, n_samples), or of shape (n_samples,)
            The targets.
        weight : ndarray of shape (n_samples,) or None
            Weights of the samples.
        n_outputs : int
            Units of the output layer.

        Returns
        -------
        raw_prediction : ndarray of shape (n_outputs,)
            For the library's losses of regression, the best one: weights of an output layer that
            starts at zero have then only to learn what differs from it. Zeros by default.
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
            By default the identity for regression, the softmax for multiclass targets, and the
            sigmoid for binary and multilabel ones.
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
            The targets; class codes are of the latter shape.

        Returns
        -------
        value : ndarray of shape (n_samples,)
            A new array, summed over the outputs.
        """

    @abstractmethod
    def gradient(self, raw_prediction: Array, y_true: Array) -> Array:
        """Return the derivative of the losses by the raw predictions.

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
        """Return memory for `value_and_gradient`, made once for each batch size.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            Tells shape and dtype.

        Returns
        -------
        scratch : object
            Arrays to write to, or None.
        """
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


def weighted_mean(y: Array, weight: Array | None) -> float:
    """Return the mean of targets of shape (n_samples,)."""
    return float(np.average(y.astype(np.float64), weights=weight))


def weighted_quantile(y: Array, weight: Array | None, level: float) -> float:
    """Return the least value at or below which there is a share `level` of the weight.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.losses._base import weighted_quantile
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 3.0]), 0.5)
    2.0
    """
    order = np.argsort(y)
    weights = np.ones(y.size) if weight is None else weight[order].astype(np.float64)
    reached = np.cumsum(weights)
    # A weight of 2 counts as the row twice, but for rounding.
    place = np.searchsorted(reached, level * reached[-1] * (1 - 1e-6))
    return float(y[order[min(place, y.size - 1)]])


def constant_of_each_output(
    constant: Callable[[Array, Array | None], float], y_true: Array, weight: Array | None
) -> Array:
    """Return a statistic of each row of ``y_true``, of shape (n_targets, n_samples), rounded to
    about a millionth of the largest value.

    At the best constant itself the gradient would be rounding noise, and rules that look at its
    sign would follow the noise.
    """
    constants = np.array([constant(y, weight) for y in y_true])
    largest = np.maximum(np.abs(y_true).max(axis=1).astype(np.float64), np.finfo(np.float64).tiny)
    grain = np.exp2(np.floor(np.log2(largest)) - 20)
    rounded: Array = np.rint(constants / grain) * grain
    return rounded


class FusedLoss(Loss):
    """A loss whose `value` and `gradient` come from its `value_and_gradient`."""

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
