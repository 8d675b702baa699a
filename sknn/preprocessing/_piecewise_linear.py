"""The piecewise linear encoding of numerical columns."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from sknn._core.strategy import COUNT
from sknn._core.typing import FLOATS, Array
from sknn.preprocessing._bin_edges import automatic_n_bins, bin_edges, weighted_quantiles

Self = TypeVar("Self", bound="PiecewiseLinearEncoder")

# The bound of the smooth column, in interquartile ranges from the median.
_BEND: Final = 3.0


@dataclass
class BinnedColumn:
    """The fitted bins and statistics of one column.

    Attributes
    ----------
    edges : ndarray of shape (n_edges,)
        The edges of the bins; empty for a column without bins.
    means : ndarray of shape (n_bins,)
        The mean of each encoded bin.
    scale : float
        The factor that scales the variances of the encoded bins to a sum of 1.
    center, half_width : float
        The median, and half of the interquartile range or of its substitute (`_robust_scale`).
    has_missing : bool
        Whether the training data had missing values in this column.
    """

    edges: Array
    means: Array
    scale: float
    center: float
    half_width: float
    has_missing: bool

    @property
    def n_bins(self) -> int:
        return len(self.means)


class PiecewiseLinearEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no types
    """Encode each number by how much of each bin of its column lies below it.

    A column with edges ``e_0 < e_1 < ... < e_T`` becomes T columns,
    ``p_t = clip((x - e_{t-1}) / (e_t - e_{t-1}), 0, 1)``. The bins below x are 1, the bins above x
    are 0, and the bin that contains x holds the position of x in it, from 0 to 1. A linear layer on
    these columns can represent every function that is linear between the edges. So a network can
    fit thresholds and bends that it would otherwise have to learn from a single number. The p_t are
    centred and scaled, so that the variances of the bins of a column add up to 1.

    The edges are quantiles of the training data. Each very frequent value, such as zero in a column
    of amounts, has an edge. A column with few distinct values has an edge at each value.

    Parameters
    ----------
    n_bins : int or "auto", default="auto"
        The largest number of bins of a column, at least 1. ``"auto"`` is
        ``min(64, n_samples // 16, 2048 // n_features)``, or no bins if this is less than 4.
    include_linear : bool, default=True
        Whether to put the column itself before its bins, as ``z / sqrt(1 + (z / 3)^2)`` with
        ``z = (x - median) / interquartile range``. This smooth column lies within (-3, 3). It
        distinguishes values beyond the outer edges, which the bins do not.
    dtype : None, numpy.float32 or numpy.float64, default=None
        The dtype of the result of `transform`. None keeps float32 and float64, and converts other
        dtypes to float64. float32 takes half the memory; float64 inputs are still compared with the
        edges in float64.

    Attributes
    ----------
    edges_ : list of ndarray of shape (n_edges,)
        The increasing edges of each column; empty for a column without bins.
    n_features_in_ : int
        The number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of these features, if X has feature names that are all strings.

    See Also
    --------
    sklearn.preprocessing.KBinsDiscretizer : Encode only the bin that contains a number.
    sklearn.preprocessing.SplineTransformer : Encode numbers by smooth, overlapping functions.

    Notes
    -----
    For a feature with missing values (NaN) in the training data, a column of zeros and ones after
    the bins marks the missing values. The other columns of a missing value are zero, their mean.

    A row with ``sample_weight`` 2 counts as two rows. A row with weight 0 is ignored.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko, On embeddings for numerical features in tabular deep
    learning, NeurIPS 2022, equation 1. The edges for frequent values and the scaling are ours.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.preprocessing import PiecewiseLinearEncoder
    >>> X = np.array([[0.0], [1.0], [2.0], [4.0]])
    >>> encoder = PiecewiseLinearEncoder(n_bins=3, include_linear=False).fit(X)
    >>> encoder.edges_
    [array([0., 1., 2., 4.])]
    >>> encoder.transform([[0.5], [3.0]]).round(2)
    array([[-0.32, -0.63, -0.32],
           [ 0.32,  0.63,  0.32]])
    >>> encoder.get_feature_names_out()
    array(['x0_bin_0', 'x0_bin_1', 'x0_bin_2'], dtype=object)
    """

    def __init__(
        self, n_bins: Any = "auto", *, include_linear: bool = True, dtype: Any = None
    ) -> None:
        self.n_bins = n_bins
        self.include_linear = include_linear
        self.dtype = dtype

    def fit(self: Self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Compute the edges of the bins.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The numerical columns; NaN marks a missing value.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative.

        Returns
        -------
        self : object
            The encoder itself.

        Raises
        ------
        ValueError
            If a parameter is invalid or X contains infinity.
        """
        self._check_parameters()
        X = validate_data(self, X, dtype=FLOATS, ensure_all_finite="allow-nan")
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        counted = weight > 0
        if not counted.any():
            raise ValueError("sample_weight must be greater than 0 for at least one row.")
        X, weight = X[counted], weight[counted]
        n_bins = self.n_bins
        if isinstance(n_bins, str):
            # Weights may be scaled down, so that their sum is less than the number of rows.
            n_bins = automatic_n_bins(max(float(weight.sum()), len(weight)), X.shape[1])
        self._columns = [_learn(values, weight, int(n_bins)) for values in X.T]
        self.edges_ = [column.edges for column in self._columns]
        return self

    def _check_parameters(self) -> None:
        n_bins = self.n_bins
        if not (isinstance(n_bins, str) and n_bins == "auto") and n_bins not in COUNT:
            raise ValueError(f"n_bins must be 'auto' or {COUNT}, got {n_bins!r}.")
        if not isinstance(self.include_linear, (bool, np.bool_)):
            raise ValueError(f"include_linear must be True or False, got {self.include_linear!r}.")
        if self.dtype is not None and self.dtype not in FLOATS:
            raise ValueError(
                f"dtype must be None, numpy.float32 or numpy.float64, got {self.dtype!r}."
            )

    def transform(self, X: Any) -> Array:
        """Encode numerical columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The numerical columns; NaN marks a missing value.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features_out)
            For each feature, in this order: the smooth column, the bins and the indicator of
            missing values, as far as the feature has them.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=FLOATS, ensure_all_finite="allow-nan", reset=False)
        encoded = np.zeros((len(X), sum(map(self._width, self._columns))), self.dtype or X.dtype)
        start = 0
        for values, column in zip(X.T, self._columns, strict=True):
            stop = start + self._width(column)
            self._encode(values, column, encoded[:, start:stop])
            start = stop
        return encoded

    def _width(self, column: BinnedColumn) -> int:
        """Return the number of encoded columns of a feature."""
        return int(self.include_linear) + column.n_bins + int(column.has_missing)

    def _encode(self, values: Array, column: BinnedColumn, out: Array) -> None:
        if self.include_linear:
            with np.errstate(over="ignore"):  # an infinite z is at the bound
                z = (values / 2 - column.center / 2) / column.half_width
            # Equal to z / sqrt(1 + (z / 3)^2), and correct for an infinite z.
            out[:, 0] = _BEND * np.sin(np.arctan(z / _BEND))
        if column.n_bins:
            first = int(self.include_linear)
            bins = out[:, first : first + column.n_bins]
            # Divide by two first, because the difference of two finite numbers may be infinite.
            edges = column.edges / 2
            np.subtract.outer(values / 2, edges[:-1], out=bins, casting="same_kind")
            np.divide(bins, np.diff(edges), out=bins, casting="same_kind")
            np.clip(bins, 0, 1, out=bins)
            np.subtract(bins, column.means, out=bins, casting="same_kind")
            np.multiply(bins, column.scale, out=bins)
        is_missing = np.isnan(values)
        if is_missing.any():
            out[is_missing] = 0
        if column.has_missing:
            out[:, -1] = is_missing

    def inverse_transform(self, X: Any) -> Array:
        """Transform encoded columns back to numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            The result of `transform`.

        Returns
        -------
        numbers : ndarray of shape (n_samples, n_features)
            The numbers. For a feature with bins they are computed from the bins, so they lie within
            the outer edges. Missing values are NaN.

        Raises
        ------
        ValueError
            If a feature has no encoded column: it has no bins, and ``include_linear=False``.
        """
        check_is_fitted(self)
        X = np.asarray(X)
        X = X if X.dtype in FLOATS else X.astype(np.float64)
        n_columns = sum(map(self._width, self._columns))
        if X.ndim != 2 or X.shape[1] != n_columns:
            raise ValueError(f"X must have {n_columns} columns, got shape {X.shape}.")
        numbers = np.empty((len(X), len(self._columns)), X.dtype)
        start = 0
        for i, column in enumerate(self._columns):
            stop = start + self._width(column)
            numbers[:, i] = self._decode(X[:, start:stop], column, i)
            start = stop
        return numbers

    def _decode(self, encoded: Array, column: BinnedColumn, i: int) -> Array:
        first = int(self.include_linear)
        if column.n_bins:
            bins = encoded[:, first : first + column.n_bins] / column.scale + column.means
            numbers: Array = 2 * (column.edges[0] / 2 + bins @ np.diff(column.edges / 2))
        elif self.include_linear:
            share = encoded[:, 0] / _BEND
            z = encoded[:, 0] / np.sqrt(1 - share * share)
            numbers = column.center + 2 * column.half_width * z
        else:
            raise ValueError(
                f"column {i} cannot be inverted: it has no bins, and include_linear=False."
            )
        if column.has_missing:
            numbers[encoded[:, -1] > 0.5] = np.nan
        return numbers

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the features; by default `feature_names_in_`, or x0, x1 and so on.

        Returns
        -------
        names : ndarray of str objects
            The names ``<feature>_linear``, ``<feature>_bin_0``, ``<feature>_bin_1`` and so on, and
            ``<feature>_missing``.
        """
        check_is_fitted(self)
        names: list[str] = []
        for name, column in zip(
            _check_feature_names_in(self, input_features), self._columns, strict=True
        ):
            suffixes = ["linear"] if self.include_linear else []
            suffixes += [f"bin_{t}" for t in range(column.n_bins)]
            suffixes += ["missing"] if column.has_missing else []
            names += [f"{name}_{suffix}" for suffix in suffixes]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] if self.dtype is None else []
        return tags


def _learn(values: Array, weight: Array, n_bins: int) -> BinnedColumn:
    """Fit one column."""
    is_missing = np.isnan(values)
    has_missing = bool(is_missing.any())
    if has_missing:
        values, weight = values[~is_missing], weight[~is_missing]
    if not len(values):
        return BinnedColumn(values, values, 1.0, 0.0, 1.0, has_missing)
    distinct, codes = np.unique(values, return_inverse=True)
    weights = np.bincount(codes, weight)
    edges = bin_edges(distinct, weights, n_bins) if n_bins else distinct[:0]
    means, scale = _moments(distinct, weights, edges)
    center, half_width = _robust_scale(distinct, weights)
    return BinnedColumn(edges, means.astype(values.dtype), scale, center, half_width, has_missing)


def _moments(distinct: Array, weights: Array, edges: Array) -> tuple[Array, float]:
    """Return the means of the encoded bins, and the scale at which their variances add up to 1."""
    n_bins = max(len(edges) - 1, 0)
    if not n_bins:
        return np.empty(0), 1.0
    bins = np.minimum(np.searchsorted(edges, distinct, side="right") - 1, n_bins - 1)
    edges = edges.astype(np.float64) / 2
    filled = (distinct / 2 - edges[bins]) / np.diff(edges)[bins]
    total = weights.sum()
    in_bins = np.bincount(bins, weights, n_bins)
    above = total - np.cumsum(in_bins)  # the weight of the rows above each bin
    means = (np.bincount(bins, weights * filled, n_bins) + above) / total
    squares = (np.bincount(bins, weights * filled * filled, n_bins) + above) / total
    variance = float(np.maximum(squares - means * means, 0).sum())
    return means, variance**-0.5 if variance > 0 else 1.0


def _robust_scale(distinct: Array, weights: Array) -> tuple[float, float]:
    """Return the median and half of the interquartile range.

    If the interquartile range is zero, the mean absolute deviation from the median replaces it. The
    second value is 1 for a constant column.
    """
    low, median, high = weighted_quantiles(distinct, weights, np.array([0.25, 0.5, 0.75])).tolist()
    if high > low:
        return median, high / 2 - low / 2
    distances = np.abs(distinct.astype(np.float64) / 2 - median / 2)
    half_width = float(np.average(distances, weights=weights))
    return median, half_width if half_width > 0 else 1.0
