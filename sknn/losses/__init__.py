"""Losses, the quantities that training minimizes.

A loss also chooses the activation of the output layer, its link.

``raw_prediction`` has the shape (n_outputs, n_samples). ``y_true`` has the same shape, except for
multiclass targets, which are class codes of shape (n_samples,). A loss returns one value per
sample, summed over the outputs. The network applies the sample weights and averages the values.
"""

from typing import Final

from sknn._core.public import publish
from sknn.losses._base import BINARY, MULTICLASS, MULTILABEL, REGRESSION, Loss
from sknn.losses._classification import LogLoss
from sknn.losses._gaussian import Gaussian
from sknn.losses._likelihood import Gamma, Poisson, Tweedie
from sknn.losses._margin import Focal, Hinge
from sknn.losses._quantile import Increasing, Quantile
from sknn.losses._regression import AbsoluteError, Huber, LogCosh, SquaredError

__all__ = [
    "BINARY",
    "LOSSES",
    "MULTICLASS",
    "MULTILABEL",
    "REGRESSION",
    "AbsoluteError",
    "Focal",
    "Gamma",
    "Gaussian",
    "Hinge",
    "Huber",
    "Increasing",
    "LogCosh",
    "LogLoss",
    "Loss",
    "Poisson",
    "Quantile",
    "SquaredError",
    "Tweedie",
]

LOSSES: Final[dict[str, type[Loss]]] = {
    "log_loss": LogLoss,
    "focal": Focal,
    "hinge": Hinge,
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "quantile": Quantile,
    "gaussian": Gaussian,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
}

publish(globals())
