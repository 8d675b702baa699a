"""The engine: the arithmetic of training, from a batch of rows to updated parameters."""

import math
from typing import Any, NoReturn

import numpy as np

from sknn._core.blas import has_nonfinite_product, warm_up
from sknn._core.chunks import chunks
from sknn._core.parameters import Parameters
from sknn._core.subnormal import INTERVAL, drop_tiny
from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._training.data import DataSet
from sknn._training.gradients import GradientSource
from sknn._training.one_pass import in_one_pass
from sknn._training.penalty import Chunk, MaxNorm, Regularization, clip
from sknn._training.row_updates import RowUpdates
from sknn._training.step_statistics import StepStatistics
from sknn.losses import Loss
from sknn.optimizers import Optimizer


class NonFiniteError(ValueError):
    """A loss, a gradient or a parameter became NaN or infinite.

    Parameters
    ----------
    what : str
        The kind of the number, and its layer.
    epoch : int
        The epoch, counted from 1. The training loop replaces 0 with the current epoch.
    """

    def __init__(self, what: str, epoch: int = 0) -> None:
        super().__init__(what)
        self.what, self.epoch = what, epoch


class Engine:
    """Takes training steps and evaluates the objective.

    The objective of a step is ``sum_i w_i l_i / sum_i w_i`` plus the penalty of the weights.

    Parameters
    ----------
    source : GradientSource
        Computes the gradient of the loss over rows. The parameters of its network are updated in
        place.
    regularization : Regularization
        The penalty, and the bounds on norms.

    Attributes
    ----------
    statistics : StepStatistics
        The measurements of a step; made if `is_on` is set.
    """

    def __init__(self, source: GradientSource, regularization: Regularization) -> None:
        warm_up()
        network = source.network
        self.source, self.network, self.parameters = source, network, network.parameters
        self.regularization, self._gradient = regularization, source.gradient
        layout, vector = self.parameters.layout, self.parameters.vector
        slices, gradient = chunks(layout.size), self._gradient.vector
        self._chunks = [Chunk(layout, elements, vector, gradient) for elements in slices]
        self._is_tiny = np.empty(slices[0].stop, bool)
        self.statistics = StepStatistics(network.parameters, network.architecture.layer_names)
        hidden = [block[:-1] for block in network.blocks[:-1]]
        max_norm = regularization.max_norm
        self._max_norm = MaxNorm(hidden, max_norm) if max_norm is not None else None

    def bind(self, optimizer: Optimizer, state: Any, n_steps: float = 0) -> None:
        """Set the optimizer of all following steps.

        Parameters
        ----------
        optimizer : Optimizer
            The optimizer that updates the parameters.
        state : object
            The state that the optimizer's `init` returned; steps update it.
        n_steps : float, default=0
            The number of steps that are likely to follow, for which compiling may save time.
        """
        params, grad = self.parameters.vector, self._gradient.vector
        clips = bool(self.regularization.clip_norm)
        bound = optimizer.bind(params, grad, state, at_once=clips)
        self._optimizer, self._state = optimizer, state
        self._begin_update = bound.begin
        compiled = in_one_pass(bound.groups, self.parameters.layout, params.itemsize, n_steps)
        self._groups = [
            (self._chunks_in(group.elements), group.elements, group.update, update_in_one_pass)
            for group, update_in_one_pass in zip(bound.groups, compiled, strict=True)
        ]
        touched = self.source.touched
        self._row_updates = None
        if touched is not None and RowUpdates.is_exact(optimizer, self.regularization):
            self._row_updates = RowUpdates(
                optimizer, state, self.parameters, self._gradient, touched
            )

    def _chunks_in(self, elements: slice) -> list[Chunk]:
        return [
            chunk
            for chunk in self._chunks
            if elements.start <= chunk.elements.start < elements.stop
        ]

    def step(self, rows: Array | slice, learning_rate: float, count: int) -> tuple[float, float]:
        """Take one step of the bound optimizer, unless the rows have only zero weights.

        Parameters
        ----------
        rows : ndarray of int or slice
            The index of the rows.
        learning_rate : float
            The learning rate of the step.
        count : int
            The number of steps done before, which selects the dropout masks. At every 128th step
            tiny parameters and moments are set to zero.

        Returns
        -------
        loss_sum, weight_sum : float
            ``sum_i w_i l_i`` before the step, and ``sum_i w_i``.
        """
        if count % INTERVAL == 0:
            self.drop_tiny(self.parameters.vector, *self._optimizer.vectors(self._state))
        if self.source.touched is not None:
            has_row_updates = self._row_updates is not None
            self.source.touched.is_on = has_row_updates and not self.statistics.is_on
        loss_sum, weight_sum = self.source.sum(rows, count)
        if weight_sum != 0:
            self._update(loss_sum, learning_rate)
            if self._max_norm:
                self._max_norm.apply()
            if self.statistics.is_on:
                self.statistics.compare()
        return loss_sum, weight_sum

    def _update(self, loss: float, learning_rate: float) -> None:
        """Complete the gradient and update the parameters, group by group.

        If a group is one chunk, that stays in cache for the penalty, the check and the update. A
        compiled update does all three in one pass.
        """
        params, grad = self.parameters.vector, self._gradient.vector
        regularization, statistics = self.regularization, self.statistics
        coefficients = self._begin_update(learning_rate)
        touched = self.source.touched
        if self._row_updates is not None and touched is not None and touched.gradient is not None:
            is_finite = self._row_updates.apply(regularization, learning_rate, coefficients)
            if not (is_finite and math.isfinite(loss)):
                self._raise_nonfinite()
            return
        for group, elements, update, update_in_one_pass in self._groups:
            if update_in_one_pass and not statistics.is_on:
                is_finite = update_in_one_pass(regularization, learning_rate, coefficients)
                if not (is_finite and math.isfinite(loss)):
                    self._raise_nonfinite()
                continue
            for chunk in group:
                if chunk.finish_gradient(regularization) or not math.isfinite(loss):
                    self._raise_nonfinite()
            if statistics.is_on:
                statistics.remember(params, grad, elements)
            if regularization.clip_norm:
                clip(grad, regularization.clip_norm)
            update(learning_rate, coefficients)

    def objective(self, vector: Array, rows: Array | slice) -> tuple[float, Array]:
        """Set the parameters, and return the objective over rows and its gradient."""
        self.parameters.vector[...] = vector
        loss_sum, weight_sum = self.source.sum(rows, 0)
        for chunk in self._chunks:
            chunk.add_penalty(self.regularization)
        return loss_sum / weight_sum + self.penalty(), self._gradient.vector

    def drop_tiny(self, *vectors: Array) -> None:
        """Set tiny numbers to zero in vectors of the size of the parameters.

        The gradient serves as scratch and is overwritten.
        """
        for vector in vectors:
            for chunk in self._chunks:
                values, scratch = vector[chunk.elements], self._gradient.vector[chunk.elements]
                drop_tiny(values, scratch, self._is_tiny[: values.size])

    def measure(self, before: Array) -> None:
        """Measure the step from the parameters `before` to the current parameters."""
        self.statistics.remember(before, self._gradient.vector)
        self.statistics.compare()

    def penalty(self) -> float:
        """Return the penalty of the current weights."""
        value = 0.0
        for chunk in self._chunks:
            value += chunk.penalty(self.regularization)
        return value

    def check(self, loss: float, with_gradient: bool = False) -> None:
        """Raise a NonFiniteError, which names the layer, if a loss or a parameter is not finite."""
        params = self.parameters.vector
        other = self._gradient.vector if with_gradient else params
        if not math.isfinite(loss) or has_nonfinite_product(params, other):
            self._raise_nonfinite()

    def check_predictions(self, parameters: Parameters, epoch: int) -> None:
        """Raise a NonFiniteError if a prediction for a sample of the rows is not finite.

        Finite weights may give predictions that are not finite. After the last step, no other
        check would detect them.
        """
        network = self.network.replace_parameters(parameters)
        for _, raw_prediction in network.raw_predictions(self.source.sample()):
            if not np.isfinite(network.apply_link(raw_prediction)).all():
                raise NonFiniteError("a prediction after it", epoch)

    def _raise_nonfinite(self) -> NoReturn:
        params, grad = self.parameters.vector, self._gradient.vector
        for what, vector in (("a parameter", params), ("the gradient", grad)):
            wrong = np.flatnonzero(~np.isfinite(vector))
            if wrong.size:
                layer = self.parameters.layout.name_at(int(wrong[0]))
                raise NonFiniteError(f"{what} of {layer}")
        if not math.isfinite(self.penalty()):
            raise NonFiniteError("the penalty")
        raise NonFiniteError("the loss (from the output layer)")


def mean_loss(network: Network, loss: Loss, data: DataSet) -> float:
    """Return the mean loss ``sum_i w_i l_i / sum_i w_i`` of a network, in bounded memory."""
    total = len(data) if data.weight is None else float(data.weight.sum())
    return loss_sum(network, loss, data) / total


def loss_sum(network: Network, loss: Loss, data: DataSet) -> float:
    """Return ``sum_i w_i l_i`` of a network, in bounded memory."""
    total = 0.0
    for rows, raw_prediction in network.raw_predictions(data.X):
        value = loss.value(raw_prediction, data.y[rows].T)
        total += float(value.sum() if data.weight is None else np.dot(value, data.weight[rows]))
    return total
