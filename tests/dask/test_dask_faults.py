"""Workers that are killed, frozen or join, data that is lost, and fits that are interrupted."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from common import changes, problem, state
from sklearn.base import clone

pytest.importorskip("distributed")
import dask
from dask import array
from distributed import Client, LocalCluster

from conftest import PATIENCE
from sknn.callbacks import EpochCallback, training_of
from sknn.dask import DaskMLPClassifier
from sknn.exceptions import InterruptedWarning

pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.NotConvergedWarning")


@pytest.fixture
def harmed(cluster, client):
    """Yield cluster and client for a test that does harm, and wait until two workers are back."""
    yield cluster, client
    client.wait_for_workers(2, timeout=PATIENCE)


class At(EpochCallback):
    """Does something after an epoch."""

    def __init__(self, epoch, action):
        self.epoch, self.action = epoch, action

    def after_epoch(self, estimator):
        if training_of(estimator).progress.epoch == self.epoch:
            self.action()
        return False


def model_and_data(size=16, **params):
    _, X, y = problem("multiclass")
    params = {"max_iter": 6, "batch_size": 32, "random_state": 0, "dropout": 0.2} | params
    model = DaskMLPClassifier(8, **params)
    return model, array.from_array(X, chunks=(size, X.shape[1])), array.from_array(y, chunks=size)


def pids(client):
    return client.run(os.getpid)


def kill_one(client):
    def action():
        os.kill(next(iter(pids(client).values())), signal.SIGKILL)

    return action


def leftovers(client):
    """Return what is left on the cluster, after a moment for what is on its way."""
    end = time.monotonic() + PATIENCE
    while True:
        tasks = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks))
        held = client.run(
            lambda dask_worker: [*dask_worker.state.actors, *dask_worker.data]  # of each worker
        )
        found = [*tasks, *(key for keys in held.values() for key in keys)]
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "scoring": None}])
def test_a_killed_worker_changes_no_bit(params, harmed):
    _, client = harmed
    model, X, y = model_and_data(**params)
    expected = state(model.fit(X, y).to_local())
    for epoch in (2, 4):
        model.set_callbacks(At(epoch, kill_one(client))).fit(X, y)
        assert changes(expected, state(model.to_local())) == []
        client.wait_for_workers(2, timeout=PATIENCE)
    assert leftovers(client) == []


def test_a_frozen_worker_is_named(harmed):
    _, client = harmed
    workers = pids(client)
    frozen, pid = next(iter(workers.items()))
    model, X, y = model_and_data()
    try:
        with (
            dask.config.set({"sknn.patience": "3s"}),
            pytest.raises(TimeoutError, match=frozen),
        ):
            model.set_callbacks(At(2, lambda: os.kill(pid, signal.SIGSTOP))).fit(X, y)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert not hasattr(model, "classes_")


def scattered(client, values, size):
    parts = client.scatter([values[i : i + size] for i in range(0, len(values), size)])
    shapes = [(len(values[i : i + size]), *values.shape[1:]) for i in range(0, len(values), size)]
    return array.concatenate(
        [
            array.from_delayed(dask.delayed(np.copy)(part), shape=shape, dtype=values.dtype)
            for part, shape in zip(parts, shapes, strict=True)
        ]
    ), parts


def test_lost_data_are_named(harmed):
    _, client = harmed
    _, X, y = problem("multiclass")
    (X, X_parts), (y, y_parts) = scattered(client, X, 30), scattered(client, y, 30)
    assert len(X_parts) == len(y_parts)  # which keep the data on the cluster
    model, _, _ = model_and_data()
    model.set_callbacks(At(2, kill_one(client)))
    with (
        dask.config.set({"sknn.patience": "10s"}),
        pytest.raises((RuntimeError, TimeoutError), match=r"partition \d of X and y"),
    ):
        model.fit(X, y)
    assert not hasattr(model, "classes_")


def test_data_that_change_are_named(harmed):
    _, client = harmed
    model, X, y = model_and_data()
    X = X.map_blocks(lambda block: block + np.random.default_rng().normal(size=block.shape))
    model.set_callbacks(At(2, kill_one(client)))
    with pytest.raises(RuntimeError, match=r"partition \d of X and y has changed"):
        model.fit(X, y)


def test_a_worker_that_joins_changes_no_bit(harmed):
    cluster, client = harmed
    model, X, y = model_and_data()
    expected = state(model.fit(X, y).to_local())

    def join():
        cluster.scale(3)
        client.wait_for_workers(3, timeout=PATIENCE)

    model.set_callbacks(At(2, join)).fit(X, y)
    assert changes(expected, state(model.to_local())) == []
    model.set_callbacks().fit(X, y)  # with three workers from the start
    assert changes(expected, state(model.to_local())) == []
    cluster.scale(2)


def test_two_fits_at_once(client):
    model, X, y = model_and_data()
    models = [clone(model).set_params(random_state=seed) for seed in (0, 1)]
    expected = [state(clone(model).fit(X, y).to_local()) for model in models]
    threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [changes(e, state(m.to_local())) for e, m in zip(expected, models, strict=True)] == [
        [],
        [],
    ]
    assert leftovers(client) == []


def test_two_clients_in_one_process(client, cluster):
    model, X, y = model_and_data()
    expected = state(model.fit(X, y).to_local())
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as other_cluster,
        Client(other_cluster, set_as_default=True) as other,
    ):
        model.set_params(client=client).fit(X, y)
        assert changes(expected, state(model.to_local())) == []
        assert model.client_ is client
        alone = model.set_params(client=other).fit(X, y)
        assert alone.client_ is other
        assert changes(expected, state(alone.to_local())) == []
        assert leftovers(other) == []
    assert leftovers(client) == []


def test_an_interrupted_fit_keeps_what_it_has_and_leaves_nothing(client):
    model, X, y = model_and_data(max_iter=1000, n_iter_no_change=1000)
    model.set_callbacks(At(3, lambda: signal.raise_signal(signal.SIGINT)))
    with pytest.warns(InterruptedWarning):
        model.fit(X, y)
    assert model.n_iter_ >= 3
    assert leftovers(client) == []


def test_a_failed_fit_leaves_nothing(client):
    model, X, y = model_and_data()

    def fail():
        raise OSError("of the test")

    with pytest.raises(OSError, match="of the test"):
        model.set_callbacks(At(2, fail)).fit(X, y)
    assert not hasattr(model, "classes_")
    assert leftovers(client) == []
