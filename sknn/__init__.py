"""sknn: the multi-layer perceptron that scikit-learn's users wish they had."""

from sknn._strategy import Range
from sknn.estimators import MLPClassifier, MLPRegressor

__version__ = "0.1.0"

__all__ = ["MLPClassifier", "MLPRegressor", "Range", "__version__"]
