"""A call that trains: its mode, its arguments, and where its rows are."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, final

from sklearn.base import BaseEstimator

from sknn.estimators._model import FittedModel
from sknn.estimators._storage import InMemory, Storage


class FitMode(Enum):
    """How a call that trains uses an estimator that is already fitted."""

    FIT = "start over"
    WARM_START = "continue with new epochs"
    PARTIAL_FIT = "continue with an epoch on a part of the data"
    RESUME = "continue a fit that was interrupted"

    def continued(self, estimator: BaseEstimator) -> FittedModel | None:
        """Return the model with which training continues; None if it starts over."""
        if self is FitMode.FIT or not estimator.__sklearn_is_fitted__():
            return None
        model: FittedModel = estimator._model
        return model


@final
@dataclass(frozen=True)
class FitCall:
    """A call that trains: its mode and its arguments, as they were passed.

    Attributes
    ----------
    mode : FitMode
        How the call uses an estimator that is already fitted.
    X, y, sample_weight
        The training set.
    X_val, y_val, sample_weight_val
        The validation set; all None if there is none.
    classes : array-like or None
        The classes that ``partial_fit`` is told.
    storage : Storage
        Where the rows are.
    """

    mode: FitMode
    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    classes: Any = None
    storage: Storage = field(default_factory=InMemory)

    @property
    def is_part(self) -> bool:
        """Whether the call is one epoch on a part of the data."""
        return self.mode is FitMode.PARTIAL_FIT

    @property
    def validation_set(self) -> tuple[Any, Any, Any] | None:
        """Inputs, targets and weights of the validation set, if there is one."""
        if self.X_val is None:
            return None
        return self.X_val, self.y_val, self.sample_weight_val
