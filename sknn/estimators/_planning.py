"""From parameters to a plan: batch size, rate, initial state, and how to validate."""

import copy
import inspect
import math
from numbers import Real
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state

from sknn._typing import Array
from sknn.engine import Rows, mean_loss
from sknn.estimators._messages import report
from sknn.estimators._parameters import Settings
from sknn.losses import Loss
from sknn.network import Architecture
from sknn.optimizers import Minimizer
from sknn.training import Plan, Training, Validate


def default_batch_size(n_samples: int) -> int:
    """Return what ``batch_size="auto"`` stands for."""
    return min(200, n_samples)


def make_plan(
    estimator: BaseEstimator, settings: Settings, training: Training, n_epochs: int
) -> Plan:
    """Return how a fit of `n_epochs` goes about it."""
    optimizer, n_rows = settings.optimizer, training.n_training
    rate, size = estimator.learning_rate_init, estimator.batch_size
    if isinstance(optimizer, Minimizer):
        rate = 0.0
    elif isinstance(rate, str):
        rate = optimizer.default_learning_rate(settings.loss)
    return Plan(
        optimizer=optimizer,
        schedule=settings.schedule,
        learning_rate_init=float(rate),
        batch_size=default_batch_size(n_rows) if isinstance(size, str) else min(int(size), n_rows),
        max_iter=n_epochs,
        shuffle=bool(estimator.shuffle),
        tol=float(estimator.tol),
        n_iter_no_change=float(estimator.n_iter_no_change),
        report=lambda training: report(training, int(estimator.verbose)),
    )


def new_training(
    architecture: Architecture, settings: Settings, rows: Rows, random_state: Any
) -> Training:
    """Draw initial parameters, and return the state of training before its first step."""
    random_state = check_random_state(random_state)
    parameters = architecture.initialize(
        settings.init, settings.bias_init, random_state, rows.X.dtype
    )
    return Training(parameters, None, random_state, 0, len(rows))


def draw_seed(training: Training, settings: Settings) -> None:
    """Draw the seed of dropout masks, the first time that there is something to drop."""
    if not training.seed and any(dropout.rate > 0 for dropout in settings.dropouts):
        training.seed = int(training.random_state.randint(1, 2**31 - 1))


def objective(architecture: Architecture, loss: Loss, alpha: float) -> tuple[Any, ...]:
    """Return what the value of a training loss depends on, beside data and weights."""
    strategies = [loss, architecture.link, *architecture.activations, *architecture.dropouts]
    return (float(alpha), *((type(each).__name__, repr(vars(each))) for each in strategies))


def name_scoring(scoring: Any) -> str:
    """Return what names a scoring, in this process and after a pickle."""
    name = repr(scoring)
    if " at 0x" in name:
        named = scoring if hasattr(scoring, "__qualname__") else type(scoring)
        name = f"{named.__module__}.{named.__qualname__}"
    return name


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
    model = copy.copy(estimator)
    vars(model).pop("feature_names_in_", None)
    model._training = None
    weighted = rows.weight is not None and scorer is not None and _takes_weights(scorer)
    weights = {"sample_weight": rows.weight} if weighted else {}

    def validate() -> tuple[float, float | None]:
        value = mean_loss(model._architecture, model._parameters, loss, rows)
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
