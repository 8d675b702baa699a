"""Small problems, and a comparison of the complete state of objects."""

import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import MLPClassifier, MLPRegressor
from sknn._core.strategy import Strategy
from sknn._training.curve import Curve
from sknn._training.state import TrainingState
from sknn.optimizers import OPTIMIZERS, Minimizer
from sknn.persistence._archive import Members

ROOT = Path(__file__).parent.parent
DOCS, GOLDEN = ROOT / "docs", ROOT / "tests" / "golden"
STEP_TAKING = [name for name, cls in OPTIMIZERS.items() if not issubclass(cls, Minimizer)]


@cache
def load(kind):
    loader = {"binary": load_breast_cancer, "multiclass": load_wine, "multilabel": load_wine}
    X, y = loader.get(kind, load_diabetes)(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))
    return StandardScaler().fit_transform(X[rows, :6]), y[rows]


def problem(kind, n_samples=120, dtype=np.float64):
    """Return an estimator class, scaled inputs and targets of a kind."""
    X, y = load(kind)
    X, y = X[:n_samples].astype(dtype), y[:n_samples].copy()
    if kind in ("binary", "multiclass"):
        return MLPClassifier, X, y
    if kind == "multilabel":
        return MLPClassifier, X, np.stack([y > 0, X[:, 0] > 0, X[:, 1] > X[:, 2]], axis=1) + 0
    y = ((y - 150) / 77).astype(dtype)
    return MLPRegressor, X, y if kind == "regression" else np.stack([y, X[:, 0] * X[:, 1]], axis=1)


KINDS = ("binary", "multiclass", "multilabel", "regression", "multioutput")


def leaves(value, path=""):
    """Return all that a value holds, by path; arrays as their bytes."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return {path: (value.dtype.str, value.shape, value.tobytes())}
    if isinstance(value, TrainingState):
        value = value.__getstate__()  # what it is, however much of it a fork shares and changes
    if isinstance(value, Curve):
        value = list(value)
    if isinstance(value, np.random.RandomState):
        value = value.get_state(legacy=False)
    if isinstance(value, Mapping):
        children = list(value.items())
    elif isinstance(value, (list, tuple)):
        children = list(enumerate(value))
    elif isinstance(value, Strategy) or (
        hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value)
    ):
        children = list(vars(value).items())
    else:
        return {path: repr(value)}
    found = {path: f"{type(value).__name__} of {len(children)}"}
    for key, child in children:
        found |= leaves(child, f"{path}.{key}")
    return found


def changes(before, after):
    """Return the paths at which two results of `leaves` differ."""
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def state(model):
    """Return the training state, and the fitted attributes that do not depend on the call."""
    kept = {key: value for key, value in vars(model).items() if key.endswith("_")}
    kept |= {
        "training": model._model.training,
        "coefs_": model.coefs_,
        "intercepts_": model.intercepts_,
    }
    kept.pop("n_iter_")
    ignored = (".scratch", ".total_steps", ".first_step")  # meaningless between steps; of the call
    return {
        path: leaf
        for path, leaf in leaves(kept).items()
        if not path.endswith(ignored) and ".seconds" not in path
    }


def through_file(model, folder, **params):
    """Return a model after a save and a load."""
    strategies = params.pop("strategies", ())
    sknn.save(model, folder / "model.npz", **params)
    return sknn.load(folder / "model.npz", strategies=strategies)


def file_contents(path):
    """Return the header and all arrays of a model file."""
    with open(path, "rb") as file:
        members = Members(file)
        return members.header(), dict(members)


def pickled(model):
    """Return a model as another process would get it."""
    return pickle.loads(pickle.dumps(model))
