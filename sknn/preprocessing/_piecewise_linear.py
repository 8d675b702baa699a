"""The piecewise linear encoding of numbers."""

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
from sknn._core.typing import Array
from sknn.preprocessing._bin_edges import automatic_n_bins, bin_edges, weighted_quantiles

Self = TypeVar("Self", bound="PiecewiseLinearEncoder")

FLOATS: Final = (np.float64, np.float32)
# The smooth column bends at about so many interquartile ranges from the median, and ends there.
_BEND: Final = 3.0


@dataclass
class BinnedColumn:
    """What was learned of one column.

    Attributes
    ----------
    edges : ndarray of shape (n_edges,)
        Edges of its bins; empty if it has none.
    means : ndarray of shape (n_bins,)
        The mean of each bin's values.
    scale : float
        The factor that makes the bins' variances add up to 1.
    center, half_width : float
        The median, and half of the interquartile range or of what stands for it.
    has_missing : bool
        Whether it had missing values.
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
    """Encode numbers by how far each bin of their column is filled.

    A column with edges ``e_0 < e_1 < ... < e_T`` becomes ``p_t = clip((x - e_{t-1}) /
    (e_t - e_{t-1}), 0, 1)`` for t = 1, ..., T: ones below the value's bin, zeros above it, and in
    it the part of the bin that the value has reached. A linear layer of these is any function of
    the column that is linear between the edges, so a network can follow thresholds and bends that
    it would otherwise have to learn from one number. The p_t are centred, and scaled so that the
    variances of a column's bins add up to 1.

    Edges are quantiles of the training data. Frequent values, such as the zeros of a column of
    amounts, have an edge of their own; a column of few distinct values has an edge at each.

    Parameters
    ----------
    n_bins : int or "auto", default="auto"
        The most bins of a column, 1 or more. ``"auto"`` is ``min(64, n_samples // 16,
        2048 // n_features)``, and no bins where that is less than 4.
    include_linear : bool, default=True
        Whether the column itself comes first, as ``z / sqrt(1 + (z / 3)^2)`` with
        ``z = (x - median) / interquartile range``. It tells values beyond the outer edges apart,
        which the bins do not, and stays within (-3, 3).
    dtype : None, numpy.float32 or numpy.float64, default=None
        The dtype of what `transform` returns; None keeps X's float32 or float64 (float64 for
        others). float32 takes half the memory, and numbers of float64 are still compared with the
        edges in float64.

    Attributes
    ----------
    edges_ : list of ndarray of shape (n_edges,)
        The edges of each column, in increasing order; empty for a column without bins.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings.

    See Also
    --------
    sklearn.preprocessing.KBinsDiscretizer : Encode only which bin a number lies in.
    sklearn.preprocessing.SplineTransformer : Encode numbers by smooth, overlapping functions.

    Notes
    -----
    A column with missing values (NaN) in the training data gets a column of zeros and ones that
    marks them, after its bins. Where a value is missing the other columns are zero, their mean.

    With ``sample_weight`` a weight of 2 counts as the row twice. A row of weight 0 does not count.

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
        """Choose the edges.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN is a missing value.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative.

        Returns
        -------
        self : object
            The encoder itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or X holds an infinity.
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
            # Weights that were scaled down add up to less than the rows, which are not fewer.
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
        """Encode numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN is a missing value.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features_out)
            For each column the smooth column, the bins, and the mark of missing values, of those
            that it has.
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
        """Return how many columns one becomes."""
        return int(self.include_linear) + column.n_bins + int(column.has_missing)

    def _encode(self, values: Array, column: BinnedColumn, out: Array) -> None:
        if self.include_linear:
            with np.errstate(over="ignore"):  # what overflows lies at an end
                z = (values / 2 - column.center / 2) / column.half_width
            # The same as z / sqrt(1 + (z / 3)^2), and right for an infinite z.
            out[:, 0] = _BEND * np.sin(np.arctan(z / _BEND))
        if column.n_bins:
            first = int(self.include_linear)
            bins = out[:, first : first + column.n_bins]
            # Halves, since the distance between two finite numbers may be infinite.
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
        """Return the numbers that an encoding stands for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            What `transform` returned.

        Returns
        -------
        numbers : ndarray of shape (n_samples, n_features)
            Read from the bins where a column has them, and so never beyond its outer edges. NaN
            where a value is marked as missing.

        Raises
        ------
        ValueError
            If a column left no trace, because it has neither bins nor, with
            ``include_linear=False``, the smooth column.
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
            raise ValueError(f"column {i} was constant or too short for bins, and is not encoded.")
        if column.has_missing:
            numbers[encoded[:, -1] > 0.5] = np.nan
        return numbers

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X; by default those that `fit` saw, or x0, x1 and so on.

        Returns
        -------
        names : ndarray of str objects
            ``name_linear``, ``name_bin_0``, ``name_bin_1``, ... and ``name_missing``.
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
    """Return what there is to know of a column."""
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
    """Return the means of the bins' values, and what makes their variances add up to 1."""
    n_bins = max(len(edges) - 1, 0)
    if not n_bins:
        return np.empty(0), 1.0
    bins = np.minimum(np.searchsorted(edges, distinct, side="right") - 1, n_bins - 1)
    edges = edges.astype(np.float64) / 2
    filled = (distinct / 2 - edges[bins]) / np.diff(edges)[bins]
    total = weights.sum()
    in_bins = np.bincount(bins, weights, n_bins)
    above = total - np.cumsum(in_bins)  # the weight of rows that fill a bin and go beyond it
    means = (np.bincount(bins, weights * filled, n_bins) + above) / total
    squares = (np.bincount(bins, weights * filled * filled, n_bins) + above) / total
    variance = float(np.maximum(squares - means * means, 0).sum())
    return means, variance**-0.5 if variance > 0 else 1.0


def _robust_scale(distinct: Array, weights: Array) -> tuple[float, float]:
    """Return the median, and half of the interquartile range or of what stands for it."""
    low, median, high = weighted_quantiles(distinct, weights, np.array([0.25, 0.5, 0.75])).tolist()
    if high > low:
        return median, high / 2 - low / 2
    distances = np.abs(distinct.astype(np.float64) / 2 - median / 2)
    half_width = float(np.average(distances, weights=weights))
    return median, half_width if half_width > 0 else 1.0
