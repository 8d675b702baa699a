"""The start of a fit: its configuration, and the model before the first step."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from sknn._core.typing import Array
from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn._training.configuration import FitConfiguration
from sknn._training.data import Data
from sknn._training.state import TrainingState
from sknn.activations import Identity
from sknn.estimators._call import FitMode
from sknn.estimators._continuing import change_max_iter, check_same_data, check_same_network
from sknn.estimators._model import FittedModel
from sknn.estimators._parameters import Settings, first_rate, read_batch_size
from sknn.estimators._targets import Targets
from sknn.initializers import Auto, Zeros
from sknn.optimizers import ElementwiseOptimizer, Optimizer

# The most rows that a data-dependent initializer reads.
_CALIBRATION_ROWS: Final = 256


def configure_fit(
    estimator: BaseEstimator,
    settings: Settings,
    training: TrainingState,
    report: Callable[[TrainingState], None],
    incremental: bool,
) -> FitConfiguration:
    """Return the configuration of a fit, or if it is incremental, of one epoch of it."""
    return FitConfiguration(
        optimizer=settings.optimizer,
        schedule=settings.schedule,
        learning_rate_init=first_rate(estimator, settings),
        batch_size=read_batch_size(estimator.batch_size, training.n_training),
        max_iter=1 if incremental else int(estimator.max_iter),
        horizon=int(estimator.max_iter),
        incremental=incremental,
        shuffle=bool(estimator.shuffle),
        tol=float(estimator.tol),
        n_iter_no_change=float(estimator.n_iter_no_change),
        early_stopping=bool(estimator.early_stopping) and not incremental,
        averaging=settings.averaging,
        report=report,
    )


def initial_network(settings: Settings, X: Any, random_state: Any) -> Network:
    """Return the network from which a fit to X would start, with an arbitrary output layer."""
    # Only y determines the number of outputs. The output layer is drawn last, so it may differ.
    sizes = (X.shape[1], *settings.hidden_layer_sizes, 1)
    architecture = Architecture(sizes, settings.activations, Identity(), settings.dropouts)
    network = _draw_network(architecture, settings, check_random_state(random_state), X.dtype)
    network.calibrate(settings.init, X[_calibration_rows(X.shape[0], None)])
    return network


def _draw_network(
    architecture: Architecture,
    settings: Settings,
    random_state: np.random.RandomState,
    dtype: np.dtype[Any],
) -> Network:
    """Draw initial parameters; with ``bias_init="auto"``, biases are zeros."""
    bias_init = Zeros() if isinstance(settings.bias_init, Auto) else settings.bias_init
    return Network.initialize(architecture, settings.init, bias_init, random_state, dtype)


def _new_training(
    architecture: Architecture, settings: Settings, data: Data, random_state: Any
) -> TrainingState:
    """Draw initial parameters, and return the training state before the first step."""
    random_state = check_random_state(random_state)
    network = _draw_network(architecture, settings, random_state, data.dtype)
    if isinstance(settings.bias_init, Auto):
        bias = network.blocks[-1][-1]
        bias[...] = settings.loss.baseline(data.y.T, data.weight, bias.size)
    network.calibrate(settings.init, data.inputs(_calibration_rows(len(data), data.weight)))
    training = TrainingState(network.parameters, None, random_state, 0, len(data))
    training.checksum = data.checksum()
    return training


def _calibration_rows(n_samples: int, weight: Array | None) -> Array | slice:
    """Return the index of up to `_CALIBRATION_ROWS` rows that have a weight, evenly spaced."""
    if weight is None or weight.all():
        return slice(None, None, -(-n_samples // _CALIBRATION_ROWS))
    rows = np.flatnonzero(weight)
    return rows[:: -(-rows.size // _CALIBRATION_ROWS)]


def prepare_model(
    estimator: BaseEstimator,
    settings: Settings,
    targets: Targets,
    data: Data,
    mode: FitMode,
    before: FittedModel | None,
) -> FittedModel:
    """Return the model to train.

    Its training state is new, or a fork of that of `before`, which does not change.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator, whose parameters are read.
    settings : Settings
        The parameters of the estimator, as `read_settings` returns them.
    targets : Targets
        What the fit knows about y.
    data : Data
        The training set.
    mode : FitMode
        How the call uses the model `before`.
    before : FittedModel or None
        The model with which training continues; None to start over.
    """
    sizes = (data.n_features, *settings.hidden_layer_sizes, targets.n_outputs)
    link = settings.loss.link(targets.kind)
    architecture = Architecture(sizes, settings.activations, link, settings.dropouts)
    if before is None:
        training = _new_training(architecture, settings, data, estimator.random_state)
    else:
        check_same_network(estimator, architecture, before.network)
        state = before.require_training()
        training = _continued_training(estimator, settings, state, data, mode)
    _draw_seed(training, settings)
    training.set_averaging(settings.averaging is not None)
    _set_optimizer_state(training, settings.optimizer, estimator.optimizer_ if before else None)
    network = Network(architecture, training.current_parameters)
    return FittedModel(network, settings.loss, targets, training)


def _continued_training(
    estimator: BaseEstimator,
    settings: Settings,
    before: TrainingState,
    data: Data,
    mode: FitMode,
) -> TrainingState:
    training = before.fork()
    if mode is FitMode.RESUME:
        check_same_data(training, data)
        change_max_iter(training, estimator, settings.schedule)
        return training
    is_part = mode is FitMode.PARTIAL_FIT
    training.go_on_with(len(data), 0 if is_part else data.checksum())
    training.outlast_patience(estimator.n_iter_no_change)
    return training


def _set_optimizer_state(training: TrainingState, optimizer: Any, before: Any) -> None:
    """Make the state of the optimizer, or keep that of a previous optimizer of the same class."""
    if type(before) is not type(optimizer):
        params = training.parameters
        has_state = isinstance(optimizer, Optimizer)
        training.optimizer_state = (
            optimizer.init(params.vector, params.layout) if has_state else None
        )
    elif isinstance(optimizer, ElementwiseOptimizer):
        optimizer.take_over(training.optimizer_state, before)


def _draw_seed(training: TrainingState, settings: Settings) -> None:
    """Draw the seed of dropout masks in the first call with a positive dropout rate."""
    if not training.seed and any(dropout.rate > 0 for dropout in settings.dropouts):
        training.seed = int(training.random_state.randint(1, 2**31 - 1))
