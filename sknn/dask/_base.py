"""The base of both estimators: a fit on workers, by the core's estimator."""

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

# The attributes that the core's estimators do not have.
_OF_CLIENT = ("client", "_client")


class DaskMLP:
    """A mixin for `DaskMLPClassifier` and `DaskMLPRegressor`.

    A fit trains an estimator of the core with the same parameters, whose rows are on the workers.
    The attributes of that estimator become those of this one.
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
        """Train on Dask collections that stay on their workers.

        Parameters
        ----------
        X : Dask array or data frame of shape (n_samples, n_features)
            Inputs. An array has one chunk of columns. Chunk sizes may be unknown.
        y : Dask array, series or data frame of shape (n_samples,) or (n_samples, n_outputs)
            Targets, with the same chunks of rows.
        sample_weight : Dask array or series of shape (n_samples,), array-like or None, default=None
            Weights, not negative. They are gathered in the memory of the client.
        X_val : Dask array or data frame, or array-like, of shape (n_val, n_features), default=None
            A validation set, as for the estimator without Dask.
        y_val : Dask array, series or data frame, or array-like, default=None
            Its targets: a collection if X_val is one.
        sample_weight_val : array-like or Dask collection of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            On a wrong parameter, wrong data (the error names the partition), or training that
            diverges. Nothing has changed then.
        TypeError
            If X or y is no Dask collection.
        TimeoutError
            If a worker does not answer for ``dask.config.get("sknn.patience", "60s")``.
        RuntimeError
            If a partition cannot be computed, or not again after its worker was lost.
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
        """Continue a fit that was interrupted, to the end that it would have had.

        A file that `sknn.callbacks.Checkpoint` wrote in a fit on workers holds the core's
        estimator. `from_local` makes one for workers of it.

        Parameters
        ----------
        X : Dask array or data frame of shape (n_samples, n_features)
            Inputs; this and all others are those of the interrupted fit, in the same chunks.
        y : Dask array, series or data frame of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : Dask array or series of shape (n_samples,), array-like or None, default=None
            Weights.
        X_val : Dask array or data frame, or array-like, of shape (n_val, n_features), default=None
            The validation set, if the fit had been given one.
        y_val : Dask array, series or data frame, or array-like, default=None
            Its targets.
        sample_weight_val : array-like or Dask collection of shape (n_val,), default=None
            Its weights.

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
                f"shuffle={self.shuffle!r} is an order for data on a disk, and these are on "
                "workers. Set shuffle=True or shuffle=False."
            )
        client = self._find_client()
        storage, local = OnWorkers(client), self._as_core()
        data = (X, y, sample_weight, X_val, y_val, weight_val)
        call, before = FitCall(mode, *data, None, storage), vars(local).get(MODEL)
        try:
            run_fit(local, call)
        finally:
            storage.close()
            if vars(local).get(MODEL) is not before:  # also if a filter made its warning an error
                self.__dict__ = vars(local) | {"client": self.client, "_client": client}
        return self

    @property
    def partial_fit(self) -> Any:
        """Raise an AttributeError: only `fit` trains on workers."""
        raise AttributeError(
            f"{type(self).__name__} has no partial_fit. Call to_local().partial_fit for data in "
            "memory, or fit with warm_start=True."
        )

    def _find_client(self) -> Client:
        """Return the client to use, or raise a ValueError."""
        client = self.client
        if client is None:
            try:
                client = default_client()
            except ValueError:
                raise ValueError(
                    "There is no Dask client: make one with distributed.Client(), or pass client."
                ) from None
        if not isinstance(client, Client):
            raise ValueError(f"client must be None or a distributed.Client, got {client!r}.")
        if client.asynchronous:
            raise ValueError("client must not be asynchronous: fit blocks until it is done.")
        return client

    @property
    def client_(self) -> Client:
        """The client of the last fit, or the one that would be used."""
        return vars(self).get("_client") or self._find_client()

    # ---------------------------------------------------------------- conversion

    def to_local(self) -> Any:
        """Return the fitted estimator of the core: `sknn.MLPClassifier` or `sknn.MLPRegressor`.

        Returns
        -------
        local : MLPClassifier or MLPRegressor
            A copy that is independent of Dask, to save, export and inspect.
        """
        check_is_fitted(self)
        return copy.copy(self._as_core())

    @classmethod
    def from_local(cls: type[Self], local: Any, client: Any = None) -> Self:
        """Return an estimator for workers with the parameters and the state of a local one.

        Parameters
        ----------
        local : MLPClassifier or MLPRegressor
            The core's estimator, such as ``sknn.load`` returns.
        client : Client or None, default=None
            The client.

        Returns
        -------
        estimator : DaskMLPClassifier or DaskMLPRegressor
            The estimator, which may be resumed.
        """
        if type(local) is not cls.core:
            raise TypeError(
                f"local must be of the class {cls.core.__name__}, got {type(local).__name__}."
            )
        estimator: Self = object.__new__(cls)
        vars(estimator).update(vars(copy.copy(local)) | {"client": client})
        return estimator

    def _as_core(self) -> Any:
        """Return the core's estimator with the same attributes, none of them copied."""
        local: Any = object.__new__(self.core)
        attributes = {name: value for name, value in vars(self).items() if name not in _OF_CLIENT}
        vars(local).update(attributes)
        return local

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]
        state.pop("_client", None)
        return {**state, "client": None}  # a connection cannot be pickled

    def __sklearn_clone__(self: Self) -> Self:
        parameters = clone(self._as_core()).get_params(deep=False)
        cls: Any = type(self)
        twin: Self = cls(**parameters, client=self.client)
        if "_skl_callbacks" in vars(self):
            vars(twin)["_skl_callbacks"] = vars(self)["_skl_callbacks"]
        return twin

    # ---------------------------------------------------------------- predictions

    def predict(self, X: Any, **options: Any) -> Any:
        """Return predictions: lazily for a Dask collection, at once for an array.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            Inputs.
        **options : dict
            The options of the core's estimator, for arrays only.

        Returns
        -------
        y : Dask array or ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, as the core's estimator returns them. A Dask array has the chunks of X.
        """
        return self._predict_with("predict", X, options)

    def activations(self, X: Any) -> Any:
        """Return the activations of each layer for X, without dropout.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs in memory.

        Returns
        -------
        activations : list of ndarray of shape (n_samples, n_units)
            The activations, as the core's estimator returns them.

        Raises
        ------
        ValueError
            If X is a Dask collection, or wrong.
        """
        return self._in_memory("activations", X, {})

    def _in_memory(self, method: str, X: Any, options: dict[str, Any]) -> Any:
        """Call a method of the core's estimator that is not for collections."""
        check_is_fitted(self)
        if collections.is_collection(X):
            raise ValueError(
                f"{method} needs X in memory, got a Dask collection. Call to_local() and map it "
                "over the partitions."
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
                "to_local() and map it over the partitions."
            )
        return predict_lazily(without_training(view(local)), method, X)

    def _computed(self, *values: Any) -> list[Any]:
        """Return collections as arrays in memory; other values as they are."""
        client = self.client_
        futures = [
            client.compute(value) if collections.is_collection(value) else None for value in values
        ]
        return [
            value if future is None else np.asarray(client.gather(future))
            for value, future in zip(values, futures, strict=True)
        ]
