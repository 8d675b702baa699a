"""Optimizers: how the parameters follow the gradient."""

from typing import Final

from sknn.optimizers._adam import Adam
from sknn.optimizers._adaptive import AdaDelta, Adagrad, RMSProp
from sknn.optimizers._base import ElementwiseOptimizer, Minimizer, Optimizer, State
from sknn.optimizers._lbfgs import LBFGS
from sknn.optimizers._sgd import GD, SGD, Momentum, Nesterov

OPTIMIZERS: Final[dict[str, type[Optimizer] | type[Minimizer]]] = {
    "gd": GD,
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "rmsprop": RMSProp,
    "adadelta": AdaDelta,
    "adam": Adam,
    "lbfgs": LBFGS,
}

__all__ = [
    "GD",
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "AdaDelta",
    "Adagrad",
    "Adam",
    "ElementwiseOptimizer",
    "Minimizer",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "State",
]
