"""The two estimators and the transformer for a hidden layer, by scikit-learn's conventions."""

from sknn._core.public import publish
from sknn.estimators._base import BaseMLP
from sknn.estimators._classifier import MLPClassifier
from sknn.estimators._hidden_layer import HiddenLayer
from sknn.estimators._regressor import MLPRegressor

__all__ = ["BaseMLP", "HiddenLayer", "MLPClassifier", "MLPRegressor"]

publish(globals(), at_top=("MLPClassifier", "MLPRegressor"))
