"""Time of one training step: ours, the bare matrix products, scikit-learn's MLP, and a torch loop.

Run it as ``python tests/benchmarks/steps.py [--threads 1] [--rounds 9] [--cpu]``. Each round
measures all of them in turns, in one process; the table shows the median time of a step of ours
without numba and with it, and the medians over the rounds of quotients of times, without and with
numba. numba and torch are left out where they are not installed. ``--cpu`` measures the processor
time of all threads in place of the time that passes: with one thread, other processes then
disturb less.
"""

import argparse
import os
import statistics
import time
import warnings
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as ScikitLearnMLPClassifier
from threadpoolctl import threadpool_limits

from sknn import MLPClassifier

try:
    import torch
except ImportError:
    torch = None

# Layer sizes from inputs to classes, and rows in a batch.
SHAPES = [
    ((20, 100, 3), 200),
    ((64, 100, 10), 200),
    ((14, 256, 256, 256, 2), 256),
    ((784, 256, 256, 10), 200),
    ((784, 800, 800, 10), 128),
]
SECONDS = 0.15  # about how long one measurement takes
CLOCK = [time.perf_counter]


def products(sizes, batch, dtype):
    """Return a function that does the matrix products of a step, and nothing else."""
    rng = np.random.RandomState(0)
    outputs = [*sizes[1:-1], 1 if sizes[-1] == 2 else sizes[-1]]
    layers = []
    for i, (n, m) in enumerate(zip(sizes, outputs, strict=False)):
        weights = rng.randn(n + 1, m).astype(dtype)
        source = rng.randn(n + 1, batch).astype(dtype)
        delta = rng.randn(m, batch).astype(dtype)
        below = np.empty((n, batch), dtype) if i else None
        out, gradient = np.empty((m, batch), dtype), np.empty_like(weights)
        layers.append((weights, source, delta, out, gradient, below))

    def run(n_steps):
        for _ in range(n_steps):
            for weights, source, _, out, _, _ in layers:
                np.dot(weights.T, source, out=out)
            for weights, source, delta, _, gradient, below in reversed(layers):
                np.dot(source, delta.T, out=gradient)
                if below is not None:
                    np.dot(weights[:-1], delta, out=below)

    return run


def estimator(cls, sizes, batch, X, y):
    """Return a function that fits an estimator for some steps."""
    n_batches = len(X) // batch

    def run(n_steps):
        model = cls(
            sizes[1:-1],
            batch_size=batch,
            max_iter=max(1, n_steps // n_batches),
            tol=0.0,
            n_iter_no_change=10**6,
            random_state=0,
        )
        model.fit(X, y)

    return run


def torch_loop(sizes, batch, X, y):
    """Return a function that trains the same network with torch, eager, with its fused Adam."""
    layers = []
    for n, m in pairwise(sizes):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    dtype = torch.float32 if X.dtype == np.float32 else torch.float64
    network = torch.nn.Sequential(*layers[:-1]).to(dtype)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)

    def run(n_steps):
        for start in range(0, n_steps * batch, len(X)):
            order = torch.randperm(len(X))
            for rows in order.split(batch)[: (n_steps * batch - start) // batch]:
                optimizer.zero_grad(set_to_none=True)
                raw_prediction = network(inputs[rows])
                torch.nn.functional.cross_entropy(raw_prediction, targets[rows]).backward()
                optimizer.step()

    return run


def seconds(run, n_steps):
    start = CLOCK[0]()
    run(n_steps)
    return CLOCK[0]() - start


def measure(run, n_steps):
    """Return the time of a step: of `n_steps` after the first 20, without what begins a fit."""
    return (seconds(run, 20 + n_steps) - seconds(run, 20)) / n_steps


def with_policy(policy, run):
    """Return a function that runs another one and compiles always or never."""

    def run_with_policy(n_steps):
        os.environ["SKNN_COMPILE"] = policy
        run(n_steps)

    return run_with_policy


def compare(sizes, batch, dtype, rounds):
    """Return the times of all, by name, a list with an entry for each round."""
    rng = np.random.RandomState(0)
    X = rng.randn(20 * batch, sizes[0]).astype(dtype)
    y = rng.randint(0, sizes[-1], len(X))
    ours = estimator(MLPClassifier, sizes, batch, X, y)
    runs = {
        "sknn": with_policy("never", ours),
        "floor": products(sizes, batch, dtype),
        "scikit-learn": estimator(ScikitLearnMLPClassifier, sizes, batch, X, y),
    }
    if find_spec("numba"):
        runs["numba"] = with_policy("always", ours)
    if torch:
        runs["torch"] = torch_loop(sizes, batch, X, y)
    for run in runs.values():  # compiles, and touches all memory
        run(20)
    n_steps = {name: 20 * max(1, round(SECONDS / seconds(run, 20))) for name, run in runs.items()}
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(measure(run, n_steps[name]))
    return times


def quotient(times, one, other):
    """Return the median over the rounds of the quotient of two times; NaN if one is missing."""
    if one not in times or other not in times:
        return float("nan")
    return statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))


def row(times):
    """Return the cells of a row of the table, after dtype and layers."""
    ours = [name for name in ("sknn", "numba") if name in times]
    return [
        " / ".join(f"{statistics.median(times[name]) * 1e6:.0f}" for name in ours) + " us",
        " / ".join(f"{quotient(times, name, 'floor'):.2f}" for name in ours),
        " / ".join(f"{quotient(times, 'scikit-learn', name):.2f}" for name in ours),
        " / ".join(f"{quotient(times, 'torch', name):.2f}" for name in ours),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    if arguments.cpu:
        CLOCK[0] = time.process_time
    warnings.simplefilter("ignore", ConvergenceWarning)
    if torch:
        torch.set_num_threads(arguments.threads)
    columns = ["dtype", "layers, batch", "sknn", "sknn / products", "scikit-learn / sknn"]
    print("|", " | ".join([*columns, "torch / sknn"]), "|")
    print("|---" * 6, "|", sep="")
    with threadpool_limits(arguments.threads):
        for dtype in (np.float32, np.float64):
            for sizes, batch in SHAPES:
                times = compare(sizes, batch, dtype, arguments.rounds)
                label = f"{'-'.join(map(str, sizes))}, {batch}"
                cells = [dtype.__name__, label, *row(times)]
                print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
