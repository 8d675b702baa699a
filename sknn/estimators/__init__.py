"""The two estimators, with scikit-learn's manners."""

from sknn.estimators._classifier import MLPClassifier
from sknn.estimators._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
