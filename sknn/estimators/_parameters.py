"""Reading of constructor parameters: all are checked before any work, with one clear error."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Final, final

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import get_scorer_names

from sknn._core.strategy import COUNT, NOT_NEGATIVE, POSITIVE, Range, Strategy, resolve, unknown
from sknn._training.penalty import Regularization
from sknn._training.shuffling import BLOCKS
from sknn.activations import ACTIVATIONS, Activation
from sknn.averaging import AVERAGINGS, Averaging
from sknn.dropout import Dropout
from sknn.initializers import INITIALIZERS, Initializer
from sknn.losses import LOSSES, Gaussian, Loss
from sknn.optimizers import OPTIMIZERS, Minimizer, Optimizer
from sknn.schedules import SCHEDULES, Schedule

# The family of strategies that each parameter accepts, by name or as an instance of its bases.
FAMILIES: Final[dict[str, tuple[Any, tuple[type[Strategy], ...]]]] = {
    "activation": (ACTIVATIONS, (Activation,)),
    "init": (INITIALIZERS, (Initializer,)),
    "bias_init": (INITIALIZERS, (Initializer,)),
    "optimizer": (OPTIMIZERS, (Optimizer, Minimizer)),
    "learning_rate": (SCHEDULES, (Schedule,)),
    "loss": (LOSSES, (Loss,)),
    "averaging": (AVERAGINGS, (Averaging,)),
}

_RANGES: Final = {
    "alpha": NOT_NEGATIVE,
    "l1_ratio": Range(0, 1),
    "max_iter": COUNT,
    "tol": NOT_NEGATIVE,
    "n_iter_no_change": Range(1),
    "validation_fraction": Range(0, 1, "neither"),
    "verbose": Range(0, integer=True),
}
_BOOLEANS: Final = ("early_stopping", "warm_start")


@final
@dataclass
class Settings:
    """The constructor parameters with strategies in place of names, and one entry per layer.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
    activations : list of Activation, one for each hidden layer
    dropouts : list of Dropout, one for the inputs and one for each hidden layer
    init, bias_init : Initializer
    optimizer : Optimizer or Minimizer, a clone
    schedule : Schedule
    loss : Loss
    regularization : Regularization
    averaging : Averaging or None
    dtype : dtype or None
    """

    hidden_layer_sizes: tuple[int, ...]
    activations: list[Activation]
    dropouts: list[Dropout]
    init: Initializer
    bias_init: Initializer
    optimizer: Optimizer | Minimizer
    schedule: Schedule
    loss: Loss
    regularization: Regularization
    averaging: Averaging | None
    dtype: np.dtype[Any] | None


def read_settings(estimator: BaseEstimator) -> Settings:
    """Check all constructor parameters, and turn names into strategies.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator.

    Raises
    ------
    ValueError
        If a parameter is wrong. The error names the parameter, its value and what is allowed.
    """
    loss = _read_loss(estimator)
    sizes = read_hidden_layer_sizes(estimator.hidden_layer_sizes)
    optimizer = read_optimizer(estimator.optimizer)
    dropouts = _dropouts(estimator, len(sizes))
    _check_plain_parameters(estimator)
    if isinstance(optimizer, Minimizer):
        _check_without_steps(estimator, type(optimizer).__name__, dropouts, loss)
    return Settings(
        hidden_layer_sizes=sizes,
        activations=_activations(estimator.activation, len(sizes)),
        dropouts=dropouts,
        init=_checked("init", estimator.init),
        bias_init=_checked("bias_init", estimator.bias_init),
        optimizer=optimizer,
        schedule=_schedule(estimator.learning_rate),
        loss=loss,
        regularization=_regularization(estimator),
        averaging=_averaging(estimator.averaging),
        dtype=_dtype(estimator.dtype),
    )


def _check_without_steps(
    estimator: BaseEstimator, optimizer_name: str, dropouts: list[Dropout], loss: Loss
) -> None:
    """Raise a ValueError for parameters that need an optimizer with steps."""
    if any(dropout.rate > 0 for dropout in dropouts):
        raise ValueError(
            f"dropout needs an optimizer that takes steps; {optimizer_name} needs the "
            "same objective at every evaluation. Set dropout=0 and input_dropout=0, or "
            "optimizer='adam'."
        )
    if isinstance(loss, Gaussian) and loss.beta > 0:
        raise ValueError(
            f"loss={loss!r} needs an optimizer that takes steps: with beta above 0 the gradient "
            f"is not that of the value, and {optimizer_name} needs both. Set beta=0, or "
            "optimizer='adam'."
        )
    for name in ("max_norm", "averaging"):
        if getattr(estimator, name) is not None:
            raise ValueError(
                f"{name}={getattr(estimator, name)!r} needs an optimizer that takes steps, and "
                f"{optimizer_name} runs its own loop. Set {name}=None, or optimizer='adam'."
            )


def read_optimizer(value: object) -> Optimizer | Minimizer:
    """Return a clone of the optimizer that a name or an instance stands for."""
    optimizer: Optimizer | Minimizer = _checked("optimizer", value)
    return optimizer


def is_minimizer(value: object) -> bool:
    """Tell whether a value of ``optimizer`` stands for a `Minimizer`; False for wrong values."""
    if isinstance(value, str):
        return value in OPTIMIZERS and issubclass(OPTIMIZERS[value], Minimizer)
    return isinstance(value, Minimizer)


def loss_class(value: object) -> type[Loss]:
    """Return the class that a value of ``loss`` stands for; `Loss` for wrong values."""
    if isinstance(value, str):
        return LOSSES.get(value, Loss)
    return type(value) if isinstance(value, Loss) else Loss


def has_probabilities(estimator: BaseEstimator) -> bool:
    """Return True if the loss gives probabilities; raise an AttributeError if it does not."""
    if loss_class(estimator.loss).has_probabilities:
        return True
    raise AttributeError(
        f"loss={estimator.loss!r} gives no probabilities: use decision_function or predict, set "
        "loss='log_loss', or wrap the classifier in CalibratedClassifierCV."
    )


def _read_loss(estimator: BaseEstimator) -> Loss:
    """Return the loss, which must serve one of the estimator's kinds of targets."""
    value, targets = estimator.loss, estimator.targets
    loss: Loss = _checked("loss", value)
    if not loss.targets & targets:
        fit = [name for name, member in LOSSES.items() if member.targets & targets]
        raise ValueError(
            f"loss={value!r} is for {', '.join(sorted(loss.targets))} targets, and "
            f"{type(estimator).__name__} has {', '.join(sorted(targets))} ones. Allowed: "
            f"{', '.join(map(repr, fit))}, or a Loss for these targets."
        )
    return loss


def check_target(loss: Loss, target: str) -> None:
    """Raise a ValueError unless the loss serves this kind of targets."""
    if target not in loss.targets:
        raise ValueError(
            f"loss={loss!r} is not for {target} targets, only for "
            f"{', '.join(sorted(loss.targets))} ones."
        )


def _checked(name: str, value: object) -> Any:
    strategy = resolve(name, value, *FAMILIES[name])
    if strategy is value:
        strategy = clone(strategy)
    strategy.check(name)
    return _with_plain_numbers(strategy)


def _with_plain_numbers(strategy: Strategy) -> Strategy:
    """Replace NumPy numbers by Python's, in place: a np.float64 would widen float32 arrays."""
    for name, value in list(vars(strategy).items()):
        if type(value) in (bool, int, float, str):  # bool is an Integral
            continue
        if isinstance(value, Integral):
            setattr(strategy, name, int(value))
        elif isinstance(value, Real):
            setattr(strategy, name, float(value))
    return strategy


def _schedule(value: object) -> Schedule:
    if isinstance(value, Real):
        raise ValueError(
            f"learning_rate={value!r} is a number, and this parameter takes a schedule: one of "
            f"{', '.join(map(repr, SCHEDULES))}. For the rate itself set "
            f"learning_rate_init={value!r}."
        )
    schedule: Schedule = _checked("learning_rate", value)
    return schedule


def _regularization(estimator: BaseEstimator) -> Regularization:
    def norm(name: str) -> float | None:
        value = getattr(estimator, name)
        if value is not None and value not in POSITIVE:
            raise ValueError(f"{name} must be None or {POSITIVE}, got {value!r}.")
        return None if value is None else float(value)

    alpha, l1_ratio = float(estimator.alpha), float(estimator.l1_ratio)
    return Regularization(alpha, l1_ratio, norm("max_norm"), norm("clip_norm"))


def _averaging(value: object) -> Averaging | None:
    return None if value is None else _checked("averaging", value)


def read_hidden_layer_sizes(value: Any) -> tuple[int, ...]:
    """Return the units of each hidden layer."""
    is_sequence = isinstance(value, (Sequence, np.ndarray)) and np.ndim(value) > 0
    sizes = list(value) if is_sequence else [value]
    if isinstance(value, str) or any(size not in COUNT for size in sizes):
        raise ValueError(
            "hidden_layer_sizes must be an integer of 1 or more, or a sequence of such integers "
            f"(() for no hidden layer), got {value!r}."
        )
    return tuple(int(size) for size in sizes)


def _per_layer(name: str, value: object, n_hidden: int) -> list[object]:
    """Return one value for each hidden layer, from one value or a sequence of them."""
    if (
        isinstance(value, str)
        or not isinstance(value, (Sequence, np.ndarray))
        or not np.ndim(value)
    ):
        return [value] * n_hidden
    if len(value) != n_hidden:
        raise ValueError(
            f"{name} must be one value, or one for each of the {n_hidden} hidden layers; "
            f"got {len(value)}: {value!r}."
        )
    return list(value)


def _activations(value: object, n_hidden: int) -> list[Activation]:
    if not n_hidden and (isinstance(value, str) or not isinstance(value, Sequence)):
        _checked("activation", value)  # unused, but checked
    return [_checked("activation", item) for item in _per_layer("activation", value, n_hidden)]


def _dropouts(estimator: BaseEstimator, n_hidden: int) -> list[Dropout]:
    if not n_hidden and not isinstance(estimator.dropout, Sequence):
        as_dropout("dropout", estimator.dropout)
    rates = _per_layer("dropout", estimator.dropout, n_hidden)
    inputs = as_dropout("input_dropout", estimator.input_dropout)
    return [inputs, *(as_dropout("dropout", rate) for rate in rates)]


def as_dropout(name: str, value: object) -> Dropout:
    """Return the dropout that a rate or an instance stands for."""
    if isinstance(value, Dropout):
        value.check(name)
        dropout: Dropout = _with_plain_numbers(clone(value))
        return dropout
    if isinstance(value, type) and issubclass(value, Dropout):
        raise ValueError(
            f"{name} got the class {value.__name__}; pass a rate, or an instance such as "
            f"{value.__name__}(0.5)."
        )
    allowed = Dropout.ranges["rate"]
    if value not in allowed:
        raise ValueError(f"{name} must be {allowed} or a Dropout instance, got {value!r}.")
    return Dropout(float(value))  # type: ignore[arg-type]


def _dtype(value: object) -> np.dtype[Any] | None:
    if value is None:
        return None
    for allowed in (np.dtype(np.float32), np.dtype(np.float64)):
        with suppress(TypeError, ValueError):  # NumPy raises for values that are no dtype
            if allowed == value:
                return allowed
    raise ValueError(f"dtype must be None, 'float32' or 'float64', got {value!r}.")


def _check_plain_parameters(estimator: BaseEstimator) -> None:
    for name, allowed in _RANGES.items():
        value = getattr(estimator, name)
        if not (name == "verbose" and isinstance(value, bool)):
            allowed.check(name, value)
    for name in _BOOLEANS:
        value = getattr(estimator, name)
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name} must be True or False, got {value!r}.")
    shuffle = estimator.shuffle
    is_name = isinstance(shuffle, str) and shuffle == BLOCKS
    if not (isinstance(shuffle, (bool, np.bool_)) or is_name):
        raise ValueError(f"shuffle must be True, False or {BLOCKS!r}, got {shuffle!r}.")
    for name, word, allowed in (
        ("batch_size", "auto", COUNT),
        ("learning_rate_init", "auto", POSITIVE),
    ):
        value = getattr(estimator, name)
        if value not in allowed and not (isinstance(value, str) and value == word):
            raise ValueError(f"{name} must be 'auto' or {allowed}, got {value!r}.")
    _check_scoring(estimator.scoring)
    _check_random_state(estimator.random_state)


def _check_scoring(value: object) -> None:
    if callable(value) or value is None:
        return
    names = ["loss", *get_scorer_names()]
    if not isinstance(value, str) or value not in names:
        raise unknown("scoring", value, names, ", None for the estimator's score, or a callable")


def _check_random_state(value: object) -> None:
    # `check_random_state` would seed a generator, which takes longer than a training step.
    is_seed = isinstance(value, Integral) and 0 <= int(value) < 2**32
    is_numpys = value is None or value is np.random or isinstance(value, np.random.RandomState)
    if not (is_seed or is_numpys):
        raise ValueError(
            "random_state must be None, an integer in [0, 2**32 - 1] or a numpy RandomState, "
            f"got {value!r}."
        )


def read_batch_size(value: Any, n_samples: int) -> int:
    """Return the number of rows in a step, at most `n_samples`; ``"auto"`` stands for 200."""
    return min(200 if isinstance(value, str) else int(value), n_samples)


def first_rate(estimator: BaseEstimator, settings: Settings) -> float:
    """Return the learning rate at the start of training; 0 for a minimizer, which has none."""
    optimizer, rate = settings.optimizer, estimator.learning_rate_init
    if isinstance(optimizer, Minimizer):
        return 0.0
    return float(optimizer.default_learning_rate(settings.loss) if isinstance(rate, str) else rate)
