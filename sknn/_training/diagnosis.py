"""The diagnosis of a trained network: scales of the data, dead or saturated units, gradients.

It measures on a bounded number of rows. The estimators turn the measurements into advice.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from scipy import sparse

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._network.units import hidden_units
from sknn._training.data import Data, DataSet
from sknn._training.objective import BatchObjective
from sknn.losses import REGRESSION, Loss

# The most rows that a diagnosis reads, and the most numbers of X.
SAMPLE: Final = 256
_NUMBERS: Final = 1 << 20
# A feature that has its smallest or its largest value in more than this share of the rows, such as
# the outer bin of an encoding, varies in too few rows to show its scale.
_RARE: Final = 0.95
# The targets of fewer validation rows than this may differ from those of training by chance.
_FEW: Final = 30
# How far below zero, as a share of the mean, a loss that is never negative may be rounded.
_ROUNDING: Final = 1e-3
# The smallest and the largest root mean square of a feature that counts as scaled.
_SCALED: Final = (0.3, 3.0)
# The number 1 with room for rounding in float32.
_ROUNDED: Final = 1 + 1e-6


@final
@dataclass
class Diagnosis:
    """Measurements of a network and its data.

    Attributes
    ----------
    feature_scales : tuple of float
        The smallest root mean square of the features that vary, and the largest of all features.
        Zeros in a feature do not count, nor do features that vary in few rows for the smallest.
    feature_offset : float
        The largest ratio of a feature's mean to its standard deviation; 0 if X is sparse.
        Features that vary in few rows around a small mean do not count.
    is_scaled : bool
        Whether every feature that varies has roughly mean 0 and variance 1, or lies between -1
        and 1. All rows are read unless the sampled rows already show that.
    shared_maximum : float
        The largest value of X if the features share a range that starts at 0, as the pixels of an
        image do; 0 if they do not, or if X is sparse.
    validation_scale : float
        The ratio of a feature's standard deviation in the validation set to that in X: the median
        over the features that vary in both. It is 1 without a validation set, or if X is sparse.
    validation_target : tuple of float
        For regression, two comparisons of the validation targets with y. The first is the ratio
        of their spreads, where the spread is the median distance from the median. The second is
        the distance between their medians, divided by the larger spread. They are 1 and 0 without
        a validation set, or if it has few rows.
    target_scales : tuple of float
        For regression, the smallest and the largest standard deviation of the targets that vary;
        empty for classes.
    dead : list of float
        `Units.dead` of each hidden layer: the share of its units that receive no gradient.
    saturated : list of float
        `Units.saturated` of each hidden layer: the share of its units and rows where little
        gradient passes.
    squashing : list of bool
        `Units.squashes` of each hidden layer: whether its activation is level at both ends.
    alike : list of bool
        For each hidden layer, whether all its units are identical.
    gradients : list of float
        The root mean square of the gradient of each layer's weights, from the first layer to the
        output layer.
    baseline : float
        The loss of the best constant prediction (for classes, of equal probabilities). NaN for a
        loss that is negative for some rows.
    n_rows : int
        The number of sampled rows.
    is_sparse : bool
        Whether X is sparse.
    """

    feature_scales: tuple[float, float]
    feature_offset: float
    is_scaled: bool
    shared_maximum: float
    validation_scale: float
    validation_target: tuple[float, float]
    target_scales: tuple[float, ...]
    dead: list[float]
    saturated: list[float]
    squashing: list[bool]
    alike: list[bool]
    gradients: list[float]
    baseline: float
    n_rows: int
    is_sparse: bool


def sampled_rows(data: Data) -> slice:
    """Return the rows that a diagnosis reads, evenly spaced."""
    n_rows = max(1, min(SAMPLE, _NUMBERS // data.n_features))
    return slice(None, None, -(-len(data) // n_rows))


def diagnose(
    network: Network,
    loss: Loss,
    data: DataSet,
    validation_data: DataSet | None = None,
) -> Diagnosis:
    """Measure a network, without dropout, on a sample of the rows.

    Parameters
    ----------
    network : Network
        The network, which is not changed.
    loss : Loss
        The loss that was minimized.
    data : DataSet
        The training set.
    validation_data : DataSet, optional
        The validation set that the user passed.
    """
    rows = sampled_rows(data)
    sample = DataSet(data.X[rows], data.y[rows], None)
    if validation_data:
        rows = sampled_rows(validation_data)
        validation_data = DataSet(validation_data.X[rows], validation_data.y[rows], None)
    with np.errstate(all="ignore"):
        return Diagnosis(
            _feature_scales(sample.X),
            _feature_offset(sample.X),
            _is_scaled(sample.X) or _is_scaled(data.X),
            _shared_maximum(sample.X),
            _validation_scale(sample.X, validation_data.X) if validation_data else 1.0,
            _validation_target(sample.y, validation_data.y, loss)
            if validation_data
            else (1.0, 0.0),
            _target_scales(sample.y),
            *_probe(network, loss, sample),
            _baseline(loss, sample.y.T, network.architecture.layer_sizes[-1], sample.X.dtype),
            len(sample),
            sparse.issparse(sample.X),
        )


def _feature_scales(X: Any) -> tuple[float, float]:
    """Return root mean squares of nonzero values, so that rare features count like others."""
    if sparse.issparse(X):
        counts = np.bincount(X.indices, minlength=X.shape[1])
        squares = np.bincount(X.indices, np.square(X.data, dtype=np.float64), X.shape[1])
        varies = squares > 0
    else:
        counts = np.count_nonzero(X, axis=0)
        squares = np.einsum("ij,ij->j", X, X, dtype=np.float64)
        varies = X.min(axis=0) < X.max(axis=0)
        if (varies & ~_varies_rarely(X)).any():
            varies &= ~_varies_rarely(X)
    if not varies.any():
        return 1.0, 1.0
    means: Array = squares / np.maximum(counts, 1)
    return math.sqrt(means[varies].min()), math.sqrt(means.max())


def _feature_offset(X: Any) -> float:
    if sparse.issparse(X):
        return 0.0
    means = np.abs(X.mean(axis=0, dtype=np.float64))
    counted = (X.min(axis=0) < X.max(axis=0)) & ~(_varies_rarely(X) & (means < 1))
    deviations = X.std(axis=0, dtype=np.float64)[counted]
    return float(np.max(means[counted] / deviations, initial=0.0))


def _varies_rarely(X: Array) -> Array:
    """Tell which features have their smallest or their largest value in nearly all rows."""
    ends = X.min(axis=0), X.max(axis=0)
    share = np.maximum(*(np.equal(X, end).mean(axis=0) for end in ends))
    rarely: Array = share > _RARE
    return rarely


def _is_scaled(X: Any) -> bool:
    smallest, largest = _SCALED
    if sparse.issparse(X):
        return bool(smallest < np.abs(X.data).max(initial=0.0) < largest)
    low, high = X.min(axis=0), X.max(axis=0)
    means = X.mean(axis=0, dtype=np.float64)
    squares = np.einsum("ij,ij->j", X, X, dtype=np.float64) / len(X)
    is_standard = (smallest**2 < squares) & (squares < largest**2) & (2 * means**2 < squares)
    is_bounded = (low >= -_ROUNDED) & (high <= _ROUNDED)
    reach = max(high.max(), -low.min())  # to see that features between -1 and 1 are not all tiny
    return bool((is_standard | is_bounded | (low == high)).all() and reach > smallest)


def _shared_maximum(X: Any) -> float:
    if sparse.issparse(X) or X.min() < 0:
        return 0.0
    low, high = X.min(axis=0), X.max(axis=0)
    reaches = (high > 0.5 * high.max()) & (low < 0.1 * high.max())
    return float(high.max()) if 2 * reaches.sum() >= (low < high).sum() > 0 else 0.0


def _validation_scale(X: Any, X_val: Any) -> float:
    if sparse.issparse(X) or sparse.issparse(X_val):
        return 1.0
    deviations, validation_deviations = (
        values.std(axis=0, dtype=np.float64) for values in (X, X_val)
    )
    varies = (deviations > 0) & (validation_deviations > 0)
    return (
        float(np.median(validation_deviations[varies] / deviations[varies]))
        if varies.any()
        else 1.0
    )


def _validation_target(y: Array, y_val: Array, loss: Loss) -> tuple[float, float]:
    if REGRESSION not in loss.targets or len(y_val) < _FEW:
        return 1.0, 0.0
    spread, spread_val = _spread(y), _spread(y_val)
    varies = (spread > 0) & (spread_val > 0)
    if not varies.any():
        return 1.0, 0.0
    distance = np.abs(np.median(y_val, axis=0) - np.median(y, axis=0))
    offset = distance / np.maximum(spread, spread_val)
    return float(np.median((spread_val / spread)[varies])), float(np.median(offset[varies]))


def _spread(y: Array) -> Array:
    """Return the median distance of each output from its median, over rows that differ from it.

    The spread is 0 if only few rows differ from the median, as for rare claims.
    """
    spreads = []
    for distances in np.abs(y - np.median(y, axis=0)).T:
        distances = distances[distances > 0]
        spreads.append(np.median(distances) if len(distances) >= _FEW // 2 else 0.0)
    return np.array(spreads)


def _target_scales(y: Array) -> tuple[float, ...]:
    if y.dtype.kind != "f":
        return ()
    deviations = y.std(axis=0, dtype=np.float64)
    varying = deviations[y.min(axis=0) < y.max(axis=0)]
    return (float(varying.min()), float(varying.max())) if varying.size else ()


def _baseline(loss: Loss, y_true: Array, n_outputs: int, dtype: Any) -> float:
    constant = loss.baseline(y_true, None, n_outputs).astype(dtype)
    raw_prediction = np.tile(constant[:, np.newaxis], y_true.shape[-1])
    value = loss.value(raw_prediction, y_true)
    mean = float(value.mean())
    # A likelihood may be negative. Its mean may be close to zero by chance, so it is not a scale.
    return mean if value.min() >= -_ROUNDING * abs(mean) else math.nan


def _probe(
    network: Network, loss: Loss, sample: DataSet
) -> tuple[list[float], list[float], list[bool], list[bool], list[float]]:
    """Return `dead`, `saturated`, `squashing`, `alike` and `gradients` of a `Diagnosis`."""
    parameters = network.parameters
    gradient = Parameters(parameters.layout, np.zeros_like(parameters.vector))
    compiled = network.compile(len(sample), sparse.issparse(sample.X), gradient)
    batch = BatchObjective(compiled, loss, sample, sample.X)
    weight = batch.load(slice(0, len(sample)))
    hidden = hidden_units(compiled)
    batch.gradient(weight)
    layers = network.blocks[:-1]
    blocks = [gradient[name][:-1] for name in network.architecture.layer_names]
    return (
        [units.dead for units in hidden],
        [units.saturated for units in hidden],
        [units.squashes for units in hidden],
        [layer.shape[1] > 1 and bool((layer == layer[:, :1]).all()) for layer in layers],
        [math.sqrt(float(np.mean(block * block))) for block in blocks],
    )
