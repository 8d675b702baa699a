"""Sources of gradients: sums of losses and of gradients over rows, wherever the rows are."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Final, final

import numpy as np
from scipy import sparse

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.layers import Masks, Memory, with_ones
from sknn._network.network import Network
from sknn._network.touched import TouchedRows
from sknn._training.data import DataSet, even_slices, n_rows, rows_within
from sknn._training.objective import BatchObjective
from sknn.losses import Loss

# The fewest and the most rows in one share of a large batch.
FEWEST: Final = 384
MOST: Final = 2048
MOST_SPARSE: Final = 16_384
# Bytes of activations and deltas that fit in a core's cache.
CACHED: Final = 3 * 2**18
# Parameters per row above which summing the gradients of several shares costs noticeable time.
PER_ROW: Final = 128
# The largest size in bytes of the copy of the inputs from which rows are gathered faster.
COPIED: Final = 2**28
# The total number of rows of the workspaces that are kept for batches of different sizes. A fit
# with one batch size needs four workspaces: a batch in shares has two sizes, and so does the last
# batch.
KEPT_ROWS: Final = 4096
KEPT_WORKSPACES: Final = 4
# The most rows on which the predictions of a trained network are checked.
CHECKED: Final = 256


class GradientSource(ABC):
    """The gradient of the loss over given rows of a data set.

    The engine adds the penalty, clips and updates. The source owns what depends on the rows: the
    rows themselves, the dropout masks, the division into shares and the workspaces.

    Attributes
    ----------
    network : Network
        The network, whose current parameters `sum` reads.
    gradient : Parameters
        Receives the gradient.
    touched : TouchedRows or None
        With sparse inputs, receives the rows of the first layer's gradient that are not zero, in
        place of `gradient`, if the engine turns it on.
    """

    network: Network
    gradient: Parameters
    touched: TouchedRows | None = None

    @abstractmethod
    def sum(self, rows: Array | slice, step: int) -> tuple[float, float]:
        """Compute the gradient of ``sum_i w_i l_i / sum_i w_i`` over rows.

        Parameters
        ----------
        rows : ndarray of int or slice
            The index of the rows.
        step : int
            The number of steps done before, which selects the dropout masks.

        Returns
        -------
        loss_sum, weight_sum : float
            ``sum_i w_i l_i`` and ``sum_i w_i``. If the latter is 0, the gradient is arbitrary.
        """

    @abstractmethod
    def sample(self) -> Any:
        """Return up to about `CHECKED` rows of the inputs, evenly spaced."""


@final
class Buffers:
    """The arrays of a source of gradients, which sources of one network may share.

    Parameters
    ----------
    network : Network
        The network.
    """

    def __init__(self, network: Network) -> None:
        layout, vector = network.parameters.layout, network.parameters.vector
        self.gradient = Parameters(layout, np.zeros_like(vector))
        self.memory = Memory(vector.dtype)

    @cached_property
    def share(self) -> Parameters:
        """The gradient of one share of a batch."""
        return self.gradient.copy()


@final
class LocalGradients(GradientSource):
    """The gradient over rows in the memory of this process.

    Parameters
    ----------
    network : Network
        The network.
    loss : Loss
        The loss of a sample.
    data : DataSet
        The data set.
    seed : int
        The seed of the dropout masks.
    chunk : int, default=0
        The number of the data set, if it is a chunk of a larger one; selects the dropout masks.
    copied : int, default=COPIED
        The largest number of bytes of inputs that are copied for faster gathering.
    kept_rows : int, default=KEPT_ROWS
        The number of rows for which workspaces are kept.
    buffers : Buffers, optional
        The buffers, if other sources of the same network share them.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        data: DataSet,
        seed: int,
        chunk: int = 0,
        copied: int = COPIED,
        kept_rows: int = KEPT_ROWS,
        buffers: Buffers | None = None,
    ) -> None:
        self.network, self.loss, self.data = network, loss, data
        self._buffers = buffers or Buffers(network)
        self.gradient, vector = self._buffers.gradient, network.parameters.vector
        self._is_sparse = sparse.issparse(data.X)
        self._share_size = share_size(network.architecture.layer_sizes, vector, self._is_sparse)
        self._batches: dict[tuple[int, bool], BatchObjective] = {}
        is_small = not self._is_sparse and data.X.nbytes <= copied
        self._X = with_ones(data.X) if is_small else data.X
        self._masks, self._kept_rows = Masks(seed, chunk), kept_rows
        if self._is_sparse:
            self.touched = self._buffers.memory.touched = TouchedRows(data.X.shape[1])

    def sum(
        self, rows: Array | slice, step: int, divisor: float | None = None
    ) -> tuple[float, float]:
        """Compute the gradient over rows, share by share; see `GradientSource.sum`.

        Parameters
        ----------
        rows, step
            As for `GradientSource.sum`.
        divisor : float, optional
            Divides the gradient in place of the sum of the weights, if that is not 0.
        """
        self._masks.step, self._masks.share = step, 0
        if n_rows(rows) < 1.5 * self._share_size:
            batch = self._batch(n_rows(rows), self.gradient)
            weight_sum = batch.load(rows)
            loss_sum = batch.gradient(divisor or weight_sum) if weight_sum != 0 else 0.0
            return loss_sum, weight_sum
        weight_sum = self._total_weight(rows)
        if weight_sum == 0:
            return 0.0, 0.0
        if self.touched:
            self.touched.is_on = False  # shares touch different rows
        part = self._buffers.share
        self.gradient.vector.fill(0)
        loss_sum = 0.0
        for number, share in enumerate(even_slices(n_rows(rows), self._share_size)):
            self._masks.share = number
            batch = self._batch(share.stop - share.start, part)
            batch.load(rows_within(rows, share))
            loss_sum += batch.gradient(divisor or weight_sum)
            np.add(self.gradient.vector, part.vector, out=self.gradient.vector)
        return loss_sum, weight_sum

    def sample(self) -> Any:
        return self.data.X[slice(None, None, -(-len(self.data) // CHECKED))]

    def _total_weight(self, rows: Array | slice) -> float:
        weight = self.data.weight
        if weight is None:
            return float(n_rows(rows))
        if isinstance(rows, slice):
            return float(np.add.reduce(weight[rows]))
        scratch = self._buffers.memory.array("weights", len(rows))
        return float(np.add.reduce(weight.take(rows, out=scratch, mode="clip")))

    def _batch(self, n_samples: int, gradient: Parameters) -> BatchObjective:
        """Return the workspace for batches of one size, and move it to the end of all."""
        key = (n_samples, gradient is not self.gradient)
        batch = self._batches.pop(key, None)
        if batch is None:
            self._make_room(n_samples)
            compiled = self.network.compile(
                n_samples, self._is_sparse, gradient, self._masks, self._buffers.memory
            )
            batch = BatchObjective(compiled, self.loss, self.data, self._X)
        self._batches[key] = batch
        return batch

    def _make_room(self, n_samples: int) -> None:
        """Drop the workspaces that have been unused for longest, so that memory is bounded."""
        total = n_samples + sum(size for size, _ in self._batches)
        for size, is_share in list(self._batches):
            if total <= self._kept_rows or len(self._batches) < KEPT_WORKSPACES:
                return
            del self._batches[size, is_share]
            total -= size


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
    >>> from sknn._training.gradients import share_size
    >>> share_size((64, 100, 10), np.empty(7510), False), share_size((8, 9, 1), np.empty(91), False)
    (384, 2048)
    """
    n_inputs = 0 if is_sparse else layer_sizes[0]
    row_bytes = gradient.itemsize * (n_inputs + 2 * sum(layer_sizes[1:]))
    fewest = max(FEWEST, gradient.size // PER_ROW)
    return min(max(fewest, CACHED // row_bytes), MOST_SPARSE if is_sparse else MOST)
