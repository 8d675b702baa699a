"""Continuing a fit: the checks of a warm start, ``partial_fit`` and ``resume``."""

from typing import Any

from sklearn.base import BaseEstimator

from sknn._core.strategy import Strategy, resolve
from sknn._core.typing import FLOATS
from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn._training.data import Data
from sknn._training.shuffling import BLOCKS
from sknn._training.state import TrainingState
from sknn.estimators._model import FittedModel
from sknn.estimators._parameters import Settings, first_rate, is_minimizer, read_batch_size
from sknn.estimators._validation import name_scoring
from sknn.schedules import SCHEDULES, Schedule, Warmup


def training_dtype(estimator: BaseEstimator, settings: Settings, before: FittedModel | None) -> Any:
    """Return the dtype to train in, or the dtypes among which the dtype of X decides."""
    if before is None:
        return settings.dtype or FLOATS
    dtype = before.require_training().parameters.vector.dtype
    if settings.dtype not in (None, dtype):
        raise ValueError(
            f"dtype={estimator.dtype!r} differs from {dtype} of the fitted network: a warm start "
            "and partial_fit keep it. Set dtype=None, or start over with warm_start=False."
        )
    return dtype


def check_same_network(
    estimator: BaseEstimator, architecture: Architecture, fitted: Network
) -> None:
    """Raise a ValueError unless training of the fitted network can continue as `architecture`."""
    advice = "a warm start and partial_fit keep them. Start over with warm_start=False."
    if architecture.layer_sizes != fitted.architecture.layer_sizes:
        raise ValueError(
            f"hidden_layer_sizes={estimator.hidden_layer_sizes!r} makes layers of "
            f"{architecture.layer_sizes} units with this data, and the fitted network has "
            f"{fitted.architecture.layer_sizes}: {advice}"
        )
    if architecture.layout().slices != fitted.parameters.layout.slices:
        raise ValueError(
            f"activation={estimator.activation!r} has other learnable parameters than the fitted "
            f"network's: {advice}"
        )


def check_resumable(estimator: Any) -> None:
    """Raise a ValueError unless an estimator is in the middle of a fit."""
    if is_minimizer(estimator.optimizer):
        raise ValueError(
            f"optimizer={estimator.optimizer!r} cannot resume: a checkpoint does not hold its "
            "estimate of the curvature. Set warm_start=True and call fit to continue from the "
            "weights."
        )
    model = getattr(estimator, "_model", None)
    if model is None or model.training is None or model.training.n_epochs_to_go is None:
        raise ValueError(
            "There is no fit to resume: resume continues with a model that Checkpoint wrote in the "
            "middle of a fit. Call fit, with warm_start=True if it is to continue from the weights."
        )


def parameters_of(
    estimator: Any, settings: Settings, n_samples: int, has_validation_set: bool
) -> dict[str, Any]:
    """Return the parameters on which the bits of a fit depend, in a form for model files.

    Different spellings of the same parameter, such as a name and an instance, have the same value.
    The result leaves out `dtype`, which the weights have, and parameters that are read only at the
    start of a fit.
    """
    regularization, early_stopping = settings.regularization, bool(estimator.early_stopping)
    inputs, *hidden = map(_text, settings.dropouts)
    parameters = {
        "hidden_layer_sizes": settings.hidden_layer_sizes,
        "activation": list(map(_text, settings.activations)),
        "optimizer": _text(settings.optimizer),
        "learning_rate": _text(settings.schedule),
        "learning_rate_init": first_rate(estimator, settings),
        "dropout": hidden,
        "input_dropout": inputs,
        "loss": _text(settings.loss),
        "alpha": regularization.alpha,
        "l1_ratio": regularization.l1_ratio,
        "max_norm": regularization.max_norm,
        "clip_norm": regularization.clip_norm,
        "averaging": _text(settings.averaging),
        "batch_size": read_batch_size(estimator.batch_size, n_samples),
        "max_iter": int(estimator.max_iter),
        "shuffle": BLOCKS if estimator.shuffle == BLOCKS else bool(estimator.shuffle),
        "tol": float(estimator.tol),
        "n_iter_no_change": float(estimator.n_iter_no_change),
        "early_stopping": early_stopping,
        "class_weight": _text(getattr(estimator, "class_weight", None)),
    }
    if early_stopping and not has_validation_set:
        parameters["validation_fraction"] = float(estimator.validation_fraction)
    if early_stopping or has_validation_set:
        parameters["scoring"] = name_scoring(estimator.scoring)
    return parameters


def _text(value: Any) -> str:
    """Return text for a strategy with all parameters, or for a dict in sorted order.

    Examples
    --------
    >>> from sknn.estimators._continuing import _text
    >>> from sknn.schedules import Step, Warmup
    >>> _text(Warmup(Step()))
    'Warmup(schedule=Step(step_size=30, factor=0.1), n_epochs=5, start_factor=0.1)'
    >>> _text({1: 2, 0: 1})
    '{0: 1.0, 1: 2.0}'
    """
    if isinstance(value, Strategy):
        parameters = ", ".join(
            f"{name}={_text(parameter)}" for name, parameter in vars(value).items()
        )
        return f"{type(value).__name__}({parameters})"
    if isinstance(value, dict):
        pairs = sorted(f"{key!r}: {float(weight)!r}" for key, weight in value.items())
        return f"{{{', '.join(pairs)}}}"
    return repr(value)


def check_same_parameters(before: TrainingState, now: dict[str, Any]) -> None:
    """Raise a ValueError that names the parameters that changed since the start of the fit."""
    differences = [
        f"{name}={now[name]} (it began with {value})"
        for name, value in before.begun_with.items()
        if name != "max_iter" and name in now and now[name] != value
    ]
    if differences:
        raise ValueError(
            "resume needs the parameters that the interrupted fit began with, and these differ: "
            f"{', '.join(differences)}. Set them back, or set warm_start=True and call fit to "
            "continue with other parameters."
        )


def change_max_iter(training: TrainingState, estimator: Any, schedule: Schedule) -> None:
    """Change the end of the current fit to that of a fit that began with the new max_iter.

    Parameters
    ----------
    training : TrainingState
        The training state, which is updated.
    estimator : BaseMLP
        The estimator with the new `max_iter`.
    schedule : Schedule
        The schedule of the estimator.

    Raises
    ------
    ValueError
        If more epochs are done already, or if the schedule may have planned for the old number.
    """
    progress, max_iter = training.progress, estimator.max_iter
    n_done = progress.epoch - estimator._n_epochs_before
    planned = (progress.total_steps - progress.first_step) // progress.steps_per_epoch
    before = training.begun_with.get("max_iter", planned)
    if max_iter == before:
        return
    advice = f"Set max_iter={before}, or set warm_start=True and call fit."
    if _may_plan(schedule):
        raise ValueError(
            f"max_iter={max_iter} differs from {before}, with which the interrupted fit "
            f"began, and learning_rate={schedule!r} may plan its rates by it. {advice}"
        )
    if max_iter < n_done:
        raise ValueError(
            f"max_iter={max_iter} is below the {n_done} epochs that the interrupted fit has "
            f"done. {advice}"
        )
    progress.total_steps += (max_iter - before) * progress.steps_per_epoch
    if training.n_no_improvement < estimator.n_iter_no_change:  # if not, it has converged
        training.n_epochs_to_go = int(max_iter) - n_done
    training.begun_with["max_iter"] = int(max_iter)


def _may_plan(schedule: Schedule) -> bool:
    """Tell whether a schedule plans for its end, as a user's own schedule may do."""
    if isinstance(schedule, Warmup):
        schedule = resolve("schedule", schedule.schedule, SCHEDULES, (Schedule,))
    return schedule.knows_end or type(schedule) not in SCHEDULES.values()


def check_same_data(training: TrainingState, data: Data) -> None:
    """Raise a ValueError unless the data is that of the interrupted fit."""
    if (len(data), data.checksum()) != (training.n_samples, training.checksum):
        raise ValueError(
            "resume needs the X, y and sample_weight of the interrupted fit, and these differ in "
            f"{_difference(training, data)}. To continue with others, set warm_start=True and call "
            "fit."
        )


def _difference(training: TrainingState, data: Data) -> str:
    if len(data) != training.n_samples:
        return f"their number of rows, {len(data)} and not {training.n_samples}"
    return "their values, by a checksum"


def check_same_criterion(before: TrainingState, now: TrainingState) -> None:
    """Raise a ValueError unless the criterion of stopping is the same as before."""
    if (before.criterion, before.validation) != (now.criterion, now.validation):
        raise ValueError(
            "resume needs the validation set, the loss, the scoring and the penalty of the "
            "interrupted fit, and at least one of them differs. To continue with others, set "
            "warm_start=True and call fit."
        )
