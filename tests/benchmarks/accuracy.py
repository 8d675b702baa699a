"""Accuracy at the defaults: scikit-learn's MLP and ours, side by side on real data.

Usage
-----
``python accuracy.py FOLDER [--seeds N] [--splits N] [--only NAME ...] [--models NAME ...]``

FOLDER holds one ``NAME.npz`` for each set in `CLASSIFICATION` and `REGRESSION`, with ``X``,
``y`` and ``test_idx`` (one row of test indices a split; all other rows are for training);
``adult`` also has ``is_categorical``, a mask of its columns. Sets that are not there are left
out. Each result is added to ``accuracy.json`` beside this file, and what is there is not run
again; without FOLDER only the tables are printed.

Notes
-----
Inputs are standardized on the training rows (adult: categorical columns one-hot encoded; MNIST:
10,000 training images, divided by 255) and regression targets are left as they are. Both
estimators get the same rows and seeds. Cells are the mean of accuracy (of RMSE for regression)
and its standard error over splits, each averaged over seeds first; where there is one split,
over seeds. The difference is paired, ours minus scikit-learn's, and ``p`` belongs to the paired
t-test over the same values. Seconds are those of the processor, so run it with
``OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1``. The model ``until`` is ours with a record of the
test score after each epoch. It counts the epochs to the final test score of scikit-learn's fit
with the same seed, and the last column is the time of these epochs.
"""

import argparse
import json
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import ttest_rel
from sklearn.compose import make_column_transformer
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknn import MLPClassifier, MLPRegressor

CLASSIFICATION = ("sonar", "ionosphere", "pima", "usps", "mnist", "letter", "adult")
REGRESSION = ("yacht", "energy", "concrete", "wine_red", "naval", "california_housing")
N_MNIST = 10_000
RESULTS = Path(__file__).with_suffix(".json")
MODELS = ("sklearn", "sknn", "until")


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


def make(model, name, seed, **parameters):
    """Return an estimator at its defaults, by the name of the model."""
    if model == "sklearn":
        kind = TheirRegressor if name in REGRESSION else TheirClassifier
    else:
        kind = MLPRegressor if name in REGRESSION else MLPClassifier
    return kind(random_state=seed, **parameters)


def score(estimator, X, y):
    """Return the root mean squared error, or the accuracy."""
    if y.dtype == np.float64:
        return float(np.sqrt(np.mean((estimator.predict(X) - y) ** 2)))
    return float(np.mean(estimator.predict(X) == y))


def run(model, name, seed, X, y, X_test, y_test):
    """Return the score of a fit, its seconds of processor time and its epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of max_iter reached, for both
        estimator = make(model, name, seed)
        began = time.process_time()
        estimator.fit(X, y)
        seconds = time.process_time() - began
    return {
        "score": float(f"{score(estimator, X_test, y_test):.6g}"),
        "seconds": float(f"{seconds:.4g}"),
        "epochs": int(estimator.n_iter_),
    }


def epochs_until(goal, name, seed, X, y, X_test, y_test):
    """Return the number of our epochs after which the test score is at least the goal, or None."""
    estimator = make("sknn", name, seed, scoring=score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(X, y, X_val=X_test, y_val=y_test)
    found = np.array(estimator.validation_scores_)
    reached = np.flatnonzero(found <= goal if name in REGRESSION else found >= goal)
    return {"epochs": int(reached[0]) + 1 if len(reached) else None}


def read():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def measure(folder, names, models, n_splits, n_seeds) -> None:
    """Run what is not among the results yet, and add it."""
    for name in names:
        path = folder / f"{name}.npz"
        if not path.exists():
            continue
        with np.load(path) as archive:
            file = dict(archive)
        for split, data in enumerate(splits(file, name)):
            if split == n_splits:
                break
            for seed in range(n_seeds):
                for model in models:
                    add(f"{name}/{split}/{seed}", model, name, seed, *data)


def add(fit, model, name, seed, *data) -> None:
    """Run one fit and store its result, if it is not there."""
    key, known = f"{fit}/{model}", read()
    if key in known:
        return
    if model == "until":
        result = epochs_until(known[f"{fit}/sklearn"]["score"], name, seed, *data)
    else:
        result = run(model, name, seed, *data)
    results = read() | {key: result}  # another process may have added some meanwhile
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(results.items())]
    written = RESULTS.with_suffix(f".{os.getpid()}")
    written.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    written.replace(RESULTS)  # whole, for the others that read it
    print(key, result, flush=True)


def cell(values) -> str:
    """Return the mean and standard error of one value a split."""
    if len(values) < 2:
        return f"{np.mean(values):.4g}"
    return f"{np.mean(values):.4g} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.2g}"


def table(found, names) -> Iterator[str]:
    """Yield a markdown table, one line a set."""
    yield (
        "| data | fits | scikit-learn | sknn | difference | p | scikit-learn epochs | sknn epochs "
        "| scikit-learn s | sknn s | sknn s until |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for name in names:
        fits = sorted(found[name]["sklearn"].keys() & found[name]["sknn"].keys())
        if not fits:
            continue
        theirs, ours = (by_unit(found[name][m], fits) for m in ("sklearn", "sknn"))
        p = ttest_rel(ours, theirs).pvalue if len(ours) > 1 else np.nan
        means = [
            np.mean([found[name][m][fit][quantity] for fit in fits])
            for quantity in ("epochs", "seconds")
            for m in ("sklearn", "sknn")
        ]
        yield (
            f"| {name} | {len(fits)} | {cell(theirs)} | {cell(ours)} | {cell(ours - theirs)} "
            f"| {p:.2g} | {means[0]:.0f} | {means[1]:.0f} | {means[2]:.2f} | {means[3]:.2f} "
            f"| {until(found[name], name)} |"
        )


def by_unit(results, fits):
    """Return one score a split, the mean over its seeds; where there is one split, one a seed."""
    scores = defaultdict(list)
    for split, seed in fits:
        scores[split].append(results[split, seed]["score"])
    if len(scores) > 1:
        return np.array([np.mean(values) for values in scores.values()])
    return np.array(next(iter(scores.values())))


def until(results, name) -> str:
    """Return the mean seconds until scikit-learn's final score, and how many fits reach it."""
    fits = sorted(results["until"].keys() & results["sknn"].keys())
    seconds = [
        results["until"][fit]["epochs"] * ours["seconds"] / ours["epochs"]
        for fit in fits
        if results["until"][fit]["epochs"] and (ours := results["sknn"][fit])
    ]
    return f"{np.mean(seconds):.2f} ({len(seconds)} of {len(fits)})" if seconds else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="where the .npz files are")
    parser.add_argument("--seeds", type=int, default=4, help="seeds a split")
    parser.add_argument("--splits", type=int, default=20, help="the most splits of a set")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only these sets")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    options = parser.parse_args()
    if options.folder:
        names = options.only or [*CLASSIFICATION, *REGRESSION]
        measure(options.folder, names, options.models, options.splits, options.seeds)
    found = defaultdict(lambda: defaultdict(dict))
    for key, result in read().items():
        name, split, seed, model = key.split("/")
        found[name][model][int(split), int(seed)] = result
    for title, names in (
        ("Classification: accuracy", CLASSIFICATION),
        ("Regression: root mean squared error", REGRESSION),
    ):
        print(f"\n{title}\n")
        print("\n".join(table(found, names)))


if __name__ == "__main__":
    main()
