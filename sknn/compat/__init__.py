"""Drop-in replacements for scikit-learn's multi-layer perceptrons."""

from sknn._core.public import publish
from sknn.compat._convert import convert
from sknn.compat._estimators import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "convert"]

publish(globals())
