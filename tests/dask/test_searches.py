"""Searches and ensembles on a Dask cluster give the results of one process, bit for bit."""

import os
import signal
import subprocess
import sys
import time

import joblib
import numpy as np
import pytest
from common import changes, problem, state
from numpy.testing import assert_array_equal
from sklearn.ensemble import BaggingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pytest.importorskip("distributed")
from conftest import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.NotConvergedWarning")

GRID = {"optimizer": ["adam", "momentum"], "dropout": [0.0, 0.2]}
AXES = {"alpha": np.logspace(-6, -2, 9), "learning_rate_init": np.logspace(-4, -1, 9)}
SEARCHES = {
    "grid": lambda model: GridSearchCV(model, GRID, cv=2),
    "randomized": lambda model: RandomizedSearchCV(model, AXES, n_iter=4, cv=2, random_state=0),
    "halving": lambda model: HalvingGridSearchCV(
        model, GRID, cv=2, resource="max_iter", min_resources=2, max_resources=4, factor=2
    ),
}


def small(kind="multiclass"):
    cls, X, y = problem(kind)
    return cls(8, max_iter=4, batch_size=32, random_state=0), X, y


def on_the_cluster(verbose=0):
    return joblib.parallel_config("dask", verbose=verbose)


def without_times(results):
    return {key: value for key, value in results.items() if "_time" not in key}


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_searches(kind, search, client):
    model, X, y = small(kind)
    alone = search(model).fit(X, y)
    with on_the_cluster():
        spread = search(model).fit(X, y)
    expected, results = without_times(alone.cv_results_), without_times(spread.cv_results_)
    assert list(expected) == list(results)
    for key in expected:
        assert_array_equal(expected[key], results[key], err_msg=key)
    assert alone.best_params_ == spread.best_params_
    assert changes(state(alone.best_estimator_), state(spread.best_estimator_)) == []


def test_fits_run_in_the_workers(client):
    model, X, y = small()

    def process(estimator, X, y):
        return os.getpid()

    with on_the_cluster():
        result = cross_validate(model, X, y, cv=8, scoring=process)
    worker_pids = set(client.run(os.getpid).values())
    assert len(worker_pids - {os.getpid()}) == 2
    assert set(result["test_score"]) <= worker_pids


def test_cross_validation_returns_the_same_networks(client):
    model, X, y = small()
    model = make_pipeline(StandardScaler(), model)
    alone = cross_validate(model, X, y, cv=4, return_estimator=True, return_train_score=True)
    with on_the_cluster():
        spread = cross_validate(model, X, y, cv=4, return_estimator=True, return_train_score=True)
    for one, other in zip(alone["estimator"], spread["estimator"], strict=True):
        assert changes(state(one[-1]), state(other[-1])) == []
    for key in ("test_score", "train_score"):
        assert_array_equal(alone[key], spread[key])


def test_bagging(client):
    model, X, y = small()
    alone = BaggingClassifier(model, 6, random_state=0).fit(X, y)
    with on_the_cluster():
        spread = BaggingClassifier(model, 6, random_state=0, n_jobs=-1).fit(X, y)
        probabilities = spread.predict_proba(X)
    for one, other in zip(alone.estimators_, spread.estimators_, strict=True):
        assert changes(state(one), state(other)) == []
    # The sum over members is in another order where workers predict with some of them.
    np.testing.assert_allclose(probabilities, alone.predict_proba(X), rtol=1e-13)


def test_an_error_in_a_worker_has_its_own_message(client):
    model, X, y = small()
    with on_the_cluster(), pytest.raises(ValueError, match="alpha must be"):
        cross_validate(model.set_params(alpha=-1), X, y, cv=4, error_score="raise")


def test_progress_is_printed(client, capfd):
    model, X, y = small()
    with on_the_cluster(verbose=10):
        GridSearchCV(model, GRID, cv=3).fit(X, y)
    printed = "".join(capfd.readouterr())
    assert "Done  12 out of  12" in printed


# ---------------------------------------------------------------- Ctrl-C

# A search of many fits: its arguments are a folder, in which each fit makes a file, and the address
# of a cluster; without an address it starts its own.
N_FITS = 1000
SEARCH = """
import sys, uuid
from pathlib import Path
import joblib
from distributed import Client, LocalCluster
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV
from sknn import MLPClassifier
from sknn.callbacks import EpochCallback

folder, *address = sys.argv[1:]

class Started(EpochCallback):
    def __init__(self, folder):
        self.folder = folder

    def before_fit(self, estimator):
        Path(self.folder, uuid.uuid4().hex).touch()

    def after_epoch(self, estimator):
        pass

def search(cluster):
    X, y = load_wine(return_X_y=True)
    model = MLPClassifier(8, max_iter=50, tol=0, n_iter_no_change=float("inf"))
    model.set_callbacks(Started(folder))
    with Client(cluster, timeout=60), joblib.parallel_config("dask"):
        GridSearchCV(model, {"random_state": list(range(500))}, cv=2, refit=False).fit(X, y)

if __name__ == "__main__":
    if address:
        search(*address)
    else:
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            search(cluster)
"""


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def interrupted(tmp_path):
    """Return a function that starts the search, presses Ctrl-C during it, and waits for its end.

    As in a terminal, all processes of the group get the signal. The function returns the number of
    the process group, and all that the search printed.
    """
    (tmp_path / "search.py").write_text(SEARCH)
    (tmp_path / "fits").mkdir()
    groups = []

    def press(*address):
        command = [sys.executable, str(tmp_path / "search.py"), str(tmp_path / "fits"), *address]
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        groups.append(process.pid)
        wait_until(lambda: any((tmp_path / "fits").iterdir()) or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        os.killpg(process.pid, signal.SIGINT)
        printed = process.communicate(timeout=PATIENCE)[0].decode()
        return process.pid, printed

    yield press
    for group in groups:
        if is_alive(group):
            os.killpg(group, signal.SIGKILL)


def n_tasks(client):
    return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_ctrl_c_ends_a_search_and_leaves_no_tasks_on_the_cluster(client, interrupted, tmp_path):
    _, printed = interrupted(client.scheduler.address)
    assert printed.rstrip().endswith("KeyboardInterrupt")
    wait_until(lambda: n_tasks(client) == 0)
    n_started = len(list((tmp_path / "fits").iterdir()))
    assert 1 <= n_started < N_FITS
    model, X, y = small()
    with on_the_cluster():
        cross_validate(model, X, y, cv=4)
    assert len(list((tmp_path / "fits").iterdir())) == n_started


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_ctrl_c_ends_a_search_with_its_own_cluster(interrupted, tmp_path):
    group, printed = interrupted()
    assert "KeyboardInterrupt" in printed
    wait_until(lambda: not is_alive(group))
    assert 1 <= len(list((tmp_path / "fits").iterdir())) < N_FITS
