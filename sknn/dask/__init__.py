"""Multi-layer perceptrons that train on Dask collections in the memory of the workers.

In this package, a partition is a block of rows: a chunk of a Dask array along the rows, or a
partition of a Dask data frame. A local estimator is `sknn.MLPClassifier` or `sknn.MLPRegressor`.
"""

from sknn._core.public import publish
from sknn.dask._estimators import DaskMLPClassifier, DaskMLPRegressor

__all__ = ["DaskMLPClassifier", "DaskMLPRegressor"]

publish(globals())
