"""The start of a fit: its mode, its configuration, and the model before the first step."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from sknn._core.typing import Array
from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn._training.configuration import FitConfiguration
from sknn._training.data import DataSet
from sknn._training.state import TrainingState
from sknn.estimators._callbacks import Watch
from sknn.estimators._continuing import change_max_iter, check_same_data, check_same_network
from sknn.estimators._model import FittedModel
from sknn.estimators._parameters import Settings, first_rate, read_batch_size
from sknn.estimators._targets import Targets
from sknn.initializers import Auto, Initializer, Zeros
from sknn.optimizers import ElementwiseOptimizer, Optimizer

# The most rows that a data-dependent initializer reads.
CALIBRATION_ROWS: Final = 256


class FitMode(Enum):
    """How a call that trains uses an estimator that is already fitted."""

    FIT = "start over"
    WARM_START = "continue with new epochs"
    PARTIAL_FIT = "continue with an epoch on a part of the data"
    RESUME = "continue a fit that was interrupted"

    def continued(self, estimator: BaseEstimator) -> FittedModel | None:
        """Return the model with which training continues; None if it starts over."""
        if self is FitMode.FIT or not estimator.__sklearn_is_fitted__():
            return None
        model: FittedModel = estimator._model
        return model


def configure_fit(
    estimator: BaseEstimator,
    settings: Settings,
    training: TrainingState,
    watch: Watch | None,
    report: Callable[[TrainingState], None],
) -> FitConfiguration:
    """Return the configuration of a fit, or without a watch, of one epoch of ``partial_fit``."""
    incremental = watch is None
    configuration = FitConfiguration(
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
    if watch is not None:
        configuration.begin_epoch, configuration.end_epoch = watch.begin_epoch, watch.end_epoch
    return configuration


def initial_network(
    architecture: Architecture,
    init: Initializer,
    bias_init: Initializer,
    random_state: np.random.RandomState,
    dtype: np.dtype[Any],
) -> Network:
    """Return a network with initial parameters; with ``bias_init="auto"``, biases are zeros."""
    bias_init = Zeros() if isinstance(bias_init, Auto) else bias_init
    return Network.initialize(architecture, init, bias_init, random_state, dtype)


def _new_training(
    architecture: Architecture, settings: Settings, data: DataSet, random_state: Any
) -> TrainingState:
    """Draw initial parameters, and return the training state before the first step."""
    random_state = check_random_state(random_state)
    network = initial_network(
        architecture, settings.init, settings.bias_init, random_state, data.X.dtype
    )
    if isinstance(settings.bias_init, Auto):
        bias = network.blocks[-1][-1]
        bias[...] = settings.loss.baseline(data.y.T, data.weight, bias.size)
    network.calibrate(settings.init, data.X[calibration_rows(data)])
    training = TrainingState(network.parameters, None, random_state, 0, len(data))
    training.checksum = data.checksum()
    return training


def calibration_rows(data: DataSet) -> Array | slice:
    """Return the index of up to `CALIBRATION_ROWS` rows that have a weight, evenly spaced."""
    if data.weight is None or data.weight.all():
        return slice(None, None, -(-len(data) // CALIBRATION_ROWS))
    rows = np.flatnonzero(data.weight)
    return rows[:: -(-rows.size // CALIBRATION_ROWS)]


def prepare_model(
    estimator: BaseEstimator,
    settings: Settings,
    targets: Targets,
    data: DataSet,
    mode: FitMode,
    before: FittedModel | None,
) -> tuple[FittedModel, TrainingState]:
    """Return the model to train, and its training state.

    The training state is new, or a fork of that of `before`, which does not change.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator, whose parameters are read.
    settings : Settings
        The parameters of the estimator, as `read_settings` returns them.
    targets : Targets
        What the fit knows about y.
    data : DataSet
        The training set.
    mode : FitMode
        How the call uses the model `before`.
    before : FittedModel or None
        The model with which training continues; None to start over.
    """
    sizes = (data.X.shape[1], *settings.hidden_layer_sizes, targets.n_outputs)
    link = settings.loss.link(targets.kind)
    architecture = Architecture(sizes, settings.activations, link, settings.dropouts)
    if before is None or before.training is None:
        training = _new_training(architecture, settings, data, estimator.random_state)
    else:
        check_same_network(estimator, architecture, before.network.architecture)
        training = _continued_training(estimator, settings, before.training, data, mode)
    _draw_seed(training, settings)
    training.set_averaging(settings.averaging is not None)
    _set_optimizer_state(training, settings.optimizer, estimator.optimizer_ if before else None)
    network = Network(architecture, training.current_parameters)
    return FittedModel(network, settings.loss, targets, training), training


def _continued_training(
    estimator: BaseEstimator,
    settings: Settings,
    before: TrainingState,
    data: DataSet,
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
