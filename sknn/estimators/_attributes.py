"""The attributes that tell of an estimator's training, in the middle of it and afterwards."""

import copy
import math
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import numpy as np
from sklearn.base import BaseEstimator

from sknn._core.typing import Array
from sknn._training.state import Training

E = TypeVar("E", bound=BaseEstimator)

# What an estimator holds for its callbacks, some of it only while it is fitted.
OF_CALLBACKS: Final = (
    "_skl_callbacks",
    "_skl_callbacks_to_teardown",
    "_callback_fit_ctx",
    "_parent_callback_ctx",
)


def view(estimator: E) -> E:
    """Return another estimator with the very attributes of this one, none of them copied."""
    twin = object.__new__(type(estimator))
    twin.__dict__.update(estimator.__dict__)
    return twin


def training_to_keep(estimator: Any) -> Training:
    """Return a copy of the training state of a fitted estimator, for a file to keep.

    Raises
    ------
    ValueError
        If there is none.
    """
    if estimator._training is None:
        raise ValueError(
            "training_state=True, and this model has no training state: it was loaded from a file "
            "without one."
        )
    training: Training = estimator._training
    return copy.copy(training)  # as it is now, whatever another thread makes of it


def fitted_attributes(estimator: BaseEstimator, training: Training) -> dict[str, Any]:
    """Return the attributes that say where training stands."""
    curve, validated = training.loss_curve, estimator.early_stopping or training.validation
    scores = training.validation_scores if validated and estimator.scoring != "loss" else None
    return {
        "_training": training,
        "_parameters": training.chosen_parameters,
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


def attributes_so_far(estimator: BaseEstimator) -> dict[str, Any]:
    """Return what `fitted_attributes` would be if training ended now, for keeps."""
    training = copy.deepcopy(estimator._training)
    training.end_fit()
    return fitted_attributes(estimator, training)


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
    fitted._training.end_fit()
    vars(fitted).update(fitted_attributes(fitted, fitted._training))
    for name in OF_CALLBACKS:
        vars(fitted).pop(name, None)
    return fitted


def history(training: Training, n_layers: int) -> dict[str, Array]:
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
