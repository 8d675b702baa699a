"""The actor on each worker, which holds partitions and computes with them."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, final

import numpy as np

from sknn._core.blas import warm_up
from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._training.data import DataSet
from sknn._training.engine import loss_sum
from sknn._training.gradients import COPIED, KEPT_ROWS, Buffers, LocalGradients
from sknn.dask._parts import Part
from sknn.dask._tree import add_up
from sknn.estimators.internals import Targets, replace_extremes
from sknn.losses import Loss

# The names of the data sets of all rows, and of the rows set aside for validation.
ALL: Final = "all"
VALIDATION: Final = "validation"

# A sum of gradients and a sum of losses.
Sum = tuple[Array, float]


def guard(function: Callable[..., Any], *args: Any) -> tuple[bool, Any]:
    """Call a function; return True and its result, or False and its exception.

    The caller can so distinguish an exception of the function from a lost worker.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return True, function(*args)
    except Exception as error:
        return False, error


@final
class Shards:
    """The partitions on one worker.

    The client calls `perform` with the name of a method. Every call may be repeated safely.

    Parameters
    ----------
    numbers : list of int
        The numbers of the partitions.
    *parts : Part
        The partitions.
    """

    def __init__(self, numbers: list[int], *parts: Part) -> None:
        warm_up()
        self._parts = dict(zip(numbers, parts, strict=True))
        self._data: dict[tuple[str, int], DataSet] = {}
        self._sources: dict[int, LocalGradients] = {}
        self._network: Network | None = None

    def perform(self, name: str, *args: Any) -> tuple[bool, Any]:
        """Call a method; return True and its result, or False and its exception."""
        return guard(getattr(self, name), *args)

    def is_ready(self) -> bool:
        """Return True."""
        return True

    def encode(
        self, targets: Targets, weights: dict[int, Array | None], suffix: str
    ) -> dict[int, int]:
        """Encode the targets and set the weights; return a checksum of each partition."""
        checksums = {}
        for number, part in self._parts.items():
            try:
                y = targets.encode(part.y, part.X.dtype, f"y{suffix}") if len(part.y) else part.y
            except ValueError as error:
                raise ValueError(f"partition {number} of y{suffix}: {error}") from None
            checksum = zlib.crc32(np.ascontiguousarray(part.X).data)
            checksums[number] = zlib.crc32(
                np.ascontiguousarray(y).data if len(y) else b"", checksum
            )
            data = DataSet(part.X, y, weights[number])
            if len(y) and (data.weight is None or data.weight.any()):
                data, _ = replace_extremes(data, y)
            self._data[ALL, number] = data
        return checksums

    def set_aside(self, rows: dict[int, Array]) -> None:
        """Create the validation set from the given rows of each partition."""
        for number in self._parts:
            self._data[VALIDATION, number] = self._data[ALL, number].take(rows[number])

    def begin(self, network: Network, loss: Loss, seed: int) -> None:
        """Prepare the computation of a network's gradients."""
        self._network, buffers, n_parts = network, Buffers(network), len(self._parts)
        for number in self._parts:
            self._sources[number] = LocalGradients(
                *(network, loss, self._data[ALL, number], seed, number),
                copied=COPIED // n_parts,
                kept_rows=KEPT_ROWS // n_parts,
                buffers=buffers,
            )

    def gradients(
        self,
        vector: Array,
        step: int,
        divisor: float,
        subtrees: list[tuple[int, int]],
        numbers: list[int],
        bounds: list[tuple[int, int]],
        rows: Array | None,
    ) -> tuple[list[tuple[int, int]], list[Sum | None]]:
        """Return subtrees and their sums of gradients and losses.

        Parameters
        ----------
        vector : ndarray of shape (size,)
            The parameters.
        step : int
            The number of completed steps.
        divisor : float
            The weight of the whole batch.
        subtrees : list of (int, int)
            The subtrees.
        numbers : list of int
            The partitions that have rows in the batch.
        bounds : list of (int, int)
            A slice for each of these partitions. It refers to `rows`, or to the rows of the
            partition if `rows` is None.
        rows : ndarray of int or None
            The indices of the rows within their partitions.
        """
        assert self._network is not None
        np.copyto(self._network.parameters.vector, vector)
        slices = dict(zip(numbers, (slice(*bound) for bound in bounds), strict=True))

        def find(start: int, stop: int) -> Sum | None:
            if stop - start > 1 or start not in slices:
                return None
            source, selected = self._sources[start], slices[start]
            batch = selected if rows is None else rows[selected]
            loss, weight = source.sum(batch, step, divisor)
            return (source.gradient.vector.copy(), loss) if weight else None

        return subtrees, [add_up(*subtree, find, add_sums) for subtree in subtrees]

    def loss_sums(self, network: Network, loss: Loss, name: str) -> dict[int, float]:
        """Return the weighted loss ``sum_i w_i l_i`` over a data set for each partition."""
        return {
            number: loss_sum(network, loss, data) for number, data in self._named(name) if len(data)
        }

    def raw_predictions(self, network: Network, name: str) -> dict[int, Array]:
        """Return the raw predictions for a data set, of shape (n_outputs, n_rows)."""
        results = {}
        for number, data in self._named(name):
            out = np.empty((network.architecture.layer_sizes[-1], len(data)), network.dtype)
            for rows, raw_prediction in network.raw_predictions(data.X):
                out[:, rows] = raw_prediction
            results[number] = out
        return results

    def take_rows(self, rows: dict[int, Array]) -> dict[int, tuple[Array, Array]]:
        """Return inputs and encoded targets of the given rows."""
        taken = {number: self._data[ALL, number].take(index) for number, index in rows.items()}
        return {number: (data.X, data.y) for number, data in taken.items()}

    def take_targets(self, encoded: bool) -> dict[int, Array]:
        """Return the targets of all rows, either encoded or as the user passed them."""
        if encoded:
            return {number: data.y for number, data in self._named(ALL)}
        return {number: part.y for number, part in self._parts.items()}

    def _named(self, name: str) -> Iterator[tuple[int, DataSet]]:
        return ((number, self._data[name, number]) for number in self._parts)


def add_sums(left: Sum, right: Sum) -> Sum:
    """Add two sums, in place in the first one if it is writeable."""
    (gradient, loss), (other_gradient, other_loss) = left, right
    out = gradient if gradient.flags.writeable else np.empty_like(gradient)
    return np.add(gradient, other_gradient, out=out), loss + other_loss
