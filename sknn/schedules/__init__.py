"""Schedules change the learning rate during training."""

from typing import Final

from sknn._core.public import publish
from sknn.schedules._base import Progress, Schedule
from sknn.schedules._decay import Constant, Exponential, InvScaling, Step
from sknn.schedules._planned import Cosine, OneCycle, Polynomial
from sknn.schedules._plateau import Adaptive, ReduceOnPlateau
from sknn.schedules._warmup import Warmup

SCHEDULES: Final[dict[str, type[Schedule]]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
    "step": Step,
    "exponential": Exponential,
    "polynomial": Polynomial,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "reduce_on_plateau": ReduceOnPlateau,
    "warmup": Warmup,
}

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
