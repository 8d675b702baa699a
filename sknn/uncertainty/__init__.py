"""Estimate the uncertainty of predictions from votes.

A vote is one prediction of a network with dropout masks, or of one member of an ensemble. The mean
uncertainty within the votes is the noise in y (aleatoric uncertainty). The disagreement of the
votes is the doubt of the model (epistemic uncertainty).
"""

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
