"""Time of one training step: ours, the bare matrix products, scikit-learn's MLP, and a torch loop.

Run it as ``python tests/benchmarks/steps.py [--threads 1] [--rounds 9]``. Each round measures all
of them in turns, in one process; the table shows the median time of a step of ours and the
medians over the rounds of the others' times over it. torch is left out where it is not installed.
"""

import argparse
import statistics
import time
import warnings
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
    start = time.perf_counter()
    run(n_steps)
    return time.perf_counter() - start


def measure(run, n_steps):
    """Return the time of a step: of `n_steps` after the first 20, without what begins a fit."""
    return (seconds(run, 20 + n_steps) - seconds(run, 20)) / n_steps


def compare(sizes, batch, dtype, rounds):
    """Return the median time of our step, and the median ratios of the others' to it."""
    rng = np.random.RandomState(0)
    X = rng.randn(20 * batch, sizes[0]).astype(dtype)
    y = rng.randint(0, sizes[-1], len(X))
    runs = {
        "sknn": estimator(MLPClassifier, sizes, batch, X, y),
        "floor": products(sizes, batch, dtype),
        "scikit-learn": estimator(ScikitLearnMLPClassifier, sizes, batch, X, y),
    }
    if torch:
        runs["torch"] = torch_loop(sizes, batch, X, y)
    n_steps = {name: 20 * max(1, round(SECONDS / seconds(run, 20))) for name, run in runs.items()}
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(measure(run, n_steps[name]))
    ratios = {
        name: statistics.median(
            t / ours for t, ours in zip(times[name], times["sknn"], strict=True)
        )
        for name in runs
    }
    return statistics.median(times["sknn"]), ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if torch:
        torch.set_num_threads(arguments.threads)
    columns = ["dtype", "layers, batch", "sknn", "sknn / products", "scikit-learn / sknn"]
    print("|", " | ".join([*columns, "torch / sknn"]), "|")
    print("|---" * 6, "|", sep="")
    with threadpool_limits(arguments.threads):
        for dtype in (np.float32, np.float64):
            for sizes, batch in SHAPES:
                step, ratios = compare(sizes, batch, dtype, arguments.rounds)
                cells = [
                    dtype.__name__,
                    f"{'-'.join(map(str, sizes))}, {batch}",
                    f"{step * 1e6:.0f} us",
                    f"{1 / ratios['floor']:.2f}",
                    f"{ratios['scikit-learn']:.2f}",
                    f"{ratios.get('torch', float('nan')):.2f}",
                ]
                print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
