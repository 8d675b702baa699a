"""The validation set: its rows and their scores."""

import inspect
import math
import pickle
import zlib
from dataclasses import replace
from numbers import Real
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from sknn._network.architecture import Architecture
from sknn._training.data import Data
from sknn._training.engine import NonFiniteError
from sknn._training.loop import Validate
from sknn.estimators import _checks as checks
from sknn.estimators._call import FitCall
from sknn.estimators._model import FittedModel, view
from sknn.estimators._parameters import Settings
from sknn.estimators._storage import Storage


def name_scoring(scoring: Any) -> str:
    """Return a string that identifies a scoring and, where possible, survives pickling."""
    if not callable(scoring):
        return repr(scoring)
    try:
        twin = pickle.loads(
            pickle.dumps(scoring)
        )  # a copy, in which shared objects are as in any other copy
        return f"{type(scoring).__qualname__} {zlib.crc32(pickle.dumps(twin)):08x}"
    except (pickle.PicklingError, AttributeError, TypeError):  # such as a lambda
        return f"{scoring!r} at {id(scoring):#x}"


def _takes_weights(scorer: Any) -> bool:
    """Tell whether a scorer, or the metric inside one of scikit-learn's, takes sample_weight."""
    parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    return takes_all or "sample_weight" in parameters


def prepare_validation(
    estimator: Any,
    settings: Settings,
    data: Data,
    y: Any,
    call: FitCall,
    model: FittedModel,
) -> tuple[Validate | None, Data | None]:
    """Return the function that validates, if any, and the validation set that was passed, if any.

    The training state of the model is told which rows train and what decides on stopping.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator, whose parameters are read.
    settings : Settings
        The parameters of the estimator, as `read_settings` returns them.
    data : Data
        The data set, of which rows may be set aside.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets of the data set in the form for scorers.
    call : FitCall
        The call, with the validation set if one was passed.
    model : FittedModel
        The model to train; training changes its parameters.
    """
    decides, training = estimator.early_stopping, model.require_training()
    validation_set = call.validation_set
    if validation_set is not None or not decides:
        training.train_on_all_rows()
    measured = _objective(model.network.architecture, settings)
    validate, validation_data = None, None
    validation: tuple[Any, ...] = ()
    if validation_set is not None or decides:
        validation_data, y_val = _validation_rows(estimator, data, y, call, model)
        checks.check_total_weight(validation_data.weight, "sample_weight in validation")
        identity = (
            estimator.validation_fraction if validation_set is None else validation_data.checksum()
        )
        validation = (name_scoring(estimator.scoring), identity)
        validate = _make_validate(estimator, call.storage, validation_data, y_val, model)
    training.validate_by(validation)
    training.decide_by((*validation, *measured) if decides else (None, *measured))
    return validate, validation_data if validation_set is not None else None


def _validation_rows(
    estimator: Any,
    data: Data,
    y: Any,
    call: FitCall,
    model: FittedModel,
) -> tuple[Any, Any]:
    """Return the validation set, and its targets in the form for scorers."""
    targets, training = model.targets, model.require_training()
    if call.validation_set is not None:
        return call.storage.read_validation(estimator, call.validation_set, data.dtype, targets)
    fraction = estimator.validation_fraction
    if training.validation_rows is None or training.criterion[1:2] != (fraction,):
        training.order, training.validation_rows = checks.split_rows(
            len(data), fraction, targets.strata(data.y), training.random_state
        )
    index = training.validation_rows
    if data.weight is not None:
        checks.check_total_weight(data.weight[training.order], "sample_weight in training")
    return data.take(index), y[index]


def _make_validate(
    estimator: BaseEstimator, storage: Storage, data: Data, y: Any, model: FittedModel
) -> Validate:
    """Return the function that computes the loss and the score of an estimator on a validation set.

    A value that is not finite ends the fit if validation decides on stopping, else it is recorded.
    """
    scorer = None if estimator.scoring == "loss" else check_scoring(estimator, estimator.scoring)
    # The scorer's own view of the model: it predicts plain arrays, so it knows no feature names.
    predictor = view(estimator)
    vars(predictor).pop("feature_names_in_", None)
    predictor._model = replace(model, training=None)
    predictor = storage.predictor(predictor, data)
    weighted = data.weight is not None and scorer is not None and _takes_weights(scorer)
    weights = {"sample_weight": data.weight} if weighted else {}
    decides = estimator.early_stopping

    def validate() -> tuple[float, float | None]:
        value = storage.mean_loss(model.network, model.loss, data)
        is_finite = math.isfinite(value)
        if decides and not is_finite:
            raise NonFiniteError("the validation loss")
        if scorer is None:
            return value, None
        # Where the loss is not finite, predictions may not be, and scorers refuse these.
        score = scorer(predictor, data.X, y, **weights) if is_finite else math.nan
        if not isinstance(score, Real) or (decides and not math.isfinite(score)):
            raise ValueError(
                f"scoring={estimator.scoring!r} must return a finite number on the validation set, "
                f"got {score!r}."
            )
        return value, float(score)

    return validate


def _objective(architecture: Architecture, settings: Settings) -> tuple[Any, ...]:
    """Return everything but data and weights on which the training loss depends."""
    strategies = [settings.loss, architecture.link, *architecture.activations]
    strategies += architecture.dropouts
    regularization = settings.regularization
    return (
        *(regularization.alpha, regularization.l1_ratio, repr(settings.averaging)),
        *((type(strategy).__name__, repr(vars(strategy))) for strategy in strategies),
    )
