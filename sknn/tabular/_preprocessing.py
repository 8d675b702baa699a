"""The encoding of a table by a ColumnTransformer."""

import re
from typing import Any, Final

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

from sknn._core.typing import Array
from sknn.preprocessing import PiecewiseLinearEncoder
from sknn.tabular._columns import NUMBERS, Column

# The largest number of one-hot columns. If a column has more categories, the most frequent ones
# have a column each, and the mean of the target in each category is encoded as well.
MAX_CATEGORIES: Final = 64
# The pattern for the names of encoded columns that are bins.
_BIN: Final = re.compile(r"(numbers|target_means)__.*_bin_\d+", re.DOTALL)


def choose_categories(value: Any, columns: list[Column], names: Any) -> list[bool]:
    """Return whether each column is categorical, according to ``categorical_features``.

    Parameters
    ----------
    value : "from_dtype", None, or array-like of bool, int or str
        The parameter.
    columns : list of Column
        The table.
    names : array of str or None
        The names of the columns, or None if they have no names.

    Raises
    ------
    ValueError
        If the parameter is invalid, or does not include a column that is not numerical.
    """
    chosen = _read_choice(value, columns, names)
    for column, is_chosen in zip(columns, chosen, strict=True):
        if not is_chosen and column.kind != NUMBERS:
            raise ValueError(
                f"{column.name} holds {column.kind}, but categorical_features={value!r} does not "
                "include it. Add the column, or use 'from_dtype'."
            )
    return chosen


def _read_choice(value: Any, columns: list[Column], names: Any) -> list[bool]:
    if isinstance(value, str) and value == "from_dtype":
        return [column.is_category for column in columns]
    if value is None:
        return [False] * len(columns)
    chosen = np.asarray(value)
    if chosen.size == 0:
        return [False] * len(columns)
    if chosen.ndim == 1 and chosen.dtype.kind == "b" and len(chosen) == len(columns):
        return [bool(value) for value in chosen]
    if chosen.ndim == 1 and chosen.dtype.kind in "iu":
        if -len(columns) <= chosen.min() and chosen.max() < len(columns):
            mask = np.zeros(len(columns), bool)
            mask[chosen] = True
            return [bool(value) for value in mask]
    elif chosen.ndim == 1 and chosen.dtype.kind in "OU" and names is not None:
        known = list(names)
        if all(name in known for name in chosen.tolist()):
            return [name in chosen.tolist() for name in known]
    raise ValueError(
        "categorical_features must be 'from_dtype', None, a mask of "
        f"{len(columns)} booleans, indices below {len(columns)} or column names, got {value!r}."
    )


def to_table(columns: list[Column], is_category: list[bool]) -> Array:
    """Return the columns as one array, of floats if no column is categorical, else of objects."""
    if not any(is_category):
        dtype = np.result_type(np.float32, *(c.values.dtype for c in columns if not c.is_empty))
        floats: Array = np.stack([column.values.astype(dtype) for column in columns], axis=1)
        return floats
    table = np.empty((len(columns[0].values), len(columns)), dtype=object)
    for i, (column, category) in enumerate(zip(columns, is_category, strict=True)):
        table[:, i] = column.values
        if category and column.values.dtype != object:
            table[np.isnan(column.values), i] = np.nan  # one NaN object for all missing values
    return table


def make_preprocessor(
    table: Array, is_category: list[bool], target_type: str, random_state: int
) -> ColumnTransformer:
    """Return an unfitted transformer for a table.

    Parameters
    ----------
    table : ndarray of shape (n_samples, n_features)
        The table to fit the transformer to.
    is_category : list of bool
        Whether each column is categorical.
    target_type : {"binary", "multiclass", "continuous"}
        The type of the target.
    random_state : int
        The seed of the cross-fitting of target means, which excludes the target of the row itself.
    """
    numbers = [i for i, category in enumerate(is_category) if not category]
    categories = [i for i, category in enumerate(is_category) if category]
    many = [i for i in categories if len(set(table[:, i].tolist())) > MAX_CATEGORIES]
    # The rows of a very rare category say little about other rows of that category.
    rare = max(2, min(10, len(table) // 100))
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=rare,
        max_categories=MAX_CATEGORIES,
        sparse_output=False,
        dtype=np.float32,
    )
    means = make_pipeline(
        _target_encoder(target_type, random_state),
        PiecewiseLinearEncoder(dtype=np.float32),
    )
    parts = [
        ("numbers", PiecewiseLinearEncoder(dtype=np.float32), numbers),
        ("categories", one_hot, categories),
        ("target_means", means, many),
    ]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0)


def _target_encoder(target_type: str, random_state: int) -> TargetEncoder:
    """Return an encoder that shuffles the rows; the parameters depend on scikit-learn's version."""
    if TargetEncoder().get_params()["random_state"] is None:  # before scikit-learn 1.9
        return TargetEncoder(target_type=target_type, random_state=random_state)
    cv = KFold(5, shuffle=True, random_state=random_state)
    return TargetEncoder(target_type=target_type, cv=cv)


def find_bins(preprocessor: ColumnTransformer) -> Array:
    """Return a mask of the encoded columns that are bins."""
    names = preprocessor.get_feature_names_out()
    return np.array([_BIN.fullmatch(name) is not None for name in names])
