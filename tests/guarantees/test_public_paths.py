"""Every class that a model holds has a public path, which pickles and skops files name."""

import importlib
import inspect
import pickle
import sys

import pytest
from common import KINDS, problem

import sknn
from sknn import compat, model_state
from sknn._core.public import DEFINED_IN
from sknn.activations import ACTIVATIONS
from sknn.averaging import AVERAGINGS
from sknn.dropout import AlphaDropout
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES, REGRESSION, Quantile
from sknn.optimizers import OPTIMIZERS, NAdam
from sknn.persistence import TRUSTED_TYPES
from sknn.preprocessing import PiecewiseLinearEncoder
from sknn.schedules import SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (4, 3), "max_iter": 2, "random_state": 0}


def variations():
    """Yield models that hold, among them, an instance of each class of the library."""
    for name in OPTIMIZERS:
        yield f"optimizer {name}", "regression", {"optimizer": name}
    for name in SCHEDULES:
        yield f"schedule {name}", "binary", {"learning_rate": name}
    for name, loss in LOSSES.items():
        if REGRESSION in loss.targets and name not in ("poisson", "gamma", "tweedie"):
            yield f"loss {name}", "regression", {"loss": name}
    for name in AVERAGINGS:
        yield f"averaging {name}", "multiclass", {"averaging": name, "early_stopping": True}
    for name in ACTIVATIONS:
        yield f"activation {name}", "regression", {"activation": ("tanh", name)}
    for name in INITIALIZERS:
        yield f"initializer {name}", "regression", {"init": INITIALIZERS[name]()}
    yield "levels", "regression", {"loss": Quantile((0.1, 0.9))}
    yield "alpha dropout", "multilabel", {"activation": "selu", "dropout": AlphaDropout(0.1)}
    for kind in KINDS:
        yield kind, kind, {"optimizer": NAdam(), "learning_rate": SCHEDULES["warmup"]()}


def compat_variations():
    for solver in ("adam", "sgd", "lbfgs"):
        for schedule in ("constant", "invscaling", "adaptive"):
            yield {"solver": solver, "learning_rate": schedule, "early_stopping": solver == "adam"}


def classes_of(value, seen):
    """Return the library's classes of all that a value holds."""
    if id(value) in seen:
        return set()
    seen[id(value)] = value
    cls = type(value)
    own = {cls} if cls.__module__.split(".")[0] == "sknn" else set()
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    else:
        parts = [value.__getstate__()] if own else []  # what a pickle holds of it
    return own.union(*(classes_of(part, seen) for part in parts))


def check_paths(model):
    found = classes_of(model, {})
    assert type(model) in found
    for cls in found:
        path = f"{cls.__module__}.{cls.__qualname__}"
        assert "._" not in path
        assert getattr(importlib.import_module(cls.__module__), cls.__name__) is cls
        assert path in TRUSTED_TYPES


@pytest.mark.parametrize(
    ("kind", "params"), [pytest.param(*each, id=name) for name, *each in variations()]
)
def test_all_that_a_model_holds_has_a_public_path(kind, params):
    cls, X, y = problem(kind)
    model = cls(**SMALL | params).fit(X, y)
    check_paths(model)
    check_paths(model.to_transformer())


@pytest.mark.parametrize("params", list(compat_variations()), ids=str)
def test_all_that_a_model_of_compat_holds_has_a_public_path(params):
    for kind in ("binary", "regression"):
        cls, X, y = problem(kind)
        model = getattr(compat, cls.__name__)(**SMALL, **params).fit(X, y)
        check_paths(model)
        check_paths(compat.convert(model, n_samples=len(X)))


def test_all_that_an_encoder_holds_has_a_public_path():
    _, X, _ = problem("regression")
    check_paths(PiecewiseLinearEncoder().fit(X))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_skops_finds_no_type_but_the_trusted_ones(optimizer):
    io = pytest.importorskip("skops.io")
    cls, X, y = problem("multiclass")
    model = cls(**SMALL, optimizer=optimizer, averaging=None).fit(X, y)
    assert set(io.get_untrusted_types(data=io.dumps(model))) <= set(TRUSTED_TYPES)
    twin = io.loads(io.dumps(model), trusted=TRUSTED_TYPES)
    assert (twin.predict_proba(X) == model.predict_proba(X)).all()


def test_every_trusted_type_is_a_class_that_can_be_imported():
    assert sorted(set(TRUSTED_TYPES)) == list(TRUSTED_TYPES)
    for path in TRUSTED_TYPES:
        module, _, name = path.rpartition(".")
        cls = getattr(importlib.import_module(module), name)
        assert f"{cls.__module__}.{cls.__qualname__}" == path
    assert {"sknn.MLPClassifier", "sknn.optimizers.NAdam", "sknn.model_state.TrainingState"} < {
        *TRUSTED_TYPES
    }


def test_names_that_older_files_hold_stay():
    """A class may leave the library, but not this module: add to the list, and take nothing off."""
    assert {
        *(
            "AdaptiveByDivisions",
            "Architecture",
            "BinnedColumn",
            "Block",
            "InvScalingBySamples",
            "Layout",
        ),
        *("MuonState", "Parameters", "Progress", "Solver", "State", "TrainingState"),
        *("UncorrectedAdam", "Velocity"),
    } <= set(model_state.__all__)


def test_a_pickle_names_public_paths():
    cls, X, y = problem("multiclass")
    content = pickle.dumps(cls(**SMALL, optimizer="nadam").fit(X, y), protocol=0)
    assert b"sknn.optimizers\nNAdam\n" in content
    assert b"sknn._" not in content
    assert b"sknn.optimizers._" not in content


@pytest.mark.parametrize("cls", [NAdam, sknn.MLPClassifier, model_state.TrainingState])
def test_sources_are_found_or_said_to_be_missing(cls):
    home = sys.modules[DEFINED_IN[cls]]
    assert f"class {cls.__name__}" in inspect.getsource(home)
    with pytest.raises(OSError, match=r"could not find class|source code not available"):
        inspect.getsource(cls)
    methods = [each for each in vars(cls).values() if inspect.isfunction(each)]
    own = [each for each in methods if each.__code__.co_filename == home.__file__]
    assert own
    for method in own:
        assert inspect.getsource(method) in inspect.getsource(home)
