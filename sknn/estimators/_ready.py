"""Recognition of plain arrays that scikit-learn's validation would return as they are.

For a few rows, that validation takes longer than the network. So arrays that are certainly valid
skip it. All other data goes through it, and it alone converts, warns and refuses.
"""

import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


def is_ready(values: Any, *dtypes: Any) -> bool:
    """Return whether an array is certainly valid: plain, of one or two dimensions, and finite.

    Parameters
    ----------
    values : object
        Anything.
    *dtypes : type
        NumPy's types of numbers that need no conversion.

    Returns
    -------
    is_ready : bool
        False does not mean invalid: the whole validation decides.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.estimators._ready import is_ready
    >>> (
    ...     is_ready(np.array([1.0, 2.0]), np.float64),
    ...     is_ready(np.array([1.0, np.nan]), np.float64),
    ... )
    (True, False)
    >>> is_ready([1.0, 2.0], np.float64), is_ready(np.array([1, 2]), np.float64)
    (False, False)
    """
    if type(values) is not np.ndarray or values.dtype.type not in dtypes:
        return False
    if not (values.size and values.ndim in (1, 2) and values.dtype.isnative):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        # The sum of large finite numbers may overflow, and then the whole validation decides.
        return math.isfinite(np.add.reduce(values, axis=None))


def are_ready_inputs(estimator: BaseEstimator, X: Any, *dtypes: Any) -> bool:
    """Return whether X is certainly valid for a fitted estimator that knows no feature names.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The fitted estimator.
    X : object
        Anything.
    *dtypes : type
        NumPy's types of numbers that need no conversion.
    """
    attributes = vars(estimator)
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.shape[1] == attributes.get("n_features_in_")
        and attributes.get("feature_names_in_") is None
        and is_ready(X, *dtypes)
    )
