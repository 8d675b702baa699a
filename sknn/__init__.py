"""sknn: multi-layer perceptrons for scikit-learn."""

from sknn._core.public import publish
from sknn._core.strategy import Range
from sknn._version import __version__
from sknn.estimators import MLPClassifier, MLPRegressor
from sknn.persistence import load, save

__all__ = ["MLPClassifier", "MLPRegressor", "Range", "__version__", "load", "save"]

publish(globals())
