"""Time of whole fits: scikit-learn's estimators and sknn.compat's, the same numbers.

Run it as ``python tests/benchmarks/fits.py FOLDER [--threads 1] [--rounds 5] [--only NAME ...]``.
FOLDER holds the sets that are not scikit-learn's, one ``NAME.npz`` each with ``X`` and ``y`` (and
for adult ``is_categorical``); those that are not there are left out. Both take the same number of
epochs from the same weights, in turns, in one process. The table shows the median seconds of both
and the median over the rounds of their ratio.
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
from accuracy import make_scaler
from sklearn import neural_network
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknn import compat

# Epochs of a fit.
SMALL = {"digits": 50, "breast_cancer": 100, "diabetes": 100}
LARGE = {"mnist": 3, "letter": 5, "adult": 3, "california_housing": 5}
N_MNIST = 10_000


def load(name, folder):
    """Return scaled inputs and targets, or None."""
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return X / 16, y
    if name in SMALL:
        X, y = (load_breast_cancer if name == "breast_cancer" else load_diabetes)(return_X_y=True)
        return StandardScaler().fit_transform(X), y if name == "breast_cancer" else y / y.std()
    path = folder / f"{name}.npz" if folder else None
    if path is None or not path.exists():
        return None
    file = np.load(path)
    X, y = file["X"].astype(np.float64), file["y"]
    if name == "mnist":
        X, y = X[:N_MNIST], y[:N_MNIST]
    return make_scaler(file, name).fit_transform(X), y


def compare(X, y, n_epochs, n_rounds):
    """Return the seconds of scikit-learn's fits and ours, of shape (n_rounds, 2)."""
    kind = "MLPRegressor" if y.dtype.kind == "f" else "MLPClassifier"
    seconds = []
    for seed in range(n_rounds + 1):
        pair = []
        for module in (neural_network, compat):
            model = getattr(module, kind)(
                max_iter=n_epochs, n_iter_no_change=n_epochs, random_state=seed
            )
            started = time.perf_counter()
            model.fit(X, y)
            pair.append(time.perf_counter() - started)
            assert model.n_iter_ == n_epochs
        seconds.append(pair)
    return np.array(seconds[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[*SMALL, *LARGE])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| dtype | data | rows, features | epochs | scikit-learn | sknn.compat | ratio |")
    print("|---|---|---|---|---|---|---|")
    with threadpool_limits(arguments.threads):
        for dtype in ("float32", "float64"):
            for name, n_epochs in (SMALL | LARGE).items():
                data = load(name, arguments.folder) if name in arguments.only else None
                if data is None:
                    continue
                X, y = data[0].astype(dtype), data[1]
                seconds = compare(X, y, n_epochs, arguments.rounds)
                theirs, ours = np.median(seconds, axis=0)
                ratio = statistics.median(seconds[:, 0] / seconds[:, 1])
                shape = f"{X.shape[0]:,}, {X.shape[1]}"
                print(
                    f"| {dtype} | {name} | {shape} | {n_epochs} | {theirs:.3f} s | {ours:.3f} s "
                    f"| {ratio:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
