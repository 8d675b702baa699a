"""The classes that a file may speak of, by the names that they have there."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sklearn.model_selection import KFold

from sknn import compat, model_state
from sknn.activations import ACTIVATIONS
from sknn.averaging import AVERAGINGS
from sknn.dropout import AlphaDropout, Dropout
from sknn.estimators import HiddenLayer, MLPClassifier, MLPRegressor
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES, Increasing
from sknn.optimizers import OPTIMIZERS
from sknn.preprocessing import PiecewiseLinearEncoder
from sknn.schedules import SCHEDULES
from sknn.tabular import TabularMLPClassifier, TabularMLPRegressor

_FAMILIES: Final[dict[str, Mapping[str, type[Any]]]] = {
    "activation": {**ACTIVATIONS, "increasing": Increasing},
    "averaging": AVERAGINGS,
    "dropout": {"dropout": Dropout, "alpha_dropout": AlphaDropout},
    "estimator": {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor},
    "initializer": INITIALIZERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": {**SCHEDULES, "inv_scaling_by_samples": model_state.InvScalingBySamples},
    "state": {
        "muon": model_state.MuonState,
        "nadam": model_state.NAdamState,
        "optimizer": model_state.State,
        "plateau": model_state.PlateauState,
        "progress": model_state.Progress,
        "training": model_state.TrainingState,
    },
}

CLASSES: Final[dict[str, type[Any]]] = {
    f"{family}/{name}": member
    for family, members in _FAMILIES.items()
    for name, member in members.items()
}
NAMES: Final = {member: name for name, member in CLASSES.items()}


def _path(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


# As skops names them.
TRUSTED_TYPES: Final[tuple[str, ...]] = tuple(
    sorted(
        _path(cls)
        for cls in {
            *CLASSES.values(),
            *(getattr(model_state, name) for name in model_state.__all__),
            *(HiddenLayer, PiecewiseLinearEncoder, TabularMLPClassifier, TabularMLPRegressor),
            *(compat.MLPClassifier, compat.MLPRegressor),
            KFold,  # by which tabular estimators encode categories
        }
    )
)


def name_class(cls: type[Any]) -> str:
    """Return the name of a class in files: ``"activation/relu"``, or ``"own/Sine"`` for a user's.

    Examples
    --------
    >>> from sknn.activations import ReLU
    >>> from sknn.persistence._catalogue import name_class
    >>> name_class(ReLU)
    'activation/relu'
    """
    return NAMES.get(cls, f"own/{cls.__name__}")


def all_classes(own: Iterable[type[Any]]) -> dict[str, type[Any]]:
    """Return the classes by name: the library's, and those that a user passes.

    Raises
    ------
    ValueError
        If something passed is no class, or two of them share a name.
    """
    classes = dict(CLASSES)
    for each in [own] if isinstance(own, type) else own:
        if not isinstance(each, type) or each is own:
            raise ValueError(f"strategies must be a sequence of classes, got {each!r}.")
        name = name_class(each)
        if classes.setdefault(name, each) is not each:
            raise ValueError(f"strategies has two classes named {each.__name__}.")
    return classes
