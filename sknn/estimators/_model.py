"""The model of a fitted estimator, and the fitted attributes that describe its training."""

import copy
import math
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, final, overload

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sknn._core.strategy import registered_name
from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._training.state import TrainingState
from sknn.activations import ACTIVATIONS
from sknn.estimators._targets import Targets
from sknn.losses import Loss

E = TypeVar("E", bound=BaseEstimator)

# The attributes that an estimator has for its callbacks, some of them only during a fit.
OF_CALLBACKS: Final = (
    "_skl_callbacks",
    "_skl_callbacks_to_teardown",
    "_callback_fit_ctx",
    "_parent_callback_ctx",
)

# The attribute of an estimator that holds its `FittedModel`.
MODEL: Final = "_model"

# Whether a network that `sknn.save` finds inside another estimator keeps its training state. The
# value is None for pickles and copies, which always keep the state.
keeps_training: ContextVar[bool | None] = ContextVar("keeps_training", default=None)


@final
@dataclass(frozen=True)
class FittedModel:
    """The fitted part of an estimator.

    Attributes
    ----------
    network : Network
        The network that predicts, with the parameters that training chose.
    loss : Loss
        The loss that was minimized.
    targets : Targets
        What the fit learned about y.
    training : TrainingState or None
        The training state; None if the model came from a file without one.
    """

    network: Network
    loss: Loss
    targets: Targets
    training: TrainingState | None

    def chosen_by(self, training: TrainingState) -> "FittedModel":
        """Return the model with another training state and the parameters which that chose."""
        network = self.network.replace_parameters(training.chosen_parameters)
        return replace(self, network=network, training=training)

    def own_training(self, copied: dict[int, Any]) -> "FittedModel":
        """Return the model with a copy of the training state.

        Parameters
        ----------
        copied : dict of int to object
            Receives the copies of all objects in the training state, by the ids of the originals.
        """
        training, parameters = copy.deepcopy(self.training, copied), self.network.parameters
        network = self.network.replace_parameters(copied.get(id(parameters), parameters))
        return replace(self, network=network, training=training)

    def require_training(self) -> TrainingState:
        """Return the training state, or raise a ValueError if there is none."""
        if self.training is None:
            raise ValueError(
                "partial_fit and warm_start=True continue from the training state, and this model "
                "was loaded from a file without it. Save with training_state=True, or start over "
                "with warm_start=False."
            )
        return self.training

    def training_to_keep(self) -> TrainingState:
        """Return a copy of the training state for a file, or raise a ValueError if there is none.

        The copy does not change if another thread continues to train.
        """
        if self.training is None:
            raise ValueError(
                "training_state=True, and this model has no training state: it was loaded from a "
                "file without one."
            )
        return copy.copy(self.training)


def fitted_model(estimator: BaseEstimator) -> FittedModel:
    """Return the model of an estimator; raise a NotFittedError if it is not fitted."""
    check_is_fitted(estimator)
    model: FittedModel = estimator._model
    return model


def view(estimator: E) -> E:
    """Return another estimator with the same attributes, none of them copied."""
    twin = object.__new__(type(estimator))
    twin.__dict__.update(estimator.__dict__)
    return twin


def without_training(estimator: E) -> E:
    """Drop the training state and the callbacks of an estimator, which then only predicts."""
    vars(estimator)[MODEL] = replace(vars(estimator)[MODEL], training=None)
    for name in OF_CALLBACKS:
        vars(estimator).pop(name, None)
    return estimator


class CurveAttribute:
    """A fitted attribute that is stored as a growing `Curve`, and read as a list."""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> "CurveAttribute": ...
    @overload
    def __get__(self, instance: object, owner: type[Any]) -> list[float] | None: ...
    def __get__(self, instance: Any, owner: type[Any]) -> "CurveAttribute | list[float] | None":
        if instance is None:
            return self
        try:
            curve = vars(instance)[self._name]
        except KeyError:
            message = f"{owner.__name__!r} object has no attribute {self._name!r}"
            raise AttributeError(message) from None
        return None if curve is None else list(curve)

    def __set__(self, instance: Any, curve: Any) -> None:
        vars(instance)[self._name] = curve


def fitted_attributes(estimator: BaseEstimator, training: TrainingState) -> dict[str, Any]:
    """Return the fitted attributes that describe the progress of training."""
    curve, validated = training.loss_curve, estimator.early_stopping or training.validation
    scores = training.validation_scores if validated and estimator.scoring != "loss" else None
    return {
        "_model": estimator._model.chosen_by(training),
        "n_iter_": training.progress.epoch - estimator._n_epochs_before,
        "t_": training.progress.samples,
        "loss_curve_": curve,
        "loss_": curve[-1] if curve else math.nan,
        "validation_loss_curve_": training.validation_loss_curve if validated else None,
        "validation_scores_": scores,
        "best_validation_score_": _best(scores) if scores else None,
    }


def _best(scores: Iterable[float]) -> float:
    """Return the largest score that is not NaN; without early stopping scores may be NaN."""
    return max((score for score in scores if not math.isnan(score)), default=math.nan)


def set_fitted_model(estimator: BaseEstimator, model: FittedModel, n_iter: int) -> None:
    """Set a trained model and the fitted attributes that describe its training.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator. Its parameters, and its `optimizer_` if it has one, are those of training.
    model : FittedModel
        The model, with a training state.
    n_iter : int
        The number of epochs of the last call.
    """
    describe_model(estimator, model)
    finish_training(estimator, n_iter)


def finish_training(estimator: BaseEstimator, n_iter: int) -> None:
    """Set the attributes that training changes, after `describe_model` has set the others."""
    training = estimator._model.require_training()
    if training.random_state is users_random_state(estimator):
        training.random_state = copy.deepcopy(training.random_state)  # the user may use theirs
    estimator._n_epochs_before = training.progress.epoch - n_iter
    vars(estimator).update(fitted_attributes(estimator, training))


def describe_model(estimator: BaseEstimator, model: FittedModel) -> None:
    """Set a model, trained or not, and the fitted attributes that training does not change."""
    architecture = model.network.architecture
    vars(estimator).update(model.targets.attributes)
    estimator.n_layers_ = len(architecture.layer_sizes)
    estimator.n_outputs_ = model.targets.n_outputs
    estimator.out_activation_ = registered_name(architecture.link, ACTIVATIONS)
    estimator._model = model


def users_random_state(estimator: BaseEstimator) -> np.random.RandomState | None:
    """Return NumPy's global random state or the user's instance; None for other values."""
    value = estimator.random_state
    random_state = check_random_state(None) if value is None or value is np.random else value
    return random_state if isinstance(random_state, np.random.RandomState) else None


def attributes_so_far(estimator: BaseEstimator) -> dict[str, Any]:
    """Return copies of the fitted attributes that would result if training ended now."""
    training = copy.deepcopy(estimator._model.require_training())
    training.end_fit()
    return fitted_attributes(estimator, training)


def fitted_so_far(estimator: Any) -> Any:
    """Return a copy of an estimator, without callbacks, as if training ended now.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator that is being fitted.

    Returns
    -------
    fitted : MLPClassifier or MLPRegressor
        The copy, independent of the fit, which continues.
    """
    fitted = copy.copy(estimator)  # it copies the training state
    training = fitted._model.require_training()
    training.end_fit()
    vars(fitted).update(fitted_attributes(fitted, training))
    for name in OF_CALLBACKS:
        vars(fitted).pop(name, None)
    return fitted


def history(training: TrainingState, n_layers: int) -> dict[str, Array]:
    """Return the recorded quantities of training as arrays of the same length.

    Validation values cover the last epochs, those with a validation, after leading NaNs.
    """
    n_epochs = len(training.loss_curve)
    ratios = np.array(list(training.update_ratios)).reshape(-1, n_layers).T
    curves: dict[str, Any] = {
        "loss": training.loss_curve,
        "penalty": training.penalties,
        "validation_loss": training.validation_loss_curve,
        "validation_score": training.validation_scores,
        "learning_rate": training.learning_rates,
        "gradient_norm": training.gradient_norms,
        **{f"update_ratio_{i}": ratio for i, ratio in enumerate(ratios)},
        "seconds": training.seconds,
    }
    histories = {}
    for name, curve in curves.items():
        if len(curve) or not name.startswith("validation"):
            histories[name] = np.full(n_epochs, np.nan)
            histories[name][n_epochs - len(curve) :] = list(curve)
    return histories
