"""Inspect a network before, during and after training.

Displays follow scikit-learn's: ``from_estimator`` computes the numbers, draws them with matplotlib
(the extra ``plot``) on ``ax`` or a new figure, and returns the display. A display holds the
numbers as attributes, and ``figure_`` and ``ax_`` (``axes_`` where it has several);
``plot(ax=None)`` draws it again elsewhere. For each constructor ``from_...`` there is a
``compute_from_...``, which takes the same data, draws nothing and does not need matplotlib.
"""

from sknn._core.public import publish
from sknn._core.table import Table
from sknn.inspection._activation_display import ActivationDisplay
from sknn.inspection._gradient_display import GradientDisplay
from sknn.inspection._initialization import initialization_report
from sknn.inspection._loss_curve_display import LossCurveDisplay
from sknn.inspection._optimizer_path_display import OptimizerPathDisplay
from sknn.inspection._prediction_interval_display import PredictionIntervalDisplay
from sknn.inspection._range_test import RangeTest, learning_rate_range_test
from sknn.inspection._rejection_curve_display import RejectionCurveDisplay
from sknn.inspection._surfaces import Surface
from sknn.inspection._weight_display import WeightDisplay

__all__ = [
    "ActivationDisplay",
    "GradientDisplay",
    "LossCurveDisplay",
    "OptimizerPathDisplay",
    "PredictionIntervalDisplay",
    "RangeTest",
    "RejectionCurveDisplay",
    "Surface",
    "Table",
    "WeightDisplay",
    "initialization_report",
    "learning_rate_range_test",
]

publish(globals())
