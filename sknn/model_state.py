"""The classes of objects in fitted models, apart from strategies, by a path that never changes.

Pickles and skops files refer to these classes by this module, independent of where the code is. A
class that is removed or renamed keeps its old name here as long as old files can be read.
"""

from sknn._core.parameters import Block, Layout, Parameters
from sknn._core.public import publish
from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn._training.state import TrainingState
from sknn.compat._estimators import Solver
from sknn.compat._rules import (
    AdaptiveByDivisions,
    InvScalingBySamples,
    UncorrectedAdam,
    Velocity,
)
from sknn.estimators.internals import ClassTargets, FittedModel, RegressionTargets
from sknn.optimizers import State
from sknn.optimizers._adam_family import NAdamState
from sknn.optimizers._muon import MuonState
from sknn.preprocessing._piecewise_linear import BinnedColumn
from sknn.schedules import Progress
from sknn.schedules._plateau import PlateauState

__all__ = [
    "AdaptiveByDivisions",
    "Architecture",
    "BinnedColumn",
    "Block",
    "ClassTargets",
    "FittedModel",
    "InvScalingBySamples",
    "Layout",
    "MuonState",
    "NAdamState",
    "Network",
    "Parameters",
    "PlateauState",
    "Progress",
    "RegressionTargets",
    "Solver",
    "State",
    "TrainingState",
    "UncorrectedAdam",
    "Velocity",
]

publish(globals(), from_elsewhere=True)
