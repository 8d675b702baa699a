"""Why training diverged."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from sknn.engine import NonFiniteError, Rows
from sknn.optimizers import Minimizer
from sknn.training import Plan

# Inputs or targets beyond this size are named as the likeliest cause of divergence.
_LARGE = 100.0


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
    elif estimator.alpha > _LARGE:
        cause = f"alpha={estimator.alpha!r} is too large a penalty."
    elif isinstance(plan.optimizer, Minimizer):
        cause = "the start: scale X and y, or try another init or random_state."
    else:
        rate = plan.learning_rate_init
        cause = f"the learning rate is too large: set learning_rate_init below {rate:g}."
    return (
        f"Training diverged in epoch {error.epoch}: {error.what} is not finite. Likeliest cause: "
        f"{cause} The estimator is as it was before the call."
    )
