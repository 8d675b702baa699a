"""From parameters to a plan: batch size, rate, and the state of training before its first step."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from sknn._core.typing import Array
from sknn._network.network import Architecture, calibrate
from sknn._training.configuration import Plan
from sknn._training.data import Rows
from sknn._training.state import Training
from sknn.estimators._parameters import Settings
from sknn.estimators._watching import Watch
from sknn.initializers import Auto, Zeros
from sknn.optimizers import Minimizer

# The most rows that an initializer looks at.
CALIBRATION_ROWS: Final = 256


def read_batch_size(value: Any, n_samples: int) -> int:
    """Return how many rows a step has, of all there are; ``"auto"`` stands for 200."""
    return min(200 if isinstance(value, str) else int(value), n_samples)


def first_rate(estimator: BaseEstimator, settings: Settings) -> float:
    """Return the rate that training begins with; a minimizer has none."""
    optimizer, rate = settings.optimizer, estimator.learning_rate_init
    if isinstance(optimizer, Minimizer):
        return 0.0
    return float(optimizer.default_learning_rate(settings.loss) if isinstance(rate, str) else rate)


def make_plan(
    estimator: BaseEstimator,
    settings: Settings,
    training: Training,
    watch: Watch | None,
    report: Callable[[Training], None],
) -> Plan:
    """Return how a fit, or without a watch a part of one that is an epoch, goes about it."""
    incremental = watch is None
    plan = Plan(
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
        plan.begin_epoch, plan.end_epoch = watch.begin_epoch, watch.end_epoch
    return plan


def new_training(
    architecture: Architecture, settings: Settings, rows: Rows, random_state: Any
) -> Training:
    """Draw initial parameters, and return the state of training before its first step."""
    random_state = check_random_state(random_state)
    is_auto = isinstance(settings.bias_init, Auto)
    bias_init = Zeros() if is_auto else settings.bias_init
    parameters = architecture.initialize(settings.init, bias_init, random_state, rows.X.dtype)
    if is_auto:
        bias = parameters[architecture.layer_names[-1]][-1]
        bias[...] = settings.loss.baseline(rows.y.T, rows.weight, bias.size)
    calibrate(architecture, parameters, settings.init, rows.X[calibration_rows(rows)])
    return Training(parameters, None, random_state, 0, len(rows))


def calibration_rows(rows: Rows) -> Array | slice:
    """Return the index of up to `CALIBRATION_ROWS` rows that have a weight, evenly spaced."""
    if rows.weight is None or rows.weight.all():
        return slice(None, None, -(-len(rows) // CALIBRATION_ROWS))
    weighty = np.flatnonzero(rows.weight)
    return weighty[:: -(-weighty.size // CALIBRATION_ROWS)]


def check_training_state(estimator: BaseEstimator) -> None:
    """Raise a ValueError if a fitted estimator cannot go on, because it came from a file."""
    if estimator._training is None:
        raise ValueError(
            "partial_fit and warm_start=True go on from the training state, and this model was "
            "loaded from a file without it. Save with training_state=True, or fit anew with "
            "warm_start=False."
        )


def check_same_network(
    estimator: BaseEstimator, architecture: Architecture, fitted: Architecture
) -> None:
    """Raise a ValueError unless training of the fitted network can go on as `architecture`."""
    advice = "a warm start and partial_fit keep them. Fit anew with warm_start=False."
    if architecture.layer_sizes != fitted.layer_sizes:
        raise ValueError(
            f"hidden_layer_sizes={estimator.hidden_layer_sizes!r} makes layers of "
            f"{architecture.layer_sizes} units with this data, and the fitted network has "
            f"{fitted.layer_sizes}: {advice}"
        )
    if architecture.layout().slices != fitted.layout().slices:
        raise ValueError(
            f"activation={estimator.activation!r} has other parameters of its own than the fitted "
            f"network's: {advice}"
        )


def draw_seed(training: Training, settings: Settings) -> None:
    """Draw the seed of dropout masks, the first time that there is something to drop."""
    if not training.seed and any(dropout.rate > 0 for dropout in settings.dropouts):
        training.seed = int(training.random_state.randint(1, 2**31 - 1))


def objective(architecture: Architecture, settings: Settings) -> tuple[Any, ...]:
    """Return what the value of a training loss depends on, beside data and weights."""
    strategies = [settings.loss, architecture.link, *architecture.activations]
    strategies += architecture.dropouts
    regularization = settings.regularization
    return (
        *(regularization.alpha, regularization.l1_ratio, repr(settings.averaging)),
        *((type(each).__name__, repr(vars(each))) for each in strategies),
    )
