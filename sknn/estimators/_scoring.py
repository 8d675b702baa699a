"""The validation set: which rows, and how they are scored."""

import inspect
import math
import pickle
import zlib
from numbers import Real
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from sknn._core.typing import Array
from sknn._training.data import Rows
from sknn._training.engine import NonFiniteError, mean_loss
from sknn._training.loop import Validate
from sknn._training.state import Training
from sknn.estimators import _data as data
from sknn.estimators._attributes import view
from sknn.estimators._parameters import Settings
from sknn.estimators._planning import objective
from sknn.losses import Loss


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
    estimator: Any, settings: Settings, rows: Rows, y: Array, given: Any, training: Training
) -> tuple[Validate | None, Rows | None]:
    """Return what validates, and on which rows, if there are any; say what decides on stopping.

    Parameters
    ----------
    estimator : BaseMLP
        With its network set.
    settings : Settings
        Its parameters.
    rows : Rows
        All rows, of which some may be set aside.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Their targets as a scorer wants them.
    given : tuple or None
        ``X_val``, ``y_val`` and ``sample_weight_val``, if there are.
    training : Training
        Updated.
    """
    decides = estimator.early_stopping
    if given is not None or not decides:
        training.train_on_all_rows()
    measured = objective(estimator._architecture, settings)
    validate, held = None, None
    validation: tuple[Any, ...] = ()
    if given is not None or decides:
        held, y_val = _held_rows(estimator, rows, y, given, training)
        data.check_total_weight(held.weight, "sample_weight in validation")
        on = estimator.validation_fraction if given is None else held.checksum()
        validation = (name_scoring(estimator.scoring), on)
        estimator._parameters = training.current_parameters
        validate = _make_validate(estimator, held, y_val, settings.loss)
    training.validate_by(validation)
    training.decide_by((*validation, *measured) if decides else (None, *measured))
    return validate, held


def _held_rows(
    estimator: Any, rows: Rows, y: Array, given: Any, training: Training
) -> tuple[Rows, Array]:
    """Return the validation set, and its targets as a scorer wants them."""
    if given is not None:
        X_val, y_val, weight = given
        X_val, y_val, weight = data.check_validation_set(
            estimator, X_val, y_val, weight, rows.X.dtype
        )
        held = estimator._rows(X_val, y_val, weight, "_val")
        return data.replace_extremes(held, y_val)
    fraction = estimator.validation_fraction
    if training.validation_rows is None or training.criterion[1:2] != (fraction,):
        training.order, training.validation_rows = data.split_rows(
            len(rows), fraction, estimator._codes(rows.y), training.random_state
        )
    at = training.validation_rows
    if rows.weight is None:
        return Rows(rows.X[at], rows.y[at], None), y[at]
    data.check_total_weight(rows.weight[training.order], "sample_weight in training")
    return Rows(rows.X[at], rows.y[at], rows.weight[at]), y[at]


def _make_validate(estimator: BaseEstimator, rows: Rows, y: Array, loss: Loss) -> Validate:
    """Return the function that computes the loss and the score of an estimator on a validation set.

    What is not finite ends the fit if it decides on stopping, and is recorded if it does not.
    """
    scorer = None if estimator.scoring == "loss" else check_scoring(estimator, estimator.scoring)
    # The scorer's own view of the model: it predicts plain arrays, so it knows no feature names.
    model = view(estimator)
    vars(model).pop("feature_names_in_", None)
    model._training = None
    weighted = rows.weight is not None and scorer is not None and _takes_weights(scorer)
    weights = {"sample_weight": rows.weight} if weighted else {}
    decides = estimator.early_stopping

    def validate() -> tuple[float, float | None]:
        value = mean_loss(model._architecture, model._parameters, loss, rows)
        is_finite = math.isfinite(value)
        if decides and not is_finite:
            raise NonFiniteError("the validation loss")
        if scorer is None:
            return value, None
        # Where the loss is not finite, predictions may not be, and scorers refuse these.
        score = scorer(model, rows.X, y, **weights) if is_finite else math.nan
        if not isinstance(score, Real) or (decides and not math.isfinite(score)):
            raise ValueError(
                f"scoring={estimator.scoring!r} must return a finite number on the validation set, "
                f"got {score!r}."
            )
        return value, float(score)

    return validate
