"""A callback that ends a fit at a target."""

import math
from typing import Any

from sknn._core.strategy import Range
from sknn.callbacks._base import EpochCallback, training_of
from sknn.estimators import BaseMLP


class StopOnTarget(EpochCallback):
    """End a fit after the first epoch that reaches one of the targets.

    Parameters
    ----------
    loss : float, default=None
        The training loss with the penalty, as in `loss_curve_`, at which the fit ends.
    validation_loss : float, default=None
        The validation loss at which the fit ends. It needs ``early_stopping=True`` or an
        ``X_val``.
    validation_score : float, default=None
        The validation score at which the fit ends. It needs ``early_stopping=True`` or an
        ``X_val``, and a `scoring` other than ``"loss"``.

    Raises
    ------
    ValueError
        If no target is given or a target is not a finite number. `fit` raises it if the estimator
        does not compute the quantity of a target.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.callbacks import StopOnTarget
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier(
    ...     early_stopping=True, scoring="accuracy", random_state=0
    ... )
    >>> model = model.set_callbacks(StopOnTarget(validation_score=0.95)).fit(
    ...     X / 16, y
    ... )
    >>> [score >= 0.95 for score in model.validation_scores_[-2:]]
    [False, True]
    """

    def __init__(
        self,
        loss: float | None = None,
        validation_loss: float | None = None,
        validation_score: float | None = None,
    ) -> None:
        targets = {
            "loss": loss,
            "validation_loss": validation_loss,
            "validation_score": validation_score,
        }
        if all(target is None for target in targets.values()):
            raise ValueError("StopOnTarget needs a target: set one of " + ", ".join(targets) + ".")
        for name, target in targets.items():
            if target is not None:
                Range(-math.inf, math.inf, "neither").check(name, target)
        self.loss, self.validation_loss = loss, validation_loss
        self.validation_score = validation_score

    def before_fit(self, estimator: BaseMLP) -> None:
        if self.validation_score is not None and estimator.scoring == "loss":
            raise ValueError(
                "StopOnTarget has a target for validation_score, but scoring='loss' computes no "
                "score: set, for example, scoring='accuracy', or set a target for validation_loss."
            )

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        validates = self.validation_loss is not None or self.validation_score is not None
        if validates and not training_of(estimator).validation:
            raise ValueError(
                "StopOnTarget has a validation target, but this fit has no validation set: pass "
                "X_val and y_val to fit, set early_stopping=True, or set a target for loss."
            )

    def after_epoch(self, estimator: BaseMLP) -> bool:
        training = training_of(estimator)
        return (
            (self.loss is not None and training.loss_curve[-1] <= self.loss)
            or (
                self.validation_loss is not None
                and training.validation_loss_curve[-1] <= self.validation_loss
            )
            or (
                self.validation_score is not None
                and training.validation_scores[-1] >= self.validation_score
            )
        )
