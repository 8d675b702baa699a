"""The engine: data, loss, penalty and optimizer around a network; all arithmetic of training."""

import math
from typing import Any, Final, NoReturn

import numpy as np
from scipy import sparse

from sknn._core.blas import has_nonfinite_product, warm_up
from sknn._core.parameters import Parameters
from sknn._core.subnormal import INTERVAL, drop_tiny
from sknn._core.typing import Array
from sknn._network.layers import Masks, Memory, with_ones
from sknn._network.network import Architecture, Workspace, raw_predictions
from sknn._training.data import Batch, Rows, even_slices, n_rows, rows_within
from sknn._training.penalty import MaxNorm, Part, Regularization, clip
from sknn._training.step_statistics import Gauge
from sknn.losses import Loss
from sknn.optimizers import ElementwiseOptimizer, Optimizer
from sknn.optimizers._base import PART, parts

# Rows of a large batch whose gradient is computed at a time: not fewer, and not more.
FEWEST: Final = 384
MOST: Final = 2048
MOST_SPARSE: Final = 16_384
# Bytes of activations and deltas that stay in a core's cache.
CACHED: Final = 3 * 2**18
# Parameters to a row, from which on adding up the gradients of shares is felt.
PER_ROW: Final = 128
# Bytes of inputs up to which a fit keeps a copy of them that is gathered faster.
COPIED: Final = 2**28
# The most rows that are predicted to see whether the trained network is sound.
CHECKED: Final = 256


class NonFiniteError(ValueError):
    """A loss, a gradient or a parameter became NaN or infinite.

    Parameters
    ----------
    what : str
        What it was, and in which layer.
    epoch : int
        When it happened, counted from 1; where it is 0 the trainer fills it in.
    """

    def __init__(self, what: str, epoch: int = 0) -> None:
        super().__init__(what)
        self.what, self.epoch = what, epoch


class Engine:
    """Takes steps and evaluates. The objective of a step is ``sum_i w_i l_i / sum_i w_i`` plus
    the penalty of the weights.

    Parameters
    ----------
    architecture : Architecture
        The network.
    parameters : Parameters
        Its parameters, updated in place.
    loss : Loss
        The rule.
    regularization : Regularization
        The penalty, and the bounds on norms.
    rows : Rows
        The training set.
    seed : int
        For dropout masks.

    Attributes
    ----------
    gauge : Gauge
        Measures a step while it is on.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        loss: Loss,
        regularization: Regularization,
        rows: Rows,
        seed: int,
    ) -> None:
        warm_up()
        self.architecture, self.parameters, self.loss = architecture, parameters, loss
        self.regularization, self.rows = regularization, rows
        layout, vector = parameters.layout, parameters.vector
        self._gradient = Parameters(layout, np.empty_like(vector))
        self._share: Parameters | None = None
        is_sparse = sparse.issparse(rows.X)
        self._share_size = share_size(architecture.layer_sizes, vector, is_sparse)
        self._batches: dict[tuple[int, bool], Batch] = {}
        is_small = not is_sparse and rows.X.nbytes <= COPIED
        self._X = with_ones(rows.X) if is_small else rows.X
        # The parts, each with what the optimizer's rule takes of it, for the state seen last.
        self._state: Any = None
        self._operands: list[tuple[Part, tuple[Array, ...]]] = []
        self._masks, self._memory = Masks(seed), Memory(vector.dtype)
        self._parts = [
            Part(layout, part, vector, self._gradient.vector) for part in parts(layout.size)
        ]
        self._is_tiny = np.empty(min(layout.size, PART), bool)
        self.gauge = Gauge(parameters, architecture.layer_names)
        hidden = [parameters[name][:-1] for name in architecture.layer_names[:-1]]
        max_norm = regularization.max_norm
        self._max_norm = MaxNorm(hidden, max_norm) if max_norm is not None else None

    def step(
        self, at: Array | slice, optimizer: Optimizer, state: Any, learning_rate: float, count: int
    ) -> tuple[float, float]:
        """Take one step on some rows, unless their weights are all zero.

        Parameters
        ----------
        at : ndarray of int or slice
            Which rows.
        optimizer, state
            The rule, and what its `init` returned.
        learning_rate : float
            The rate.
        count : int
            Steps done before: the place of dropout masks in their stream. At every 128th tiny
            parameters and moments are set to zero.

        Returns
        -------
        loss_sum, weight_sum : float
            ``sum_i w_i l_i`` before the step, and ``sum_i w_i``.
        """
        self._masks.step = count
        if count % INTERVAL == 0:
            self.drop_tiny(self.parameters.vector, *optimizer.vectors(state))
        loss_sum, weight_sum = self._sum_gradient(at)
        if weight_sum != 0:
            self._update(loss_sum, optimizer, state, learning_rate)
            if self._max_norm:
                self._max_norm.apply()
            if self.gauge.is_on:
                self.gauge.compare()
        return loss_sum, weight_sum

    def _update(self, loss: float, optimizer: Optimizer, state: Any, learning_rate: float) -> None:
        if state is not self._state:
            self._bind(optimizer, state)
        if not self._operands:
            self._update_whole(loss, optimizer, state, learning_rate)
            return
        # Part by part, so that penalty, check and update find the part in cache.
        regularization, gauge = self.regularization, self.gauge
        coefficients = optimizer.begin_update(state, learning_rate)
        for part, operands in self._operands:
            if part.finish_gradient(regularization) or not math.isfinite(loss):
                self._raise_nonfinite()
            if gauge.is_on:
                gauge.remember(self.parameters.vector, self._gradient.vector, part.slice)
            optimizer.decay_part(part.slice, self.parameters.vector, state, learning_rate)
            optimizer.rule(*operands, *coefficients)

    def _bind(self, optimizer: Optimizer, state: Any) -> None:
        """Prepare what the optimizer's rule takes, part by part, if it can take parts."""
        self._state, self._operands = state, []
        by_parts = type(optimizer).update is ElementwiseOptimizer.update
        if by_parts and not self.regularization.clip_norm:
            params, grad = self.parameters.vector, self._gradient.vector
            self._operands = [
                (part, optimizer.operands(part.slice, params, grad, state)) for part in self._parts
            ]

    def _update_whole(
        self, loss: float, optimizer: Optimizer, state: Any, learning_rate: float
    ) -> None:
        params, grad = self.parameters.vector, self._gradient.vector
        for part in self._parts:
            if part.finish_gradient(self.regularization) or not math.isfinite(loss):
                self._raise_nonfinite()
        if self.gauge.is_on:
            self.gauge.remember(params, grad)
        if self.regularization.clip_norm:
            clip(grad, self.regularization.clip_norm)
        optimizer.update(params, grad, state, learning_rate)

    def objective(self, vector: Array, at: Array | slice) -> tuple[float, Array]:
        """Return the objective over some rows at another point, and its gradient."""
        self.parameters.vector[...] = vector
        loss_sum, weight_sum = self._sum_gradient(at)
        for part in self._parts:
            part.add_penalty(self.regularization)
        return loss_sum / weight_sum + self.penalty(), self._gradient.vector

    def drop_tiny(self, *vectors: Array) -> None:
        """Set tiny numbers to zero in vectors of the parameters' size; the gradient is lost."""
        for vector in vectors:
            for part in self._parts:
                values, room = vector[part.slice], self._gradient.vector[part.slice]
                drop_tiny(values, room, self._is_tiny[: values.size])

    def measure(self, before: Array) -> None:
        """Let the gauge compare the present parameters, and their gradient, with those before."""
        self.gauge.remember(before, self._gradient.vector)
        self.gauge.compare()

    def penalty(self) -> float:
        """Return the penalty of the present weights."""
        value = 0.0
        for part in self._parts:
            value += part.penalty(self.regularization)
        return value

    def _sum_gradient(self, at: Array | slice) -> tuple[float, float]:
        """Leave the gradient over some rows, share by share; return the sums of `step`."""
        self._masks.share = 0
        if n_rows(at) < 1.5 * self._share_size:
            batch = self._batch(n_rows(at), self._gradient)
            weight_sum = batch.load(at)
            return batch.gradient(weight_sum) if weight_sum != 0 else 0.0, weight_sum
        weight_sum = self._total_weight(at)
        if weight_sum == 0:
            return 0.0, 0.0
        if self._share is None:
            self._share = self._gradient.copy()
        self._gradient.vector.fill(0)
        loss_sum = 0.0
        for number, share in enumerate(even_slices(n_rows(at), self._share_size)):
            self._masks.share = number
            batch = self._batch(share.stop - share.start, self._share)
            batch.load(rows_within(at, share))
            loss_sum += batch.gradient(weight_sum)
            np.add(self._gradient.vector, self._share.vector, out=self._gradient.vector)
        return loss_sum, weight_sum

    def _total_weight(self, at: Array | slice) -> float:
        weight = self.rows.weight
        if weight is None:
            return float(n_rows(at))
        if isinstance(at, slice):
            return float(np.add.reduce(weight[at]))
        room = self._memory.array("weights", len(at))
        return float(np.add.reduce(weight.take(at, out=room, mode="clip")))

    def _batch(self, n_samples: int, gradient: Parameters) -> Batch:
        key = (n_samples, gradient is self._share)
        if key not in self._batches:
            is_sparse = sparse.issparse(self.rows.X)
            bound = self.architecture, self.parameters, n_samples, is_sparse, gradient
            workspace = Workspace(*bound, self._masks, self._memory)
            self._batches[key] = Batch(workspace, self.loss, self.rows, self._X)
        return self._batches[key]

    def check(self, loss: float, with_gradient: bool = False) -> None:
        """Raise a NonFiniteError that names the layer if a loss or a parameter is not finite."""
        params = self.parameters.vector
        other = self._gradient.vector if with_gradient else params
        if not math.isfinite(loss) or has_nonfinite_product(params, other):
            self._raise_nonfinite()

    def check_predictions(self, parameters: Parameters, epoch: int) -> None:
        """Raise a NonFiniteError if a network predicts what is not finite, on some of the rows.

        Finite weights may do so after the last step, and no further step would notice.
        """
        some = slice(None, None, -(-len(self.rows) // CHECKED))
        link = self.architecture.link
        for _, raw in raw_predictions(self.architecture, parameters, self.rows.X[some]):
            if not np.isfinite(link(raw)).all():
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
    """Return how many rows of a large batch to take at a time, or so.

    Few, so that activations and deltas stay in cache: up to a third less time for 100 units and
    thousands of rows. But no fewer than repay the addition of one more gradient.

    Parameters
    ----------
    layer_sizes : tuple of int
        Units from the inputs to the outputs.
    gradient : ndarray of shape (size,)
        Of all parameters.
    is_sparse : bool
        Whether the inputs are; their gradient is dense, and takes longer than their products.

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


def mean_loss(architecture: Architecture, parameters: Parameters, loss: Loss, rows: Rows) -> float:
    """Return ``sum_i w_i l_i / sum_i w_i`` of a network, chunk by chunk."""
    total = 0.0
    for at, raw_prediction in raw_predictions(architecture, parameters, rows.X):
        value = loss.value(raw_prediction, rows.y[at].T)
        total += float(value.sum() if rows.weight is None else np.dot(value, rows.weight[at]))
    return total / (len(rows) if rows.weight is None else float(rows.weight.sum()))
