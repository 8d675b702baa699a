"""The gradient of rows on the workers, summed in a fixed order."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any, final

import numpy as np

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._training.gradients import CHECKED, GradientSource
from sknn.dask._data import DistributedDataSet
from sknn.dask._session import to_each
from sknn.dask._shards import Sum, add_sums
from sknn.dask._tree import add_up, whole_subtrees
from sknn.losses import Loss


@final
class DistributedGradients(GradientSource):
    """The gradient of rows of a distributed data set.

    The workers compute the gradient of each partition's rows in the batch, divided by the weight of
    the whole batch. The gradients are added in the order of a binary tree over the partitions. So
    the sum depends on the partitions, and not on the workers or their timing.

    Parameters
    ----------
    network : Network
        The network.
    loss : Loss
        The loss of a sample.
    data : DistributedDataSet
        The data set.
    seed : int
        The seed of the dropout masks.
    """

    def __init__(self, network: Network, loss: Loss, data: DistributedDataSet, seed: int) -> None:
        self.network, self._data = network, data
        layout, vector = network.parameters.layout, network.parameters.vector
        self.gradient = Parameters(layout, np.zeros_like(vector))
        data.session.prepare("begin", to_each(network, loss, seed))

    def sum(self, rows: Array | slice, step: int) -> tuple[float, float]:
        weight_sum = self._total_weight(rows)
        if weight_sum == 0:
            return 0.0, 0.0
        batch = _Batch(rows, self._data, self.network.parameters.vector, step, weight_sum)
        known: dict[tuple[int, int], Sum] = {}
        for subtrees, sums in self._data.session.call("gradients", batch.plan).values():
            known |= {
                tuple(subtree): value
                for subtree, value in zip(subtrees, sums, strict=True)
                if value is not None
            }
        total = add_up(0, batch.n_parts, lambda *subtree: known.get(subtree), add_sums)
        assert total is not None  # the weight of the batch is not zero
        gradient, loss_sum = total
        np.copyto(self.gradient.vector, gradient)
        return loss_sum, weight_sum

    def _total_weight(self, rows: Array | slice) -> float:
        weight = self._data.weight
        if weight is None:
            return float(rows.stop - rows.start if isinstance(rows, slice) else len(rows))
        return float(np.add.reduce(weight[rows]))

    @cached_property
    def _sample(self) -> Array:
        return self._data.inputs(slice(None, None, -(-len(self._data) // CHECKED)))

    def sample(self) -> Array:
        return self._sample


@final
class _Batch:
    """The rows of a batch by partition, and the calls that compute its gradient."""

    def __init__(
        self,
        rows: Array | slice,
        data: DistributedDataSet,
        vector: Array,
        step: int,
        weight_sum: float,
    ) -> None:
        self._head = (vector, step, weight_sum)
        edges = data.edges
        self.n_parts = len(edges) - 1
        self._rows: Array | None = None
        if isinstance(rows, slice):  # partitions or slices of partitions
            starts = np.clip(rows.start - edges[:-1], 0, None)
            stops = np.minimum(rows.stop, edges[1:]) - edges[:-1]
        else:
            numbers = np.searchsorted(edges, rows, side="right") - 1
            order = np.argsort(numbers, kind="stable")
            stops = np.cumsum(np.bincount(numbers, minlength=self.n_parts))
            starts = np.concatenate([[0], stops[:-1]])
            self._rows = (rows - edges[numbers])[order].astype(np.int32)
        self._bounds = list(zip(starts.tolist(), stops.tolist(), strict=True))

    def plan(self, placement: Mapping[str, list[int]]) -> dict[str, tuple[Any, ...]]:
        """Return the arguments of `Shards.gradients` for each worker with rows of the batch."""
        owners: list[str | None] = [None] * self.n_parts
        for worker, numbers in placement.items():
            for number in numbers:
                start, stop = self._bounds[number]
                owners[number] = worker if stop > start else None
        subtrees: dict[str, list[tuple[int, int]]] = {}
        for start, stop, worker in whole_subtrees(owners):
            subtrees.setdefault(worker, []).append((start, stop))
        return {
            worker: (*self._head, subtrees[worker], *self._share(numbers, owners))
            for worker, numbers in placement.items()
            if worker in subtrees
        }

    def _share(self, numbers: list[int], owners: list[str | None]) -> tuple[Any, ...]:
        """Return the partitions of a worker with rows in the batch, and these rows."""
        present = [number for number in numbers if owners[number] is not None]
        bounds = [self._bounds[number] for number in present]
        if self._rows is None:
            return present, bounds, None
        sizes = [0, *np.cumsum([stop - start for start, stop in bounds]).tolist()]
        rows = np.concatenate([self._rows[start:stop] for start, stop in bounds])
        return present, list(pairwise(sizes)), rows
