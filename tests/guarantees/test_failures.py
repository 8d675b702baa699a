"""A failed call changes nothing, and divergence is explained."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from common import changes, leaves, problem
from scipy import sparse

from sknn.losses import LogLoss
from sknn.optimizers import SGD
from sknn.schedules import Schedule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (8, 5), "batch_size": 40, "max_iter": 3}
EARLY = {"early_stopping": True}


def failing_scorer(model, X, y):
    raise RuntimeError("the scorer failed")


def spoiled(values, bad=np.nan):
    values = np.array(values, float)
    values[3] = bad
    return values


# What is wrong: parameters, what replaces or joins fit's arguments, and what the error says.
FAILURES = {
    "bad number": ({"alpha": -1.0}, lambda X, y: {}, "alpha"),
    "unknown name": ({"optimizer": "adm"}, lambda X, y: {}, "optimizer='adm'"),
    "layers": ({"activation": ("relu",)}, lambda X, y: {}, "activation"),
    "NaN in X": ({}, lambda X, y: {"X": spoiled(X)}, "X contains NaN"),
    "infinity in X": ({}, lambda X, y: {"X": spoiled(X, np.inf)}, "X contains infinity"),
    "NaN in y": ({}, lambda X, y: {"y": spoiled(y)}, "y contains NaN"),
    "short y": ({}, lambda X, y: {"y": y[:-1]}, "inconsistent numbers of samples"),
    "flat X": ({}, lambda X, y: {"X": X[:, 0]}, "Expected 2D array"),
    "negative weight": ({}, lambda X, y: {"sample_weight": -np.ones(len(X))}, "[Nn]egative"),
    "no weight": ({}, lambda X, y: {"sample_weight": np.zeros(len(X))}, "weight"),
    "short weight": ({}, lambda X, y: {"sample_weight": np.ones(5)}, "sample_weight"),
    "divergence": (
        {"optimizer": "sgd", "learning_rate_init": 1e300},
        lambda X, y: {"X": 1000 * X},
        "Training diverged",
    ),
}
FIT_FAILURES = {
    "X_val alone": (EARLY, lambda X, y: {"X_val": X}, "y_val was not provided"),
    "y_val alone": (EARLY, lambda X, y: {"y_val": y}, "X_val was not provided"),
    "X_val features": (EARLY, lambda X, y: {"X_val": X[:, :3], "y_val": y}, "3 features"),
    "NaN in X_val": (EARLY, lambda X, y: {"X_val": spoiled(X), "y_val": y}, "contains NaN"),
    "NaN in y_val": (EARLY, lambda X, y: {"X_val": X, "y_val": spoiled(y)}, "contains NaN"),
    "small set": (
        {**EARLY, "validation_fraction": 1e-3, "warm_start": False},
        lambda X, y: {},
        "too small",
    ),
    "scorer": ({**EARLY, "scoring": failing_scorer}, lambda X, y: {}, "the scorer failed"),
    "dropout": ({"optimizer": "lbfgs", "dropout": 0.1}, lambda X, y: {}, "dropout needs"),
}
KINDS = pytest.mark.parametrize("kind", ["multiclass", "regression"])
HISTORIES = {
    "fresh": {},
    "fitted": {},
    "warm": {"warm_start": True},
    "with early stopping": {"warm_start": True, **EARLY},
}


def model_with(history, kind, random_state=0):
    cls, X, y = problem(kind)
    model = cls(**SMALL, random_state=random_state, **HISTORIES[history])
    return (model if history == "fresh" else model.fit(X, y)), X, y


def assert_failure_changes_nothing(model, method, arguments, message):
    before = leaves([vars(model), arguments])
    with np.errstate(all="ignore"), pytest.raises((ValueError, RuntimeError), match=message):
        getattr(model, method)(**arguments)
    assert changes(before, leaves([vars(model), arguments])) == []


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("failure", FAILURES | FIT_FAILURES)
@KINDS
def test_failed_fit_changes_nothing(kind, failure, history):
    params, spoil, message = (FAILURES | FIT_FAILURES)[failure]
    model, X, y = model_with(history, kind)
    arguments = {"X": X, "y": y} | spoil(X, y)
    assert_failure_changes_nothing(model.set_params(**params), "fit", arguments, message)


@pytest.mark.parametrize("history", ["fresh", "fitted", "warm"])
@pytest.mark.parametrize("failure", FAILURES)
@KINDS
def test_failed_partial_fit_changes_nothing(kind, failure, history):
    params, spoil, message = FAILURES[failure]
    model, X, y = model_with(history, kind)
    arguments = {"X": X, "y": y} | spoil(X, y)
    arguments |= {"classes": [0, 1, 2]} if kind == "multiclass" else {}
    assert_failure_changes_nothing(model.set_params(**params), "partial_fit", arguments, message)


@pytest.mark.parametrize("failure", ["NaN in X", "divergence", "small set", "scorer"])
def test_failed_fit_puts_a_random_state_back(failure):
    params, spoil, message = (FAILURES | FIT_FAILURES)[failure]
    for history in ("fresh", "fitted"):
        model, X, y = model_with(history, "multiclass", np.random.RandomState(0))
        arguments = {"X": X, "y": y} | spoil(X, y)
        assert_failure_changes_nothing(model.set_params(**params), "fit", arguments, message)


@pytest.mark.parametrize("history", HISTORIES)
def test_failed_fit_without_a_seed_changes_nothing(history):
    params, spoil, message = FAILURES["divergence"]
    model, X, y = model_with(history, "multiclass", None)
    arguments = {"X": X, "y": y} | spoil(X, y)
    assert_failure_changes_nothing(model.set_params(**params), "fit", arguments, message)


@pytest.mark.parametrize("warm_start", [False, True])
def test_failed_fit_keeps_feature_names_and_classes(warm_start):
    model, X, y = model_with("fresh", "multiclass")
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model.set_params(warm_start=warm_start).fit(frame, y.astype(str))
    other = pd.DataFrame(spoiled(X), columns=list("uvwxyz"))
    message = "feature names should match" if warm_start else "contains NaN"
    with pytest.raises(ValueError, match=message):
        model.fit(other, y)
    assert model.feature_names_in_.tolist() == list("abcdef")
    assert model.classes_.tolist() == ["0", "1", "2"]
    assert set(model.predict(frame)) == {"0", "1", "2"}


def test_failed_first_fit_leaves_an_unfitted_model():
    model, X, y = model_with("fresh", "regression")
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(X, spoiled(y))
    assert set(vars(model)) == set(model.get_params())


def test_failed_second_fit_leaves_a_model_that_goes_on():
    model, X, y = model_with("warm", "multiclass")
    twin = model_with("warm", "multiclass")[0]
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="diverged"):
        model.set_params(optimizer="sgd", learning_rate_init=1e300).fit(1000 * X, y)
    model.set_params(optimizer="adam", learning_rate_init="auto").fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], twin.fit(X, y).coefs_[0])
    assert model.loss_curve_ == twin.loss_curve_


# ---------------------------------------------------------------- divergence

MESSAGE = (
    r"Training diverged in epoch {epoch}: {what} is not finite\. Likeliest cause: {cause}"
    r".*The estimator is as it was"
)
LAYER = (
    r"(a parameter of layer_\d|the gradient of layer_\d|the loss \(from the output layer\)|"
    r"the penalty)"
)


def diverging(match, model, X, y):
    with pytest.raises(ValueError, match=match):
        model.fit(X, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["gd", "sgd", "momentum", "nesterov"])
@KINDS
def test_large_rate_is_named(kind, optimizer, dtype):
    cls, X, y = problem(kind)
    rate = 1e30 if dtype == "float32" else 1e250
    model = cls(8, optimizer=optimizer, learning_rate_init=rate, dtype=dtype, random_state=0)
    cause = rf"the learning rate is too large: set learning_rate_init below {rate:g}"
    diverging(MESSAGE.format(epoch=r"\d+", what=LAYER, cause=re.escape(cause)), model, X, y)


def test_an_absurd_rate_is_named_before_the_data():
    cls, X, y = problem("regression")
    model = cls(8, optimizer="momentum", learning_rate_init=1e3, random_state=0)
    cause = r"the learning rate is too large: set learning_rate_init below 1000 ('auto' is 0.0003)"
    diverging(re.escape(cause), model, 50 * X, 346 * y)


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("optimizer", ["gd", "sgd", "adam", "rmsprop", "lbfgs"])
def test_large_inputs_are_named(optimizer, wrap):
    cls, X, y = problem("regression")
    model = cls(8, optimizer=optimizer, init="xavier_uniform", random_state=0)
    largest = f"{abs(1e200 * X).max():.3g}"
    cause = rf"X has values up to {re.escape(largest)}: put a StandardScaler before MLPRegressor"
    match = MESSAGE.format(epoch=1, what=LAYER, cause=cause)
    diverging(match, model, wrap(1e200 * X), y)


@pytest.mark.parametrize("optimizer", ["gd", "sgd", "adam", "adagrad", "lbfgs"])
def test_large_targets_are_named(optimizer):
    cls, X, y = problem("regression")
    cause = r"y has values up to .*TransformedTargetRegressor"
    match = MESSAGE.format(epoch=1, what=LAYER, cause=cause)
    diverging(match, cls(8, optimizer=optimizer, random_state=0), X, 1e200 * y)


@dataclass(repr=False, eq=False)
class Poison(SGD):
    """Spoils one element of the parameters at one step."""

    at: int = 1
    element: int = 0
    value: float = np.inf

    def coefficients(self, step, learning_rate):
        return learning_rate, step

    def rule(self, params, grad, scratch, *rest):
        super().rule(params, grad, scratch, rest[0])
        if rest[1] == self.at:
            params[self.element] = self.value


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(("at", "epoch"), [(1, 1), (3, 1), (4, 2), (9, 3)])
@pytest.mark.parametrize(("element", "layer"), [(0, 0), (55, 0), (56, 1), (100, 1), (-1, 2)])
def test_epoch_and_layer_of_a_parameter_are_named(element, layer, at, epoch, value):
    cls, X, y = problem("multiclass")
    optimizer = Poison(at=at, element=element, value=value)
    model = cls(**SMALL, optimizer=optimizer, learning_rate_init=0.01, random_state=0)
    what = f"a parameter of layer_{layer}"
    diverging(MESSAGE.format(epoch=epoch, what=what, cause=".*learning_rate_init"), model, X, y)


@dataclass(repr=False, eq=False)
class SpoiledLogLoss(LogLoss):
    """Not finite where a sample is of class 2."""

    spoils: str = "value"

    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        super().value_and_gradient(raw_prediction, y_true, value, gradient, scratch)
        spoilt = {"value": value, "gradient": gradient}[self.spoils]
        spoilt[..., y_true == 2] = np.nan


@pytest.mark.parametrize("optimizer", ["sgd", "gd", "adam", "lbfgs"])
@pytest.mark.parametrize("spoils", ["value", "gradient"])
def test_loss_and_gradient_that_are_not_finite(spoils, optimizer):
    cls, X, y = problem("multiclass")
    model = cls(**SMALL, loss=SpoiledLogLoss(spoils=spoils), optimizer=optimizer, random_state=0)
    whats = {
        "value": r"the loss \(from the output layer\)",
        "gradient": r"the gradient of layer_\d",
    }
    diverging(MESSAGE.format(epoch=1, what=whats[spoils], cause=".*"), model, X, y)


def test_partial_fit_names_the_epoch_of_the_whole_training():
    cls, X, y = problem("multiclass")
    model = cls(**SMALL, optimizer=Poison(at=8), random_state=0)
    model.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    with pytest.raises(ValueError, match="diverged in epoch 3"):
        model.partial_fit(X, y)
    assert model.n_iter_ == 1
    assert len(model.loss_curve_) == 2


@dataclass(repr=False, eq=False)
class FailsAfter(Schedule):
    """Raises once an epoch has been recorded."""

    epoch: int = 3

    def __call__(self, learning_rate_init, progress):
        return learning_rate_init

    def outlasts_plateau(self, learning_rate_init, progress):
        if progress.epoch == self.epoch:
            raise RuntimeError("after the record")
        return True


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@KINDS
def test_what_a_failed_call_had_recorded_is_forgotten(kind, method):
    cls, X, y = problem(kind)
    restless = {"n_iter_no_change": 1, "tol": 1e9, "max_iter": 2, "warm_start": True}
    model = cls(8, learning_rate=FailsAfter(epoch=3), random_state=0, **restless).fit(X, y)
    curve, history = (
        list(model.loss_curve_),
        {key: list(each) for key, each in model.history_.items()},
    )
    assert_failure_changes_nothing(model, method, {"X": X, "y": y}, "after the record")
    assert model.loss_curve_ == curve
    assert len(curve) == 2
    assert {key: list(each) for key, each in model.history_.items()} == history
    model.set_params(learning_rate="constant").partial_fit(X, y)
    assert {len(each) for each in model.history_.values()} == {3}
