"""Optimizers update the parameters from the gradient."""

from typing import Final

from sknn._core.public import publish
from sknn.optimizers._adam import Adam
from sknn.optimizers._adam_family import AdamW, NAdam, RAdam
from sknn.optimizers._adam_maxima import Adamax, AMSGrad
from sknn.optimizers._adan import Adan
from sknn.optimizers._adaptive import AdaDelta, Adagrad, RMSProp
from sknn.optimizers._base import Minimizer, Optimizer, State
from sknn.optimizers._elementwise import ElementwiseOptimizer
from sknn.optimizers._lbfgs import LBFGS
from sknn.optimizers._muon import Muon
from sknn.optimizers._sgd import GD, SGD, Momentum, Nesterov
from sknn.optimizers._sign import Lion, Rprop

OPTIMIZERS: Final[dict[str, type[Optimizer] | type[Minimizer]]] = {
    "gd": GD,
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "rmsprop": RMSProp,
    "adadelta": AdaDelta,
    "adam": Adam,
    "adamw": AdamW,
    "amsgrad": AMSGrad,
    "adamax": Adamax,
    "nadam": NAdam,
    "radam": RAdam,
    "adan": Adan,
    "lion": Lion,
    "rprop": Rprop,
    "muon": Muon,
    "lbfgs": LBFGS,
}

__all__ = [
    "GD",
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "AMSGrad",
    "AdaDelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "ElementwiseOptimizer",
    "Lion",
    "Minimizer",
    "Momentum",
    "Muon",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "RAdam",
    "RMSProp",
    "Rprop",
    "State",
]

publish(globals())
