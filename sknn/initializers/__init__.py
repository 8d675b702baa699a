"""Initializers draw the initial weights and biases."""

from typing import Final

from sknn._core.public import publish
from sknn.initializers._auto import Auto
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

INITIALIZERS: Final[dict[str, type[Initializer]]] = {
    "auto": Auto,
    "zeros": Zeros,
    "constant": Constant,
    "normal": Normal,
    "uniform": Uniform,
    "truncated_normal": TruncatedNormal,
    "xavier_uniform": XavierUniform,
    "xavier_normal": XavierNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LeCunUniform,
    "lecun_normal": LeCunNormal,
    "orthogonal": Orthogonal,
    "identity": Identity,
    "sparse": Sparse,
    "lsuv": LSUV,
}

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
