"""The validation set: which rows, and how they are scored."""

import inspect
import math
import pickle
import zlib
from dataclasses import replace
from numbers import Real
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from sknn._core.typing import Array
from sknn._network.architecture import Architecture
from sknn._training.data import DataSet
from sknn._training.engine import NonFiniteError, mean_loss
from sknn._training.loop import Validate
from sknn._training.state import TrainingState
from sknn.estimators import _checks as checks
from sknn.estimators._model import FittedModel, view
from sknn.estimators._parameters import Settings
from sknn.estimators._targets import Targets, encode_rows


def name_scoring(scoring: Any) -> str:
    """Return what tells a scoring from any other, and if it can be pickled, also afterwards."""
    if not callable(scoring):
        return repr(scoring)
    try:
        twin = pickle.loads(pickle.dumps(scoring))  # whose parts are as distinct as any copy's
        return f"{type(scoring).__qualname__} {zlib.crc32(pickle.dumps(twin)):08x}"
    except (pickle.PicklingError, AttributeError, TypeError):  # such as a lambda
        return f"{scoring!r} at {id(scoring):#x}"


def _takes_weights(scorer: Any) -> bool:
    """Tell whether a scorer, or the metric inside one of scikit-learn's, takes sample_weight."""
    parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return takes_all or "sample_weight" in parameters


def prepare_validation(
    estimator: Any,
    settings: Settings,
    data: DataSet,
    y: Array,
    given: Any,
    model: FittedModel,
    training: TrainingState,
) -> tuple[Validate | None, DataSet | None]:
    """Return what validates, and on which rows, if there are any; say what decides on stopping.

    Parameters
    ----------
    estimator : BaseMLP
        Its parameters are read.
    settings : Settings
        Its parameters.
    data : DataSet
        All rows, of which some may be set aside.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Their targets as a scorer wants them.
    given : tuple or None
        ``X_val``, ``y_val`` and ``sample_weight_val``, if there are.
    model : FittedModel
        The model to be trained, whose parameters will change.
    training : TrainingState
        Its training state, updated.
    """
    decides = estimator.early_stopping
    if given is not None or not decides:
        training.train_on_all_rows()
    measured = _objective(model.network.architecture, settings)
    validate, held = None, None
    validation: tuple[Any, ...] = ()
    if given is not None or decides:
        held, y_val = _held_rows(estimator, data, y, given, model.targets, training)
        checks.check_total_weight(held.weight, "sample_weight in validation")
        on = estimator.validation_fraction if given is None else held.checksum()
        validation = (name_scoring(estimator.scoring), on)
        validate = _make_validate(estimator, held, y_val, model)
    training.validate_by(validation)
    training.decide_by((*validation, *measured) if decides else (None, *measured))
    return validate, held


def _held_rows(
    estimator: Any, data: DataSet, y: Array, given: Any, targets: Targets, training: TrainingState
) -> tuple[DataSet, Array]:
    """Return the validation set, and its targets as a scorer wants them."""
    if given is not None:
        X_val, y_val, weight = given
        X_val, y_val, weight = checks.check_validation_set(
            estimator, X_val, y_val, weight, data.X.dtype
        )
        held = encode_rows(estimator, targets, X_val, y_val, weight, "_val")
        return checks.replace_extremes(held, y_val)
    fraction = estimator.validation_fraction
    if training.validation_rows is None or training.criterion[1:2] != (fraction,):
        training.order, training.validation_rows = checks.split_rows(
            len(data), fraction, targets.strata(data.y), training.random_state
        )
    index = training.validation_rows
    if data.weight is None:
        return DataSet(data.X[index], data.y[index], None), y[index]
    checks.check_total_weight(data.weight[training.order], "sample_weight in training")
    return DataSet(data.X[index], data.y[index], data.weight[index]), y[index]


def _make_validate(
    estimator: BaseEstimator, data: DataSet, y: Array, model: FittedModel
) -> Validate:
    """Return the function that computes the loss and the score of an estimator on a validation set.

    What is not finite ends the fit if it decides on stopping, and is recorded if it does not.
    """
    scorer = None if estimator.scoring == "loss" else check_scoring(estimator, estimator.scoring)
    # The scorer's own view of the model: it predicts plain arrays, so it knows no feature names.
    predictor = view(estimator)
    vars(predictor).pop("feature_names_in_", None)
    predictor._model = replace(model, training=None)
    weighted = data.weight is not None and scorer is not None and _takes_weights(scorer)
    weights = {"sample_weight": data.weight} if weighted else {}
    decides = estimator.early_stopping

    def validate() -> tuple[float, float | None]:
        value = mean_loss(model.network, model.loss, data)
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
    """Return what the value of a training loss depends on, beside data and weights."""
    strategies = [settings.loss, architecture.link, *architecture.activations]
    strategies += architecture.dropouts
    regularization = settings.regularization
    return (
        *(regularization.alpha, regularization.l1_ratio, repr(settings.averaging)),
        *((type(each).__name__, repr(vars(each))) for each in strategies),
    )
