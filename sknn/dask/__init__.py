"""Multi-layer perceptrons trained on Dask collections that stay on their workers."""

from sknn._core.public import publish
from sknn.dask._estimators import DaskMLPClassifier, DaskMLPRegressor

__all__ = ["DaskMLPClassifier", "DaskMLPRegressor"]

publish(globals())
