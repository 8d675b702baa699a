"""Checks and conversion of data: inputs, targets, weights and the validation set."""

import math
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import (
    _num_samples,
    check_array,
    column_or_1d,
    validate_data,
)

from sknn._core.typing import FLOATS, Array
from sknn._training.data import DataSet
from sknn._training.mapped import take_rows
from sknn.dropout import Dropout
from sknn.estimators._ready import are_ready_inputs, is_ready

# A row without weight is replaced if it exceeds the largest value of the rows with weight, or 1, by
# more than this factor.
_EXTREME = 10.0
# The types of targets that need no conversion before they are encoded.
_NUMBERS = (*FLOATS, np.int64, np.int32, np.bool_)


def check_inputs(estimator: BaseEstimator, X: Any, dtype: np.dtype[Any]) -> Any:
    """Return X as a dense or a CSR array of floats that fit in the given dtype.

    X may keep the other float dtype, because rows are cast chunk by chunk when they are loaded.
    """
    if not are_ready_inputs(estimator, X, *FLOATS):
        check_sparse(X, "X")
        with np.errstate(over="ignore", invalid="ignore"):  # the check raises for infinities
            X = validate_data(estimator, X, dtype=FLOATS, accept_sparse="csr", reset=False)
        X = _canonical(X)
    values = X.data if hasattr(X, "toarray") else X
    if dtype == np.float32 and X.dtype == np.float64 and values.size:
        largest = max(values.max(), -values.min())
        if largest > np.finfo(np.float32).max:
            raise ValueError(
                f"X has a value of {largest:g}, which is infinite in float32, the network's dtype."
            )
    return X


def check_predicted(prediction: Array, X: Any, rows: slice, what: str = "predictions") -> None:
    """Raise a ValueError unless the predictions for rows of X are finite."""
    if not np.isfinite(prediction).all():
        sample = X[rows]
        values = sample.data if hasattr(sample, "toarray") else sample
        raise ValueError(
            f"X has values up to {np.abs(values).max(initial=0.0):.3g} for which {what} are "
            "not finite. Were they scaled like the training data?"
        )


def check_inputs_and_targets(
    estimator: BaseEstimator, X: Any, y: Any, dtype: Any, reset: bool
) -> tuple[Any, Array]:
    """Return X, dense in C order or CSR and of the given dtype, and y, dense.

    y is of shape (n_samples,) or (n_samples, n_outputs); a single column is raveled.
    """
    if not reset and _are_ready(estimator, X, y, dtype):
        return X, _dense_targets(y)
    check_sparse(X, "X")
    check_sparse(y, "y")
    # Values that overflow in float32 are refused as infinities.
    with np.errstate(over="ignore", invalid="ignore"):
        X, y = validate_data(
            estimator,
            X,
            y,
            dtype=dtype,
            accept_sparse="csr",
            order="C",
            multi_output=True,
            reset=reset,
        )
    return _canonical(X), _dense_targets(y)


def _are_ready(estimator: BaseEstimator, X: Any, y: Any, dtype: Any) -> bool:
    """Tell whether X and y are certainly valid for a fitted estimator that knows no names."""
    return (
        isinstance(dtype, np.dtype)
        and are_ready_inputs(estimator, X, dtype.type)
        and bool(X.flags.c_contiguous)
        and is_ready(y, *_NUMBERS)
        and len(X) == len(y)
    )


def check_sparse(X: Any, name: str) -> None:
    """Raise a ValueError if a sparse matrix has indices out of bounds: SciPy would write there."""
    if not (sparse.issparse(X) and X.format in ("csr", "csc")):
        return
    n_major, n_minor = X.shape if X.format == "csr" else X.shape[::-1]
    starts, indices = X.indptr, X.indices
    sound = starts.size == n_major + 1 and starts[0] == 0 and (np.diff(starts) >= 0).all()
    sound = sound and starts[-1] <= min(indices.size, X.data.size)
    indices = indices[: starts[-1]] if sound else indices
    if not sound or (indices.size and not 0 <= indices.min() <= indices.max() < n_minor):
        raise ValueError(f"{name} is a damaged sparse matrix: it has indices beyond its shape.")


def _canonical(X: Any) -> Any:
    """Return X in a canonical form, so that equal data gives the same bits.

    The byte order is native. Indices of sparse matrices are sorted and without duplicates.
    """
    if not sparse.issparse(X):
        return X.astype(X.dtype.newbyteorder("="), copy=False)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def check_input_dropout(dropout: Dropout, X: Any) -> None:
    """Raise a ValueError if dropout would turn the zeros of a sparse X into other numbers."""
    if sparse.issparse(X) and dropout.rate > 0 and not dropout.keeps_zeros:
        raise ValueError(
            f"input_dropout={dropout!r} replaces zeros, and X is sparse: use "
            f"Dropout({dropout.rate}) on the inputs, or pass X.toarray()."
        )


def check_regression_targets(y: Array, dtype: Any, name: str) -> Array:
    """Return y as a finite array of shape (n_samples, n_outputs) and of the given dtype."""
    if is_ready(y, np.dtype(dtype).type):
        return y.reshape(len(y), -1)
    refuse_text(y, name)
    with np.errstate(over="ignore", invalid="ignore"):  # overflow is refused as infinity
        converted: Array = check_array(y, dtype=dtype, ensure_2d=False, input_name=name)
    return converted.reshape(len(y), -1)


def refuse_text(y: Array, name: str) -> None:
    """Raise a ValueError if an array contains text that is not the text of a number."""
    if y.dtype.kind in "iufbc":
        return
    for value in y.ravel():
        try:
            if isinstance(value, (str, bytes)):
                float(value)
        except ValueError:
            raise ValueError(
                f"{name} must contain numbers for a regressor, got the text {str(value)!r}. "
                f"Convert {name} to numbers, or use a classifier if the texts are classes."
            ) from None


def check_weights(sample_weight: Any, X: Any, name: str = "sample_weight") -> Array | None:
    """Return checked weights, which are not negative and not all zero, or None."""
    if sample_weight is None:
        return None
    n_samples = _num_samples(X)
    with np.errstate(over="ignore", invalid="ignore"):  # the check raises for infinities
        if isinstance(sample_weight, Real):
            sample_weight = np.full(n_samples, sample_weight)
        weight: Array = check_array(
            sample_weight, dtype=np.float64, ensure_2d=False, input_name=name
        )
    if weight.shape != (n_samples,):
        raise ValueError(
            f"{name} must have the shape ({n_samples},), one weight for each row; "
            f"got {weight.shape}."
        )
    if (weight < 0).any():
        raise ValueError(f"{name} must not be negative, got {weight.min():g} among its elements.")
    check_total_weight(weight, name)
    return weight


def check_total_weight(weight: Array | None, name: str) -> None:
    """Raise a ValueError if all weights are zero."""
    if weight is not None and not weight.any():
        raise ValueError(f"{name} must be greater than 0 for at least one row; all are zero.")


def normalize_weights(weight: Array | None, dtype: np.dtype[Any], name: str) -> Array | None:
    """Return weights of mean 1 and of the given dtype; only ratios of weights count.

    So weights are allowed that do not fit in float32, or whose sum does not.
    """
    if weight is None:
        return None
    check_total_weight(weight, name)
    normalized: Array = (weight / weight.max() / (weight / weight.max()).mean()).astype(dtype)
    return normalized


def check_validation_set(
    estimator: BaseEstimator, X_val: Any, y_val: Any, sample_weight_val: Any, dtype: Any
) -> tuple[Any, Array, Array | None]:
    """Return a validation set, checked like the training set; errors name its arguments."""
    named = X_val
    check_sparse(X_val, "X_val")
    with np.errstate(over="ignore", invalid="ignore"):  # the check raises for infinities
        X_val = check_array(X_val, dtype=dtype, accept_sparse="csr", order="C", input_name="X_val")
    X_val = _canonical(X_val)
    if X_val.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X_val has {X_val.shape[1]} features, and X has {estimator.n_features_in_}."
        )
    validate_data(estimator, named, reset=False, skip_check_array=True)
    check_sparse(y_val, "y_val")
    with np.errstate(over="ignore", invalid="ignore"):
        y_val = check_array(
            y_val, dtype=None, accept_sparse="csr", ensure_2d=False, input_name="y_val"
        )
    if X_val.shape[0] != y_val.shape[0]:
        raise ValueError(f"X_val has {X_val.shape[0]} rows, and y_val {y_val.shape[0]}.")
    weight = check_weights(sample_weight_val, X_val, "sample_weight_val")
    return X_val, _dense_targets(y_val), weight


def _dense_targets(y: Any) -> Array:
    if hasattr(y, "toarray"):
        y = y.toarray()
    single: Array = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
    return single


def replace_extremes(data: DataSet, y: Array) -> tuple[DataSet, Array]:
    """Replace rows without weight and with extreme values by a row with weight, in data and y.

    The product of a weight of zero and an overflow would be NaN. Without an overflow, a row without
    weight adds exactly zero to losses and gradients, whatever its values.
    """
    if data.weight is None or data.weight.all():
        return data, y
    X, targets, counts = data.X, data.y, data.weight > 0
    index = _without_extremes(X, counts)
    X = X if index is None else take_rows(X, index)
    index = _without_extremes(targets, counts) if targets.dtype.kind == "f" else None
    if index is not None:
        targets, y = targets[index], y[index]
    return DataSet(X, targets, data.weight), y


def _without_extremes(values: Any, counts: Array) -> Array | None:
    """Return an index that replaces extreme rows by one that counts; None if there are none."""
    high, low = values.max(axis=1), values.min(axis=1)
    if sparse.issparse(values):
        high, low = high.toarray().ravel(), low.toarray().ravel()
    sizes = np.maximum(high, -low)
    extreme = ~counts & (sizes > _EXTREME * max(sizes[counts].max(), 1))
    return np.where(extreme, counts.argmax(), np.arange(len(counts))) if extreme.any() else None


def check_validation_arguments(X_val: Any, y_val: Any, sample_weight_val: Any) -> None:
    """Raise a ValueError unless X_val and y_val come together."""
    for one, name, other, other_name in (
        (X_val, "X_val", y_val, "y_val"),
        (y_val, "y_val", X_val, "X_val"),
        (sample_weight_val, "sample_weight_val", X_val, "X_val"),
    ):
        if one is not None and other is None:
            raise ValueError(f"{name} is provided, but {other_name} was not provided.")


def split_rows(
    n_samples: int, fraction: float, codes: Array | None, random_state: np.random.RandomState
) -> tuple[Array, Array]:
    """Draw the training rows and the validation rows.

    Parameters
    ----------
    n_samples : int
        The number of rows.
    fraction : float in (0, 1)
        The share of validation rows, rounded up. It may be up to twice as large if that gives at
        least two rows and one of each class.
    codes : ndarray of shape (n_samples,) or None
        The classes by which the split is stratified, if each has at least two rows.
    random_state : RandomState
        The source of randomness.

    Raises
    ------
    ValueError
        If either part would be too small.
    """
    stratify, n_classes = codes, 1
    if codes is not None:
        counts = np.unique(codes, return_counts=True)[1]
        n_classes = len(counts)
        if counts.min() < 2:
            stratify, n_classes = None, 1
    n_validation = math.ceil(fraction * n_samples)
    needed = max(2, n_classes)
    if n_validation < needed <= 2 * fraction * n_samples:
        n_validation = needed
    if n_validation < needed or n_samples - n_validation < n_classes:
        raise ValueError(
            f"The validation set is too small: validation_fraction={fraction} of {n_samples} rows "
            f"is {n_validation}, and it needs at least {needed}"
            f"{f', and training {n_classes}' if n_classes > 1 else ''} (n_samples = {n_samples})."
            " Change validation_fraction, give more rows, or pass X_val and y_val to fit."
        )
    training, validation = train_test_split(
        np.arange(n_samples), test_size=n_validation, stratify=stratify, random_state=random_state
    )
    return training, validation
