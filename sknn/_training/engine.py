"""The engine: the arithmetic of training, from a batch of rows to updated parameters."""

import math
from typing import Any, Final, NoReturn

import numpy as np
from scipy import sparse

from sknn._core.blas import has_nonfinite_product, warm_up
from sknn._core.chunks import chunks
from sknn._core.parameters import Parameters
from sknn._core.subnormal import INTERVAL, drop_tiny
from sknn._core.typing import Array
from sknn._network.layers import Masks, Memory, with_ones
from sknn._network.network import Network
from sknn._training.data import DataSet, even_slices, n_rows, rows_within
from sknn._training.objective import BatchObjective
from sknn._training.one_pass import in_one_pass
from sknn._training.penalty import Chunk, MaxNorm, Regularization, clip
from sknn._training.step_statistics import StepStatistics
from sknn.losses import Loss
from sknn.optimizers import Optimizer

# The fewest and the most rows in one share of a large batch.
FEWEST: Final = 384
MOST: Final = 2048
MOST_SPARSE: Final = 16_384
# Bytes of activations and deltas that fit in a core's cache.
CACHED: Final = 3 * 2**18
# Parameters per row above which summing the gradients of several shares costs noticeable time.
PER_ROW: Final = 128
# A fit keeps a copy of up to so many bytes of inputs from which rows are gathered faster.
COPIED: Final = 2**28
# The most rows on which the predictions of a trained network are checked.
CHECKED: Final = 256


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
    network : Network
        The network, whose parameters are updated in place.
    loss : Loss
        The loss of a sample.
    regularization : Regularization
        The penalty, and the bounds on norms.
    data : DataSet
        The training set.
    seed : int
        The seed of the dropout masks.

    Attributes
    ----------
    statistics : StepStatistics
        The measurements of a step; made if `is_on` is set.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        regularization: Regularization,
        data: DataSet,
        seed: int,
    ) -> None:
        warm_up()
        self.network, self.parameters, self.loss = network, network.parameters, loss
        self.regularization, self.data = regularization, data
        layout, vector = self.parameters.layout, self.parameters.vector
        self._gradient = Parameters(layout, np.empty_like(vector))
        self._share: Parameters | None = None
        is_sparse = sparse.issparse(data.X)
        self._share_size = share_size(network.architecture.layer_sizes, vector, is_sparse)
        self._batches: dict[tuple[int, bool], BatchObjective] = {}
        is_small = not is_sparse and data.X.nbytes <= COPIED
        self._X = with_ones(data.X) if is_small else data.X
        self._masks, self._memory = Masks(seed), Memory(vector.dtype)
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
        compiled = in_one_pass(bound.groups, self.parameters.layout, n_steps)
        self._groups = [
            (self._chunks_in(group.elements), group.elements, group.update, update_in_one_pass)
            for group, update_in_one_pass in zip(bound.groups, compiled, strict=True)
        ]

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
        self._masks.step = count
        if count % INTERVAL == 0:
            self.drop_tiny(self.parameters.vector, *self._optimizer.vectors(self._state))
        loss_sum, weight_sum = self._sum_gradient(rows)
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
        loss_sum, weight_sum = self._sum_gradient(rows)
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

    def _sum_gradient(self, rows: Array | slice) -> tuple[float, float]:
        """Compute the gradient over rows, share by share; return the sums that `step` returns."""
        self._masks.share = 0
        if n_rows(rows) < 1.5 * self._share_size:
            batch = self._batch(n_rows(rows), self._gradient)
            weight_sum = batch.load(rows)
            return batch.gradient(weight_sum) if weight_sum != 0 else 0.0, weight_sum
        weight_sum = self._total_weight(rows)
        if weight_sum == 0:
            return 0.0, 0.0
        if self._share is None:
            self._share = self._gradient.copy()
        self._gradient.vector.fill(0)
        loss_sum = 0.0
        for number, share in enumerate(even_slices(n_rows(rows), self._share_size)):
            self._masks.share = number
            batch = self._batch(share.stop - share.start, self._share)
            batch.load(rows_within(rows, share))
            loss_sum += batch.gradient(weight_sum)
            np.add(self._gradient.vector, self._share.vector, out=self._gradient.vector)
        return loss_sum, weight_sum

    def _total_weight(self, rows: Array | slice) -> float:
        weight = self.data.weight
        if weight is None:
            return float(n_rows(rows))
        if isinstance(rows, slice):
            return float(np.add.reduce(weight[rows]))
        scratch = self._memory.array("weights", len(rows))
        return float(np.add.reduce(weight.take(rows, out=scratch, mode="clip")))

    def _batch(self, n_samples: int, gradient: Parameters) -> BatchObjective:
        key = (n_samples, gradient is self._share)
        if key not in self._batches:
            is_sparse = sparse.issparse(self.data.X)
            compiled = self.network.compile(
                n_samples, is_sparse, gradient, self._masks, self._memory
            )
            self._batches[key] = BatchObjective(compiled, self.loss, self.data, self._X)
        return self._batches[key]

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
        sample = slice(None, None, -(-len(self.data) // CHECKED))
        network = self.network.replace_parameters(parameters)
        for _, raw_prediction in network.raw_predictions(self.data.X[sample]):
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


def share_size(layer_sizes: tuple[int, ...], gradient: Array, is_sparse: bool) -> int:
    """Return the approximate number of rows in one share of a large batch.

    With few rows in a share, activations and deltas stay in cache, which saves up to a third of
    the time for 100 units and thousands of rows. With too few rows, adding the gradients of the
    shares costs more than that.

    Parameters
    ----------
    layer_sizes : tuple of int
        Units from the inputs to the outputs.
    gradient : ndarray of shape (size,)
        The gradient of all parameters.
    is_sparse : bool
        Whether the inputs are sparse. The gradient is dense even then, and adding gradients takes
        longer than the products.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.engine import share_size
    >>> share_size((64, 100, 10), np.empty(7510), False), share_size((8, 9, 1), np.empty(91), False)
    (384, 2048)
    """
    n_inputs = 0 if is_sparse else layer_sizes[0]
    row_bytes = gradient.itemsize * (n_inputs + 2 * sum(layer_sizes[1:]))
    fewest = max(FEWEST, gradient.size // PER_ROW)
    return min(max(fewest, CACHED // row_bytes), MOST_SPARSE if is_sparse else MOST)


def mean_loss(network: Network, loss: Loss, data: DataSet) -> float:
    """Return the mean loss ``sum_i w_i l_i / sum_i w_i`` of a network, in bounded memory."""
    total = 0.0
    for rows, raw_prediction in network.raw_predictions(data.X):
        value = loss.value(raw_prediction, data.y[rows].T)
        total += float(value.sum() if data.weight is None else np.dot(value, data.weight[rows]))
    return total / (len(data) if data.weight is None else float(data.weight.sum()))
