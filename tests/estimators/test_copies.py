"""Copies of estimators, in memory and in files: equal predictions and independent training."""

import pickle
from copy import copy, deepcopy
from dataclasses import dataclass

import joblib
import numpy as np
import pytest
from common import STEP_TAKING, changes, pickled, problem, state
from sklearn.base import clone

from sknn import MLPClassifier, MLPRegressor, compat
from sknn.callbacks import EpochCallback, fitted_so_far
from sknn.optimizers import Optimizer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 8, "max_iter": 30, "learning_rate_init": 0.02, "random_state": 0}
BINARY, MULTICLASS = problem("binary")[1:], problem("multiclass")[1:]
NUMBERS = problem("regression")[1:]


def classifier(**params):
    return MLPClassifier(**SMALL | params)


def regressor(**params):
    return MLPRegressor(**SMALL | params)


def from_file(model, tmp_path, **params):
    path = tmp_path / "model.joblib"
    joblib.dump(model, path)
    return joblib.load(path, **params)


COPIES = {
    "pickle": lambda model, _: pickled(model),
    "oldest pickle": lambda model, _: pickle.loads(pickle.dumps(model, protocol=2)),
    "deepcopy": lambda model, _: deepcopy(model),
    "joblib": from_file,
    "read only": lambda model, path: from_file(model, path, mmap_mode="r"),
    "copy on write": lambda model, path: from_file(model, path, mmap_mode="c"),
}
EVERY_COPY = pytest.mark.parametrize("how", COPIES)
VARIATIONS = {"early": {"early_stopping": True}, "plain": {}, "dropped": {"dropout": 0.3}}


@pytest.mark.parametrize("variation", VARIATIONS)
@EVERY_COPY
def test_copy_is_the_same_and_goes_on_alike(how, variation, tmp_path):
    model = classifier(**VARIATIONS[variation], warm_start=True, max_iter=4).fit(*MULTICLASS)
    twin = COPIES[how](model, tmp_path)
    assert changes(state(model), state(twin)) == []
    np.testing.assert_array_equal(
        model.predict_proba(MULTICLASS[0]), twin.predict_proba(MULTICLASS[0])
    )
    untouched = state(model)
    twin.fit(*MULTICLASS)
    assert changes(untouched, state(model)) == []
    assert changes(state(model.fit(*MULTICLASS)), state(twin)) == []


@pytest.mark.parametrize("optimizer", STEP_TAKING)
@EVERY_COPY
def test_copy_takes_partial_fits(how, optimizer, tmp_path):
    model = regressor(optimizer=optimizer, max_iter=2).fit(*NUMBERS)
    twin = COPIES[how](model, tmp_path).partial_fit(*NUMBERS)
    assert changes(state(model.partial_fit(*NUMBERS)), state(twin)) == []


def writable(how):
    return how != "read only"


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("how", ["itself", *filter(writable, COPIES)])
def test_weights_are_views_of_the_network(how, early_stopping, tmp_path):
    model = regressor(early_stopping=early_stopping).fit(*NUMBERS)
    twin = model if how == "itself" else COPIES[how](model, tmp_path)
    before = twin.predict(NUMBERS[0])
    twin.intercepts_[-1][...] += 1
    np.testing.assert_allclose(twin.predict(NUMBERS[0]), before + 1, atol=1e-12)
    twin.coefs_[-1][...] = 0
    np.testing.assert_allclose(twin.predict(NUMBERS[0]), twin.intercepts_[-1][0])
    if how != "itself":
        np.testing.assert_array_equal(model.predict(NUMBERS[0]), before)


def test_weights_are_views_after_going_on(tmp_path):
    twin = from_file(regressor(max_iter=2).fit(*NUMBERS), tmp_path, mmap_mode="r")
    twin.partial_fit(*NUMBERS).coefs_[-1][...] = 0
    twin.intercepts_[-1][...] = 3
    np.testing.assert_array_equal(twin.predict(NUMBERS[0]), 3)


def test_memory_mapped_data(tmp_path):
    expected = classifier(max_iter=3).fit(*MULTICLASS).coefs_[0]
    X, y = from_file(MULTICLASS, tmp_path, mmap_mode="r")
    np.testing.assert_array_equal(classifier(max_iter=3).fit(X, y).coefs_[0], expected)


def test_shallow_copy_is_not_trained_by_the_other():
    model = regressor(max_iter=2).fit(*NUMBERS)
    before = state(model)
    copy(model).partial_fit(*NUMBERS)
    assert changes(before, state(model)) == []


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(0)], ids=str)
def test_shallow_copy_is_not_trained_by_its_original(random_state):
    model = regressor(max_iter=2, random_state=random_state).fit(*NUMBERS)
    twin = copy(model)
    before = state(twin)
    model.partial_fit(*NUMBERS)
    assert changes(before, state(twin)) == []
    assert changes(state(model), state(twin.partial_fit(*NUMBERS))) == []
    assert twin.loss_curve_ == list(twin._model.training.loss_curve)
    assert len(twin.loss_curve_) == 3


@dataclass(repr=False, eq=False)
class OwnMomentum(Optimizer):
    """An optimizer whose state is a tuple, of an array and an array within a list."""

    def init(self, params, layout=None):
        return np.zeros_like(params), [np.zeros(1)]

    def update(self, params, grad, state, learning_rate):
        velocity, (count,) = state
        velocity *= 0.9
        velocity -= learning_rate * grad
        params += velocity
        count += 1


@dataclass(repr=False, eq=False)
class ListMomentum(Optimizer):
    """An optimizer whose state is a list of an array and a count."""

    def init(self, params, layout=None):
        return [np.zeros_like(params), 0]

    def update(self, params, grad, state, learning_rate):
        state[0] *= 0.9
        state[0] -= learning_rate * grad
        params += state[0]
        state[1] += 1


@pytest.mark.parametrize("how", [copy, pickled, deepcopy])
def test_the_state_of_an_optimizer_may_be_a_list(how):
    model = regressor(optimizer=ListMomentum(), max_iter=2).fit(*NUMBERS)
    before, n_steps = state(model), model._model.training.optimizer_state[1]
    twin = how(model).partial_fit(*NUMBERS)
    assert changes(before, state(model)) == []
    assert twin._model.training.optimizer_state[1] > n_steps
    assert changes(state(model.partial_fit(*NUMBERS)), state(twin)) == []


def test_a_call_that_fails_leaves_an_optimizer_state_of_any_kind():
    model = regressor(optimizer=OwnMomentum(), max_iter=2).fit(*NUMBERS)
    before, twin = state(model), copy(model)
    model.partial_fit(*NUMBERS)
    model.set_params(learning_rate_init=1e300)
    between = state(model)
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(*NUMBERS)
    assert changes(before, state(twin)) == []
    assert changes(between, before) != []
    assert changes(between, state(model)) == []


def test_copies_in_the_middle_of_a_fit_share_a_random_state_that_was_given():
    class Copy(EpochCallback):
        def after_epoch(self, estimator):
            self.copies = copy(estimator), fitted_so_far(estimator)

    given, callback = np.random.RandomState(0), Copy()
    regressor(random_state=given, max_iter=2).set_callbacks(callback).fit(*NUMBERS)
    for each in callback.copies:
        assert each.random_state is given
        assert each._model.training.random_state is not given


def test_a_transformer_takes_no_memory():
    model = classifier(hidden_layer_sizes=(1000, 1000), max_iter=1).fit(*MULTICLASS)
    transformer = model.to_transformer()
    assert np.shares_memory(transformer.estimator.coefs_[0], model.coefs_[0])
    before = transformer.transform(MULTICLASS[0])
    model.partial_fit(*MULTICLASS)
    np.testing.assert_array_equal(transformer.transform(MULTICLASS[0]), before)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_copies_in_compat_keep_curves_of_their_own(kind):
    model = getattr(compat, kind)(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(*BINARY)
    twin = copy(model)
    model.partial_fit(*BINARY)
    twin.partial_fit(*BINARY)
    assert len(model.loss_curve_) == len(twin.loss_curve_) == 4


def test_attributes_in_the_middle_of_a_warm_start_are_those_of_the_last_fit():
    class Look(EpochCallback):
        def after_epoch(self, estimator):
            self.seen = len(estimator.loss_curve_), estimator.loss_ == estimator.loss_curve_[-1]

    look = Look()
    model = regressor(max_iter=2, warm_start=True).fit(*NUMBERS)
    kept = model.loss_curve_
    model.set_callbacks(look).fit(*NUMBERS)
    assert look.seen == (2, True)
    assert len(kept) == 2


def test_stream_copies_no_curves():
    """Each call would take longer than the one before it."""
    model = regressor(max_iter=2).fit(*NUMBERS)
    held, before = model._model.training.loss_curve._values, model.loss_curve_
    model.partial_fit(*NUMBERS)
    assert model._model.training.loss_curve._values is held
    assert (len(held), len(before)) == (3, 2)  # what was read does not grow
    assert model.best_loss_ == min(held)


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_clone_is_unfitted_and_equal(cls):
    model = cls(**SMALL | {"hidden_layer_sizes": np.array([8, 5])}, activation=("tanh", "relu"))
    model.fit(*(MULTICLASS if cls is MLPClassifier else NUMBERS))
    twin = clone(model)
    assert not hasattr(twin, "coefs_")
    assert repr(twin) == repr(model).partition("  # ")[0]
    twin.fit(*(MULTICLASS if cls is MLPClassifier else NUMBERS))
    np.testing.assert_array_equal(twin.coefs_[0], model.coefs_[0])
