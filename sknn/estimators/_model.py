"""The model that a fitted estimator consists of, and the attributes that tell of its training."""

import copy
import math
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, overload

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

# What an estimator holds for its callbacks, some of it only while it is fitted.
OF_CALLBACKS: Final = (
    "_skl_callbacks",
    "_skl_callbacks_to_teardown",
    "_callback_fit_ctx",
    "_parent_callback_ctx",
)

# The attribute of an estimator that holds its `FittedModel`.
MODEL: Final = "_model"

# Whether a network that `sknn.save` finds inside another estimator keeps its training state; None
# for pickles and copies, which keep it always.
keeps_training: ContextVar[bool | None] = ContextVar("keeps_training", default=None)


@dataclass(frozen=True)
class FittedModel:
    """What a fitted estimator consists of.

    Attributes
    ----------
    network : Network
        Predicts: its parameters are those that training chose.
    loss : Loss
        What was minimized.
    targets : Targets
        What the fit learned about y.
    training : TrainingState or None
        Where training stands; None if the model came from a file without it.
    """

    network: Network
    loss: Loss
    targets: Targets
    training: TrainingState | None

    def chosen_by(self, training: TrainingState) -> "FittedModel":
        """Return the model of a training state, with the parameters that it chose."""
        network = self.network.replace_parameters(training.chosen_parameters)
        return replace(self, network=network, training=training)

    def own_training(self, copied: dict[int, Any]) -> "FittedModel":
        """Return the model with a training state of its own.

        Parameters
        ----------
        copied : dict of int to object
            Receives the copies of all that the training state holds, by the originals' ids.
        """
        training, parameters = copy.deepcopy(self.training, copied), self.network.parameters
        network = self.network.replace_parameters(copied.get(id(parameters), parameters))
        return replace(self, network=network, training=training)

    def training_to_keep(self) -> TrainingState:
        """Return a copy of the training state for a file, or raise a ValueError if there is none.

        Other threads may go on training: the copy stays as it is.
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
    """Return another estimator with the very attributes of this one, none of them copied."""
    twin = object.__new__(type(estimator))
    twin.__dict__.update(estimator.__dict__)
    return twin


class CurveAttribute:
    """A fitted attribute that is kept as a curve, which goes on growing, and read as a list."""

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


def fitted_attributes(
    estimator: BaseEstimator, model: FittedModel, training: TrainingState
) -> dict[str, Any]:
    """Return the attributes that say where training stands."""
    curve, validated = training.loss_curve, estimator.early_stopping or training.validation
    scores = training.validation_scores if validated and estimator.scoring != "loss" else None
    return {
        "_model": model.chosen_by(training),
        "n_iter_": training.progress.epoch - estimator._n_epochs_before,
        "t_": training.progress.samples,
        "loss_curve_": curve,
        "loss_": curve[-1] if curve else math.nan,
        "validation_loss_curve_": training.validation_loss_curve if validated else None,
        "validation_scores_": scores,
        "best_validation_score_": _best(scores) if scores else None,
    }


def _best(scores: Iterable[float]) -> float:
    """Return the largest score; scores that do not decide on stopping may be NaN."""
    return max((score for score in scores if not math.isnan(score)), default=math.nan)


def set_fitted_model(estimator: BaseEstimator, model: FittedModel, n_iter: int) -> None:
    """Give an estimator a trained model, and the attributes that tell of its training.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its parameters, and its `optimizer_` if it has one, are those of the training.
    model : FittedModel
        With its training state.
    n_iter : int
        Epochs of the last call.
    """
    training = model.training
    assert training is not None
    describe_model(estimator, model)
    finish_training(estimator, model, training, n_iter)


def finish_training(
    estimator: BaseEstimator, model: FittedModel, training: TrainingState, n_iter: int
) -> None:
    """Set the attributes of an estimator, whose model is described, that training changes."""
    if training.random_state is users_random_state(estimator):
        training.random_state = copy.deepcopy(training.random_state)  # the user's may go on
    estimator._n_epochs_before = training.progress.epoch - n_iter
    vars(estimator).update(fitted_attributes(estimator, model, training))


def describe_model(estimator: BaseEstimator, model: FittedModel) -> None:
    """Give an estimator a model, trained or not, and the attributes that do not change with it."""
    architecture = model.network.architecture
    vars(estimator).update(model.targets.attributes)
    estimator.n_layers_ = len(architecture.layer_sizes)
    estimator.n_outputs_ = model.targets.n_outputs
    estimator.out_activation_ = registered_name(architecture.link, ACTIVATIONS)
    estimator._model = model


def users_random_state(estimator: BaseEstimator) -> np.random.RandomState | None:
    """Return NumPy's own random state or the instance given; None for a seed or a wrong value."""
    given = estimator.random_state
    random_state = check_random_state(None) if given is None or given is np.random else given
    return random_state if isinstance(random_state, np.random.RandomState) else None


def attributes_so_far(estimator: BaseEstimator) -> dict[str, Any]:
    """Return copies of what `fitted_attributes` would be if training ended now."""
    training = copy.deepcopy(estimator._model.training)
    training.end_fit()
    return fitted_attributes(estimator, estimator._model, training)


def fitted_so_far(estimator: Any) -> Any:
    """Return a copy of an estimator, without callbacks, as it would be if training ended now.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        What is being fitted.

    Returns
    -------
    fitted : MLPClassifier or MLPRegressor
        Independent of the fit, which goes on.
    """
    fitted = copy.copy(estimator)  # with a training state of its own
    training = fitted._model.training
    training.end_fit()
    vars(fitted).update(fitted_attributes(fitted, fitted._model, training))
    for name in OF_CALLBACKS:
        vars(fitted).pop(name, None)
    return fitted


def history(training: TrainingState, n_layers: int) -> dict[str, Array]:
    """Return what training recorded, an array a quantity, all of one length.

    Validation covers the last epochs, those with a validation; before them are NaNs.
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
    told = {}
    for name, curve in curves.items():
        if len(curve) or not name.startswith("validation"):
            told[name] = np.full(n_epochs, np.nan)
            told[name][n_epochs - len(curve) :] = list(curve)
    return told
