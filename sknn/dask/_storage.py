"""The storage of a fit on a cluster, which reads collections and computes with them."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, final

import numpy as np
from distributed import Client
from sklearn.utils.validation import validate_data

from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._training.data import DataSet
from sknn._training.engine import mean_loss
from sknn._training.gradients import GradientSource
from sknn.dask import _collections as collections
from sknn.dask._data import DistributedDataSet
from sknn.dask._gradients import DistributedGradients
from sknn.dask._parts import Summary, representative_targets
from sknn.dask._session import Session
from sknn.dask._tree import add_up
from sknn.estimators.internals import (
    InMemory,
    Storage,
    Targets,
    check_weights,
    fitted_model,
    normalize_weights,
)
from sknn.losses import Loss

E = TypeVar("E")


@final
class OnWorkers(Storage):
    """Storage in Dask collections on the workers of a cluster.

    Parameters
    ----------
    client : Client
        The client of the cluster.
    """

    def __init__(self, client: Client) -> None:
        self._client, self._sessions = client, []

    _sessions: list[Session]

    def read(
        self,
        estimator: Any,
        arguments: tuple[Any, Any, Any],
        dtype: Any,
        learn: Callable[[Array], Targets],
        reset: bool,
    ) -> tuple[Targets, DistributedDataSet, "_RawTargets"]:
        X = arguments[0]
        collections.check_rows(X, "X")
        validate_data(estimator, collections.empty_like(X), reset=reset, skip_check_array=True)
        return self._read(estimator, arguments, collections.training_dtype(X, dtype), learn, "")

    def read_validation(
        self, estimator: Any, arguments: tuple[Any, Any, Any], dtype: Any, targets: Targets
    ) -> tuple[Any, Any]:
        X_val, y_val, _ = arguments
        if not (collections.is_collection(X_val) or collections.is_collection(y_val)):
            return InMemory().read_validation(estimator, arguments, dtype, targets)
        collections.check_rows(X_val, "X_val")
        validate_data(estimator, collections.empty_like(X_val), reset=False, skip_check_array=True)
        return self._read(estimator, arguments, dtype, lambda y: targets, "_val")[1:]

    def _read(
        self,
        estimator: Any,
        arguments: tuple[Any, Any, Any],
        dtype: Any,
        learn: Callable[[Array], Targets],
        suffix: str,
    ) -> tuple[Targets, DistributedDataSet, "_RawTargets"]:
        X, y, sample_weight = arguments
        parts = collections.partitions(X, f"X{suffix}")
        y_parts = collections.partitions(y, f"y{suffix}")
        collections.check_same_partitions(parts, y_parts, f"X{suffix}", f"y{suffix}")
        session = Session(self._client, parts, y_parts, dtype, suffix)
        self._sessions.append(session)
        summaries = session.summaries(has_classes=hasattr(estimator, "class_weight"))
        sizes = [summary.n_rows for summary in summaries]
        if not sum(sizes):
            raise ValueError(f"X{suffix} has no rows.")
        targets = learn(representative_targets(summaries))
        weight = self._gather_weights(sample_weight, sizes, f"sample_weight{suffix}")
        data = DistributedDataSet(session, X, sizes, _n_features(summaries), dtype)
        raw = _RawTargets(data)
        class_weight = getattr(estimator, "class_weight", None)
        if class_weight is not None:
            data.encode(targets, None, suffix)  # first, so that invalid targets raise their error
            weight = targets.weigh(class_weight, raw.values, weight)
        name = f"sample_weight{suffix} times class_weight"
        data.encode(targets, normalize_weights(weight, np.dtype(dtype), name), suffix)
        return targets, data, raw

    def _gather_weights(self, sample_weight: Any, sizes: list[int], name: str) -> Array | None:
        """Gather the weights in the memory of the client, and check them."""
        rows = np.broadcast_to(np.float32(0), (sum(sizes), 1))
        if not collections.is_collection(sample_weight):
            return check_weights(sample_weight, rows, name)
        parts = collections.partitions(sample_weight, name)
        collections.check_same_partitions(sizes, parts, "X", name)
        futures = self._client.compute(parts)
        weights = [np.asarray(part) for part in self._client.gather(futures)]
        for number, (weight, size) in enumerate(zip(weights, sizes, strict=True)):
            if len(weight) != size:
                raise ValueError(
                    f"partition {number}: X has {size} rows and {name} has {len(weight)}. Give "
                    "both the same partitions."
                )
        return check_weights(np.concatenate(weights), rows, name)

    def gradients(self, network: Network, loss: Loss, data: Any, seed: int) -> GradientSource:
        return DistributedGradients(network, loss, data, seed)

    def mean_loss(self, network: Network, loss: Loss, data: Any) -> float:
        if isinstance(data, DataSet):
            return float(mean_loss(network, loss, data))
        sums: dict[int, float] = data.loss_sums(network, loss)

        def find(start: int, stop: int) -> float | None:
            return sums.get(start) if stop - start == 1 else None

        total = add_up(0, len(data.edges) - 1, find, lambda left, right: left + right)
        assert total is not None
        return float(total) / (len(data) if data.weight is None else float(data.weight.sum()))

    def predictor(self, estimator: E, data: Any) -> E:
        if isinstance(data, DataSet):
            return estimator
        predictor: E = object.__new__(predictor_class(type(estimator)))
        vars(predictor).update(vars(estimator))
        vars(predictor)["_data"] = data
        return predictor

    def excerpt(self, data: Any) -> DataSet:
        return data if isinstance(data, DataSet) else data.excerpt()

    def close(self) -> None:
        """Release everything on the cluster."""
        for session in self._sessions:
            session.close()
        self._sessions = []


def predictor_class(base: Any) -> Any:
    """Return a subclass of an estimator class that predicts for a distributed data set.

    A scorer passes the collection of the inputs as X. The predictor does not read it again.
    """

    class Predictor(base):  # type: ignore[misc]
        _data: DistributedDataSet

        def _predict(
            self,
            X: Any,
            convert: Callable[[Array], Array],
            n_columns: int | None = None,
            dtype: Any = None,
        ) -> Array:
            if X is not self._data.X:
                others: Array = super()._predict(X, convert, n_columns, dtype)
                return others
            raw = self._data.raw_predictions(fitted_model(self).network)
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                predicted: Array = np.array(convert(raw), dtype or raw.dtype)
            return predicted

    Predictor.__name__ = base.__name__
    return Predictor


@final
class _RawTargets:
    """The targets that the user passed, gathered from the workers at the first access."""

    def __init__(self, data: DistributedDataSet) -> None:
        self._data = data

    @cached_property
    def values(self) -> Array:
        """All targets."""
        values: Array = self._data.gather_targets(encoded=False)
        return values

    def __getitem__(self, index: Any) -> Array:
        values: Array = self.values[index]
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        values: Array = np.asarray(self.values, dtype)
        return values

    def __len__(self) -> int:
        return len(self._data)


def _n_features(summaries: list[Summary]) -> int:
    return next(summary.n_features for summary in summaries if summary.n_rows)
