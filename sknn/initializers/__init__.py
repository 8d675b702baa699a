"""Initializers: where training starts."""

from sknn._core.public import publish
from sknn.initializers._auto import INITIALIZERS, Auto
from sknn.initializers._base import Initializer
from sknn.initializers._data_dependent import LSUV
from sknn.initializers._distributions import Constant, Normal, TruncatedNormal, Uniform, Zeros
from sknn.initializers._scaling import (
    HeNormal,
    HeUniform,
    LeCunNormal,
    LeCunUniform,
    VarianceScaling,
    XavierNormal,
    XavierUniform,
)
from sknn.initializers._structured import Identity, Orthogonal, Sparse

__all__ = [
    "INITIALIZERS",
    "LSUV",
    "Auto",
    "Constant",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "Normal",
    "Orthogonal",
    "Sparse",
    "TruncatedNormal",
    "Uniform",
    "VarianceScaling",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
]

publish(globals())
