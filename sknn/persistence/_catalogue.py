"""The classes that may occur in files, by their names in files."""

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


# The names that skops gives to the types.
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
    """Return the name of a class in files: ``"activation/relu"``, for a user's ``"own/Sine"``.

    Examples
    --------
    >>> from sknn.activations import ReLU
    >>> from sknn.persistence._catalogue import name_class
    >>> name_class(ReLU)
    'activation/relu'
    """
    return NAMES.get(cls, f"own/{cls.__name__}")


def all_classes(strategies: Iterable[type[Any]]) -> dict[str, type[Any]]:
    """Return the classes of the library and those that a user passes, by their names in files.

    Raises
    ------
    ValueError
        If a value is not a class, or if two classes have the same name.
    """
    classes = dict(CLASSES)
    for cls in [strategies] if isinstance(strategies, type) else strategies:
        if not isinstance(cls, type) or cls is strategies:
            raise ValueError(f"strategies must be a sequence of classes, got {cls!r}.")
        name = name_class(cls)
        if classes.setdefault(name, cls) is not cls:
            raise ValueError(f"strategies has two classes named {cls.__name__}.")
    return classes
