"""The encoding of a table: which parts of scikit-learn and of ours do it, for which columns."""

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

# The most categories that have a column each; of more, the most frequent, and then the mean of the
# target in each category is a column, too.
MAX_CATEGORIES: Final = 64
# The names of encoded columns that are bins.
_BIN: Final = re.compile(r"(numbers|target_means)__.*_bin_\d+", re.DOTALL)


def choose_categories(value: Any, columns: list[Column], names: Any) -> list[bool]:
    """Return whether each column is a category, by the parameter ``categorical_features``.

    Parameters
    ----------
    value : "from_dtype", None, or array-like of bool, int or str
        The parameter.
    columns : list of Column
        The table.
    names : array of str or None
        Names of the columns, if they have any.

    Raises
    ------
    ValueError
        If the parameter is wrong, or leaves out a column that holds no numbers.
    """
    chosen = _read_choice(value, columns, names)
    for column, is_chosen in zip(columns, chosen, strict=True):
        if not is_chosen and column.kind != NUMBERS:
            raise ValueError(
                f"{column.name} holds {column.kind}, and categorical_features={value!r} does not "
                "name it: add it, or use 'from_dtype'."
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
        f"{len(columns)} booleans, indices below {len(columns)} or names of columns, got {value!r}."
    )


def to_table(columns: list[Column], is_category: list[bool]) -> Array:
    """Return the columns as one array, of floats if none is a category, else of objects."""
    if not any(is_category):
        dtype = np.result_type(np.float32, *(c.values.dtype for c in columns if not c.is_empty))
        floats: Array = np.stack([column.values.astype(dtype) for column in columns], axis=1)
        return floats
    table = np.empty((len(columns[0].values), len(columns)), dtype=object)
    for i, (column, category) in enumerate(zip(columns, is_category, strict=True)):
        table[:, i] = column.values
        if category and column.values.dtype != object:
            table[np.isnan(column.values), i] = np.nan  # one object for all
    return table


def make_preprocessor(
    table: Array, is_category: list[bool], target_type: str, random_state: int
) -> ColumnTransformer:
    """Return the transformer for a table, which is not fitted yet.

    Parameters
    ----------
    table : ndarray of shape (n_samples, n_features)
        What it will be fitted to.
    is_category : list of bool
        Whether each column is a category.
    target_type : {"binary", "multiclass", "continuous"}
        What the target is.
    random_state : int
        Splits the rows for the means of the target, which a row's own target has no part in.
    """
    numbers = [i for i, category in enumerate(is_category) if not category]
    categories = [i for i, category in enumerate(is_category) if category]
    many = [i for i in categories if len(set(table[:, i].tolist())) > MAX_CATEGORIES]
    # A category of a few rows tells more about them than about others.
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
    """Return an encoder that splits the rows by a random state, as each scikit-learn wants it."""
    if TargetEncoder().get_params()["random_state"] is None:  # before 1.9
        return TargetEncoder(target_type=target_type, random_state=random_state)
    cv = KFold(5, shuffle=True, random_state=random_state)
    return TargetEncoder(target_type=target_type, cv=cv)


def find_bins(preprocessor: ColumnTransformer) -> Array:
    """Return a mask of the encoded columns that are bins of a number."""
    names = preprocessor.get_feature_names_out()
    return np.array([_BIN.fullmatch(name) is not None for name in names])
