"""How a validation set is scored."""

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
from sknn.estimators._attributes import view
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


def make_validate(estimator: BaseEstimator, rows: Rows, y: Array, loss: Loss) -> Validate:
    """Return the function that computes the loss and the score of an estimator on a validation set.

    Parameters
    ----------
    estimator : BaseMLP
        With its network set, whose parameters will change.
    rows : Rows
        The validation set, in the network's form.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Its targets as the scorer wants them.
    loss : Loss
        The rule.
    """
    scorer = None if estimator.scoring == "loss" else check_scoring(estimator, estimator.scoring)
    # The scorer's own view of the model: it predicts plain arrays, so it knows no feature names.
    model = view(estimator)
    vars(model).pop("feature_names_in_", None)
    model._training = None
    weighted = rows.weight is not None and scorer is not None and _takes_weights(scorer)
    weights = {"sample_weight": rows.weight} if weighted else {}

    def validate() -> tuple[float, float | None]:
        value = mean_loss(model._architecture, model._parameters, loss, rows)
        if not math.isfinite(value):
            raise NonFiniteError("the validation loss")
        if scorer is None:
            return value, None
        score = scorer(model, rows.X, y, **weights)
        if not (isinstance(score, Real) and math.isfinite(score)):
            raise ValueError(
                f"scoring={estimator.scoring!r} must return a finite number on the validation set, "
                f"got {score!r}."
            )
        return value, float(score)

    return validate
