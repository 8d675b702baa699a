"""See inside a network: what it does before, while and after it trains.

Displays are in the manner of scikit-learn's: made by a class method, they hold the numbers as
attributes, and draw them with ``plot(ax=None)``, which needs matplotlib.
"""

from sknn._public import publish
from sknn._table import Table
from sknn.inspection._activation_display import ActivationDisplay
from sknn.inspection._gradient_display import GradientDisplay
from sknn.inspection._initialization import initialization_report
from sknn.inspection._loss_curve_display import LossCurveDisplay
from sknn.inspection._optimizer_path_display import OptimizerPathDisplay
from sknn.inspection._range_test import RangeTest, learning_rate_range_test
from sknn.inspection._surfaces import Surface
from sknn.inspection._weight_display import WeightDisplay

__all__ = [
    "ActivationDisplay",
    "GradientDisplay",
    "LossCurveDisplay",
    "OptimizerPathDisplay",
    "RangeTest",
    "Surface",
    "Table",
    "WeightDisplay",
    "initialization_report",
    "learning_rate_range_test",
]

publish(globals())
