"""What a user reads: warnings, and why training diverged."""

import warnings

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from sknn.engine import NonFiniteError, Rows
from sknn.optimizers import Minimizer
from sknn.training import INTERRUPTED, MAX_ITER, Plan

# Inputs or targets beyond this size are named as the likeliest cause of divergence.
_LARGE = 100.0


def warn(estimator: BaseEstimator, outcome: str, incremental: bool = False) -> None:
    """Warn if training ended in a way that its user should know of."""
    name = type(estimator).__name__
    if outcome == INTERRUPTED:
        kept = "The best weights so far" if estimator.early_stopping else "The last weights"
        warnings.warn(
            f"{name} was interrupted after {estimator.n_iter_} whole epochs (iterations) of this "
            f"call. "
            f"{kept} were kept; fit with warm_start=True goes on from here.",
            UserWarning,
            stacklevel=4,
        )
    elif outcome == MAX_ITER and not incremental:
        limit, n_iter = estimator.max_iter, estimator.n_iter_
        end = (
            f"reached max_iter={limit}" if n_iter >= limit else f"gave up after {n_iter} iterations"
        )
        warnings.warn(
            f"{name} {end} before it converged{_trend(estimator.loss_curve_)}. Raise max_iter or "
            "learning_rate_init, or scale X with StandardScaler.",
            ConvergenceWarning,
            stacklevel=4,
        )


def _trend(curve: list[float]) -> str:
    if len(curve) < 2:
        return ""
    change = curve[-2] - curve[-1]
    word = "fell" if change > 0 else "rose"
    return f": in its last epoch the loss {word} by {abs(change):.2g} to {curve[-1]:.4g}"


def explain_divergence(
    error: NonFiniteError, estimator: BaseEstimator, rows: Rows, plan: Plan
) -> str:
    """Return a message with the epoch, the layer, the likeliest cause and what to do."""
    values = rows.X.data if sparse.issparse(rows.X) else rows.X
    largest = float(np.abs(values).max(initial=0.0))
    largest_y = float(np.abs(rows.y).max(initial=0.0)) if rows.y.dtype.kind == "f" else 0.0
    if largest > _LARGE:
        name = type(estimator).__name__
        cause = f"X has values up to {largest:.3g}: put a StandardScaler before {name}."
    elif largest_y > _LARGE:
        cause = (
            f"y has values up to {largest_y:.3g}: scale it, with TransformedTargetRegressor("
            "regressor, transformer=StandardScaler())."
        )
    elif isinstance(plan.optimizer, Minimizer):
        cause = "the start: scale X and y, or try another init or random_state."
    else:
        rate = plan.learning_rate_init
        cause = f"the learning rate is too large: set learning_rate_init below {rate:g}."
    return (
        f"Training diverged in epoch {error.epoch}: {error.what} is not finite. Likeliest cause: "
        f"{cause} The estimator is as it was before the call."
    )
