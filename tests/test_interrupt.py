"""A real Ctrl-C at any moment of a fit leaves the best model, and counts of whole epochs."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from common import changes, problem, state
from numpy.testing import assert_array_equal

import sknn
from sknn._training.interrupts import Interrupts
from sknn.callbacks import EpochCallback
from sknn.exceptions import InterruptedWarning
from sknn.schedules import Schedule

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(os.name != "posix", reason="needs signals"),
]

# Without an end: only a signal ends it.
ENDLESS = {"hidden_layer_sizes": (20, 10), "batch_size": 32, "random_state": 0, "tol": 0.0}
ENDLESS |= {"max_iter": 10**9, "n_iter_no_change": float("inf")}
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
    while not (folder / "started").exists():
        assert process.is_alive()
        time.sleep(0.0005)
    time.sleep(delay)
    os.kill(process.pid, signal.SIGINT)
    process.join()
    assert process.exitcode == 0
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
    original, calls = sknn._training.loop.Trainer._record, []

    def record(self, *args):
        calls.append(args)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        original(self, *args)

    monkeypatch.setattr(sknn._training.loop.Trainer, "_record", record)
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
