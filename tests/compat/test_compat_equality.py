"""sknn.compat and scikit-learn's estimators give the same numbers, warnings and output."""

import inspect
import itertools
import random
import warnings

import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import neural_network
from sklearn.datasets import (
    load_breast_cancer,
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from sknn import compat

# Before scikit-learn 1.9 its early stopping failed on classes with names.
NEW = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)
CLASSES = np.array(["d", "a", "c", "b"] if NEW else [3, 0, 2, 1])

GRID = {
    "solver": ("sgd", "momentum", "nesterov", "adam", "lbfgs"),
    "activation": ("identity", "logistic", "tanh", "relu"),
    "learning_rate": ("constant", "invscaling", "adaptive"),
    "early_stopping": (False, True),
    "weighted": (False, True),
    "is_sparse": (False, True),
    "target": ("binary", "multiclass", "multilabel", "one output", "two outputs", "poisson"),
    "calls": ("fit", "warm start", "partial_fit", "fit, partial_fit"),
}
SOLVERS = {
    "sgd": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.05},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.01},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.01},
    "adam": {"solver": "adam", "learning_rate_init": 0.005},
    # Rounding grows with every iteration: see the test of long fits.
    "lbfgs": {"solver": "lbfgs", "max_iter": 12},
}


def data(target):
    """Return inputs and targets of 90 rows."""
    if target == "multilabel":
        X, y = make_multilabel_classification(90, 6, n_classes=4, random_state=0)
        return X / 10, y
    if target in ("binary", "multiclass"):
        n_classes = 2 if target == "binary" else 4
        X, codes = make_classification(
            90, 6, n_informative=4, n_classes=n_classes, n_clusters_per_class=1, random_state=0
        )
        return X, CLASSES[codes]
    X, y = make_regression(90, 6, n_targets=1 + (target == "two outputs"), random_state=0)
    y = y / 100
    return X, np.rint(np.exp(y / 2)) if target == "poisson" else y


def case(names):
    """Return what a member of the grid stands for: class, parameters, data and calls."""
    chosen = dict(zip(GRID, names, strict=True))
    X, y = data(chosen["target"])
    if chosen["is_sparse"]:
        X = sparse.csr_array(np.where(np.abs(X) > 0.5, X, 0.0))
    weight = np.random.RandomState(1).randint(1, 4, len(y)) * 1.0 if chosen["weighted"] else None
    is_class = chosen["target"] in ("binary", "multiclass", "multilabel")
    kind = "MLPClassifier" if is_class else "MLPRegressor"
    params = {
        "hidden_layer_sizes": (7, 5),
        "activation": chosen["activation"],
        "learning_rate": chosen["learning_rate"],
        "early_stopping": chosen["early_stopping"],
        "warm_start": chosen["calls"] == "warm start",
        "batch_size": 16,
        "max_iter": 14,
        "n_iter_no_change": 3,
        "tol": 0.01,
        "alpha": 0.1,
        "random_state": 5,
        **SOLVERS[chosen["solver"]],
    }
    if chosen["target"] == "poisson":
        params["loss"] = "poisson"
    return kind, params, X, y, weight, chosen["calls"]


def is_possible(names):
    solver, _, schedule, early_stopping, *_, calls = names
    stepless = solver == "lbfgs" and (early_stopping or "partial" in calls)
    scheduled = solver in ("adam", "lbfgs") and schedule != "constant"
    return not (stepless or scheduled or (early_stopping and "partial" in calls))


def fixed_list():
    """Return possible members of the grid in which every possible pair of values occurs."""
    everything = [names for names in itertools.product(*GRID.values()) if is_possible(names)]
    random.Random(0).shuffle(everything)
    missing = {pair for names in everything for pair in pairs(names)}
    chosen = []
    for names in everything:
        if not missing.isdisjoint(pairs(names)):
            chosen.append(names)
            missing -= pairs(names)
    return chosen


def pairs(names):
    return set(itertools.combinations(enumerate(names), 2))


def trained(module, kind, params, X, y, weight, calls):
    """Return an estimator after some calls, and the warnings that it gave."""
    model = getattr(module, kind)(**params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if calls != "partial_fit":
            model.fit(X, y, sample_weight=weight)
        if calls == "warm start":
            model.fit(X, y, sample_weight=weight)
        if "partial_fit" in calls:
            classes = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
            known = {"classes": classes} if kind == "MLPClassifier" else {}
            for n in (90, 40, 70, 90):
                part = None if weight is None else weight[:n]
                model.partial_fit(X[:n], y[:n], sample_weight=part, **known)
                known = {}
    return model, [(warning.category, str(warning.message)) for warning in caught]


def assert_equal(kind, params, X, y, weight, calls):
    ours, our_warnings = trained(compat, kind, params, X, y, weight, calls)
    theirs, their_warnings = trained(neural_network, kind, params, X, y, weight, calls)
    assert our_warnings == their_warnings
    tolerance = 1e-8 if params["solver"] == "lbfgs" else 1e-10
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("coefs_", "intercepts_"):
        for our, their in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert_allclose(our, their, rtol=tolerance, atol=tolerance / 100)
    assert hasattr(ours, "loss_curve_") == hasattr(theirs, "loss_curve_")
    for name in ("loss_curve_", "loss_", "best_loss_", "validation_scores_"):
        if getattr(theirs, name, None) is None:
            assert getattr(ours, name, None) is None, name
        else:
            assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=tolerance)
    assert (ours.predict(X) == theirs.predict(X)).all() or kind == "MLPRegressor"
    predict = "predict_proba" if kind == "MLPClassifier" else "predict"
    our, their = getattr(ours, predict)(X), getattr(theirs, predict)(X)
    assert_allclose(our, their, rtol=tolerance, atol=tolerance / 100)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=tolerance)


@pytest.mark.parametrize("names", fixed_list(), ids=lambda names: "-".join(map(str, names)))
def test_fixed_list(names):
    assert_equal(*case(names))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.tuples(*map(st.sampled_from, GRID.values())).filter(is_possible),
    st.fixed_dictionaries(
        {
            "hidden_layer_sizes": st.sampled_from([(), 4, (9,), (3, 3, 3)]),
            "alpha": st.sampled_from([0.0, 1e-4, 1.0]),
            "batch_size": st.sampled_from(["auto", 5, 16, 45, 1000]),
            "shuffle": st.booleans(),
            "random_state": st.integers(0, 2**31),
            "validation_fraction": st.sampled_from([0.1, 0.3]),
            "tol": st.sampled_from([0.0, 1e-4, 0.1]),
            "power_t": st.sampled_from([0.1, 0.5]),
            "beta_1": st.sampled_from([0.0, 0.5, 0.9]),
            "beta_2": st.sampled_from([0.0, 0.99]),
            "epsilon": st.sampled_from([1e-8, 1e-2]),
            "max_iter": st.integers(1, 8),
        }
    ),
)
def test_drawn_sample(names, more):
    kind, params, *rest = case(names)
    assert_equal(kind, params | more, *rest)


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_large_enough_to_be_computed_in_pieces(shuffle):
    X = np.random.default_rng(0).normal(size=(8000, 2))
    y = X[:, 0] + (np.arange(8000) >= 4000)
    params = {"hidden_layer_sizes": (3,), "batch_size": 4000, "solver": "sgd"}
    params |= {"shuffle": shuffle, "max_iter": 3, "random_state": 0}
    assert_equal("MLPRegressor", params, X, y, None, "fit")


def distance(ours, theirs):
    """Return the largest difference of weights, by the largest weight of their layer."""
    pairs = zip(ours.coefs_, theirs.coefs_, strict=True)
    return max(float(np.abs(our - their).max() / np.abs(their).max()) for our, their in pairs)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("max_iter", [25, 50, 100])
def test_long_lbfgs_differs_as_scikit_learn_from_itself(max_iter, activation):
    """With the rows in another order sums are rounded otherwise, and nothing else changes."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    from_ours, from_itself = [], []
    for seed in range(6):
        params = {"solver": "lbfgs", "activation": activation, "tol": 0.0, "random_state": seed}
        params |= {"hidden_layer_sizes": (20,), "max_iter": max_iter, "max_fun": 10**6}
        order = np.random.RandomState(seed).permutation(len(y))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            theirs = neural_network.MLPClassifier(**params).fit(X, y)
            ours = compat.MLPClassifier(**params).fit(X, y)
            other = neural_network.MLPClassifier(**params).fit(X[order], y[order])
        from_ours.append(distance(ours, theirs))
        from_itself.append(distance(other, theirs))
    mean_log = np.log10(from_ours).mean() - np.log10(from_itself).mean()
    assert mean_log < 1
    assert max_iter > 25 or max(from_ours) < 1e-8


@pytest.mark.parametrize("rate", ["constant", "adaptive"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_prints(rate, early_stopping, capsys):
    X, y = data("multiclass")
    printed = []
    for module in (compat, neural_network):
        model = module.MLPClassifier(
            solver="sgd",
            learning_rate=rate,
            early_stopping=early_stopping,
            n_iter_no_change=2,
            tol=0.1,
            max_iter=300,
            verbose=True,
            random_state=0,
        )
        model.fit(X, y)
        if not early_stopping:
            model.partial_fit(X, y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Stopping." in printed[0]


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("method", ["__init__", "fit", "partial_fit", "predict", "score"])
def test_signatures(kind, method):
    ours, theirs = (getattr(module, kind) for module in (compat, neural_network))
    names, their_names = (
        [
            (p.name, p.kind, p.default)
            for p in inspect.signature(getattr(each, method)).parameters.values()
        ]
        for each in (ours, theirs)
    )
    assert names == their_names


def test_the_first_arguments_are_those_of_scikit_learn_1_9():
    names = list(inspect.signature(compat.MLPRegressor).parameters)
    assert names[:4] == ["loss", "hidden_layer_sizes", "activation", "solver"]
    assert list(inspect.signature(compat.MLPClassifier).parameters) == names[1:]
    assert names[-2:] == ["n_iter_no_change", "max_fun"]


def test_the_engine_trains(monkeypatch):
    """scikit-learn's own arithmetic is not called."""
    base = neural_network.MLPClassifier.__mro__[2]
    for name in ("_forward_pass", "_backprop", "_fit_stochastic", "_forward_pass_fast"):
        assert name in vars(base)
        monkeypatch.delattr(base, name)
    X, y = data("binary")
    for solver in ("adam", "sgd", "lbfgs"):
        model = compat.MLPClassifier(solver=solver, early_stopping=True, random_state=0, tol=1)
        assert model.fit(X, y).predict(X).shape == y.shape
