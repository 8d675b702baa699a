"""Time and traffic of training steps on a Dask cluster, on one machine.

Run it as ``python -m tests.benchmarks.dask_steps steps [small | large]``, ``... kill`` or
``... learning FOLDER``.

``steps`` prints, for two networks and three batch sizes, milliseconds per step of the core with
one BLAS thread and of one and of two workers, with the bytes of a step, and projects from these
figures to larger clusters. ``kill`` prints the seconds that the loss of a worker costs.
``learning`` prints the test scores of the core, of the core on rows sorted by target, and of eight
chunks of these rows on two workers, as means and standard errors over five seeds, for letter, adult
and California housing; a folder has them as ``.npz`` files with ``X``, ``y`` and ``test_idx``.
Nothing is tuned.
"""

import os
import signal
import statistics
import sys
import time
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
from dask import array
from distributed import Client, LocalCluster
from distributed.protocol import serialize
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from sknn import MLPClassifier, MLPRegressor
from sknn.callbacks import EpochCallback, training_of
from sknn.dask import DaskMLPClassifier, DaskMLPRegressor
from sknn.dask._session import Session

NETWORKS = [(64, 100, 10), (784, 256, 256, 10)]
BATCHES = [200, 2000, 8000]
N_CHUNKS, N_EPOCHS = 4, 6
GIGABIT = 10e9 / 8  # bytes per second


def make_data(sizes, n_rows):
    generator = np.random.default_rng(0)
    X = generator.standard_normal((n_rows, sizes[0]), dtype=np.float32)
    return X, generator.integers(sizes[-1], size=n_rows)


def on_workers(client, values, n_workers):
    """Return a collection of `N_CHUNKS` chunks in the memory of some workers."""
    workers = sorted(client.scheduler_info()["workers"])[:n_workers]
    size = len(values) // N_CHUNKS
    parts = []
    for i in range(N_CHUNKS):
        chunk, worker = values[i * size : (i + 1) * size], workers[i * n_workers // N_CHUNKS]
        parts.append(client.submit(np.copy, chunk, workers=[worker], pure=False))
    shape = (size, *values.shape[1:])
    return array.concatenate(
        [array.from_delayed(part, shape=shape, dtype=values.dtype) for part in parts]
    )


def step_time(model, X, y, batch, client=None):
    """Return milliseconds per step: of the fastest epoch, and of the processors of all epochs.

    The time of the processors, of this process and of all workers, hardly depends on what else the
    machine does.
    """
    n_steps = -(-y.shape[0] // batch)
    watch = Watch(client)
    model.set_params(batch_size=batch, max_iter=N_EPOCHS, n_iter_no_change=99, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_callbacks(watch).fit(X, y)
    client_time, workers = np.diff(watch.times, axis=0)[0] / (N_EPOCHS - 1)
    seconds = min(model.history_["seconds"][1:]), client_time, workers
    return [1e3 * value / n_steps for value in seconds]


class Watch(EpochCallback):
    """Records the time of the processors after the first epoch and the last one."""

    def __init__(self, client):
        self.client, self.times = client, []

    def after_epoch(self, estimator):
        if training_of(estimator).progress.epoch in (1, N_EPOCHS):
            workers = self.client.run(time.process_time).values() if self.client else [0.0]
            self.times.append((time.process_time(), sum(workers)))
        return False


def n_bytes(value):
    """Return the bytes of a value in the form in which it crosses the network."""
    return sum(memoryview(frame).nbytes for frame in serialize(value)[1])


def traffic(model, X, y, batch):
    """Return the bytes of a step: arguments of the workers and their results."""
    counts, call = [], Session._call_once

    def counted(session, method, plan):
        if method != "gradients":
            return call(session, method, plan)
        sent = sum(n_bytes(args) for args in plan(session._placement).values())
        results = call(session, method, plan)
        counts.append(sent + sum(n_bytes(result) for result in results.values()))
        return results

    Session._call_once = counted
    try:
        step_time(model, X, y, batch)
    finally:
        Session._call_once = call
    return statistics.median(counts)


def project(sizes, core, client_times, n_workers):
    """Return the milliseconds per step of many workers.

    Each worker costs the client as much time as the second worker costs here, and its connection
    of 10 Gbit/s carries the parameters to each worker and a gradient from each. The workers share
    the computation of the core.
    """
    n_params = sum((n + 1) * m for n, m in pairwise(sizes))
    alone, with_two = client_times
    per_worker = max(with_two - alone, 0) + 1e3 * 2 * 4 * n_params / GIGABIT
    return alone + (n_workers - 1) * per_worker + core / n_workers


def steps(networks="both"):
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        for sizes in {"small": NETWORKS[:1], "large": NETWORKS[1:]}.get(networks, NETWORKS):
            n_params = sum((n + 1) * m for n, m in pairwise(sizes))
            for batch in BATCHES:
                X, y = make_data(sizes, max(4000, 2 * batch))  # short epochs
                with threadpool_limits(1):
                    core = step_time(MLPClassifier(sizes[1:-1]), X, y, batch)[:2]
                print(f"{sizes} {batch:5}  core {core[0]:.2f} ms, processor {core[1]:.2f}")
                client_times = []
                for n in (1, 2):
                    data = [on_workers(client, values, n) for values in (X, y)]
                    model = DaskMLPClassifier(sizes[1:-1])
                    wall, client_time, workers = step_time(model, *data, batch, client)
                    client_times.append(client_time)
                    print(
                        f"    {n} workers {wall:.2f} ms, processor of the client "
                        f"{client_time:.2f}, of the workers {workers:.2f}",
                        flush=True,
                    )
                crossed, bound = traffic(model, *data, batch), 4 * n_params * (2 + N_CHUNKS)
                print(f"    {crossed:,.0f} bytes, {crossed / bound:.2f} of the bound")
                for n in (16, 100):
                    projected = project(sizes, core[1], client_times, n)
                    print(f"    projection to {n} workers: {projected:.1f} ms", flush=True)


class Kill(EpochCallback):
    """Kills a worker after the fifth epoch."""

    def __init__(self, client):
        self.client = client

    def after_epoch(self, estimator):
        if training_of(estimator).progress.epoch == 5:
            os.kill(next(iter(self.client.run(os.getpid).values())), signal.SIGKILL)
        return False


def kill():
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    X, y = make_data(NETWORKS[0], 16_000)
    X, y = (array.from_array(values, chunks=(4000, *values.shape[1:])) for values in (X, y))
    warnings.simplefilter("ignore")
    with LocalCluster(**settings, silence_logs=50) as cluster, Client(cluster) as client:
        for _ in range(3):
            client.wait_for_workers(2)
            model = DaskMLPClassifier(100, max_iter=10, batch_size=2000, random_state=0)
            seconds = model.set_callbacks(Kill(client)).fit(X, y).history_["seconds"]
            print(f"seconds lost: {seconds[5] - np.median(seconds[1:5]):.2f}", flush=True)


def read(path):
    """Return scaled training and test rows of a file with ``X``, ``y`` and ``test_idx``."""
    with np.load(path) as file:
        X, y, test = file["X"], file["y"], file["test_idx"][0]
        categorical = file["is_categorical"] if "is_categorical" in file else np.zeros(0, bool)
    columns = np.flatnonzero(categorical)
    encoder = OneHotEncoder(sparse_output=False) if columns.size else "drop"
    steps = [("codes", encoder, columns)]
    scaler = ColumnTransformer(steps, remainder=StandardScaler())
    is_training = ~np.isin(np.arange(len(y)), test)
    X_train, X_test = scaler.fit_transform(X[is_training]), scaler.transform(X[test])
    return X_train.astype("f4"), y[is_training], X_test.astype("f4"), y[test]


def learning(folder):
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    warnings.simplefilter("ignore")
    with LocalCluster(**settings) as cluster, Client(cluster):
        for name in ("letter", "adult", "california_housing"):
            X, y, X_test, y_test = read(Path(folder) / f"{name}.npz")
            is_regression = y.dtype.kind == "f"
            core = MLPRegressor if is_regression else MLPClassifier
            spread = DaskMLPRegressor if is_regression else DaskMLPClassifier
            order, size = np.argsort(y, kind="stable"), -(-len(X) // 8)
            lazy = [array.from_array(v[order], chunks=(size, *v.shape[1:])) for v in (X, y)]
            scores = []
            for seed in range(5):
                params = {"hidden_layer_sizes": 100, "max_iter": 30, "random_state": seed}
                models = [core(**params).fit(X, y), core(**params).fit(X[order], y[order])]
                models.append(spread(**params).fit(*lazy).to_local())
                scores.append([model.score(X_test, y_test) for model in models])
            errors = np.std(scores, axis=0, ddof=1) / np.sqrt(len(scores))
            cells = zip(np.mean(scores, axis=0), errors, strict=True)
            print(f"{name:20}", *(f"{m:.4f} ± {e:.4f}" for m, e in cells), flush=True)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:] or ["steps"]
    {"steps": steps, "kill": kill, "learning": learning}[name](*arguments)
