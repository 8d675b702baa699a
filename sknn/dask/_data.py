"""A data set on the workers, with the interface of a data set in memory."""

import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, final

import numpy as np

from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._training.data import DataSet
from sknn._training.diagnosis import sampled_rows
from sknn.dask._session import Plan, Session, to_each
from sknn.dask._shards import ALL, VALIDATION
from sknn.losses import Loss


@final
class DistributedDataSet:
    """Rows on the workers of a cluster, in the order of their partitions.

    The inputs are on the workers. The indices and weights of the rows are in the memory of the
    client, and so are the targets if a statistic needs them.

    Parameters
    ----------
    session : Session
        The partitions.
    X : Dask array or data frame
        The inputs that the user passed.
    sizes : list of int
        The number of rows of each partition.
    n_features : int
        The number of features.
    dtype : dtype
        The dtype of the network.
    """

    def __init__(
        self, session: Session, X: Any, sizes: list[int], n_features: int, dtype: np.dtype[Any]
    ) -> None:
        self.session, self.X, self.n_features, self.dtype = session, X, n_features, dtype
        self.edges = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self.name, self.index = ALL, np.empty(0, np.int64)
        self.weight: Array | None = None
        self._checksums: dict[int, int] = {}

    def encode(self, targets: Any, weight: Array | None, suffix: str) -> None:
        """Encode the targets on the workers, and send the weights of the rows to them."""
        self.weight, edges = weight, self.edges

        def plan(placement: Mapping[str, list[int]]) -> dict[str, tuple[Any, ...]]:
            return {
                worker: (
                    targets,
                    {
                        number: None
                        if weight is None
                        else weight[edges[number] : edges[number + 1]].copy()
                        for number in numbers
                    },
                    suffix,
                )
                for worker, numbers in placement.items()
            }

        self._checksums = self.session.encode(plan)

    def __len__(self) -> int:
        return int(self.edges[-1]) if self.name == ALL else len(self.index)

    @cached_property
    def y(self) -> Array:
        """The encoded targets, gathered from the workers."""
        return self.gather_targets(encoded=True)

    def gather_targets(self, encoded: bool) -> Array:
        """Return the targets of all rows, either encoded or as the user passed them."""
        parts = self._merged("take_targets", to_each(encoded))
        filled = [parts[number] for number in sorted(parts) if len(parts[number])]
        y = np.concatenate(filled)
        return y if self.name == ALL else y[self.index]

    def checksum(self) -> int:
        """Return a checksum of the partitions, which is never 0."""
        numbers = sorted(self._checksums)
        values = [(self._checksums[number], self.edges[number + 1]) for number in numbers]
        checksum = zlib.crc32(np.array(values, np.int64).data, 1)
        if self.weight is not None:
            checksum = zlib.crc32(np.ascontiguousarray(self.weight).data, checksum)
        return checksum or 1

    def inputs(self, rows: Array | slice) -> Array:
        """Return a few rows of the inputs."""
        return self._rows(rows)[0]

    def _rows(self, rows: Array | slice) -> tuple[Array, Array]:
        """Return a few rows of inputs and of encoded targets."""
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        if self.name != ALL:
            rows = self.index[rows]
        by_part = self.split(rows)

        def plan(placement: Mapping[str, list[int]]) -> dict[str, tuple[Any, ...]]:
            plans = {
                worker: {number: by_part[number][1] for number in numbers if number in by_part}
                for worker, numbers in placement.items()
            }
            return {worker: (rows,) for worker, rows in plans.items() if rows}

        results = self._merged("take_rows", plan)
        places = np.argsort(np.concatenate([by_part[number][0] for number in by_part]))
        X, y = (np.concatenate([results[number][i] for number in by_part]) for i in (0, 1))
        return X[places], y[places]

    def split(self, rows: Array) -> dict[int, tuple[Array, Array]]:
        """Split row indices by partition; return their positions in `rows` and in the partition."""
        numbers = np.searchsorted(self.edges, rows, side="right") - 1
        order = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=len(self.edges) - 1))
        by_part, start = {}, 0
        for number, end in enumerate(ends):
            if end > start:
                places = order[start:end]
                by_part[number] = (places, rows[places] - self.edges[number])
            start = end
        return by_part

    def take(self, rows: Array) -> "DistributedDataSet":
        """Set rows on the workers aside for validation, and return their data set."""
        sizes = np.diff(self.edges).tolist()
        taken = DistributedDataSet(self.session, self.X, sizes, self.n_features, self.dtype)
        taken.name, taken.index = VALIDATION, rows
        taken.weight = None if self.weight is None else self.weight[rows]
        by_part, nothing = self.split(rows), np.empty(0, np.int64)

        def plan(placement: Mapping[str, list[int]]) -> dict[str, tuple[Any, ...]]:
            return {
                worker: ({i: by_part[i][1] if i in by_part else nothing for i in numbers},)
                for worker, numbers in placement.items()
            }

        self.session.prepare("set_aside", plan)
        return taken

    def excerpt(self) -> DataSet:
        """Return evenly spaced rows in memory, for the diagnosis."""
        return DataSet(*self._rows(sampled_rows(self)), None)

    def loss_sums(self, network: Network, loss: Loss) -> dict[int, float]:
        """Return the weighted loss ``sum_i w_i l_i`` of a network for each partition."""
        return self._merged("loss_sums", to_each(network, loss, self.name))

    def raw_predictions(self, network: Network) -> Array:
        """Return the raw predictions of a network, of shape (n_outputs, n_samples)."""
        results = self._merged("raw_predictions", to_each(network, self.name))
        parts = [results[number] for number in sorted(results)]
        if self.name == ALL:
            return np.concatenate(parts, axis=1)
        out = np.empty((parts[0].shape[0], len(self)), parts[0].dtype)
        for number, (places, _) in self.split(self.index).items():
            out[:, places] = results[number]
        return out

    def _merged(self, method: str, plan: Plan) -> dict[int, Any]:
        results = self.session.call(method, plan)
        return {number: value for part in results.values() for number, value in part.items()}
