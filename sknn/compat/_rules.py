"""The differences of scikit-learn's training, as strategies and an engine of sknn."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.blas import accumulate, axpy, scale
from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn._training.data import n_rows
from sknn._training.engine import Engine
from sknn._training.gradients import LocalGradients
from sknn._training.penalty import Regularization
from sknn.activations import Sigmoid
from sknn.losses import LogLoss, SquaredError
from sknn.optimizers import Adam, ElementwiseOptimizer
from sknn.schedules import Adaptive, InvScaling, Progress

SIGMOID: Final = Sigmoid()
# The bounds to which scikit-learn clips a probability before it takes the logarithm.
BOUNDS: Final = {
    dtype: (np.array(np.finfo(dtype).eps, dtype), np.array(1 - np.finfo(dtype).eps, dtype))
    for dtype in "fd"
}


class UncorrectedAdam(Adam):
    """Adam with epsilon outside the bias correction: added to ``sqrt(v)`` before the correction."""

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        rate, _ = super().coefficients(step, learning_rate)
        return rate, self.epsilon / math.sqrt(1 - self.beta_2)


@dataclass(repr=False, eq=False)
class Velocity(ElementwiseOptimizer):
    """Momentum whose velocity is in units of parameters: it includes the learning rate.

    ``velocity = momentum velocity - learning_rate grad``, then ``params += velocity``, or with
    `nesterov` ``params += momentum velocity - learning_rate grad``.
    """

    momentum: float = 0.9
    nesterov: bool = True

    ranges: ClassVar[Mapping[str, Range]] = {"momentum": Range(0, 1)}
    n_slots: ClassVar[int] = 1

    def rule(
        self, params: Array, grad: Array, scratch: Array, velocity: Array, learning_rate: float
    ) -> None:
        scale(-learning_rate, grad)
        accumulate(velocity, self.momentum, grad)
        if self.nesterov:
            axpy(self.momentum, velocity, grad)
            np.add(params, grad, out=params)
        else:
            np.add(params, velocity, out=params)


class InvScalingBySamples(InvScaling):
    """The rate ``learning_rate_init / (samples + 1)^power_t`` from the second epoch of a run on."""

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        if progress.batches - progress.first_step < progress.steps_per_epoch:
            return learning_rate_init
        return float(learning_rate_init / (progress.samples + 1) ** self.power_t)


class AdaptiveByDivisions(Adaptive):
    """The rate of `Adaptive`, rounded like scikit-learn's, which divides once for each plateau."""

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        for _ in range(progress.plateaus):
            learning_rate_init /= self.divisor
        return learning_rate_init


class ClippedLogLoss(LogLoss):
    """The log-loss of probabilities that are clipped by the epsilon of the dtype.

    The gradient is that of the log-loss.
    """

    def _softmax(self, z: Array, y: Array, value: Array, gradient: Array, scratch: Any) -> None:
        row = scratch.row
        np.maximum.reduce(z, axis=0, out=row)
        np.subtract(z, row, out=z)
        np.exp(z, out=gradient)
        scratch.ones.dot(gradient, out=row)
        np.reciprocal(row, out=row)
        np.multiply(gradient, row, out=gradient)  # half the time of a division
        index, flat = scratch.own_class(y), gradient.reshape(-1)
        flat.take(index, out=row, mode="clip")
        _negative_log(row, value)
        np.subtract(row, scratch.one, out=row)
        flat[index] = row

    def _sigmoid(self, z: Array, y: Array, value: Array, gradient: Array, scratch: Any) -> None:
        SIGMOID.forward(z, gradient, None)
        # The probability of the true class is |1 - y - p|: p if y is 1, and 1 - p if y is 0.
        np.subtract(1, y, out=z)
        np.subtract(z, gradient, out=z)
        np.abs(z, out=z)
        _negative_log(z, z)
        scratch.ones.dot(z, out=value)
        np.subtract(gradient, y, out=gradient)


def _negative_log(probability: Array, out: Array) -> None:
    least, most = BOUNDS[out.dtype.char]
    np.maximum(probability, least, out=out)
    np.minimum(out, most, out=out)
    np.log(out, out=out)
    np.negative(out, out=out)


class MeanSquaredError(SquaredError):
    """Half the squared error, averaged over the outputs.

    The gradient is that of the sum over the outputs.
    """

    def value_and_gradient(
        self, raw_prediction: Array, y_true: Array, value: Array, gradient: Array, scratch: Any
    ) -> None:
        super().value_and_gradient(raw_prediction, y_true, value, gradient, scratch)
        scale(1 / len(y_true), value)


class BatchwiseEngine(Engine):
    """An engine that divides the penalty, as well, by the weight of a batch.

    The loss of an epoch is the mean over its rows of the objective of each row's batch, before the
    step.
    """

    def __init__(self, source: LocalGradients, regularization: Regularization) -> None:
        super().__init__(source, regularization)
        self._weights = source.data.weight
        self._alpha, self._weight = self.regularization.alpha, 0.0

    def step(self, rows: Array | slice, learning_rate: float, count: int) -> tuple[float, float]:
        weight, size = self._weights, n_rows(rows)
        total = size if weight is None else float(np.add.reduce(weight[rows]))
        if total == 0:
            return 0.0, 0.0
        if total != self._weight:
            self._weight, self.regularization = total, Regularization(self._alpha / total)
        penalty = super().penalty()
        self.statistics.is_on = False  # scikit-learn's estimators have no history
        loss, _ = super().step(rows, learning_rate, count)
        return size * (loss / total + penalty), size

    def penalty(self) -> float:
        """Return 0, because `step` includes the penalty in its result."""
        return 0.0

    def check_predictions(self, *args: Any) -> None:
        """Do nothing, because scikit-learn does not check the network after the last step."""
