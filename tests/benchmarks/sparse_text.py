"""The time of an epoch on sparse text: 20,000 rows and 100,000 columns, scikit-learn's and ours.

Run it as ``python tests/benchmarks/sparse_text.py [NAME ...]``, with OMP_NUM_THREADS=1. A row has 100
words, drawn by Zipf's law. Networks have 100 hidden units and train on batches of 200 rows in
float32. Each time is the median of the epochs after the first, in seconds of the processor, which
other programs disturb less than seconds of the clock.
"""

import argparse
import time
import warnings
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.neural_network import MLPClassifier as ScikitLearn

from sknn import MLPClassifier
from sknn.callbacks import EpochCallback
from sknn.exceptions import NotConvergedWarning

N_ROWS, N_COLUMNS, N_WORDS = 20_000, 100_000, 100
COMMON = {"hidden_layer_sizes": (100,), "batch_size": 200, "random_state": 0}
PLAIN = {"solver": "sgd", "momentum": 0, "nesterovs_momentum": False}
OURS = {
    "sgd": {"optimizer": "sgd", "alpha": 0},
    "adagrad": {"optimizer": "adagrad", "alpha": 0},
    "sgd, alpha=1e-4": {"optimizer": "sgd", "alpha": 1e-4},
    "adam": {"optimizer": "adam"},
}


def texts():
    """Return a CSR matrix of TF-IDF-like rows of unit length, and two classes."""
    generator = np.random.default_rng(0)
    probabilities = 1 / np.arange(1, N_COLUMNS + 1)
    edges = np.cumsum(probabilities / probabilities.sum())
    words = np.searchsorted(edges, generator.random((N_ROWS, N_WORDS))).clip(0, N_COLUMNS - 1)
    values = np.log(1 / probabilities[words.ravel()] + 1).astype(np.float32)
    indptr = np.arange(0, words.size + 1, N_WORDS)
    X = sparse.csr_array((values, words.ravel(), indptr), shape=(N_ROWS, N_COLUMNS))
    X.sum_duplicates()
    norms = np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())
    X = (sparse.diags_array((1 / norms).astype(np.float32)) @ X).tocsr()
    y = (X @ generator.standard_normal(N_COLUMNS).astype(np.float32) > 0).astype(int)
    return X, y


class Clock(EpochCallback):
    def __init__(self):
        self.times = []

    def after_epoch(self, estimator):
        self.times.append(time.process_time())


def scikit_learn(X, y, n_epochs):
    model, seconds = ScikitLearn(alpha=0, **PLAIN, **COMMON), []
    for _ in range(n_epochs):
        start = time.process_time()
        model.partial_fit(X, y, classes=[0, 1])
        seconds.append(time.process_time() - start)
    return seconds[1:]


def ours(name, X, y, n_epochs):
    clock = Clock()
    MLPClassifier(max_iter=n_epochs, **OURS[name], **COMMON).set_callbacks(clock).fit(X, y)
    return np.diff(clock.times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["scikit-learn", *OURS])
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", NotConvergedWarning)
    X, y = texts()
    used = np.mean([np.unique(X[i : i + 200].indices).size for i in range(0, 2000, 200)])
    print(f"{X.nnz / N_ROWS:.0f} elements in a row; a batch touches {used:.0f} columns")
    print("| optimizer | s an epoch | from | to |\n|---|---|---|---|")
    for name in arguments.names:
        n_epochs = arguments.epochs
        measured = scikit_learn if name == "scikit-learn" else partial(ours, name)
        times = measured(X, y, n_epochs)
        print(
            f"| {name} | {np.median(times):.2f} | {min(times):.2f} | {max(times):.2f} |", flush=True
        )


if __name__ == "__main__":
    main()
