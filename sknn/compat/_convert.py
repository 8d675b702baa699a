"""Conversion of fitted models between scikit-learn's classes and those of sknn."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sknn._core.parameters import Parameters
from sknn._core.strategy import COUNT, Range
from sknn._core.typing import Array
from sknn._training.state import TrainingState
from sknn.activations import ACTIVATIONS
from sknn.compat._estimators import MLPClassifier, MLPRegressor
from sknn.compat._network import network_of
from sknn.compat._rules import InvScalingBySamples
from sknn.estimators import MLPClassifier as CoreClassifier
from sknn.estimators import MLPRegressor as CoreRegressor
from sknn.estimators.internals import (
    ClassTargets,
    FittedModel,
    RegressionTargets,
    Settings,
    fitted_model,
    read_batch_size,
    read_settings,
    set_fitted_model,
)
from sknn.losses import BINARY, MULTICLASS, MULTILABEL, LogLoss, Loss, Poisson, SquaredError
from sknn.optimizers import LBFGS, SGD, Adam, Momentum, Nesterov, Optimizer
from sknn.schedules import Adaptive, Constant, Progress

# Parameters with the same meaning in both packages.
SAME: Final = (
    *("batch_size", "max_iter", "shuffle", "random_state", "tol", "early_stopping"),
    *("validation_fraction", "warm_start"),
)
# Parameters of sknn that must have these values, because scikit-learn has no other.
FIXED: Final = {
    "l1_ratio": 0,
    "max_norm": None,
    "clip_norm": None,
    "averaging": None,
    "class_weight": None,
}
ACTIVATION_NAMES: Final = {
    "identity": "identity",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
}
SCORES: Final = {True: (None, "accuracy"), False: (None, "r2")}


def convert(estimator: Any, *, n_samples: int | None = None) -> Any:
    """Convert a fitted model to the class of the other package, with the same predictions.

    ``MLPClassifier`` and ``MLPRegressor`` of scikit-learn or ``sknn.compat`` become
    ``sknn.MLPClassifier`` and ``sknn.MLPRegressor``. These become the classes of ``sknn.compat``,
    which are subclasses of scikit-learn's.

    Parameters
    ----------
    estimator : estimator
        The fitted model, which is not changed.
    n_samples : int, default=None
        The number of training rows. It is needed because scikit-learn divides ``alpha`` by the
        rows of a batch, and models of ``solver="lbfgs"``, and those from a file without the
        training state, do not contain the number.

    Returns
    -------
    converted : estimator
        The converted model. Its parameters have the same effect, although ``alpha`` and
        ``n_iter_no_change`` are converted to the definitions of the other package. `init` and
        `bias_init` have their defaults, because the weights are given. If training continues, the
        optimizer starts from a new state.

    Raises
    ------
    ValueError
        If a parameter has no counterpart (the message names it), or if there is a single class,
        whose probability is 1 in sknn but not in scikit-learn.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator belongs to neither package.

    Notes
    -----
    The classes of this package use the same arithmetic, so their predictions are bit-for-bit
    identical. Probabilities from scikit-learn's class may differ in the last bit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sknn.compat import convert
    >>> X, y = load_iris(return_X_y=True)
    >>> theirs = MLPClassifier(
    ...     solver="lbfgs", alpha=0.15, max_iter=1000, random_state=0
    ... ).fit(X, y)
    >>> ours = convert(theirs, n_samples=len(X))
    >>> ours
    MLPClassifier(alpha=0.001, max_iter=1000, n_iter_no_change=11,
                  optimizer=LBFGS(), random_state=0)  # layers 4-100-3, 803 parameters
    >>> print(
    ...     (ours.predict(X) == theirs.predict(X)).sum(),
    ...     "of",
    ...     len(X),
    ...     "predictions agree",
    ... )
    150 of 150 predictions agree
    """
    is_core = isinstance(estimator, (CoreClassifier, CoreRegressor))
    theirs = neural_network.MLPClassifier, neural_network.MLPRegressor
    if not is_core and not isinstance(estimator, theirs):
        raise TypeError(
            "convert takes an MLPClassifier or MLPRegressor of sknn, sknn.compat or "
            f"sklearn.neural_network, got {type(estimator).__name__}."
        )
    check_is_fitted(estimator)
    if n_samples is not None:
        COUNT.check("n_samples", n_samples)
    if is_classifier(estimator) and len(estimator.classes_) == 1:
        raise ValueError(
            f"classes_={estimator.classes_!r} is a single class, whose probability is 1 in sknn "
            "but not in scikit-learn, so predictions would differ. Fit with two or more classes."
        )
    return _from_core(estimator, n_samples) if is_core else _to_core(estimator, n_samples)


def _batch(model: Any, solver: str, n_samples: int | None) -> int:
    """Return the number of rows by which scikit-learn divides alpha."""
    if n_samples is None:
        raise ValueError(
            f"scikit-learn divides alpha={model.alpha!r} by the number of rows in a batch, "
            "but this model does not contain the number of training rows: pass n_samples=len(X)."
        )
    return n_samples if solver == "lbfgs" else read_batch_size(model.batch_size, n_samples)


def _no_counterpart(name: str, value: object, where: str, allowed: str) -> ValueError:
    return ValueError(f"{name}={value!r} has no counterpart in {where}, which has {allowed}.")


# -------------------------------------------------------------------- from scikit-learn's class


def _to_core(estimator: Any, n_samples: int | None) -> Any:
    curve = getattr(estimator, "loss_curve_", None)
    if n_samples is None and curve and estimator.t_:
        n_samples = round(estimator.t_ / len(curve))
    params = {name: getattr(estimator, name) for name in SAME}
    params["verbose"] = int(estimator.verbose)
    params["hidden_layer_sizes"] = tuple(np.atleast_1d(estimator.hidden_layer_sizes).tolist())
    params["activation"] = ACTIVATION_NAMES[estimator.activation]
    params["alpha"] = alpha = estimator.alpha
    if alpha:
        params["alpha"] = alpha / _batch(estimator, estimator.solver, n_samples)
    params["n_iter_no_change"] = estimator.n_iter_no_change + 1
    params["optimizer"], params["learning_rate"] = _core_optimizer(estimator)
    if estimator.solver != "lbfgs":
        params["learning_rate_init"] = estimator.learning_rate_init
    if estimator.early_stopping:
        params["scoring"] = None
    if is_classifier(estimator):
        return _fill_core(CoreClassifier(**params), estimator, n_samples)
    return _fill_core(CoreRegressor(loss=estimator.loss, **params), estimator, n_samples)


def _core_optimizer(estimator: Any) -> tuple[Any, Any]:
    if estimator.solver == "lbfgs":
        return LBFGS(max_fun=estimator.max_fun), "constant"
    if estimator.solver == "adam":
        shared = ("beta_1", "beta_2", "epsilon")
        return Adam(**{name: getattr(estimator, name) for name in shared}), "constant"
    momentum, schedule = estimator.momentum, estimator.learning_rate
    if momentum >= 1:
        raise _no_counterpart("momentum", momentum, "sknn", "momentum less than 1")
    if schedule == "invscaling":
        schedule = InvScalingBySamples(estimator.power_t)
    kind = Nesterov if estimator.nesterovs_momentum else Momentum
    return (kind(float(momentum)) if momentum else SGD()), schedule


def _fill_core(core: Any, estimator: Any, n_samples: int | None) -> Any:
    """Set the attributes on an estimator of sknn that fitting would have set."""
    settings = read_settings(core)
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, name):
            setattr(core, name, copy.copy(getattr(estimator, name)))
    targets = _core_targets(estimator, settings.loss)
    network = network_of(estimator)
    network.architecture.link = settings.loss.link(targets.kind)
    training = _core_training(network.parameters, estimator, settings, n_samples or 0)
    core.optimizer_ = settings.optimizer
    model = FittedModel(network, settings.loss, targets, training)
    set_fitted_model(core, model, estimator.n_iter_)
    return core


def _core_targets(estimator: Any, loss: Loss) -> ClassTargets | RegressionTargets:
    if not is_classifier(estimator):
        return RegressionTargets(loss, estimator.n_outputs_, estimator.n_outputs_ == 1)
    classes = np.array(estimator.classes_)
    kind = BINARY if len(classes) == 2 else MULTICLASS
    if estimator._label_binarizer.y_type_.startswith("multilabel"):
        kind = MULTILABEL
    return ClassTargets.of(kind, classes)


def _core_training(
    parameters: Parameters, estimator: Any, settings: Settings, n_samples: int
) -> TrainingState:
    optimizer = settings.optimizer
    steps = isinstance(optimizer, Optimizer)
    curve = list(getattr(estimator, "loss_curve_", None) or [float(estimator.loss_)])
    return TrainingState(
        parameters,
        optimizer.init(parameters.vector, parameters.layout) if steps else None,
        check_random_state(estimator.random_state),
        0,
        n_samples,
        progress=Progress(epoch=len(curve), samples=estimator.t_),
        loss_curve=curve,
        validation_scores=list(getattr(estimator, "validation_scores_", None) or []),
    )


# -------------------------------------------------------------------- from the core's class


def _from_core(core: Any, n_samples: int | None) -> Any:
    fitted = fitted_model(core)
    settings = replace(read_settings(core), loss=fitted.loss)
    _check_fixed(core, settings)
    params = {name: getattr(core, name) for name in SAME}
    params["verbose"] = core.verbose > 0
    params["hidden_layer_sizes"] = settings.hidden_layer_sizes
    params["activation"] = _their_activation(settings)
    params |= _their_solver(core, settings)
    if n_samples is None and fitted.training is not None:
        n_samples = fitted.training.n_training or None
    params["alpha"] = core.alpha and core.alpha * _batch(core, params["solver"], n_samples)
    if core.n_iter_no_change not in Range(2, integer=True):
        allowed = "whole epochs of patience, 2 or more in the core's count"
        raise _no_counterpart("n_iter_no_change", core.n_iter_no_change, "scikit-learn", allowed)
    params["n_iter_no_change"] = core.n_iter_no_change - 1
    if is_classifier(core):
        return _fill_their_classifier(MLPClassifier(**params), core)
    losses = {SquaredError: "squared_error", Poisson: "poisson"}
    return _fill_theirs(MLPRegressor(loss=losses[type(fitted.loss)], **params), core)


def _check_fixed(core: Any, settings: Settings) -> None:
    """Raise a ValueError for parameters that scikit-learn does not have."""
    for name, value in FIXED.items():
        if getattr(core, name, value) != value:
            raise _no_counterpart(name, getattr(core, name), "scikit-learn", f"only {value!r}")
    for name, dropouts in (
        ("input_dropout", settings.dropouts[:1]),
        ("dropout", settings.dropouts),
    ):
        if any(dropout.rate > 0 for dropout in dropouts):
            raise _no_counterpart(name, getattr(core, name), "scikit-learn", "no dropout")
    smoothed = isinstance(settings.loss, LogLoss) and settings.loss.label_smoothing > 0
    if type(settings.loss) not in (LogLoss, SquaredError, Poisson) or smoothed:
        allowed = "'log_loss' for classes, 'squared_error' and 'poisson' for numbers"
        raise _no_counterpart("loss", core.loss, "scikit-learn", allowed)
    scores = SCORES[is_classifier(core)]
    if core.early_stopping and core.scoring not in scores:
        raise _no_counterpart("scoring", core.scoring, "scikit-learn", f"only {scores[1]!r}")


def _their_activation(settings: Settings) -> str:
    kinds = {type(activation) for activation in settings.activations} or {ACTIVATIONS["relu"]}
    names = [theirs for theirs, ours in ACTIVATION_NAMES.items() if {ACTIVATIONS[ours]} == kinds]
    if not names:
        allowed = f"one for all layers of {', '.join(map(repr, ACTIVATION_NAMES))}"
        raise _no_counterpart("activation", settings.activations, "scikit-learn", allowed)
    return names[0]


def _their_solver(core: Any, settings: Settings) -> dict[str, Any]:
    optimizer: Any = settings.optimizer
    params: dict[str, Any] = {}
    if type(optimizer) is LBFGS and optimizer.history_size == LBFGS().history_size:
        return {"solver": "lbfgs", "max_fun": optimizer.max_fun}
    if type(optimizer) is Adam:
        params = {"solver": "adam", **vars(optimizer)}
    elif type(optimizer) in (SGD, Momentum, Nesterov):
        momentum = getattr(optimizer, "momentum", 0.0)
        nesterov = type(optimizer) is not Momentum
        params = {"solver": "sgd", "momentum": momentum, "nesterovs_momentum": nesterov}
    else:
        allowed = "'sgd', 'momentum', 'nesterov', 'adam' and 'lbfgs'"
        raise _no_counterpart("optimizer", core.optimizer, "scikit-learn", allowed)
    rate = core.learning_rate_init
    params["learning_rate_init"] = (
        optimizer.default_learning_rate(settings.loss) if isinstance(rate, str) else rate
    )
    return params | _their_schedule(core, settings, params["solver"])


def _their_schedule(core: Any, settings: Settings, solver: str) -> dict[str, Any]:
    schedule: Any = settings.schedule
    if type(schedule) is Constant:
        return {}
    if solver == "sgd" and type(schedule) is InvScalingBySamples:
        return {"learning_rate": "invscaling", "power_t": schedule.power_t}
    if solver == "sgd" and type(schedule) is Adaptive and vars(schedule) == vars(Adaptive()):
        return {"learning_rate": "adaptive"}
    allowed = "'constant', and with sgd 'adaptive' and a schedule that counts samples"
    raise _no_counterpart("learning_rate", core.learning_rate, "scikit-learn", allowed)


def _fill_their_classifier(theirs: Any, core: Any) -> Any:
    theirs.classes_ = np.array(core.classes_)
    n_classes = len(core.classes_)
    labels: Sequence[Any] | Array = core.classes_
    if fitted_model(core).targets.kind == MULTILABEL:
        labels = np.eye(max(2, n_classes), n_classes, dtype=int)
    theirs._label_binarizer = LabelBinarizer().fit(labels)
    return _fill_theirs(theirs, core)


def _fill_theirs(theirs: Any, core: Any) -> Any:
    renamed = {ours: name for name, ours in ACTIVATION_NAMES.items()} | {"exponential": "exp"}
    theirs.out_activation_ = renamed.get(core.out_activation_, core.out_activation_)
    theirs.coefs_ = [np.array(coef) for coef in core.coefs_]
    theirs.intercepts_ = [np.array(intercept) for intercept in core.intercepts_]
    for name in ("n_features_in_", "feature_names_in_", "n_layers_", "n_outputs_", "n_iter_", "t_"):
        if hasattr(core, name):
            setattr(theirs, name, copy.copy(getattr(core, name)))
    theirs.loss_ = core.loss_
    if theirs.solver != "lbfgs":
        theirs.loss_curve_ = list(core.loss_curve_)
        scores = core.validation_scores_ if core.early_stopping else None
        theirs.validation_scores_ = None if scores is None else list(scores)
        theirs.best_validation_score_ = core.best_validation_score_ if scores else None
        theirs.best_loss_ = None if core.early_stopping else core.best_loss_
        theirs._no_improvement_count = 0
    return theirs
