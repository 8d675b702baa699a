"""Schedules: how the learning rate changes as training goes on."""

from sknn._core.public import publish
from sknn.schedules._base import Progress, Schedule
from sknn.schedules._decay import Constant, Exponential, InvScaling, Step
from sknn.schedules._planned import Cosine, OneCycle, Polynomial
from sknn.schedules._plateau import Adaptive, ReduceOnPlateau
from sknn.schedules._warmup import SCHEDULES, Warmup

__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Constant",
    "Cosine",
    "Exponential",
    "InvScaling",
    "OneCycle",
    "Polynomial",
    "Progress",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "Warmup",
]

publish(globals())
