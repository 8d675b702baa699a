"""The plane in the space of weights that best contains the paths of several optimizers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import clone

from sknn._core.parameters import Layout, Parameters
from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn._training.engine import mean_loss
from sknn.estimators.internals import check_inputs_and_targets, encode_rows, fitted_model
from sknn.inspection._networks import batch_size, network_of
from sknn.inspection._recording import record

# The margin of the grid around the paths, as a share of their extent.
_MARGIN = 0.15

# Paths and values by label, the grid, and the share of the movement that lies in the plane.
Plane = tuple[dict[str, Array], dict[str, Array], tuple[Array, Array, Array], float]


def loss_plane(
    estimator: Any,
    X: Any,
    y: Any,
    optimizers: Mapping[str, Any],
    rates: list[Any],
    grid_size: int,
) -> Plane:
    """Return the data of an `OptimizerPathDisplay` for the arguments of its `from_estimator`.

    There is one rate for each optimizer.
    """
    Range(2, integer=True).check("grid_size", grid_size)
    weights, model = {}, None
    for (label, optimizer), rate in zip(optimizers.items(), rates, strict=True):
        copy = clone(estimator).set_params(optimizer=optimizer, learning_rate_init=rate)
        network_of(copy, takes_steps=True, what="steps to record")
        model, weights[label] = _epochs(copy, X, y)
    assert model is not None
    points = np.concatenate(list(weights.values())).astype(np.float64)
    center = points.mean(axis=0)
    strengths, axes = np.linalg.svd(points - center, full_matrices=False)[1:]
    paths = {label: (vectors - center) @ axes[:2].T for label, vectors in weights.items()}
    loss_at = _loss(model, X, y)
    values = {label: np.array([loss_at(w) for w in vectors]) for label, vectors in weights.items()}
    along = np.concatenate(list(paths.values())).T
    ticks = _ticks(along[0], grid_size), _ticks(along[1], grid_size)
    grid = np.array(
        [[loss_at(center + a * axes[0] + b * axes[1]) for a in ticks[0]] for b in ticks[1]]
    )
    explained = float((strengths[:2] ** 2).sum() / (strengths**2).sum())
    return paths, values, (*ticks, grid), explained


def _epochs(model: Any, X: Any, y: Any) -> tuple[Any, Array]:
    """Return a fitted copy, and the weights before training and after each epoch."""
    n_samples = np.shape(y)[0]
    n_steps = -(-n_samples // batch_size(model, n_samples))
    fitted, records = record(model, X, y, _copy_of_weights, n_steps, early_stopping=False)
    training = fitted_model(fitted).training
    assert training is not None
    return fitted, np.array([*records, training.parameters.vector])


def _copy_of_weights(params: Array, grad: Array, layout: Layout) -> Array:
    return params.copy()


def _loss(model: Any, X: Any, y: Any) -> Any:
    """Return a function from weights to the training loss of all rows."""
    fitted = fitted_model(model)
    network = fitted.network
    X, y = check_inputs_and_targets(model, X, y, network.dtype, reset=False)
    data = encode_rows(model, fitted.targets, X, y, None)

    def loss_at(weights: Array) -> float:
        parameters = Parameters(network.parameters.layout, weights.astype(network.dtype))
        return mean_loss(network.replace_parameters(parameters), fitted.loss, data)

    return loss_at


def _ticks(values: Array, count: int) -> Array:
    low, high = values.min(), values.max()
    margin = _MARGIN * (high - low) or 1.0
    ticks: Array = np.linspace(low - margin, high + margin, count)
    return ticks
