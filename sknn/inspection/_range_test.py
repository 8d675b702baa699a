"""The learning-rate range test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state

from sknn._core.strategy import POSITIVE, Range
from sknn._core.typing import FLOATS, Array
from sknn.estimators import BaseMLP
from sknn.estimators.internals import (
    check_inputs_and_targets,
    learn_targets,
    read_settings,
)
from sknn.exceptions import DivergedError
from sknn.inspection._networks import batch_size, inputs_of, network_of
from sknn.inspection._plotting import axes_or_new, finish

# The decay of the smoothed loss, and the ratio to its smallest value above which the test ends.
_DECAY = 0.9
_DIVERGED = 4.0
# A rise is clear if it exceeds this share of the decrease so far, and the decrease exceeds this
# share of the loss.
_TURN = 0.1


@dataclass(repr=False, eq=False)
class RangeTest:
    """The curve of a learning-rate range test, which `plot` draws.

    Attributes
    ----------
    learning_rates : ndarray of shape (n_steps,)
        The learning rate of each step.
    losses : ndarray of shape (n_steps,)
        The training loss of each step's batch, before the step.
    smoothed_losses : ndarray of shape (n_steps,)
        The exponential moving average of the losses, corrected for its start.
    suggestion : float
        The rate at which the smoothed loss falls fastest per decade, before its first clear rise.
    ax_ : Axes
        The axes of the last plot; ``figure_`` is their figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import learning_rate_range_test
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier(random_state=0)
    >>> result = learning_rate_range_test(
    ...     model, X / 16, y, low=1e-4, high=0.1, n_steps=40
    ... )
    >>> result  # doctest: +ELLIPSIS
    RangeTest(suggestion=0.0..., 40 rates from 0.0001 to 0.1)
    """

    learning_rates: Array
    losses: Array
    smoothed_losses: Array
    suggestion: float

    def __repr__(self) -> str:
        rates = self.learning_rates
        return (
            f"{type(self).__name__}(suggestion={self.suggestion:.3g}, "
            f"{len(rates)} rates from {rates[0]:.3g} to {rates[-1]:.3g})"
        )

    def plot(self, ax: Any = None) -> "RangeTest":
        """Draw the loss over the learning rate, raw and smoothed, and the suggestion.

        Parameters
        ----------
        ax : Axes, default=None
            The axes to draw on; None for a new figure.

        Returns
        -------
        self : RangeTest
            The result itself.
        """
        ax = axes_or_new(self, ax)
        ax.plot(self.learning_rates, self.losses, ".", color="C0", alpha=0.3, label="batches")
        ax.plot(self.learning_rates, self.smoothed_losses, color="C0", label="smoothed")
        label = f"suggestion, {self.suggestion:.2g}"
        ax.axvline(self.suggestion, color="C1", linestyle="--", label=label)
        # The loss at the end may be a hundred times that at the start, so the limits show the
        # decrease and cut the rise off.
        best = int(self.smoothed_losses.argmin()) + 1
        low, start = self.smoothed_losses.min(), self.smoothed_losses[:best].max()
        if start > low:
            ax.set_ylim(min(low, self.losses.min()) - 0.1 * (start - low), 1.5 * start - 0.5 * low)
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
        ax.legend()
        return finish(self, ax)


def learning_rate_range_test(
    estimator: BaseMLP,
    X: Any,
    y: Any,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    n_steps: int = 100,
) -> RangeTest:
    """Train a copy of an estimator while its learning rate rises, and suggest a rate.

    Step i of n has the rate ``low (high / low)^(i / (n - 1))``. The test ends early if training
    diverges, or if the smoothed loss exceeds four times its smallest value.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
        The estimator, which is not changed. Its `learning_rate`, `learning_rate_init` and
        `early_stopping` are ignored.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs as for its `fit`. The other steps of a Pipeline transform them; steps that are not
        fitted are copied and fitted to X and y.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    low, high : float, default=1e-6, 10.0
        The rates of the first and the last step, positive, ``low < high``.
    n_steps : int, default=100
        The number of steps, at least 10, over as many epochs as necessary. A step has as many rows
        as in a fit: all rows for ``"gd"``, ``"rprop"`` and other full-batch optimizers.

    Returns
    -------
    result : RangeTest
        The curve and a suggestion. A tenth of the rate with the smallest loss is another one.

    Raises
    ------
    ValueError
        If the estimator is of another type, its optimizer takes no steps (``"lbfgs"``), or a
        number is out of its range.

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks, WACV 2017, section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import learning_rate_range_test
    >>> X, y = load_digits(return_X_y=True)
    >>> result = learning_rate_range_test(MLPClassifier(random_state=0), X / 16, y)
    >>> print(f"{result.suggestion:.0e}")
    2e-02
    """
    network = network_of(estimator, takes_steps=True, what="learning rate to test")
    _check(low, high, n_steps)
    model = clone(network).set_params(
        learning_rate="constant", early_stopping=False, warm_start=False, verbose=0
    )
    X = inputs_of(estimator, X, y)
    X, y = check_inputs_and_targets(model, X, y, FLOATS, reset=True)
    weight, classes = _learn_classes(model, y) if is_classifier(model) else (None, {})
    rates, losses = [], []
    batches = _batches(model, y, weight)
    for rate in np.geomspace(low, high, n_steps).tolist():
        rows = next(batches)
        model.set_params(learning_rate_init=rate, batch_size=len(rows))
        batch_weight = None if weight is None else weight[rows]
        try:
            model.partial_fit(X[rows], y[rows], sample_weight=batch_weight, **classes)
        except DivergedError:
            break
        rates.append(rate)
        losses.append(model.loss_)
        smoothed = _smooth(losses)
        if smoothed[-1] > _DIVERGED * smoothed.min() > 0:
            break
    return _conclude(np.array(rates), np.array(losses))


def _check(low: float, high: float, n_steps: int) -> None:
    POSITIVE.check("low", low)
    Range(low, closed="neither").check("high", high)
    Range(10, integer=True).check("n_steps", n_steps)


def _learn_classes(model: Any, y: Array) -> tuple[Array | None, dict[str, Array]]:
    """Return the weights of the rows by class, and the classes, which no batch determines."""
    targets = learn_targets(model, y, None, read_settings(model).loss)
    weight = targets.weigh(model.class_weight, y, None)
    model.set_params(class_weight=None)
    return weight, {"classes": targets.attributes["classes_"]}


def _batches(model: BaseMLP, y: Array, weight: Array | None) -> Iterator[Array]:
    """Yield the rows of batches without end, in the size of batches in a fit."""
    size = batch_size(model, len(y))
    random_state = check_random_state(model.random_state)
    while True:
        order = random_state.permutation(len(y))
        for start in range(0, len(y) - size + 1, size):
            rows = order[start : start + size]
            if weight is None or weight[rows].any():
                yield rows


def _smooth(losses: list[float]) -> Array:
    average, smoothed = 0.0, []
    for count, loss in enumerate(losses, start=1):
        average = _DECAY * average + (1 - _DECAY) * loss
        smoothed.append(average / (1 - _DECAY**count))
    return np.array(smoothed)


def _conclude(rates: Array, losses: Array) -> RangeTest:
    if len(rates) < 3:
        raise ValueError(
            f"Training diverged after {len(rates)} steps: lower low, or scale X and y."
        )
    smoothed = _smooth(losses.tolist())
    slopes = np.gradient(smoothed, np.log10(rates))[: _first_turn(smoothed)]
    return RangeTest(rates, losses, smoothed, float(rates[slopes.argmin()]))


def _first_turn(smoothed: Array) -> int:
    """Return the number of losses up to the smallest one before the first clear rise."""
    best = np.minimum.accumulate(smoothed)
    gained = smoothed[0] - best
    risen = (smoothed - best > _TURN * gained) & (gained > _TURN * abs(smoothed[0]))
    turn = int(risen.argmax()) if risen.any() else len(smoothed)
    return max(2, int(smoothed[:turn].argmin()) + 1)
