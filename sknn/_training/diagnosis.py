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
from sknn._network.layers import Activate
from sknn._network.network import Architecture, Workspace
from sknn._training.data import Batch, Rows
from sknn.activations import (
    Activation,
    HardShrink,
    HardSigmoid,
    HardTanh,
    ReLU,
    ReLU6,
    Sigmoid,
    SoftShrink,
    Softsign,
    Tanh,
    Threshold,
)
from sknn.losses import Loss

# How many rows are looked at, and how many numbers of X.
SAMPLE: Final = 256
_NUMBERS: Final = 1 << 20
# Units of the one kind may be without a gradient for all rows; those of the other come close.
CAN_DIE: Final = (ReLU, ReLU6, Threshold, HardShrink, SoftShrink)
CAN_SATURATE: Final = (Sigmoid, Tanh, Softsign, HardSigmoid, HardTanh)
# A feature that is at its smallest or its largest value in more than this share of the rows, such
# as the outer bin of an encoding, shows in too few of them how far it varies.
_RARE: Final = 0.95
# A unit is saturated at a row where its slope is less than this share of its steepest slope.
_FLAT: Final = 0.05


@dataclass
class Diagnosis:
    """What was found.

    Attributes
    ----------
    feature_scales : tuple of float
        The smallest root mean square of a feature that varies, and the largest of any; zeros in a
        feature do not count. Features that vary in few rows have no part in the smallest.
    feature_offset : float
        The largest ratio of a feature's mean to its standard deviation; 0 where X is sparse.
        Features that vary in few rows around a small mean have no part in it.
    validation_scale : float
        The median, over the features that vary in both, of how many times as much a validation set
        varies as X; 1 where there is none, or X is sparse.
    target_scales : tuple of float
        The smallest and the largest standard deviation of an output of a regression that varies;
        empty for classes.
    dead : list of float
        The share of the units of each hidden layer that have no slope at any row; NaN where the
        activation always has one.
    saturated : list of float
        The share of the units and rows of each hidden layer where the slope is small; NaN where
        the activation has no ends.
    alike : list of bool
        Whether the units of each hidden layer are copies of one.
    gradients : list of float
        The root mean square of the gradient of each layer's weights, from the first to the output.
    baseline : float
        The loss of a network that predicts the best constant (for classes: all alike).
    n_rows : int
        How many rows were looked at.
    is_sparse : bool
        Whether X is sparse.
    """

    feature_scales: tuple[float, float]
    feature_offset: float
    validation_scale: float
    target_scales: tuple[float, ...]
    dead: list[float]
    saturated: list[float]
    alike: list[bool]
    gradients: list[float]
    baseline: float
    n_rows: int
    is_sparse: bool


def diagnose(
    architecture: Architecture,
    parameters: Parameters,
    loss: Loss,
    rows: Rows,
    held: Rows | None = None,
) -> Diagnosis:
    """Look at a network, without dropout, on some of the rows.

    Parameters
    ----------
    architecture, parameters
        The network; not changed.
    loss : Loss
        The rule.
    rows : Rows
        What it was trained on.
    held : Rows, optional
        A validation set that was given.
    """
    n_rows = max(1, min(SAMPLE, _NUMBERS // rows.X.shape[1]))
    some = slice(None, None, -(-len(rows) // n_rows))
    sample = Rows(rows.X[some], rows.y[some], None)
    with np.errstate(all="ignore"):
        return Diagnosis(
            _feature_scales(sample.X),
            _feature_offset(sample.X),
            _validation_scale(sample.X, held.X[:: -(-len(held) // n_rows)]) if held else 1.0,
            _target_scales(sample.y),
            *_probe(architecture, parameters, loss, sample),
            _baseline(loss, sample.y.T, architecture.layer_sizes[-1], sample.X.dtype),
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


def _validation_scale(X: Any, X_val: Any) -> float:
    if sparse.issparse(X) or sparse.issparse(X_val):
        return 1.0
    deviations, those_held = (each.std(axis=0, dtype=np.float64) for each in (X, X_val))
    varies = (deviations > 0) & (those_held > 0)
    return float(np.median(those_held[varies] / deviations[varies])) if varies.any() else 1.0


def _target_scales(y: Array) -> tuple[float, ...]:
    if y.dtype.kind != "f":
        return ()
    deviations = y.std(axis=0, dtype=np.float64)
    varying = deviations[y.min(axis=0) < y.max(axis=0)]
    return (float(varying.min()), float(varying.max())) if varying.size else ()


def _baseline(loss: Loss, y_true: Array, n_outputs: int, dtype: Any) -> float:
    constant = loss.baseline(y_true, None, n_outputs).astype(dtype)
    raw_prediction = np.tile(constant[:, np.newaxis], y_true.shape[-1])
    return float(loss.value(raw_prediction, y_true).mean())


def _probe(
    architecture: Architecture, parameters: Parameters, loss: Loss, sample: Rows
) -> tuple[list[float], list[float], list[bool], list[float]]:
    """Return the shares of dead and of saturated units, which layers hold copies of one unit, and
    the gradients' sizes.
    """
    gradient = Parameters(parameters.layout, np.zeros_like(parameters.vector))
    is_sparse = sparse.issparse(sample.X)
    workspace = Workspace(architecture, parameters, len(sample), is_sparse, gradient)
    batch = Batch(workspace, loss, sample, sample.X)
    weight = batch.load(slice(0, len(sample)))
    workspace.forward()
    hidden = [stage for stage in workspace.stages if isinstance(stage, Activate)]
    slopes = [_slopes(stage) for stage in hidden]
    batch.gradient(weight)
    layers = [parameters[name] for name in architecture.layer_names[:-1]]
    blocks = [gradient[name][:-1] for name in architecture.layer_names]
    return (
        [_dead(each, stage.activation) for each, stage in zip(slopes, hidden, strict=True)],
        [_saturated(each, stage.activation) for each, stage in zip(slopes, hidden, strict=True)],
        [layer.shape[1] > 1 and bool((layer == layer[:, :1]).all()) for layer in layers],
        [math.sqrt(float(np.mean(block * block))) for block in blocks],
    )


def _slopes(stage: Activate) -> Array:
    """Return the derivative of each unit at each row; `backward` may overwrite what it reads."""
    slopes = np.ones_like(stage.a)
    if isinstance(stage.activation, (*CAN_DIE, *CAN_SATURATE)):
        z, a = stage.z.copy(), stage.a.copy()
        stage.activation.backward(slopes, z, a, stage.scratch)
    return slopes


def _dead(slopes: Array, activation: Activation) -> float:
    if not isinstance(activation, CAN_DIE):
        return math.nan
    return float((slopes == 0).all(axis=1).mean())


def _saturated(slopes: Array, activation: Activation) -> float:
    if not isinstance(activation, CAN_SATURATE):
        return math.nan
    z = np.zeros((1, 1), slopes.dtype)
    steepest = np.ones_like(z)
    a = z.copy() if activation.needs_z else z
    scratch = activation.scratch(z)
    activation.forward(z, a, scratch)
    activation.backward(steepest, z, a, scratch)
    return float((np.abs(slopes) < _FLAT * float(steepest[0, 0])).mean())
