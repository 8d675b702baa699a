"""A real Ctrl-C at any moment of a fit keeps the best model and complete epochs."""

import math
import multiprocessing
import os
import signal
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from common import changes, problem, state
from joblib.externals.loky import get_reusable_executor
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import sknn
from sknn._training.interrupts import Interrupts
from sknn.callbacks import EpochCallback, training_of
from sknn.exceptions import InterruptedWarning
from sknn.schedules import Schedule

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(os.name != "posix", reason="needs signals"),
]

# Without an end: only a signal ends it.
ENDLESS = {"hidden_layer_sizes": (20, 10), "batch_size": 32, "random_state": 0, "tol": 0.0}
ENDLESS |= {"max_iter": 10**9, "n_iter_no_change": float("inf")}
# Seconds after which another process is given up.
PATIENCE = 60
WAYS = {
    "best by loss": {"early_stopping": True, "learning_rate_init": 0.05},
    "best by score": {"early_stopping": True, "scoring": "accuracy", "averaging": "ema"},
    "last": {"dropout": 0.1},
}


class Started(EpochCallback):
    def __init__(self, path):
        self.path = path

    def after_epoch(self, estimator):
        self.path.touch()


@pytest.fixture(autouse=True)
def ctrl_c_raises():
    """Let Ctrl-C raise, also where it is ignored (in the background), and none be the second."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    Interrupts._last = -math.inf
    yield
    signal.signal(signal.SIGINT, before)
    Interrupts._last = -math.inf


def live(folder, way):
    """Fit until it is interrupted; what another process does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    cls, X, y = problem("multiclass")
    model = cls(**ENDLESS | WAYS[way]).set_callbacks(Started(folder / "started"))
    with pytest.warns(InterruptedWarning):
        model.fit(X, y)
    sknn.save(model.set_callbacks(), folder / "done.npz", training_state=True)


def interrupted(folder, way, delay):
    """Return what is left of a fit that gets SIGINT so many seconds after its first epoch."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sknn.callbacks", "sklearn.datasets", "common", "pytest"])
    process = context.Process(target=live, args=(folder, way))
    process.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not (folder / "started").exists():
            assert process.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.0005)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGINT)
        process.join(PATIENCE)
        assert process.exitcode == 0
    finally:
        process.kill()
    return sknn.load(folder / "done.npz")


@pytest.mark.parametrize("way", ["best by loss", "best by score", "last"])
@pytest.mark.parametrize("n_times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_sigint_at_random_moments(way, n_times, tmp_path):
    _, X, y = problem("multiclass")
    rng = np.random.default_rng()
    for number in range(n_times):
        folder = tmp_path / str(number)
        folder.mkdir()
        model = interrupted(folder, way, rng.uniform(0, 0.2))
        n_iter = model.n_iter_
        print("interrupted after epoch", n_iter)
        assert {len(curve) for curve in model.history_.values()} == {n_iter}
        briefly = type(model)(**ENDLESS | WAYS[way] | {"max_iter": n_iter}).fit(X, y)
        assert model.loss_curve_ == briefly.loss_curve_
        if way != "last":  # else its weights are those of the step at which it was interrupted
            assert model.validation_loss_curve_ == briefly.validation_loss_curve_
            assert_array_equal(model.predict_proba(X), briefly.predict_proba(X))
        assert np.isfinite(model.predict_proba(X)).all()


def test_an_epoch_is_recorded_whole(monkeypatch):
    """Ctrl-C in the middle of the records waits for their end."""
    cls, X, y = problem("multiclass")
    model = cls(**ENDLESS, early_stopping=True)
    original, calls = sknn._training.loop.TrainingLoop._record, []

    def record(self, *args):
        calls.append(args)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        original(self, *args)

    monkeypatch.setattr(sknn._training.loop.TrainingLoop, "_record", record)
    with pytest.warns(InterruptedWarning, match="after 3 whole epochs"):
        model.fit(X, y)
    assert {len(curve) for curve in model.history_.values()} == {model.n_iter_} == {3}


def test_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(RuntimeError), Interrupts():
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_that_a_callback_sets_stays():
    def other(*signalled):
        raise AssertionError("no signal is sent")

    before = signal.getsignal(signal.SIGINT)
    try:
        with Interrupts():
            signal.signal(signal.SIGINT, other)
        assert signal.getsignal(signal.SIGINT) is other
    finally:
        signal.signal(signal.SIGINT, before)


class Interrupting(Schedule):
    """Ctrl-C at the second step."""

    def __call__(self, learning_rate_init, progress):
        if progress.step % 4 == 1:
            raise KeyboardInterrupt
        return learning_rate_init


def test_partial_fit_ends_the_loop_that_calls_it_and_changes_nothing():
    cls, X, y = problem("multiclass")
    model = cls(8, batch_size=30, random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    before = state(model)
    model.set_params(learning_rate=Interrupting())
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, y)
    assert changes(before, state(model)) == []
    again = model.set_params(learning_rate="constant").partial_fit(X, y)
    whole = cls(8, batch_size=30, random_state=0, max_iter=2).fit(X, y)
    assert_array_equal(again.coefs_[0], whole.coefs_[0])


# ---------------------------------------------------------------- a second Ctrl-C


class Press(EpochCallback):
    """Presses Ctrl-C at the end of the second epoch of some fits, by their number."""

    def __init__(self, *fits):
        self.fits, self.n_fits = fits, 0

    def before_fit(self, estimator):
        self.n_fits += 1

    def after_epoch(self, estimator):
        if training_of(estimator).progress.epoch == 2 and self.n_fits in self.fits:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def clock(monkeypatch):
    """Return a list whose only entry is the time."""
    now = [1000.0]
    monkeypatch.setattr("sknn._training.interrupts.time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(("seconds", "raises"), [(0.0, True), (1.9, True), (2.1, False)])
def test_a_second_ctrl_c_soon_after_the_first_raises(seconds, raises, clock):
    cls, X, y = problem("multiclass")
    model = cls(8, max_iter=5, random_state=0).set_callbacks(Press(1, 2))
    with pytest.warns(InterruptedWarning, match="press Ctrl-C twice within two seconds"):
        model.fit(X, y)
    before, first = state(model), model._model.training
    clock[0] += seconds
    with pytest.raises(KeyboardInterrupt) if raises else pytest.warns(InterruptedWarning):
        model.fit(X, y)
    assert (model._model.training is first) == raises
    assert changes(before, state(model)) == []  # the fits are the same


def test_a_third_ctrl_c_counts_from_the_second(clock):
    cls, X, y = problem("multiclass")
    model = cls(8, max_iter=5).set_callbacks(Press(1, 2, 3))
    for raises in (False, False, True):
        clock[0] += 1.5 if raises else 2.5
        with pytest.raises(KeyboardInterrupt) if raises else pytest.warns(InterruptedWarning):
            model.fit(X, y)


@pytest.mark.filterwarnings("ignore::sknn.exceptions.InterruptedWarning")
def test_two_leave_a_search():
    cls, X, y = problem("multiclass")
    press = Press(2, 3)
    search = GridSearchCV(cls(8, max_iter=5).set_callbacks(press), {"alpha": [0, 1]}, cv=3)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert press.n_fits == 3
    Interrupts._last, press.fits = -math.inf, (6,)
    assert search.fit(X, y).best_estimator_.n_iter_ == 5
    assert press.n_fits == 3 + 7


class FitAnother(EpochCallback):
    def __init__(self, inner, data):
        self.inner, self.data = inner, data

    def after_epoch(self, estimator):
        self.inner.fit(*self.data)


def test_a_fit_within_a_fit():
    """The first ends the inner fit, the second, which comes in the next one, both."""
    cls, X, y = problem("multiclass")
    inner = cls(4, max_iter=4).set_callbacks(Press(1))
    outer = cls(4, max_iter=3).set_callbacks(FitAnother(inner, (X, y)))
    with pytest.warns(InterruptedWarning):
        outer.fit(X, y)
    assert (outer.n_iter_, inner.n_iter_) == (3, 4)
    Interrupts._last = -math.inf
    inner.set_callbacks(Press(1, 2))
    with pytest.warns(InterruptedWarning), pytest.raises(KeyboardInterrupt):
        clone(outer).fit(X, y)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_in_a_fit_within_a_fit_is_one():
    """Where it ends the inner call, which has not begun to train, it ends the outer fit as well."""

    class PressBefore(Press):
        def before_fit(self, estimator):
            signal.raise_signal(signal.SIGINT)

    cls, X, y = problem("multiclass")
    inner = cls(4, max_iter=4).set_callbacks(PressBefore())
    outer = cls(4, max_iter=3).set_callbacks(FitAnother(inner, (X, y)))
    with pytest.warns(InterruptedWarning):
        outer.fit(X, y)
    assert outer.n_iter_ == 1
    assert not hasattr(inner, "n_iter_")


def test_other_threads_have_no_signals():
    cls, X, y = problem("multiclass")
    with ThreadPoolExecutor(1) as pool, Interrupts() as interrupts:
        assert Interrupts.active() is interrupts
        assert pool.submit(Interrupts.active).result() is not interrupts
        pool.submit(cls(4, max_iter=2).fit, X, y).result()
        assert signal.getsignal(signal.SIGINT) == interrupts._receive


def in_a_worker(n_times):
    """Return what Ctrl-C makes of fits in a worker process."""
    cls, X, y = problem("multiclass")
    model, told = cls(4, max_iter=4).set_callbacks(Press(*range(1, n_times + 1))), []
    for _ in range(2):
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                model.fit(X, y)
            told.append([each.category.__name__ for each in caught])
        except KeyboardInterrupt:
            told.append("KeyboardInterrupt")
    return told


def test_worker_processes():
    get_reusable_executor().shutdown(wait=True)  # new processes, whose signals no test has changed
    once, twice = joblib.Parallel(2)(joblib.delayed(in_a_worker)(n) for n in (1, 2))
    assert once == [["InterruptedWarning"], ["NotConvergedWarning"]]
    assert twice == [["InterruptedWarning"], "KeyboardInterrupt"]
