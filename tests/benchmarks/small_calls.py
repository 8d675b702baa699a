"""Time of predictions for one row and of partial_fit of 32 rows, ours and scikit-learn's.

Run it as ``python tests/benchmarks/small_calls.py [--rounds 15] [--calls 200] [--cpu]``. Both
libraries have the same layers and their default parameters otherwise. Each round measures both in
turns, in one process and with one BLAS thread: so many predictions, and a fourth as many calls to
``partial_fit``. The table shows the median time of a call, and the median over the rounds of the
quotient of both times, with its quartiles; below 1, ours is faster. ``--cpu`` measures the
processor time in place of the time that passes, so that other processes disturb less.
"""

import argparse
import statistics
import time
from functools import partial

import numpy as np
from sklearn.neural_network import MLPClassifier as ScikitLearnMLPClassifier
from sklearn.neural_network import MLPRegressor as ScikitLearnMLPRegressor
from threadpoolctl import threadpool_limits

from sknn import MLPClassifier, MLPRegressor

# Layer sizes from the inputs to the classes; one class stands for regression.
SHAPES = [(4, 100, 3), (64, 100, 10), (20, 100, 2), (8, 100, 1), (784, 256, 256, 10)]
N_ROWS = 32  # rows of a call to partial_fit
METHODS = ("predict", "predict_proba", "partial_fit")


def fitted_pair(sizes, X, y):
    """Return an estimator of ours and one of scikit-learn's, after a call to partial_fit."""
    pairs = {
        True: (MLPRegressor, ScikitLearnMLPRegressor),
        False: (MLPClassifier, ScikitLearnMLPClassifier),
    }
    is_regression = sizes[-1] == 1
    classes = {} if is_regression else {"classes": np.arange(sizes[-1])}
    models = [cls(hidden_layer_sizes=sizes[1:-1], random_state=0) for cls in pairs[is_regression]]
    return [model.partial_fit(X, y, **classes) for model in models]


def measure(call, n_calls, clock):
    """Return the mean time of a call."""
    start = clock()
    for _ in range(n_calls):
        call()
    return (clock() - start) / n_calls


def compare(sizes, method, dtype, arguments):
    """Return the times of a call: ours and scikit-learn's, for each round."""
    clock = time.process_time if arguments.cpu else time.perf_counter
    rng = np.random.RandomState(0)
    X = rng.standard_normal((N_ROWS, sizes[0])).astype(dtype)
    y = X.sum(axis=1) if sizes[-1] == 1 else np.arange(N_ROWS) % sizes[-1]
    rows = (X, y) if method == "partial_fit" else (X[:1],)
    n_calls = -(-arguments.calls // 4) if method == "partial_fit" else arguments.calls
    calls = [partial(getattr(model, method), *rows) for model in fitted_pair(sizes, X, y)]
    for call in calls:
        measure(call, n_calls // 4, clock)
    return [tuple(measure(call, n_calls, clock) for call in calls) for _ in range(arguments.rounds)]


def cells(times):
    """Return the cells of a row of the table, after those that say what was measured."""
    microseconds = [statistics.median(column) * 1e6 for column in zip(*times, strict=True)]
    quotients = [ours / theirs for ours, theirs in times]
    low, middle, high = np.quantile(quotients, [0.25, 0.5, 0.75])
    return [
        *(f"{value:.0f} us" for value in microseconds),
        f"{middle:.2f} ({low:.2f} to {high:.2f})",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    columns = ["call", "layers", "dtype", "sknn", "scikit-learn", "sknn / scikit-learn"]
    print("|", " | ".join(columns), "|")
    print("|---" * len(columns), "|", sep="")
    with threadpool_limits(1):
        for method in METHODS:
            for sizes in SHAPES:
                if method == "predict_proba" and sizes[-1] == 1:
                    continue
                for dtype in (np.float64, np.float32):
                    times = compare(sizes, method, dtype, arguments)
                    label = [method, "-".join(map(str, sizes)), dtype.__name__]
                    print("|", " | ".join([*label, *cells(times)]), "|", flush=True)


if __name__ == "__main__":
    main()
