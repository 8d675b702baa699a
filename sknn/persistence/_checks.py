"""Consistency checks of a loaded model: types, shapes, dtypes, counts and ranges."""

import math
from dataclasses import fields
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from sknn._core.typing import Array
from sknn._training.curve import Curve
from sknn.activations import Activation
from sknn.dropout import Dropout
from sknn.estimators import BaseMLP
from sknn.estimators.internals import ClassTargets, fitted_model
from sknn.losses import BINARY, Loss
from sknn.model_state import MuonState, Parameters, Progress, State, TrainingState


def check_sizes(sizes: tuple[Any, ...], n_bytes: int) -> None:
    """Raise a ValueError unless layer sizes are positive integers that fit the size of the file.

    Parameters
    ----------
    sizes : tuple
        The units of each layer, from the inputs to the outputs.
    n_bytes : int
        The total size of the arrays in the file.
    """
    if len(sizes) < 2 or not all(type(size) is int and size > 0 for size in sizes):
        raise ValueError(f"layer_sizes are {str(sizes)[:100]}")
    n_parameters = sum((n + 1) * m for n, m in pairwise(sizes))
    if 4 * n_parameters > n_bytes:
        shown = str(sizes)[:100]
        raise ValueError(f"layer_sizes are {shown}, and its arrays have {n_bytes} bytes")


def check_parts(activations: Any, dropouts: Any, loss: Any, target: Any, n_hidden: int) -> None:
    """Raise a ValueError unless a network has the right strategies for its layers and target."""
    for name, members, kind, n in (
        ("activations", activations, Activation, n_hidden),
        ("dropouts", dropouts, Dropout, n_hidden + 1),
        ("loss", [loss], Loss, 1),
    ):
        if not (isinstance(members, list) and all(isinstance(member, kind) for member in members)):
            raise ValueError(f"{name} are {members!r}")
        if len(members) != n:
            raise ValueError(f"{name} and the network disagree, {len(members)} and {n}")
        for member in members:
            member.check(name)
    if target not in loss.targets:
        raise ValueError(f"the loss {loss!r} is not for {target!r} targets")


def check_fitted(model: BaseMLP) -> None:
    """Raise a ValueError if shapes, dtypes or counts of a fitted model disagree."""
    fitted = fitted_model(model)
    network, targets = fitted.network, fitted.targets
    sizes = network.architecture.layer_sizes
    names = getattr(model, "feature_names_in_", range(model.n_features_in_))
    counts: dict[str, tuple[Any, Any]] = {
        "n_features_in_": (model.n_features_in_, sizes[0]),
        "feature_names_in_": (len(names), sizes[0]),
        "n_outputs_": (model.n_outputs_, sizes[-1]),
        "n_layers_": (model.n_layers_, len(sizes)),
    }
    if isinstance(targets, ClassTargets):
        n_classes = 2 if targets.kind == BINARY else sizes[-1]
        counts["classes_"] = (np.shape(model.classes_), (n_classes,))
    else:
        loss = fitted.loss
        counts["the loss"] = (loss.n_outputs(loss.n_predictions(sizes[-1])), sizes[-1])
    for name, (count, wanted) in counts.items():
        if count != wanted:
            raise ValueError(f"{name} and the network disagree, {count} and {wanted}")
    _check_parameters("the weights", network.parameters, network.parameters)
    if fitted.training is not None:
        _check_training(fitted.training, network.parameters)


def _check_parameters(name: str, value: Any, like: Parameters) -> None:
    if not isinstance(value, Parameters):
        raise ValueError(f"{name} are a {type(value).__name__}")
    _check_vector(name, value.vector, like.vector)


def _check_vector(name: str, vector: Any, like: Array) -> None:
    if not isinstance(vector, np.ndarray) or vector.dtype.name not in ("float32", "float64"):
        raise ValueError(f"{name} are of dtype {getattr(vector, 'dtype', None)}")
    if (vector.shape, vector.dtype) != (like.shape, like.dtype):
        raise ValueError(f"{name} and the weights disagree in shape or dtype")


def _check_training(training: Any, weights: Parameters) -> None:
    if not isinstance(training, TrainingState):
        raise ValueError(f"the training state is a {type(training).__name__}")
    _check_parameters("the last weights", training.parameters, weights)
    for name in ("best_parameters", "average"):
        if getattr(training, name) is not None:
            _check_parameters(name, getattr(training, name), weights)
    if not isinstance(training.random_state, np.random.RandomState):
        raise ValueError(f"the random state is a {type(training.random_state).__name__}")
    if not isinstance(training.progress, Progress):
        raise ValueError(f"the progress is a {type(training.progress).__name__}")
    _check_counts(training)
    _check_records(training)
    for rows in (training.order, training.validation_rows):
        _check_rows(rows, training.n_samples)
    if isinstance(training.optimizer_state, State):
        _check_state(training.optimizer_state, weights.vector)


def _check_counts(training: TrainingState) -> None:
    progress = training.progress
    counts = {
        "n_samples": training.n_samples,
        "n_averaged": training.n_averaged,
        "n_epochs_to_go": training.n_epochs_to_go or 0,
        **{field.name: getattr(progress, field.name) for field in fields(progress)},
    }
    del counts["state"]
    for name, count in counts.items():
        if not isinstance(count, (int, np.integer)) or count < 0:
            raise ValueError(f"{name} is {count!r}")


def _check_records(training: TrainingState) -> None:
    """Raise a ValueError unless curves are lists of numbers, and other records have their type."""
    for field in fields(training):
        value = getattr(training, field.name)
        if field.default_factory is Curve:
            is_curve = isinstance(value, list) and all(isinstance(item, Real) for item in value)
            if not is_curve:
                raise ValueError(f"{field.name} is not a list of numbers")
    for name, kind in (("begun_with", dict), ("criterion", tuple), ("validation", tuple)):
        if not isinstance(getattr(training, name), kind):
            raise ValueError(f"{name} is no {kind.__name__}")


def _check_rows(rows: Any, n_samples: int) -> None:
    if rows is None:
        return
    if not isinstance(rows, np.ndarray) or rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError("the numbers of the rows are not a vector of integers")
    if rows.size and not (rows.min() >= 0 and rows.max() < n_samples):
        raise ValueError(f"rows are numbered beyond the {n_samples} that there are")


def _check_state(state: State, weights: Array) -> None:
    """Raise a ValueError unless an optimizer's state fits the parameters."""
    for i, slot in enumerate(state.slots):
        _check_vector(f"slot {i}", slot, weights)
    slices = [piece for pieces in state.decayed.values() for piece in pieces]
    if isinstance(state, MuonState):
        slices += [*state.others, *(matrix for matrix, _ in state.matrices)]
        for piece, shape in state.matrices:
            if min(shape) < 1 or piece.stop - piece.start != math.prod(shape):
                raise ValueError(f"{piece} does not hold a matrix of shape {shape}")
    for piece in slices:
        if not _is_within(piece, weights.size):
            raise ValueError(f"{piece} is not a slice of {weights.size} weights")


def _is_within(piece: slice, size: int) -> bool:
    ends = piece.start, piece.stop
    return (
        all(type(end) is int for end in ends)
        and 0 <= piece.start <= piece.stop <= size
        and (piece.step is None)
    )
