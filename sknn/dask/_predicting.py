"""Lazy predictions for Dask collections."""

import warnings
from typing import Any

import numpy as np
from dask import array

from sknn._core.typing import Array
from sknn.dask import _collections as collections


def predict_lazily(model: Any, method: str, X: Any) -> Any:
    """Return the predictions for a collection as a Dask array with the same partitions.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        A fitted local estimator, which becomes a part of the tasks.
    method : str
        The name of the method that predicts.
    X : Dask array or data frame
        The inputs.
    """
    example = _example(model, method)
    if collections.is_frame(X):
        meta = _as_frame(example[:0], X._meta)
        predicted = X.map_partitions(_predict_frame, model, method, example[:0], meta=meta)
        lazy = predicted.to_dask_array()
        return lazy if lazy.dtype == example.dtype else lazy.astype(example.dtype)
    if X.ndim != 2 or X.numblocks[1] > 1:
        collections.partitions(X, "X")  # raises the error
    has_columns = example.ndim == 2
    return array.map_blocks(
        *(_predict_array, X),
        chunks=(X.chunks[0], (example.shape[1],)) if has_columns else (X.chunks[0],),
        drop_axis=None if has_columns else 1,
        meta=example[:0],
        dtype=example.dtype,
        model=model,
        method=method,
        empty=example[:0],
    )


def _example(model: Any, method: str) -> Array:
    """Return the prediction for one row, as an example of shape and dtype."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the row has no feature names
        example: Array = getattr(model, method)(np.zeros((1, model.n_features_in_)))
    return example


def _predict_array(X: Any, *, model: Any, method: str, empty: Array) -> Array:
    return getattr(model, method)(X) if len(X) else empty


def _predict_frame(X: Any, model: Any, method: str, empty: Array) -> Any:
    return _as_frame(_predict_array(X, model=model, method=method, empty=empty), X)


def _as_frame(prediction: Array, frame: Any) -> Any:
    """Return a prediction as a series or data frame of the same library as `frame`."""
    kind = frame.__class__ if prediction.ndim == 2 else frame.iloc[:, 0].__class__
    return kind(prediction, index=frame.index[: len(prediction)])
