"""Estimators for tabular data with categories and missing values."""

from sknn._core.public import publish
from sknn.tabular._base import BaseTabularMLP
from sknn.tabular._classifier import TabularMLPClassifier
from sknn.tabular._regressor import TabularMLPRegressor

__all__ = ["BaseTabularMLP", "TabularMLPClassifier", "TabularMLPRegressor"]

publish(globals())
