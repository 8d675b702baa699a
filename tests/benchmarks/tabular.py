"""Tables: the tabular estimators beside a plain MLP, boosted trees and RealMLP, on the same rows.

Usage
-----
``python tabular.py FOLDER [--only NAME ...] [--models NAME ...] [--splits N] [--seeds N]
[--forget NAME ...]``

FOLDER holds one ``NAME.npz`` for each set in `ARRAYS` (``X``, ``y``, and ``test_idx`` with the
test rows of each split, all other rows being for training), and ``frames/load_frames.py``, whose
``load(name)`` returns a frame, its target and ``"classification"`` or ``"regression"``, for each
set in `FRAMES`; ``adult`` has its official split in the column ``split``. Each result is added to
``tabular.json`` beside this file, and what is there is not run again; without FOLDER only the
tables are printed.

Notes
-----
Splits are the first five of ``test_idx``, the official one of adult and letter, and five folds
shuffled with seed 0 for the other frames, stratified for classes. Where there is one split, seeds
take the place of splits. The plain MLP gets standardized numbers, medians for missing ones,
one-hot categories, and a standardized target. Seconds are those of the processor, so run it with
``OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1``. RealMLP-TD is run where pytabkit is installed.
"""

import argparse
import importlib.util
import json
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.tabular import TabularMLPClassifier, TabularMLPRegressor

ARRAYS = {
    "california_housing": "regression",
    "concrete": "regression",
    "energy": "regression",
    "ionosphere": "classification",
    "letter": "classification",
    "naval": "regression",
    "pima": "classification",
    "sonar": "classification",
    "wine_red": "regression",
    "yacht": "regression",
}
FRAMES = (
    *("abalone", "adult", "auto_imports", "german_credit", "horse_colic"),
    *("mammography", "wine_white"),
)
RESULTS = Path(__file__).with_suffix(".json")
LARGE = 5000  # rows of a set whose time counts in the summary
MODELS = ("tabular", "mlp", "trees", "trees_1000", "realmlp")


def load(folder, name):
    """Return a frame, its target, what the target is, and the test rows of each split."""
    import pandas as pd

    if name in ARRAYS:
        with np.load(folder / f"{name}.npz") as file:
            X, y, tests = file["X"].astype(float), file["y"], file["test_idx"][:5]
        kind = ARRAYS[name]
        frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
        return frame, y.astype(float) if kind == "regression" else y, kind, list(tests)
    spec = importlib.util.spec_from_file_location("frames", folder / "frames" / "load_frames.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    frame, y, kind = module.load(name)
    if name == "adult":
        return frame, y, kind, [np.flatnonzero(frame.pop("split").astype(str) == "test")]
    folds = KFold if kind == "regression" else StratifiedKFold
    y = y.astype(float) if kind == "regression" else y
    return (
        frame,
        y,
        kind,
        [test for _, test in folds(5, shuffle=True, random_state=0).split(frame, y)],
    )


def make(model, kind, seed):
    """Return an estimator by the name of the model."""
    classifies = kind == "classification"
    if model == "tabular":
        return (TabularMLPClassifier if classifies else TabularMLPRegressor)(random_state=seed)
    if model == "mlp":
        columns = make_column_transformer(
            (
                make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
                make_column_selector(dtype_include="number"),
            ),
            (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_exclude="number"),
            ),
        )
        if classifies:
            return make_pipeline(columns, MLPClassifier(random_state=seed))
        network = TransformedTargetRegressor(
            MLPRegressor(random_state=seed), transformer=StandardScaler()
        )
        return make_pipeline(columns, network)
    if model == "realmlp":
        import pytabkit

        name = "RealMLP_TD_Classifier" if classifies else "RealMLP_TD_Regressor"
        network = getattr(pytabkit, name)(random_state=seed, device="cpu", n_threads=1)
        medians = make_column_transformer(  # since it refuses NaN in numbers
            (SimpleImputer(strategy="median"), make_column_selector(dtype_include="number")),
            remainder="passthrough",
            verbose_feature_names_out=False,
        )
        return make_pipeline(medians.set_output(transform="pandas"), network)
    trees = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    more = {"max_iter": 1000, "early_stopping": True} if model == "trees_1000" else {}
    return trees(categorical_features="from_dtype", random_state=seed, **more)


def run(estimator, X, y, X_test, y_test, kind):
    """Return the score, the log-loss of classes, and the seconds of a fit and of predictions."""
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of max_iter reached
        estimator.fit(X, y)
        fitted = time.process_time()
        result = {}
        if kind == "regression":
            error = estimator.predict(X_test) - y_test
            result["score"] = float(np.sqrt(np.mean(error**2)))
        else:
            probabilities = np.asarray(estimator.predict_proba(X_test), dtype=float)
            classes = np.unique(y)
            result["score"] = float(np.mean(classes[probabilities.argmax(axis=1)] == y_test))
            result["log_loss"] = float(log_loss(y_test, probabilities, labels=classes))
    result |= {"fit": fitted - began, "predict": time.process_time() - fitted}
    return {name: float(f"{value:.5g}") for name, value in result.items()}


def read():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def write(results):
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(results.items())]
    RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def measure(folder, names, models, n_splits, n_seeds):
    """Run what is not among the results yet, and add it."""
    for name in names:
        frame, y, kind, tests = load(folder, name)
        seeds = range(n_seeds) if len(tests) == 1 else [0]
        for split, test in enumerate(tests[:n_splits]):
            train = np.setdiff1d(np.arange(len(y)), test)
            for seed in seeds:
                for model in models:
                    key = f"{name}/{split}/{seed}/{model}"
                    results = read()
                    if key in results:
                        continue
                    data = frame.iloc[train], y[train], frame.iloc[test], y[test]
                    results[key] = run(make(model, kind, seed), *data, kind) | {
                        "kind": kind,
                        "rows": len(train),
                    }
                    write(results)
                    print(key, results[key], flush=True)


def cell(values):
    """Return the mean with its standard error, both with as many decimals as the error needs."""
    mean = np.mean(values)
    if len(values) < 2 or np.ptp(values) == 0:
        return f"{mean:.4g}"
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    decimals = max(0, 1 - int(np.floor(np.log10(error))))
    if decimals > 5:
        return f"{mean:.3g} ± {error:.1g}"
    return f"{round(mean, decimals) + 0.0:.{decimals}f} ± {error:.{decimals}f}"


def tables():
    """Yield markdown tables of all results."""
    found = defaultdict(lambda: defaultdict(dict))
    for key, result in read().items():
        name, split, seed, model = key.split("/")
        found[name][model][split, seed] = result
    for kind, title in (
        ("classification", "Accuracy"),
        ("regression", "Root mean squared error"),
    ):
        yield f"\n{title}\n"
        yield from table(found, kind, "score")
    yield "\nLog-loss\n"
    yield from table(found, "classification", "log_loss")
    yield "\nSeconds of a fit\n"
    yield from table(found, None, "fit")
    yield "\nSeconds of predictions\n"
    yield from table(found, None, "predict")
    yield "\nSummary\n"
    yield from summary(found)


def paired(of_set, other, quantity):
    """Return what two models reached on the rows and with the seeds that both have."""
    both = sorted(of_set["tabular"].keys() & of_set[other].keys())
    return [np.array([of_set[m][k][quantity] for k in both]) for m in ("tabular", other)]


def summary(found):
    """Yield how often, and how clearly, the tabular estimators are ahead, and their time."""
    found = {name: of_set for name, of_set in found.items() if of_set["tabular"]}
    for other in MODELS[1:]:
        gains = {}
        for name, of_set in found.items():
            ours, theirs = paired(of_set, other, "score")
            if len(ours):
                sign = 1 if "log_loss" in next(iter(of_set[other].values())) else -1
                gains[name] = sign * (ours - theirs)
        clear = {
            name: len(gain) > 1 and abs(gain.mean()) > 2 * gain.std(ddof=1) / len(gain) ** 0.5
            for name, gain in gains.items()
        }
        ahead = [name for name, gain in gains.items() if gain.mean() > 0]
        behind = [name for name in gains if name not in ahead]
        yield (
            f"Against {other}: ahead on {len(ahead)} of {len(gains)}, clearly on "
            f"{sum(clear[name] for name in ahead)}; behind or level on {', '.join(behind)}; "
            f"clearly behind on {', '.join(name for name in behind if clear[name]) or 'none'}."
        )
    for other in ("trees", "realmlp"):
        ratios = {}
        for name, of_set in found.items():
            ours, theirs = paired(of_set, other, "fit")
            if len(ours) and next(iter(of_set[other].values()))["rows"] >= LARGE:
                ratios[name] = ours.sum() / theirs.sum()
        mean = np.exp(np.mean(np.log(list(ratios.values()))))
        each = ", ".join(f"{name} {ratio:.3g}" for name, ratio in ratios.items())
        yield f"Seconds divided by those of {other}: {mean:.3g} (geometric mean of {each})."


def table(found, kind, quantity):
    """Yield a markdown table, a line a set; differences of scores are paired."""
    models = [m for m in MODELS if any(m in of_set for of_set in found.values())]
    is_time = quantity in ("fit", "predict")
    others = ("trees", "realmlp") if is_time else ("trees", "mlp")
    compared = " | ".join(f"tabular {'/' if is_time else '-'} {other}" for other in others)
    header = f"| data | rows | fits | {' | '.join(models)} | {compared} |"
    yield header
    yield "|---" * (header.count("|") - 1) + "|"
    for name, of_set in found.items():
        first = next(iter(next(iter(of_set.values())).values()))
        if kind not in (None, first["kind"]):
            continue
        cells = [
            cell([each[quantity] for each in of_set[m].values()]) if m in of_set else ""
            for m in models
        ]
        differences = []
        for other in others:
            ours, theirs = paired(of_set, other, quantity)
            if not len(ours):
                differences.append("")
            elif is_time:
                differences.append(f"{ours.sum() / theirs.sum():.3g}")
            else:
                differences.append(cell(ours - theirs))
        rows, fits = first["rows"], len(of_set["tabular"])
        yield f"| {name} | {rows} | {fits} | {' | '.join([*cells, *differences])} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="where the data are")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only these sets")
    parser.add_argument("--models", nargs="+", default=list(MODELS[:4]), choices=MODELS)
    parser.add_argument("--splits", type=int, default=5, help="the most splits of a set")
    parser.add_argument("--seeds", type=int, default=3, help="seeds where there is one split")
    parser.add_argument(
        "--forget", nargs="+", default=[], choices=MODELS, help="drop these models' results first"
    )
    options = parser.parse_args()
    if options.forget:
        write({k: v for k, v in read().items() if k.split("/")[-1] not in options.forget})
    if options.folder:
        names = options.only or [*ARRAYS, *FRAMES]
        measure(options.folder, names, options.models, options.splits, options.seeds)
    print("\n".join(tables()))


if __name__ == "__main__":
    main()
