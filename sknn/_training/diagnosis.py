"""What ails a network: scales of the data, dead, saturated and identical units, gradients.

Facts only, from a bounded number of rows; the estimators say what to do about them.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._network.units import hidden_units
from sknn._training.data import DataSet
from sknn._training.objective import BatchObjective
from sknn.losses import REGRESSION, Loss

# How many rows are looked at, and how many numbers of X.
SAMPLE: Final = 256
_NUMBERS: Final = 1 << 20
# Targets of fewer rows of a validation set than this may be unlike the others by chance.
_FEW: Final = 30
# How far below zero, as a share of the mean, a loss that is never negative may be rounded.
_ROUNDING: Final = 1e-3
# The smallest and the largest root mean square of a scaled feature.
_SCALED: Final = (0.3, 3.0)
# One, as float32 may round it.
_ROUNDED: Final = 1 + 1e-6


@dataclass
class Diagnosis:
    """What was found.

    Attributes
    ----------
    feature_scales : tuple of float
        The smallest root mean square of a feature that varies, and the largest of any; zeros in a
        feature do not count.
    feature_offset : float
        The largest ratio of a feature's mean to its standard deviation; 0 where X is sparse.
    is_scaled : bool
        Whether every feature that varies has roughly mean 0 and variance 1, or lies between -1
        and 1. If the sampled rows leave that open, all rows are read.
    shared_maximum : float
        The largest value of X if the features share the range from 0 to it, as the pixels of an
        image do; 0 if they do not, or if X is sparse.
    validation_scale : float
        The median, over the features that vary in both, of how many times as much a validation set
        varies as X; 1 where there is none, or X is sparse.
    validation_target : tuple of float
        For the targets of a regression, how many times as much those of a validation set vary, and
        how far its median is from that of y, over the larger of their median distances from it. 1
        and 0 where there is no validation set, or one of few rows.
    target_scales : tuple of float
        The smallest and the largest standard deviation of an output of a regression that varies;
        empty for classes.
    dead : list of float
        `Units.dead` of each hidden layer: the share of its units that get no gradient.
    saturated : list of float
        `Units.saturated` of each hidden layer: the share of its units and rows that pass little
        gradient on.
    squashing : list of bool
        Whether each hidden layer's activation is level at both ends, as the sigmoid is.
    alike : list of bool
        Whether the units of each hidden layer are copies of one.
    gradients : list of float
        The root mean square of the gradient of each layer's weights, from the first to the output.
    baseline : float
        The loss of a network that predicts the best constant (for classes: all alike). NaN for
        a loss that is negative for some rows.
    n_rows : int
        How many rows were looked at.
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


def diagnose(
    network: Network,
    loss: Loss,
    data: DataSet,
    held: DataSet | None = None,
) -> Diagnosis:
    """Look at a network, without dropout, on some of the rows.

    Parameters
    ----------
    network : Network
        Not changed.
    loss : Loss
        The rule.
    data : DataSet
        What it was trained on.
    held : DataSet, optional
        A validation set that was given.
    """
    n_rows = max(1, min(SAMPLE, _NUMBERS // data.X.shape[1]))
    some = slice(None, None, -(-len(data) // n_rows))
    sample = DataSet(data.X[some], data.y[some], None)
    if held:
        some = slice(None, None, -(-len(held) // n_rows))
        held = DataSet(held.X[some], held.y[some], None)
    with np.errstate(all="ignore"):
        return Diagnosis(
            _feature_scales(sample.X),
            _feature_offset(sample.X),
            _is_scaled(sample.X) or _is_scaled(data.X),
            _shared_maximum(sample.X),
            _validation_scale(sample.X, held.X) if held else 1.0,
            _validation_target(sample.y, held.y, loss) if held else (1.0, 0.0),
            _target_scales(sample.y),
            *_probe(network, loss, sample),
            _baseline(loss, sample.y.T, network.architecture.layer_sizes[-1], sample.X.dtype),
            len(sample),
            sparse.issparse(sample.X),
        )


def _feature_scales(X: Any) -> tuple[float, float]:
    """Return root mean squares over what is not zero, so that rare features count like others."""
    if sparse.issparse(X):
        counts = np.bincount(X.indices, minlength=X.shape[1])
        squares = np.bincount(X.indices, np.square(X.data, dtype=np.float64), X.shape[1])
        varies = squares > 0
    else:
        counts = np.count_nonzero(X, axis=0)
        squares = np.einsum("ij,ij->j", X, X, dtype=np.float64)
        varies = X.min(axis=0) < X.max(axis=0)
    if not varies.any():
        return 1.0, 1.0
    means: Array = squares / np.maximum(counts, 1)
    return math.sqrt(means[varies].min()), math.sqrt(means.max())


def _feature_offset(X: Any) -> float:
    if sparse.issparse(X):
        return 0.0
    varies = X.min(axis=0) < X.max(axis=0)
    deviations = X.std(axis=0, dtype=np.float64)[varies]
    means = X.mean(axis=0, dtype=np.float64)[varies]
    return float(np.max(np.abs(means) / deviations, initial=0.0))


def _is_scaled(X: Any) -> bool:
    smallest, largest = _SCALED
    if sparse.issparse(X):
        return bool(smallest < np.abs(X.data).max(initial=0.0) < largest)
    low, high = X.min(axis=0), X.max(axis=0)
    means = X.mean(axis=0, dtype=np.float64)
    squares = np.einsum("ij,ij->j", X, X, dtype=np.float64) / len(X)
    is_standard = (smallest**2 < squares) & (squares < largest**2) & (2 * means**2 < squares)
    is_bounded = (low >= -_ROUNDED) & (high <= _ROUNDED)
    reach = max(high.max(), -low.min())  # whether features between -1 and 1 are not all tiny
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
    deviations, those_held = (each.std(axis=0, dtype=np.float64) for each in (X, X_val))
    varies = (deviations > 0) & (those_held > 0)
    return float(np.median(those_held[varies] / deviations[varies])) if varies.any() else 1.0


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

    It is 0 for an output of which only few rows differ, as of rare claims.
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
    # A likelihood may be negative; its mean may then be near zero by chance and is no scale.
    return mean if value.min() >= -_ROUNDING * abs(mean) else math.nan


def _probe(
    network: Network, loss: Loss, sample: DataSet
) -> tuple[list[float], list[float], list[bool], list[bool], list[float]]:
    """Return the shares of dead and of saturated units, which layers squash, which hold copies of
    one unit, and the gradients' sizes.
    """
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
