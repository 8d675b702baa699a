"""Searching over strategies and their parameters, by name and by instance."""

from copy import deepcopy

import numpy as np
import pytest
from common import changes, leaves, problem
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.activations import ACTIVATIONS, LeakyReLU, ReLU
from sknn.dropout import Dropout
from sknn.initializers import INITIALIZERS, Normal
from sknn.losses import LOSSES
from sknn.optimizers import LBFGS, OPTIMIZERS, SGD, Adam, Momentum
from sknn.schedules import SCHEDULES, InvScaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 8, "max_iter": 3, "random_state": 0}


def search(model, grid, kind="multiclass", **params):
    _, X, y = problem(kind)
    return GridSearchCV(model, grid, cv=2, error_score="raise", **params).fit(X, y)


def in_pipeline(cls=MLPClassifier, **params):
    return Pipeline([("scale", StandardScaler()), ("mlp", cls(**SMALL | params))])


def scores(found):
    return found.cv_results_["mean_test_score"]


# ---------------------------------------------------------------- grids


def test_grid_over_optimizers_and_initializers_in_a_pipeline():
    grid = {
        "mlp__optimizer": ["sgd", "momentum", "adam"],
        "mlp__init": ["normal", "xavier_uniform", "he_normal"],
    }
    found = search(in_pipeline(), grid)
    assert len(found.cv_results_["params"]) == 9
    assert len(set(scores(found))) > 3
    best = found.best_estimator_[-1]
    assert type(best.optimizer_) is OPTIMIZERS[found.best_params_["mlp__optimizer"]]


@pytest.mark.parametrize("optimizer", ["momentum", Momentum(0.7)], ids=["name", "instance"])
def test_grid_over_a_nested_parameter(optimizer):
    model, values = in_pipeline(optimizer=optimizer, learning_rate_init=0.1), [0.0, 0.5, 0.9]
    found = search(model, {"mlp__optimizer__momentum": values})
    momentum = found.best_params_["mlp__optimizer__momentum"]
    assert found.best_estimator_[-1].optimizer_.momentum == momentum
    assert model[-1].optimizer is optimizer
    assert getattr(optimizer, "momentum", 0.7) == 0.7
    for value, score in zip(values, scores(found), strict=True):
        fixed = search(in_pipeline(optimizer=Momentum(value), learning_rate_init=0.1), {})
        assert score == scores(fixed)[0]


@pytest.mark.slow
def test_two_processes_find_what_one_finds():
    grid = [
        {"mlp__optimizer": ["sgd", "adam"], "mlp__init": ["normal", "he_normal"]},
        {"mlp__optimizer": ["momentum", Momentum(0.7)], "mlp__optimizer__momentum": [0.1, 0.9]},
    ]
    alone, together = (search(in_pipeline(), grid, n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_array_equal(scores(together), scores(alone))


def test_grid_that_sets_an_optimizer_and_its_parameter():
    grid = [
        {"mlp__optimizer": ["momentum", "nesterov"], "mlp__optimizer__momentum": [0.5, 0.9]},
        {"mlp__optimizer": ["adam", Adam(beta_1=0.5)]},
        {"mlp__optimizer": ["rmsprop"], "mlp__optimizer__rho": [0.9]},
    ]
    found = search(in_pipeline(), grid)
    assert len(scores(found)) == 7
    assert np.isfinite(scores(found)).all()


NESTED = {
    "init__std": (MLPRegressor, {"init": "normal"}, [0.01, 1.0]),
    "bias_init__value": (MLPRegressor, {"bias_init": "constant"}, [0.0, 1.0]),
    "dropout__rate": (MLPRegressor, {"dropout": 0.5}, [0.0, 0.8]),
    "input_dropout__rate": (MLPRegressor, {"input_dropout": 0.0}, [0.0, 0.8]),
    "activation__negative_slope": (MLPRegressor, {"activation": "leaky_relu"}, [0.01, 0.9]),
    "learning_rate__power_t": (MLPRegressor, {"learning_rate": "invscaling"}, [0.1, 2.0]),
    "optimizer__history_size": (MLPRegressor, {"optimizer": "lbfgs", "max_iter": 20}, [1, 20]),
    "optimizer__beta_1": (MLPRegressor, {}, [0.5, 0.9]),
}


@pytest.mark.parametrize("name", NESTED)
def test_grid_over_parameters_of_every_family(name):
    cls, params, values = NESTED[name]
    kind = "regression" if cls is MLPRegressor else "multiclass"
    model = cls(**SMALL | {"max_iter": 20} | params)
    found = search(model, {name: values}, kind)
    assert len(set(scores(found))) == 2
    strategy, _, parameter = name.partition("__")
    value = getattr(getattr(found.best_estimator_, strategy), parameter)
    assert value == found.best_params_[name]


def test_randomized_search():
    _, X, y = problem("multiclass")
    space = {"mlp__optimizer__momentum": [0.1, 0.5, 0.9], "mlp__dropout__rate": [0.0, 0.2]}
    model = in_pipeline(optimizer="nesterov", dropout=0.1)
    found = RandomizedSearchCV(model, space, n_iter=4, cv=2, random_state=0).fit(X, y)
    assert found.best_params_.keys() == space.keys()


def test_grid_over_families_with_instances():
    grid = {
        "activation": ["tanh", LeakyReLU(0.1), ("relu",)],
        "init": ["he_normal", Normal(0.1)],
        "dropout": [0.0, Dropout(0.2), (0.1,)],
        "learning_rate": ["constant", InvScaling(0.1)],
        "hidden_layer_sizes": [(8,)],
    }
    assert np.isfinite(scores(search(MLPClassifier(**SMALL), grid))).all()


# ---------------------------------------------------------------- what one grid may mix


@pytest.mark.parametrize("optimizer", ["lbfgs", LBFGS()])
def test_lbfgs_ignores_batch_size_and_learning_rate(optimizer):
    _, X, y = problem("regression")
    plain = MLPRegressor(**SMALL, optimizer=optimizer).fit(X, y)
    ignored = {"batch_size": 7, "learning_rate_init": 50.0, "learning_rate": "adaptive"}
    ignoring = MLPRegressor(**SMALL, optimizer=optimizer, **ignored).fit(X, y)
    np.testing.assert_array_equal(plain.coefs_[0], ignoring.coefs_[0])


def test_gd_ignores_batch_size():
    _, X, y = problem("regression")
    plain, ignoring = (
        MLPRegressor(**SMALL, optimizer="gd", batch_size=size).fit(X, y) for size in ("auto", 7)
    )
    np.testing.assert_array_equal(plain.coefs_[0], ignoring.coefs_[0])
    assert ignoring._model.training.progress.step == 3


def test_one_grid_mixes_optimizers_batch_sizes_and_rates():
    grid = {
        "optimizer": ["gd", "sgd", "adam", "lbfgs"],
        "batch_size": [20, 1000],
        "learning_rate_init": [0.01, 0.1],
        "learning_rate": ["constant", "invscaling"],
    }
    found = search(MLPClassifier(**SMALL), grid)
    of_lbfgs = [
        score
        for params, score in zip(found.cv_results_["params"], scores(found), strict=True)
        if params["optimizer"] == "lbfgs"
    ]
    assert len(of_lbfgs) == 8
    assert len(set(of_lbfgs)) == 1


# ---------------------------------------------------------------- set_params


@pytest.mark.parametrize("optimizer", ["adam", Adam()])
def test_parameter_of_another_optimizer_names_those_there_are(optimizer):
    model = MLPClassifier(optimizer=optimizer)
    with pytest.raises(ValueError, match=r"momentum.*Adam.*'beta_1', 'beta_2', 'epsilon'"):
        model.set_params(optimizer__momentum=0.5)
    assert model.optimizer is optimizer


FAILING = {
    "unknown": {"alpha": 0.5, "optimizr": "sgd"},
    "unknown name": {"alpha": 0.5, "optimizer": "adm", "optimizer__momentum": 0.5},
    "nested unknown": {"alpha": 0.5, "init__std": 0.5, "optimizer__momentum": 0.5},
    "two nested": {"optimizer__beta_1": 0.5, "optimizer__momentum": 0.5},
    "two families": {"init__std": 0.5, "activation__nothing": 1},
    "of a tuple": {"alpha": 0.5, "dropout__rate": 0.5, "activation__slope": 0.5},
}


@pytest.mark.parametrize("case", FAILING)
def test_failed_set_params_changes_nothing(case):
    activation = ("relu", "tanh") if case == "of a tuple" else ReLU()
    model = MLPClassifier(optimizer=Adam(), init=Normal(), activation=activation)
    before, held = leaves(vars(model)), dict(vars(model))
    with pytest.raises((ValueError, AttributeError)):
        model.set_params(**FAILING[case])
    assert changes(before, leaves(vars(model))) == []
    assert all(vars(model)[name] is value for name, value in held.items())


def test_name_becomes_an_instance_of_its_own():
    one, other = MLPClassifier(optimizer="momentum"), MLPClassifier(optimizer="momentum")
    one.set_params(optimizer__momentum=0.5)
    assert isinstance(one.optimizer, Momentum)
    assert one.optimizer.momentum == 0.5
    assert other.optimizer == "momentum"
    assert one.get_params()["optimizer__momentum"] == 0.5


@pytest.mark.parametrize("name", ["dropout", "input_dropout"])
@pytest.mark.parametrize("value", [0.3, 0, np.float32(0.5), Dropout(0.1)])
def test_dropout_rate(name, value):
    model = MLPClassifier(**{name: value}).set_params(**{f"{name}__rate": 0.25})
    assert isinstance(getattr(model, name), Dropout)
    assert model.get_params()[f"{name}__rate"] == 0.25


def test_order_of_the_arguments_means_nothing():
    for params in (
        {"optimizer": "nesterov", "optimizer__momentum": 0.5},
        {"optimizer__momentum": 0.5, "optimizer": "nesterov"},
    ):
        model = MLPClassifier(optimizer="adam").set_params(**params)
        assert repr(model.optimizer) == "Nesterov(momentum=0.5)"


def test_shared_instance_is_shared_and_clone_separates():
    shared = Momentum(0.9)
    one, other = MLPClassifier(optimizer=shared), MLPClassifier(optimizer=shared)
    separate = clone(one)
    one.set_params(optimizer__momentum=0.5)
    assert other.optimizer.momentum == shared.momentum == 0.5
    assert separate.optimizer.momentum == 0.9
    assert deepcopy(one).optimizer is not shared


def test_fitted_optimizer_is_a_clone():
    _, X, y = problem("multiclass")
    model = MLPClassifier(**SMALL, optimizer=Momentum(0.9)).fit(X, y)
    model.set_params(optimizer__momentum=0.5)
    assert model.optimizer_.momentum == 0.9


FAMILIES = {
    "activation": ACTIVATIONS,
    "init": INITIALIZERS,
    "bias_init": INITIALIZERS,
    "optimizer": OPTIMIZERS,
    "learning_rate": SCHEDULES,
}
MEMBERS = [(parameter, name) for parameter, family in FAMILIES.items() for name in family]


@pytest.mark.parametrize(("parameter", "name"), MEMBERS)
def test_every_name_is_its_classes_default_instance(parameter, name):
    _, X, y = problem("multiclass")
    named, given = (
        MLPClassifier(**SMALL, **{parameter: value}).fit(X, y)
        for value in (name, FAMILIES[parameter][name]())
    )
    np.testing.assert_array_equal(named.coefs_[0], given.coefs_[0])
    np.testing.assert_array_equal(named.intercepts_[0], given.intercepts_[0])


REGISTERED = [
    (ACTIVATIONS, "identity sigmoid tanh relu leaky_relu softmax"),
    (INITIALIZERS, "zeros constant normal uniform truncated_normal orthogonal auto"),
    (INITIALIZERS, "xavier_uniform xavier_normal he_uniform he_normal lecun_uniform lecun_normal"),
    (OPTIMIZERS, "gd sgd momentum nesterov adagrad rmsprop adadelta adam lbfgs"),
    (SCHEDULES, "constant invscaling adaptive"),
    (
        LOSSES,
        "log_loss focal hinge squared_error absolute_error huber log_cosh quantile poisson gamma "
        "tweedie",
    ),
]


@pytest.mark.parametrize(("family", "names"), REGISTERED)
def test_registered_names_without_aliases(family, names):
    assert set(names.split()) <= set(family)
    assert len(set(family.values())) == len(family)


def test_repr_shows_what_differs():
    model = MLPClassifier(8, optimizer=SGD(), dropout=Dropout(0.1))
    assert " ".join(repr(model).split()) == (
        "MLPClassifier(dropout=Dropout(rate=0.1), hidden_layer_sizes=8, optimizer=SGD())"
    )
