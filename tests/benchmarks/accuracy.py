"""Accuracy at the defaults: scikit-learn's MLP and ours, side by side on real data.

Usage
-----
``python accuracy.py FOLDER [--seeds N] [--only NAME ...]``

FOLDER holds one ``NAME.npz`` for each set in `CLASSIFICATION` and `REGRESSION`, with ``X``,
``y`` and ``test_idx`` (one row of test indices a split; all other rows are for training);
``adult`` also has ``is_categorical``, a mask of its columns. Sets that are not there are left
out.

Notes
-----
Inputs are standardized on the training rows (adult: categorical columns one-hot encoded; MNIST:
10,000 training images, divided by 255) and regression targets are left as they are. Both
estimators get the same rows and seeds. Cells are the mean of accuracy (of RMSE for regression)
and its standard error over splits, each averaged over seeds first; where there is one split,
over seeds. The difference is paired, ours minus scikit-learn's.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknn import MLPClassifier, MLPRegressor

CLASSIFICATION = ("sonar", "ionosphere", "pima", "usps", "mnist", "letter", "adult")
REGRESSION = ("yacht", "energy", "concrete", "wine_red", "naval", "california_housing")
N_MNIST = 10_000
SMALL = 2_000  # rows up to which a set is run with all seeds, larger ones with half of them


def splits(file, name):
    """Yield the training and test rows of each split, scaled."""
    X, y = file["X"].astype(np.float64), file["y"]
    y = y.astype(np.float64) if name in REGRESSION else y
    for test in file["test_idx"]:
        train = np.setdiff1d(np.arange(len(y)), test)
        if name == "mnist":
            train = np.random.RandomState(0).choice(train, N_MNIST, replace=False)
        scaler = make_scaler(file, name)
        yield scaler.fit_transform(X[train]), y[train], scaler.transform(X[test]), y[test]


def make_scaler(file, name):
    if name == "mnist":
        return FunctionTransformer(lambda X: X / 255)
    if name == "adult":
        categorical = file["is_categorical"].astype(bool)
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        return make_column_transformer((encoder, categorical), (StandardScaler(), ~categorical))
    return StandardScaler()


def run(estimator, X, y, X_test, y_test):
    """Return the score of a fit, and its seconds."""
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of max_iter reached, for both
        estimator.fit(X, y)
    seconds = time.perf_counter() - started
    errors = estimator.predict(X_test) - y_test if y.dtype == np.float64 else None
    if errors is None:
        return float(np.mean(estimator.predict(X_test) == y_test)), seconds
    return float(np.sqrt(np.mean(errors**2))), seconds


def compare(file, name, n_seeds) -> np.ndarray:
    """Return scores and seconds, of shape (n_splits, n_seeds, 2 libraries, 2)."""
    pair = (
        (TheirRegressor, MLPRegressor) if name in REGRESSION else (TheirClassifier, MLPClassifier)
    )
    n_seeds = n_seeds if len(file["y"]) <= SMALL else max(1, n_seeds // 2)
    return np.array(
        [
            [[run(kind(random_state=seed), *data) for kind in pair] for seed in range(n_seeds)]
            for data in splits(file, name)
        ]
    )


def cell(values) -> str:
    """Return the mean and standard error of one value a split."""
    if len(values) < 2:
        return f"{values.mean():.4g}"
    return f"{values.mean():.4g} ± {values.std(ddof=1) / np.sqrt(len(values)):.2g}"


def lines(folder, names, n_seeds) -> Iterator[str]:
    """Yield a markdown table, line by line as sets are done."""
    yield "| data | fits | scikit-learn | sknn | difference | scikit-learn s | sknn s |"
    yield "|---|---|---|---|---|---|---|"
    for name in names:
        path = folder / f"{name}.npz"
        if not path.exists():
            continue
        with np.load(path) as file:
            results = compare(dict(file), name, n_seeds)
        scores, seconds = results[..., 0], results[..., 1].mean(axis=(0, 1))
        scores = scores.mean(axis=1) if len(scores) > 1 else scores[0]
        theirs, ours = scores.T
        yield (
            f"| {name} | {results[..., 0, 0].size} | {cell(theirs)} | {cell(ours)} "
            f"| {cell(ours - theirs)} | {seconds[0]:.2f} | {seconds[1]:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the .npz files are")
    parser.add_argument("--seeds", type=int, default=4, help="seeds a split, on small sets")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only these sets")
    options = parser.parse_args()
    for title, names in (
        ("Classification: accuracy", CLASSIFICATION),
        ("Regression: root mean squared error", REGRESSION),
    ):
        print(f"\n{title}\n", flush=True)
        chosen = [name for name in names if options.only is None or name in options.only]
        for line in lines(options.folder, chosen, options.seeds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
