"""Hypothesis strategies for estimators: every constructor argument, and small data of all kinds."""

import math
import warnings
from contextlib import suppress
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import assume
from hypothesis import strategies as st
from scipy import sparse

from sknn import MLPClassifier, MLPRegressor
from sknn._core.strategy import NOT_NEGATIVE, POSITIVE, Choice, Range
from sknn.activations import ACTIVATIONS
from sknn.averaging import EMA
from sknn.dropout import AlphaDropout, Dropout
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES, REGRESSION
from sknn.optimizers import OPTIMIZERS
from sknn.schedules import SCHEDULES

CLASSES = ("binary", "multiclass", "one class", "multilabel", "one label")
NUMBERS = ("regression", "one column", "multioutput")
# Whole numbers that cost memory or time in proportion.
LARGEST = {"history_size": 30, "n_cycles": 1000}


@dataclass
class Case:
    """An estimator and what its fit is given.

    `spoilt` is the parameter that has a value that is not allowed, and `hostile` the argument of
    `fit` that is not as it should be, if there are such.
    """

    model: Any
    X: Any
    y: Any
    fit_params: dict[str, Any] = field(default_factory=dict)
    spoilt: str | None = None
    hostile: str | None = None


# ---------------------------------------------------------------- hyperparameters


def numbers(allowed, usual=None, largest=None):
    """Return a strategy for the numbers of a range: usual ones, its ends, and all others."""
    if allowed.integer:
        low = max(int(allowed.low), 0) if math.isfinite(allowed.low) else 0
        few, many = st.integers(low, low + 4), st.integers(low, largest or 10**20)
        return st.one_of(few, few, few.map(np.int32), many)
    low, high = (None if math.isinf(end) else end for end in (allowed.low, allowed.high))
    anything = st.floats(
        low,
        high,
        exclude_min=low is not None and allowed.closed in ("right", "neither"),
        exclude_max=high is not None and allowed.closed in ("left", "neither"),
        allow_nan=False,
        allow_infinity=False,
    )
    center = 1.0 if usual is None else float(usual)
    near = [center, *(each for each in (center / 2, 2 * center, 0, 1) if each in allowed)]
    near += [cast(near[0]) for cast in (np.float32, np.float64, np.longdouble, Fraction)]
    return st.one_of(*3 * [st.sampled_from(near).filter(allowed.__contains__)], anything)


def is_allowed(strategy):
    """Tell whether a strategy's own check lets it pass."""
    try:
        strategy.check("it")
    except ValueError:
        return False
    return True


@st.composite
def instances(draw, cls):
    """Draw an instance of a strategy's class, with hyperparameters in their ranges."""
    params = {}
    for each in fields(cls):
        allowed = cls.ranges.get(each.name)
        if each.name == "quantile":
            level = st.floats(0.01, 0.99)
            levels = st.lists(level, min_size=1, max_size=4, unique=True).map(sorted)
            params[each.name] = draw(st.one_of(level, levels, levels.map(np.array)))
        elif each.name == "schedule":
            params[each.name] = draw(members({k: v for k, v in SCHEDULES.items() if k != "warmup"}))
        elif isinstance(allowed, Choice):
            params[each.name] = draw(st.sampled_from(allowed.values))
        elif isinstance(allowed, Range) and draw(st.booleans()):
            params[each.name] = draw(numbers(allowed, each.default, LARGEST.get(each.name)))
    instance = cls(**params)
    assume(is_allowed(instance))
    return instance


@st.composite
def members(draw, family):
    """Draw a name of a family, or an instance of one of its classes."""
    name = draw(st.sampled_from(sorted(family)))
    return name if draw(st.booleans()) else draw(instances(family[name]))


def dropouts():
    """Return a strategy for rates and instances."""
    rates = st.one_of(st.just(0.0), st.just(0), st.floats(0, 0.9), numbers(Dropout.ranges["rate"]))
    return st.one_of(rates, instances(Dropout), instances(AlphaDropout))


@st.composite
def per_layer(draw, each, n_hidden):
    """Draw one value, or a sequence of one for each hidden layer."""
    if draw(st.integers(0, 2)):
        return draw(each)
    values = [draw(each) for _ in range(n_hidden)]
    return tuple(values) if draw(st.booleans()) else values


@st.composite
def sizes(draw):
    """Draw the number of hidden layers, and their sizes in one of the forms allowed."""
    n_hidden = draw(st.sampled_from([1, 1, 1, 2, 2, 3, 0]))
    layers = [draw(st.integers(1, 9)) for _ in range(n_hidden)]
    forms = [tuple(layers), layers, np.array(layers, int), [np.int16(each) for each in layers]]
    return n_hidden, draw(st.sampled_from(forms + layers[:1] * (n_hidden == 1)))


def own_score(model, X, y):
    """Score as a user's own function might."""
    return -float(np.mean(model.predict(X) != y))


@st.composite
def parameters(draw, is_classifier):
    """Draw legal values of some constructor parameters; the others keep their defaults."""
    n_hidden, hidden_layer_sizes = draw(sizes())
    losses = {
        name: each for name, each in LOSSES.items() if (REGRESSION in each.targets) != is_classifier
    }
    scorings = ["accuracy", "f1_macro"] if is_classifier else ["r2", "neg_mean_absolute_error"]
    choices = {
        "activation": per_layer(members(ACTIVATIONS), n_hidden),
        "init": members(INITIALIZERS),
        "bias_init": members(INITIALIZERS),
        "optimizer": members(OPTIMIZERS),
        "learning_rate": members(SCHEDULES),
        "learning_rate_init": st.one_of(st.just("auto"), numbers(POSITIVE, 0.01)),
        "dropout": per_layer(dropouts(), n_hidden),
        "input_dropout": dropouts(),
        "loss": members(losses),
        "alpha": numbers(NOT_NEGATIVE, 1e-3),
        "l1_ratio": numbers(Range(0, 1), 0.5),
        "max_norm": st.one_of(st.none(), numbers(POSITIVE)),
        "clip_norm": st.one_of(st.none(), numbers(POSITIVE)),
        "averaging": st.one_of(st.just("ema"), instances(EMA)),
        "batch_size": st.one_of(st.just("auto"), numbers(Range(1, integer=True))),
        "shuffle": st.sampled_from([False, np.False_, "blocks"]),
        "tol": numbers(NOT_NEGATIVE, 1e-3),
        "n_iter_no_change": st.one_of(st.integers(1, 9), st.floats(1), st.just(math.inf)),
        "scoring": st.sampled_from([None, "loss", own_score, *scorings]),
        "dtype": st.sampled_from(["float32", "float64", np.float32, np.dtype(np.float64), "<f4"]),
        "warm_start": st.booleans(),
        "verbose": st.sampled_from([0, 1, 2, True, False]),
    }
    # Few at a time, so that what is wrong with one is not hidden by another.
    names = draw(st.sets(st.sampled_from(sorted(choices)), max_size=6))
    params = {name: draw(choices[name]) for name in sorted(names)}
    if getattr(params.get("loss"), "predicts_columns", False):  # scorers want one a target
        params.pop("scoring", None)
    if "scoring" in params or draw(st.integers(0, 3)) == 0:
        params["early_stopping"] = True
        params["validation_fraction"] = draw(st.sampled_from([0.1, 0.3, 0.5, 0.5, 0.5]))
    seed = draw(st.integers(0, 2**32 - 1))
    params["random_state"] = draw(st.sampled_from([seed, seed, np.random.RandomState(seed)]))
    return params | {
        "hidden_layer_sizes": hidden_layer_sizes,
        "max_iter": draw(st.sampled_from([1, 2, 3, 5, np.int64(8)])),
    }


# ---------------------------------------------------------------- data

LAYOUTS = (
    *(np.asarray, np.asfortranarray, np.float32, np.ndarray.tolist),
    *(lambda X: np.repeat(X, 2, axis=0)[::2], lambda X: X[::-1].copy()[::-1]),
    *(sparse.csr_array, sparse.csc_matrix, sparse.coo_array),
)


@st.composite
def inputs(draw, rng):
    """Draw inputs: their number, scale and layout; some columns constant, some numbers zero."""
    n_samples, n_features = draw(st.integers(1, 40)), draw(st.integers(1, 6))
    X = rng.normal(size=(n_samples, n_features))
    X *= draw(st.sampled_from([1.0] * 9 + [0.0, 1e-310, 1e-20, 1e3, 1e10, 1e30]))
    X[:, rng.random(n_features) < draw(st.sampled_from([0, 0, 0.5]))] = 1.0
    X[rng.random(X.shape) < draw(st.sampled_from([0, 0, 0.5, 1]))] = 0.0
    return draw(st.sampled_from(LAYOUTS))(X)


def classes(draw, rng, kind, n_samples):
    """Draw labels."""
    n_classes = draw(st.integers(3, 6)) if kind == "multiclass" else 1 + (kind == "binary")
    if kind in ("multilabel", "one label"):
        return (rng.random((n_samples, 3 if kind == "multilabel" else 1)) < 0.5).astype(int)
    codes = rng.integers(n_classes, size=n_samples)
    names = st.sampled_from(
        [np.arange(6), np.array(list("abcdef")), np.array([-3, 5, 7, 8, 9, 10])]
    )
    return draw(names)[codes]


def targets(draw, rng, kind, n_samples):
    """Draw numbers, positive ones if a loss may want them."""
    shape = {"regression": (n_samples,), "one column": (n_samples, 1)}.get(kind, (n_samples, 3))
    y = rng.normal(size=shape) * draw(st.sampled_from([1.0] * 6 + [0.0, 1e-20, 1e3, 1e10, 1e20]))
    return draw(st.sampled_from([np.asarray, np.abs, np.abs, np.float32, np.rint]))(y)


@st.composite
def cases(draw):
    """Draw an estimator whose parameters are allowed, and data."""
    kind = draw(st.sampled_from(CLASSES + NUMBERS))
    is_classifier = kind in CLASSES
    params = draw(parameters(is_classifier))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X = draw(inputs(rng))
    n_samples = X.shape[0] if hasattr(X, "shape") else len(X)
    y = (classes if is_classifier else targets)(draw, rng, kind, n_samples)
    fit_params = {}
    if draw(st.integers(0, 3)) == 0:
        fit_params["sample_weight"] = rng.integers(0, 3, n_samples) * draw(
            st.sampled_from([1, 1.0, 1e-300, 1e300])
        )
    if params.get("early_stopping") and draw(st.booleans()):
        fit_params |= {"X_val": X, "y_val": y}
    if is_classifier and draw(st.integers(0, 3)) == 0:
        labels = np.unique(y).tolist()
        of_first = {labels[0]: draw(numbers(NOT_NEGATIVE))}
        params["class_weight"] = draw(st.sampled_from(["balanced", of_first]))
    return Case((MLPClassifier if is_classifier else MLPRegressor)(**params), X, y, fit_params)


# Values close to the allowed ones, and a few unrelated values.
SPOILERS = (
    *(None, -1, 0, 1, 2.5, -1e-300, 1e400, -math.inf, math.nan, 10**400, "", "Adam", b"relu"),
    *((), [], [None], {}, object(), object, np.array(3), np.array([]), np.array([[1]]), 1j, "1"),
    *(np.float32("nan"), np.datetime64("NaT"), Fraction(3, 2), range(3), Dropout(1.5)),
)


@st.composite
def spoilt_cases(draw):
    """Draw a case with one parameter value that is rarely valid."""
    case = draw(cases())
    case.spoilt = draw(st.sampled_from(sorted(case.model.get_params(deep=False))))
    value = draw(st.sampled_from(SPOILERS))
    assume(not (case.spoilt == "scoring" and callable(value)))  # what a function raises is its own
    case.model.set_params(**{case.spoilt: value})
    return case


# ---------------------------------------------------------------- hostile data

VALUES = (
    *(np.inf, -np.inf, np.nan, 1e300, -1e300, 1.7e308, -1.7e308, 3.5e38, 5e-324, 1e-310, 1e-40),
    *(-0.0, 2**53 + 1, 10**30, 10**400, None, "1", "a", "nan", b"2", True, 1j, [1], object()),
    *(np.datetime64("NaT"), Fraction(1, 3), np.float16(7), np.longdouble("1e4000"), pd.NA),
)
DTYPES = (
    *(bool, np.int8, np.uint8, np.uint64, np.float16, np.float32, np.longdouble, complex, object),
    *("S32", "U32", ">f8", ">f4", "datetime64[s]", "timedelta64[s]"),
)


@st.composite
def hostile_arrays(draw, array):
    """Draw values to put into an array, or a dtype that is not meant for it."""
    array = np.array(array.toarray() if sparse.issparse(array) else array)
    if draw(st.booleans()):
        values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3))
        plain = all(isinstance(each, float) for each in values) and array.dtype.kind != "U"
        array = array.astype(float if plain else object)
        for each in values:
            array.reshape(-1)[draw(st.integers(0, array.size - 1))] = each
        return array
    with warnings.catch_warnings(), suppress(ValueError, TypeError):
        warnings.simplefilter("ignore")
        return array.astype(draw(st.sampled_from(DTYPES)))
    return array


@st.composite
def hostile_cases(draw):
    """Draw a case of whose data a part is hostile."""
    case = draw(cases())
    case.hostile = draw(st.sampled_from(["X", "X", "y", "y", "sample_weight"]))
    if case.hostile == "X":
        case.X = draw(hostile_arrays(case.X))
        case.X = pd.DataFrame(case.X) if draw(st.integers(0, 3)) == 0 else case.X
    elif case.hostile == "y":
        case.y = draw(hostile_arrays(case.y))
    else:
        case.fit_params["sample_weight"] = draw(hostile_arrays(np.ones(len(case.y))))
    return case
