"""Functions that read data frames, arrays and lists as columns with a kind of content."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Number
from typing import Any, Final

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from sknn._core.typing import Array

NUMBERS: Final = "numbers"
# The types of each kind of content.
_KINDS: Final = {
    "booleans": (bool, np.bool_),
    NUMBERS: (Number,),
    "strings": (str,),
}
_MISSING: Final = "missing values alone"


@dataclass
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        The name of the column in messages.
    values : ndarray of shape (n_samples,)
        Floats, or objects in which every missing value is NaN.
    kind : str
        The content: ``"numbers"``, ``"strings"``, ``"booleans"`` or ``"missing values alone"``.
    is_category : bool
        Whether the column is categorical by its type. Columns of numbers are not, unless their
        dtype in a data frame is categorical.
    """

    name: str
    values: Array
    kind: str
    is_category: bool

    @property
    def is_empty(self) -> bool:
        """Whether the column contains only missing values."""
        if self.kind == NUMBERS and self.values.dtype != object:
            return bool(np.isnan(self.values).all())
        return self.kind == _MISSING


def read_columns(X: Any) -> list[Column]:
    """Return the columns of a table.

    Parameters
    ----------
    X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
        The table.

    Raises
    ------
    TypeError, ValueError
        If X is sparse or not two-dimensional, or if the values of a column are not supported.
    """
    if sparse.issparse(X):
        raise TypeError(
            "Sparse data was passed for X, but dense data is required to encode each column. Use "
            "X.toarray(), or for text and counts MLPClassifier or MLPRegressor, which take sparse "
            "matrices."
        )
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        names = [str(name) for name in X.columns]
        if len(X) == 0 or not names:
            check_array(np.empty(X.shape))  # raises
        columns = zip(names, _frame_columns(X), strict=True)
        return [_read(f"column {name!r}", *column) for name, column in columns]
    X = _as_array(X)
    return [_read(f"column {i}", values, False) for i, values in enumerate(X.T)]


def _as_array(X: Any) -> Array:
    if not hasattr(X, "dtype"):
        X = list(X) if hasattr(X, "__iter__") else X
        array = np.asarray(X)
        if array.dtype.kind in "SU":  # NumPy converts numbers next to strings to strings
            array = np.asarray(X, dtype=object)
        X = array
    checked: Array = check_array(X, dtype=None, ensure_all_finite=False)
    return checked


def _frame_columns(X: Any) -> Iterator[tuple[Array, bool]]:
    """Yield the values of each column, and whether its dtype is categorical."""
    for i, dtype in enumerate(X.dtypes):
        series = X.iloc[:, i] if hasattr(X, "iloc") else X[:, i]
        is_category = type(dtype).__name__ in ("CategoricalDtype", "Categorical", "Enum")
        kind = getattr(dtype, "kind", "O" if is_category else None)
        if kind == "O" or is_category:
            yield np.asarray(series.astype(object) if hasattr(X, "iloc") else series), is_category
        elif kind in ("i", "u", "f") and not isinstance(dtype, np.dtype):
            yield series.to_numpy(dtype=np.float64, na_value=np.nan), False
        elif kind == "b" and not isinstance(dtype, np.dtype):
            yield series.to_numpy(dtype=object), False
        else:
            yield series.to_numpy(), False


def _read(name: str, values: Array, is_category: bool) -> Column:
    """Return a column; raise a ValueError if its values are not supported."""
    kind: str = values.dtype.kind
    if kind in "iuf" and not is_category:
        return Column(name, _finite(name, _as_floats(values)), NUMBERS, False)
    if kind == "c":
        raise ValueError(f"Complex data not supported: {name} holds complex numbers.")
    if kind in "mM":
        what = "dates or times" if kind == "M" else "time differences"
        raise _refusal(name, f"{what} ({values.dtype})")
    values = values.astype(object)
    distinct, kinds = _look(name, values)
    if len(kinds) > 1:
        raise _refusal(name, " and ".join(sorted(kinds)))
    kind = kinds.pop() if kinds else _MISSING
    if kind == NUMBERS and not is_category:
        return Column(name, _finite(name, _as_floats(values)), NUMBERS, False)
    if any(map(_is_missing, distinct)):
        values[[_is_missing(value) for value in values.tolist()]] = np.nan
    return Column(name, values, kind, True)


def _as_floats(values: Array) -> Array:
    if values.dtype == object:
        values = np.array([np.nan if _is_missing(v) else v for v in values.tolist()], np.float64)
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


def _finite(name: str, values: Array) -> Array:
    if np.isinf(values).any():
        raise ValueError(
            f"Input X contains infinity in {name}. Replace it; NaN marks a missing value."
        )
    return values


def _look(name: str, values: Array) -> tuple[list[Any], set[str]]:
    """Return the distinct values of a column of objects, and the kinds of the values present."""
    try:
        distinct = list(set(values.tolist()))
    except TypeError:
        unhashable = next(v for v in values.tolist() if getattr(v, "__hash__", None) is None)
        raise TypeError(
            f"{name} holds a {type(unhashable).__name__}: an argument must be a string or a number."
        ) from None
    types = {type(value) for value in distinct if not _is_missing(value)}
    kinds = set()
    for cls in types:
        possible = [kind for kind, members in _KINDS.items() if issubclass(cls, members)]
        if not possible or issubclass(cls, complex):
            raise _refusal(name, f"{cls.__name__} objects")
        kinds.add(possible[0])
    return distinct, kinds


def _is_missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return bool(value != value)
    return value is None or type(value).__name__ == "NAType"


def _refusal(name: str, what: str) -> ValueError:
    return ValueError(
        f"{name} holds {what}: a column must hold only numbers, only strings or only booleans. "
        "Convert dates to numbers such as year, month and age, and mixed columns to strings with "
        "astype(str), or drop the column."
    )


def check_same_kinds(columns: list[Column], kinds: list[str], is_category: list[bool]) -> None:
    """Raise a ValueError if the kind of a column differs from the kind in `fit`.

    Parameters
    ----------
    columns : list of Column
        The table to predict.
    kinds : list of str
        The kind of each column in `fit`.
    is_category : list of bool
        Whether each column is a category.
    """
    for column, kind, category in zip(columns, kinds, is_category, strict=True):
        if column.kind == kind or column.is_empty or (category and kind == _MISSING):
            continue
        raise ValueError(f"{column.name} holds {column.kind}, but in fit it held {kind}.")
