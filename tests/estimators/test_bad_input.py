"""Invalid input raises an error that names the parameter, its value and the allowed values."""

import re
from functools import partial

import numpy as np
import pytest
from common import problem
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, MLPRegressor
from sknn._core.strategy import SYNONYMS
from sknn._training.engine import Engine
from sknn.activations import LeakyReLU, ReLU
from sknn.dropout import Dropout
from sknn.estimators._parameters import FAMILIES
from sknn.initializers import Normal
from sknn.losses import LogLoss, SquaredError
from sknn.optimizers import LBFGS, Adam, Momentum, RMSProp
from sknn.schedules import Adaptive, InvScaling, Schedule
from sknn.tabular import TabularMLPRegressor

BOTH = pytest.mark.parametrize("kind", ["multiclass", "regression"])
NAN = float("nan")
GENERATOR = np.random.default_rng(0)

# Parameter: values that it cannot have, and what the error says is allowed.
BAD = {
    "hidden_layer_sizes": ([0, -3, 2.5, "8", (8, 0), (8, 1.5), [[8]], None], "an integer of 1 or"),
    "alpha": ([-1e-4, NAN, float("inf"), "1", None], "a number in [0, inf)"),
    "batch_size": ([0, -1, 2.5, "all", None], "'auto' or an integer in [1, inf)"),
    "learning_rate_init": ([0.0, -1, NAN, float("inf"), "big", None], "'auto' or a number in (0"),
    "max_iter": ([0, -1, 2.5, float("inf"), "9", None], "an integer in [1, inf)"),
    "tol": ([-1, NAN, "0", None], "a number in [0, inf)"),
    "n_iter_no_change": ([0, -1, NAN, None], "a number in [1, inf"),
    "validation_fraction": ([0.0, 1.0, -0.1, 1.1, NAN, 1, None], "a number in (0, 1)"),
    "verbose": ([-1, 1.5, "yes", None], "an integer in [0, inf)"),
    "shuffle": ([0, 1, "yes", "Blocks", None, [True]], "True, False or 'blocks'"),
    "early_stopping": ([0, 1, "no", None], "True or False"),
    "warm_start": ([0, 1, "no", None], "True or False"),
    "dropout": ([1.0, 1, -0.1, NAN, "0.5", True, None, (1.0, 0.1)], "a number in [0, 1)"),
    "input_dropout": ([1.0, -0.1, NAN, "0.5", None, (0.1,)], "a number in [0, 1)"),
    "dtype": (["float16", "int", np.float16, int, "nonsense", 32], "None, 'float32' or 'float64'"),
    "random_state": ([-1, 2**32, 1.5, "seed", GENERATOR], "None, an integer in [0, 2**32 - 1]"),
    "activation": ([None, 3, ReLU, Adam(), ("relu", 3)], "'identity', 'sigmoid'"),
    "init": ([None, 3, Normal, ReLU()], "'auto', 'zeros'"),
    "bias_init": ([None, 0.0, Normal, ReLU()], "'auto', 'zeros'"),
    "optimizer": ([None, 3, Adam, ReLU()], "'gd', 'sgd'"),
    "learning_rate": ([None, Adaptive, Adam()], "'constant', 'invscaling'"),
    "loss": ([None, 3, LogLoss, Adam()], "'log_loss', 'focal'"),
    "scoring": ([3, "acuracy", ["accuracy"]], "'loss', 'accuracy'"),
}
CASES = [(name, value, allowed) for name, (values, allowed) in BAD.items() for value in values]


def make(kind="multiclass", **params):
    cls, X, y = problem(kind)
    return cls(**{"hidden_layer_sizes": (8, 5), "random_state": 0} | params), X, y


def shown(value):
    return value.__name__ if isinstance(value, type) else repr(value)


@BOTH
@pytest.mark.parametrize(("name", "value", "allowed"), CASES)
def test_bad_parameter(kind, name, value, allowed, monkeypatch):
    monkeypatch.setattr(Engine, "__init__", None)  # before any work
    model, X, y = make(kind, **{name: value})
    culprit = value
    if isinstance(value, tuple) and name in ("activation", "dropout"):
        culprit = next(each for each in value if each not in ("relu", 0.1))
    with pytest.raises(ValueError, match=rf"^{name}\b") as error:
        model.fit(X, y)
    assert shown(culprit) in str(error.value)
    if not isinstance(value, type) or name == "dtype":
        assert allowed in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        *(("init", "kaiming_normal", "he_normal"), ("init", "glorot_uniform", "xavier_uniform")),
        *(("activation", "swish", "silu"), ("activation", "Relu", "relu")),
        *(("activation", "logistic", "sigmoid"), ("optimizer", "adma", "adam")),
        *(("optimizer", "Adam", "adam"), ("loss", "cross_entropy", "log_loss")),
    ],
)
def test_names_of_other_libraries_are_understood(name, value, meant):
    model, X, y = make(**{name: value})
    with pytest.raises(ValueError, match=f"^{name}='{value}' is not known; did you mean '{meant}'"):
        model.fit(X, y)


def test_every_synonym_is_of_something():
    names = set().union(*(family for family, _ in FAMILIES.values()))
    assert set(SYNONYMS.values()) <= names
    assert not set(SYNONYMS) & names


def test_a_class_of_dropout_is_no_rate():
    model, X, y = make(dropout=Dropout)
    with pytest.raises(ValueError, match=r"^dropout got the class Dropout; pass a rate, or an ins"):
        model.fit(X, y)


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf"), None])
def test_schedules_return_rates(rate):
    class Mine(Schedule):
        def __call__(self, learning_rate_init, progress):
            return rate

    model, X, y = make(learning_rate=Mine())
    with pytest.raises(ValueError, match=rf"^learning_rate=Mine\(\) must return .* got {rate}"):
        model.fit(X, y)


@pytest.mark.parametrize(("name", "value"), [("activation", "bogus"), ("dropout", 5.0)])
def test_what_no_hidden_layer_uses_is_checked_all_the_same(name, value):
    model, X, y = make(hidden_layer_sizes=(), **{name: value})
    with pytest.raises(ValueError, match=rf"^{name}\b.*{value!r}"):
        model.fit(X, y)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters_come_before_data(method):
    model = make(alpha=-1)[0]
    arguments = {"classes": [0, 1]} if method == "partial_fit" else {}
    with pytest.raises(ValueError, match="alpha must be"):
        getattr(model, method)("no array", None, **arguments)


UNKNOWN = {
    "activation": ("rellu", "relu"),
    "init": ("he_norml", "he_normal"),
    "bias_init": ("zero", "zeros"),
    "optimizer": ("adamm", "adam"),
    "learning_rate": ("adaptve", "adaptive"),
    "loss": ("logloss", "log_loss"),
    "scoring": ("acuracy", "accuracy"),
}


@BOTH
@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_name_shows_the_close_match(kind, name):
    wrong, close = UNKNOWN[name]
    model, X, y = make(kind, **{name: wrong})
    message = rf"^{name}='{wrong}' is not known; did you mean '{close}'\? Allowed: .*'{close}'"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_unknown_name_in_a_tuple_of_activations():
    model, X, y = make(activation=("tanh", "rellu"))
    with pytest.raises(ValueError, match="activation='rellu' is not known; did you mean 'relu'"):
        model.fit(X, y)


@pytest.mark.parametrize("name", ["activation", "dropout"])
@pytest.mark.parametrize("length", [0, 1, 3])
def test_wrong_number_of_layers(name, length):
    value = ("relu",) * length if name == "activation" else [0.1] * length
    model, X, y = make(**{name: value})
    message = f"{name} must be one value, or one for each of the 2 hidden layers; got {length}"
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X, y)


@pytest.mark.parametrize("value", [0.01, 1, np.float32(0.5)])
def test_number_for_learning_rate_points_to_learning_rate_init(value):
    model, X, y = make(learning_rate=value)
    with pytest.raises(ValueError, match=r"'constant', 'invscaling'.*learning_rate_init="):
        model.fit(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"optimizer": Momentum(1.0)}, r"optimizer__momentum must be a number in [0, 1), got 1.0"),
        ({"optimizer": Adam(beta_2=2)}, r"optimizer__beta_2 must be a number in [0, 1), got 2"),
        ({"optimizer": RMSProp(epsilon=0)}, r"optimizer__epsilon must be a number in (0, inf)"),
        ({"optimizer": LBFGS(0)}, r"optimizer__history_size must be an integer in [1, inf)"),
        ({"activation": LeakyReLU("a")}, r"activation__"),
        ({"activation": ("relu", LeakyReLU("a"))}, r"activation__"),
        ({"init": Normal(std=-1)}, r"init__std must be a number in [0, inf), got -1"),
        ({"bias_init": Normal(std=-1)}, r"bias_init__std must be a number in [0, inf), got -1"),
        ({"learning_rate": InvScaling(-1)}, r"learning_rate__power_t must be a number in [0, inf)"),
        ({"dropout": Dropout(1.5)}, r"dropout__rate must be a number in [0, 1), got 1.5"),
        ({"dropout": (0.1, Dropout(2))}, r"dropout__rate must be a number in [0, 1), got 2"),
        ({"input_dropout": Dropout(-1)}, r"input_dropout__rate must be a number in [0, 1), got -1"),
    ],
)
def test_bad_hyperparameter_of_an_instance(params, message):
    model, X, y = make(**params)
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X, y)


@pytest.mark.parametrize("params", [{"dropout": 0.2}, {"input_dropout": 0.2}])
@pytest.mark.parametrize("optimizer", ["lbfgs", LBFGS()])
def test_dropout_with_lbfgs_is_refused_in_words(optimizer, params):
    model, X, y = make(optimizer=optimizer, **params)
    with pytest.raises(ValueError, match=r"dropout needs .*LBFGS.*dropout=0 and input_dropout=0"):
        model.fit(X, y)


@pytest.mark.parametrize("loss", ["squared_error", SquaredError()])
def test_classifier_refuses_regression_losses(loss):
    model, X, y = make(loss=loss)
    message = rf"loss={re.escape(repr(loss))} is for regression.*MLPClassifier.*'log_loss'"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_regressor_refuses_classification_losses():
    model, X, y = make("regression", loss="log_loss")
    message = r"loss='log_loss' is for binary.*MLPRegressor.*'squared_error'"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_loss_that_cannot_serve_the_target():
    class BinaryLogLoss(LogLoss):
        targets = frozenset({"binary"})

    model, X, y = make(loss=BinaryLogLoss())
    with pytest.raises(ValueError, match="is not for multiclass targets, only for binary"):
        model.fit(X, y)


# ---------------------------------------------------------------- data


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("method", ["fit", "predict", "predict_proba"])
def test_inputs_that_are_not_finite(method, wrap, bad):
    model, X, y = make(max_iter=1, tol=1e9, n_iter_no_change=1)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    X[3, 2] = bad
    word = "NaN" if np.isnan(bad) else "infinity"
    with pytest.raises(ValueError, match=f"Input X contains {word}"):
        getattr(model, method)(wrap(X), *([y] if method == "fit" else []))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", ["binary", "regression", "multioutput"])
def test_targets_that_are_not_finite(kind, bad):
    model, X, y = make(kind)
    y = y.astype(float)
    y[3] = bad
    word = "NaN" if np.isnan(bad) else "infinity"
    with pytest.raises(ValueError, match=f"Input y contains {word}"):
        model.fit(X, y)


@pytest.mark.parametrize("params", [{"dtype": "float32"}, {}])
def test_targets_beyond_float32(params):
    model, X, y = make("regression", **params)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="Input y contains infinity"):
        model.fit(X.astype(np.float32), y * 1e300)


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
def test_inputs_beyond_float32(wrap):
    model, X, y = make("regression", dtype="float32")
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="Input X contains infinity"):
        model.fit(wrap(X * 1e300), y)


def test_classifier_refuses_targets_of_the_wrong_kind():
    model, X, y = make()
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        model.fit(X, y + 0.5)
    with pytest.raises(ValueError, match="y has several columns that are not 0 or 1"):
        model.fit(X, np.stack([y, y], axis=1))


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_that_are_negative_or_not_finite(weight):
    model, X, y = make()
    weights = np.ones(len(y))
    weights[3] = weight
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(X, y, weights)


def test_weights_that_are_all_zero():
    model, X, y = make()
    with pytest.raises(ValueError, match=r"(sample_weight|Sample weights) must"):
        model.fit(X, y, np.zeros(len(y)))


CLASS_WEIGHTS = {
    "balancd": "class_weight must be None, 'balanced' or a dict.*got 'balancd'",
    (1, 2, 3): r"class_weight must be None, 'balanced' or a dict.*got \(1, 2, 3\)",
    ((0, -1.0),): r"class_weight must hold weights of 0 or more.*got {0: -1.0}",
    ((0, NAN),): r"class_weight must hold weights of 0 or more.*got {0: nan}",
    ((0, 0), (1, 0), (2, 0)): "class_weight must hold weights of 0 or more, not all 0",
    ((7, 1.0),): r"class_weight has keys \[7\] that are not among \[0 1 2\]",
    (("a", 1.0),): r"class_weight has keys \['a'\] that are not among \[0 1 2\]",
}


@pytest.mark.parametrize("value", CLASS_WEIGHTS)
def test_bad_class_weight(value):
    model, X, y = make()
    is_dict = isinstance(value, tuple) and isinstance(value[0], tuple)
    with pytest.raises(ValueError, match=CLASS_WEIGHTS[value]):
        model.set_params(class_weight=dict(value) if is_dict else value).fit(X, y)


def test_class_weight_has_no_meaning_for_labels():
    model, X, y = make("multilabel", class_weight="balanced")
    with pytest.raises(ValueError, match="class_weight='balanced' has no meaning"):
        model.fit(X, y)


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("name", ["coefs_", "intercepts_", "loss_", "n_iter_"])
def test_fitted_attributes_before_fit(cls, name):
    assert not hasattr(cls(), name)


def test_validation_set_too_small():
    model, X, y = make(early_stopping=True, validation_fraction=0.01)
    message = (
        r"validation set is too small: validation_fraction=0.01 of 120 rows is 2, .*at least 3"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_few_rows_give_two_to_validate_and_one_of_each_class():
    model, X, y = make(early_stopping=True, validation_fraction=0.1, max_iter=1)
    rows = np.concatenate([np.flatnonzero(y == label)[:5] for label in range(3)])
    assert model.fit(X[rows], y[rows]).t_ == 12
    assert sorted(y[rows][model._model.training.validation_rows]) == [0, 1, 2]
    model, X, y = make("regression", early_stopping=True, max_iter=1)
    assert model.fit(X[:10], y[:10]).t_ == 8


@pytest.mark.parametrize(("n_samples", "n_needed"), [(1, 2), (2, 2)])
def test_too_few_rows_to_validate(n_samples, n_needed):
    model, X, y = make("regression", early_stopping=True)
    message = rf"validation_fraction=0.1 of {n_samples} rows is 1, and it needs at least {n_needed}"
    with pytest.raises(ValueError, match=message):
        model.fit(X[:n_samples], y[:n_samples])


@pytest.mark.parametrize("estimator", [MLPRegressor(), TabularMLPRegressor(n_members=1)])
@pytest.mark.parametrize("kind", [np.array, list, partial(np.array, dtype=object)])
@pytest.mark.parametrize("texts", [["a", "b"] * 10, ["", "2.5"] * 10])
def test_text_as_targets_of_a_regressor_is_refused_by_name(estimator, kind, texts):
    X = np.random.default_rng(0).normal(size=(20, 2))
    message = rf"^y must contain numbers for a regressor, got the text '{texts[0]}'\..* classifier"
    with pytest.raises(ValueError, match=message):
        clone(estimator).fit(X, kind(texts))


def test_objects_that_are_numbers_are_targets_of_a_regressor():
    X = np.random.default_rng(0).normal(size=(20, 2))
    numbers = np.arange(20.0)
    with pytest.warns(ConvergenceWarning):
        fitted = [
            MLPRegressor(4, max_iter=20, random_state=0).fit(X, y)
            for y in (numbers, numbers.astype(object))
        ]
    assert np.array_equal(fitted[0].predict(X), fitted[1].predict(X))
