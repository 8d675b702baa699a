"""How sure a prediction is: votes, and what they tell of the noise in y and the model's doubt."""

from sknn._core.public import publish
from sknn.uncertainty._summaries import (
    ClassUncertainty,
    RegressionUncertainty,
    class_uncertainty,
    regression_uncertainty,
)
from sknn.uncertainty._voters import predict_mean_std, predict_uncertainty, predict_votes

__all__ = [
    "ClassUncertainty",
    "RegressionUncertainty",
    "class_uncertainty",
    "predict_mean_std",
    "predict_uncertainty",
    "predict_votes",
    "regression_uncertainty",
]

publish(globals())
