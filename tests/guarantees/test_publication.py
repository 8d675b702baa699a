"""A model changes atomically: interrupts and other threads see the old or the new model."""

import copy
import pickle
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from common import changes, leaves, pickled, problem, state, through_file

from sknn._training import interrupts, loop
from sknn._training.curve import Curve
from sknn._training.interrupts import Interrupts
from sknn.callbacks import EpochCallback
from sknn.estimators import _advice, _base, _rollback
from sknn.estimators._rollback import all_or_nothing
from sknn.exceptions import NotConvergedWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 4, "batch_size": 40, "max_iter": 2, "random_state": 0}


def fitted(kind="multiclass", **params):
    cls, X, y = problem(kind)
    return cls(**SMALL | params).fit(X, y), X, y


# ---------------------------------------------------------------- Ctrl-C at every line


class Presser:
    """Presses Ctrl-C before some lines of some files are executed, by their number."""

    def __init__(self, modules, lines=()):
        self.files, self.lines = {module.__file__ for module in modules}, lines
        self.n_lines = 0

    def __call__(self, frame, event, arg):
        if frame.f_code.co_filename not in self.files:
            return None
        if event == "line":
            self.n_lines += 1
            if self.n_lines in self.lines:
                signal.raise_signal(signal.SIGINT)
        return self

    def watch(self, call):
        """Return what a call raises."""
        before = sys.gettrace()
        sys.settrace(self)
        try:
            call()
        except BaseException as error:
            return error
        finally:
            sys.settrace(before)
        return None


@pytest.fixture(autouse=True)
def ctrl_c_raises():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)
    Interrupts._last = -np.inf


class Model:
    def __init__(self):
        self.random_state = np.random.RandomState(0)


def train_well(draft):
    draft.first_ = draft.random_state.randint(1 << 30)
    draft.second_ = draft.random_state.randint(1 << 30)


def train_and_fail(draft):
    train_well(draft)
    raise ValueError("diverged")


def train_and_be_interrupted(draft):
    train_well(draft)
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("train", [train_well, train_and_fail, train_and_be_interrupted])
@pytest.mark.parametrize("n_times", [1, 2, 3])
def test_ctrl_c_at_every_line_of_restoring_and_publishing(train, n_times):
    """A shared random state belongs to the old model or the new one, as its attributes do."""
    old, new = Model(), Model()
    train_well(new)
    old, new = leaves(vars(old)), leaves(vars(new))
    first, seen = 0, set()
    while True:
        first += 1
        model = Model()
        presser = Presser([_rollback, interrupts], range(first, first + n_times))
        error = presser.watch(lambda model=model: all_or_nothing(model, train))
        now = leaves(vars(model))
        assert now in (old, new)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if presser.n_lines < first:
            break
        assert isinstance(error, KeyboardInterrupt)
        seen.add(now == new)
    assert first > 20
    assert seen == ({False, True} if train is train_well else {False})


def test_ctrl_c_at_every_line_of_a_part_of_a_fit():
    start, X, y = fitted()
    old = state(start)
    new = state(copy.deepcopy(start).partial_fit(X, y))
    assert changes(old, new)
    first, seen = 0, set()
    while True:
        first += 1
        model = copy.deepcopy(start)
        presser = Presser([_rollback, _base, loop], [first])
        error = presser.watch(lambda model=model: model.partial_fit(X, y))
        now = state(model)
        assert changes(now, old) == [] or changes(now, new) == []
        if presser.n_lines < first:
            break
        assert isinstance(error, KeyboardInterrupt)
        if changes(now, old) == []:
            assert changes(state(model.partial_fit(X, y)), new) == []
        seen.add(changes(now, new) == [])
    assert first > 50
    assert seen == {False, True}


def test_ctrl_c_before_training_does_not_wait_for_its_end():
    called = []

    def press_and_train():
        with Interrupts() as block:
            signal.raise_signal(signal.SIGINT)
            block.run(called.append, 1)

    with pytest.raises(KeyboardInterrupt):
        press_and_train()
    assert called == []


# ---------------------------------------------------------------- those who look on


def shallow(model):
    twin = object.__new__(type(model))
    twin.__setstate__(model.__getstate__())
    return twin


COPIES = {
    "pickle": pickled,
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "state": shallow,
    "file": None,
}


def copied(model, how, folder):
    if how == "file":
        return through_file(model, folder, training_state=True)
    return COPIES[how](model)


class Onlooker:
    """Copies a model whenever an epoch is recorded or a warning composed."""

    def __init__(self, monkeypatch, look):
        self.look = look
        for owner, name in [
            (loop.TrainingLoop, "_begin_epoch"),
            (loop.TrainingLoop, "_record"),
            (_base, "compose_warning"),
        ]:
            monkeypatch.setattr(owner, name, self.watched(getattr(owner, name)))

    def watched(self, function):
        def call(*args):
            self.look()
            result = function(*args)
            self.look()
            return result

        return call


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_a_copy_in_the_middle_of_a_call_is_the_model_before_it(method, how, tmp_path, monkeypatch):
    model, X, y = fitted(warm_start=True)
    before, copies = state(model), []
    after = state(getattr(copy.deepcopy(model), method)(X, y))
    with monkeypatch.context() as patch:
        Onlooker(patch, lambda: copies.append(copied(model, how, tmp_path)))
        getattr(model, method)(X, y)
    assert changes(after, state(model)) == []
    assert len(copies) >= 6
    for twin in copies:
        assert changes(before, state(twin)) == []
        assert {len(curve) for curve in twin.history_.values()} == {len(twin.loss_curve_)} == {2}
        assert changes(after, state(getattr(twin, method)(X, y))) == []


def test_what_is_read_in_the_middle_of_a_call_is_as_before(monkeypatch):
    model, X, y = fitted(early_stopping=True, scoring="accuracy", warm_start=True, tol=0.0)
    names = ("loss_curve_", "validation_loss_curve_", "validation_scores_", "n_iter_", "loss_")
    seen = []

    def look():
        assert model.history_["loss"].tolist() == model.loss_curve_
        seen.append([getattr(model, name) for name in names])

    look()
    with monkeypatch.context() as patch:
        Onlooker(patch, look)
        model.fit(X, y)
    assert len(seen) > 6
    assert all(each == seen[0] for each in seen)
    assert len(model.loss_curve_) == len(model.validation_scores_) == 4


def test_copies_by_another_thread():
    model, X, y = fitted()
    blobs, is_over = [], threading.Event()

    def look_on():
        while not is_over.is_set():
            blobs.append(pickle.dumps(model))
        return True

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(1) as pool:
            onlooker = pool.submit(look_on)
            for _ in range(100):
                model.partial_fit(X, y)
            is_over.set()
            assert onlooker.result()
    finally:
        is_over.set()
        sys.setswitchinterval(interval)
    for twin in map(pickle.loads, blobs):
        n_epochs = twin._model.training.progress.epoch
        assert {len(curve) for curve in twin.history_.values()} == {n_epochs}
        assert len(twin.loss_curve_) == n_epochs
        assert twin.t_ == n_epochs * len(X)
    last = pickle.loads(blobs[-1])
    while last._model.training.progress.epoch < model._model.training.progress.epoch:
        last.partial_fit(X, y)
    assert changes(state(last), state(model)) == []


def test_twins_of_one_state_train_on_by_themselves():
    model, X, y = fitted()
    twin, alone = shallow(model), copy.deepcopy(model)
    for _ in range(3):
        alone.partial_fit(X, y)
        model.partial_fit(X, y)
        assert changes(state(alone), state(model)) == []
    for _ in range(3):
        twin.partial_fit(X, y)
    assert changes(state(alone), state(twin)) == []
    assert changes(state(alone), state(model)) == []


def test_a_stream_goes_on_after_a_call_that_failed(monkeypatch):
    """The same list, with identical results."""
    model, X, y = fitted()
    alone = copy.deepcopy(model)

    def fail(*args):
        raise RuntimeError("late")

    with monkeypatch.context() as patch:
        patch.setattr(_base, "compose_warning", fail)
        with pytest.raises(RuntimeError, match="late"):
            model.partial_fit(X, y)
    for _ in range(2):
        model.partial_fit(X, y)
        alone.partial_fit(X, y)
        assert changes(state(alone), state(model)) == []
    held = model._model.training.loss_curve._values
    model.partial_fit(X, y)
    assert model._model.training.loss_curve._values is held


def test_pickles_of_before_hold_lists():
    """They are read, and trained on, as those of now."""
    model, X, y = fitted()
    old = pickled(model)
    for name, each in vars(old._model.training).items():
        assert not isinstance(each, Curve), name
    assert all(type(old.__dict__[name]) is list for name in ("loss_curve_",))
    kept = old._model.training
    assert changes(state(model.partial_fit(X, y)), state(old.partial_fit(X, y))) == []
    assert len(kept.loss_curve) == 2


# ---------------------------------------------------------------- curves


def test_a_curve_reads_as_a_list():
    numbers = [3.0, 1.0, 2.0, 5.0]
    curve = Curve(numbers)
    curve.fork().append(9.0)  # beyond its end
    for index in (0, 3, -1, -4, slice(None), slice(-2, None), slice(None, None, -1), slice(9, 1)):
        assert curve[index] == numbers[index]
    for index in (4, -5):
        with pytest.raises(IndexError):
            curve[index]
    assert list(curve) == numbers == curve
    assert Curve()[::-1] == []
    assert not Curve()
    assert (len(curve), min(curve), curve.index(2.0)) == (4, 1.0, 2)
    for twin in (pickled(curve), copy.copy(curve), copy.deepcopy(curve)):
        twin.append(7.0)
        assert (twin, curve) == ([*numbers, 7.0], numbers)


def test_forks_of_a_curve_are_independent():
    curve = Curve([1.0])
    one, two = curve.fork(), curve.fork()
    one.extend([2.0, 3.0])
    two.extend([4.0])
    curve.append(5.0)
    assert (curve, one, two) == ([1.0, 5.0], [1.0, 2.0, 3.0], [1.0, 4.0])
    assert one.fork()._values is one._values


# ---------------------------------------------------------------- warnings


def test_a_failure_to_compose_a_warning_changes_nothing(monkeypatch):
    def fail(*args):
        raise ZeroDivisionError

    cls, X, y = problem("multiclass")
    model = cls(**SMALL)
    monkeypatch.setattr(_advice, "_LOOKS", [fail])
    with pytest.raises(ZeroDivisionError):
        model.fit(X, y)
    assert set(vars(model)) == set(model.get_params())


def test_a_warning_that_a_filter_makes_an_error_leaves_the_model_trained():
    expected, X, y = fitted()
    model = type(expected)(**SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NotConvergedWarning):
            model.fit(X, y)
    assert changes(state(expected), state(model)) == []


def test_a_callback_that_fails_at_the_end_changes_nothing():
    class Late(EpochCallback):
        def after_epoch(self, estimator):
            return False

        def after_fit(self, estimator):
            raise RuntimeError("late")

    model, X, y = fitted()
    before = leaves(vars(model.set_callbacks(Late())))
    with pytest.raises(RuntimeError, match="late"):
        model.fit(X, y)
    assert changes(before, leaves(vars(model))) == []
