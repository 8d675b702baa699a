"""The message for training that diverged, and the format of numbers in messages."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from sknn._training.configuration import FitConfiguration
from sknn._training.data import DataSet
from sknn._training.engine import NonFiniteError
from sknn.losses import Loss
from sknn.optimizers import Minimizer, Optimizer

# The message names inputs or targets above this absolute value as the likeliest cause.
_LARGE = 100.0
# The message first names a learning rate above so many times the automatic one.
_TIMES = 100.0


def _automatic_rate(loss: Loss, configuration: FitConfiguration) -> float:
    assert isinstance(configuration.optimizer, Optimizer)
    return configuration.optimizer.default_learning_rate(loss)


def _is_far_too_high(loss: Loss, configuration: FitConfiguration) -> bool:
    if not isinstance(configuration.optimizer, Optimizer):
        return False
    return configuration.learning_rate_init > _TIMES * _automatic_rate(loss, configuration)


def _too_large(loss: Loss, configuration: FitConfiguration) -> str:
    return (
        "the learning rate is too large: set learning_rate_init below "
        f"{configuration.learning_rate_init:g} "
        f"('auto' is {_automatic_rate(loss, configuration):g})."
    )


def explain_divergence(
    error: NonFiniteError,
    estimator: BaseEstimator,
    loss: Loss,
    data: DataSet,
    configuration: FitConfiguration,
) -> str:
    """Return a message with the epoch, the layer, the likeliest cause and what to do."""
    values = data.X.data if sparse.issparse(data.X) else data.X
    largest = float(np.abs(values).max(initial=0.0))
    largest_y = float(np.abs(data.y).max(initial=0.0)) if data.y.dtype.kind == "f" else 0.0
    if _is_far_too_high(loss, configuration):
        cause = _too_large(loss, configuration)
    elif largest > _LARGE:
        name = type(estimator).__name__
        cause = f"X has values up to {largest:.3g}: put a StandardScaler before {name}."
    elif largest_y > _LARGE:
        cause = (
            f"y has values up to {largest_y:.3g}: scale it, with TransformedTargetRegressor("
            "regressor, transformer=StandardScaler())."
        )
    elif estimator.alpha > _LARGE:
        cause = f"alpha={estimator.alpha!r} is too large a penalty."
    elif isinstance(configuration.optimizer, Minimizer):
        cause = "the start: scale X and y, or try another init or random_state."
    else:
        cause = _too_large(loss, configuration)
    return (
        f"Training diverged in epoch {error.epoch}: {error.what} is not finite. Likeliest cause: "
        f"{cause} The estimator is as it was before the call."
    )


def short(number: float) -> str:
    """Return a number as text with about two digits.

    Examples
    --------
    >>> from sknn.estimators._divergence import short
    >>> short(0.0123), short(1234.5), short(12345678.9)
    ('0.012', '1,234', '1.2e+07')
    """
    return f"{number:,.0f}" if 100 <= number < 1e6 else f"{number:.2g}"
