"""The base class of both estimators, which runs the fit of a local estimator on the workers."""

import copy
from typing import Any, ClassVar, TypeVar

import numpy as np
from distributed import Client
from distributed.client import default_client
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sknn.dask import _collections as collections
from sknn.dask._predicting import predict_lazily
from sknn.dask._storage import OnWorkers
from sknn.estimators import MLPClassifier, MLPRegressor
from sknn.estimators.internals import MODEL, FitCall, FitMode, run_fit, view, without_training

Self = TypeVar("Self", bound="DaskMLP")
Core = type[MLPClassifier] | type[MLPRegressor]

# The attributes that local estimators do not have.
_OF_CLIENT = ("client", "_client")


class DaskMLP:
    """A mixin for `DaskMLPClassifier` and `DaskMLPRegressor`.

    A fit trains a local estimator with the same parameters, whose rows are on the workers. Then it
    takes over the attributes of the local estimator.
    """

    core: ClassVar[Core]

    client: Any
    shuffle: Any
    warm_start: bool

    # ---------------------------------------------------------------- fit

    def fit(
        self: Self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train on Dask collections in the memory of the workers.

        Parameters
        ----------
        X : Dask array or data frame of shape (n_samples, n_features)
            The inputs. An array must have a single chunk along the columns. Chunk sizes may be
            unknown.
        y : Dask array, series or data frame of shape (n_samples,) or (n_samples, n_outputs)
            The targets, with the same partitions as X.
        sample_weight : Dask array or series of shape (n_samples,), array-like or None, default=None
            The weights of the rows, not negative. They are gathered in the memory of the client.
        X_val : Dask array or data frame, or array-like, of shape (n_val, n_features), default=None
            The inputs of a validation set, as for a local estimator.
        y_val : Dask array, series or data frame, or array-like, default=None
            The targets of the validation set: a Dask collection if X_val is one.
        sample_weight_val : array-like or Dask collection of shape (n_val,), default=None
            The weights of the validation rows.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is invalid, if the data are invalid (the message names the partition), or
            if training diverges. The estimator does not change.
        TypeError
            If X or y is not a Dask collection.
        TimeoutError
            If a worker does not answer for ``dask.config.get("sknn.patience", "60s")``.
        RuntimeError
            If a partition cannot be computed, or cannot be computed again after its worker was
            lost.
        """
        mode = FitMode.WARM_START if self.warm_start else FitMode.FIT
        return self._fit_on_workers(mode, X, y, sample_weight, X_val, y_val, sample_weight_val)

    def resume(
        self: Self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Continue an interrupted fit to its original end.

        A checkpoint that `sknn.callbacks.Checkpoint` wrote contains a local estimator. Convert it
        with `from_local`.

        Parameters
        ----------
        X : Dask array or data frame of shape (n_samples, n_features)
            The inputs. All arguments must equal those of the interrupted fit, with the same
            partitions.
        y : Dask array, series or data frame of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : Dask array or series of shape (n_samples,), array-like or None, default=None
            The weights of the rows.
        X_val : Dask array or data frame, or array-like, of shape (n_val, n_features), default=None
            The inputs of the validation set, if the interrupted fit had one.
        y_val : Dask array, series or data frame, or array-like, default=None
            The targets of the validation set.
        sample_weight_val : array-like or Dask collection of shape (n_val,), default=None
            The weights of the validation rows.

        Returns
        -------
        self : object
            The estimator itself.
        """
        mode = FitMode.RESUME
        return self._fit_on_workers(mode, X, y, sample_weight, X_val, y_val, sample_weight_val)

    def _fit_on_workers(
        self: Self,
        mode: FitMode,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        weight_val: Any,
    ) -> Self:
        if isinstance(self.shuffle, str) and self.shuffle == "blocks":
            raise ValueError(
                f"shuffle={self.shuffle!r} is for data on a disk, but these data are on workers. "
                "Set shuffle=True or shuffle=False."
            )
        client = self._find_client()
        storage, local = OnWorkers(client), self._as_core()
        data = (X, y, sample_weight, X_val, y_val, weight_val)
        call, before = FitCall(mode, *data, None, storage), vars(local).get(MODEL)
        try:
            run_fit(local, call)
        finally:
            storage.close()
            if (
                vars(local).get(MODEL) is not before
            ):  # also if a filter turned a warning into an error
                self.__dict__ = vars(local) | {"client": self.client, "_client": client}
        return self

    @property
    def partial_fit(self) -> Any:
        """Raise an AttributeError: only `fit` trains on workers."""
        raise AttributeError(
            f"{type(self).__name__} has no partial_fit. For data in memory, call "
            "to_local().partial_fit. For Dask collections, call fit with warm_start=True."
        )

    def _find_client(self) -> Client:
        """Return the client to use, or raise a ValueError."""
        client = self.client
        if client is None:
            try:
                client = default_client()
            except ValueError:
                raise ValueError(
                    "There is no Dask client: create one with distributed.Client(), or set client."
                ) from None
        if not isinstance(client, Client):
            raise ValueError(f"client must be None or a distributed.Client, got {client!r}.")
        if client.asynchronous:
            raise ValueError(
                "client must not be asynchronous, because fit blocks until it has finished."
            )
        return client

    @property
    def client_(self) -> Client:
        """The client of the last fit, or the client that the next fit would use."""
        return vars(self).get("_client") or self._find_client()

    # ---------------------------------------------------------------- conversion

    def to_local(self) -> Any:
        """Return the fitted model as a `sknn.MLPClassifier` or `sknn.MLPRegressor`.

        Returns
        -------
        local : MLPClassifier or MLPRegressor
            A copy that does not need Dask. Use it to save, export and inspect the model.
        """
        check_is_fitted(self)
        return copy.copy(self._as_core())

    @classmethod
    def from_local(cls: type[Self], local: Any, client: Any = None) -> Self:
        """Create an estimator for Dask from a local estimator.

        Parameters
        ----------
        local : MLPClassifier or MLPRegressor
            The local estimator, for example from ``sknn.load``.
        client : Client or None, default=None
            The client of the cluster; None for the current client.

        Returns
        -------
        estimator : DaskMLPClassifier or DaskMLPRegressor
            An estimator with the same parameters and state. Its `resume` continues an interrupted
            fit.
        """
        if type(local) is not cls.core:
            raise TypeError(
                f"local must be an instance of {cls.core.__name__}, got {type(local).__name__}."
            )
        estimator: Self = object.__new__(cls)
        vars(estimator).update(vars(copy.copy(local)) | {"client": client})
        return estimator

    def _as_core(self) -> Any:
        """Return a local estimator that shares the attributes."""
        local: Any = object.__new__(self.core)
        attributes = {name: value for name, value in vars(self).items() if name not in _OF_CLIENT}
        vars(local).update(attributes)
        return local

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]
        state.pop("_client", None)
        return {**state, "client": None}  # connections cannot be pickled

    def __sklearn_clone__(self: Self) -> Self:
        parameters = clone(self._as_core()).get_params(deep=False)
        cls: Any = type(self)
        twin: Self = cls(**parameters, client=self.client)
        if "_skl_callbacks" in vars(self):
            vars(twin)["_skl_callbacks"] = vars(self)["_skl_callbacks"]
        return twin

    # ---------------------------------------------------------------- predictions

    def predict(self, X: Any, **options: Any) -> Any:
        """Predict lazily for a Dask collection, and immediately for an array.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            The inputs.
        **options : dict
            The options of the local estimator, for arrays only.

        Returns
        -------
        y : Dask array or ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions. A Dask array has the partitions of X.
        """
        return self._predict_with("predict", X, options)

    def activations(self, X: Any) -> Any:
        """Return the activations of each layer for X, without dropout.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The inputs, in memory.

        Returns
        -------
        activations : list of ndarray of shape (n_samples, n_units)
            The activations, as in `sknn.MLPClassifier.activations`.

        Raises
        ------
        ValueError
            If X is a Dask collection or invalid.
        """
        return self._in_memory("activations", X, {})

    def _in_memory(self, method: str, X: Any, options: dict[str, Any]) -> Any:
        """Call a method of the local estimator that does not support collections."""
        check_is_fitted(self)
        if collections.is_collection(X):
            raise ValueError(
                f"{method} needs X in memory, got a Dask collection. Call to_local(), and map the "
                "method of the result over the partitions."
            )
        return getattr(self._as_core(), method)(X, **options)

    def _predict_with(self, method: str, X: Any, options: dict[str, Any]) -> Any:
        check_is_fitted(self)
        local = self._as_core()
        if not collections.is_collection(X):
            return getattr(local, method)(X, **options)
        if options:
            raise ValueError(
                f"{', '.join(options)}: {method} of a Dask collection has no options. Call "
                "to_local(), and map the method of the result over the partitions."
            )
        return predict_lazily(without_training(view(local)), method, X)

    def _computed(self, *values: Any) -> list[Any]:
        """Compute collections to arrays in memory, and return other values unchanged."""
        client = self.client_
        futures = [
            client.compute(value) if collections.is_collection(value) else None for value in values
        ]
        return [
            value if future is None else np.asarray(client.gather(future))
            for value, future in zip(values, futures, strict=True)
        ]
