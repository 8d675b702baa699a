"""Choices of the tabular estimators, by validation rows within the training parts of the sets.

Usage
-----
``python tabular_choices.py FOLDER [--recipes NAME ...] [--only NAME ...] [--full]``

FOLDER is that of ``tabular.py``. Of the training part of each set's first split a quarter
validates (at most 5,000 rows), and of the others at most 2,000 train, so that no choice has seen
a test row. With ``--full`` all others train, and one network in place of two. Each result is added
to ``tabular_choices.json`` beside this file, and what is there is not run again; without FOLDER
only the comparison with the first recipe is printed.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import tabular
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sknn.optimizers import AdamW
from sknn.tabular import TabularMLPClassifier, TabularMLPRegressor, _base
from sknn.tabular._base import BaseTabularMLP

RESULTS = Path(__file__).with_suffix(".json")
MOST_TRAINING, MOST_VALIDATION = 2000, 5000


def power_of_two(n_rows, largest=256):
    """Return the largest power of two up to `n_rows`, from 32 to `largest`."""
    return min(max(int(2 ** np.floor(np.log2(max(n_rows, 1)))), 32), largest)


def epochs(n_steps, n_rows, batch, least, most):
    """Return the epochs that have so many steps."""
    return int(min(max(np.ceil(n_steps * batch / n_rows), least), most))


def before(n_rows):
    """Return the parameters that the networks had first."""
    batch = power_of_two(n_rows / 64)
    return {
        "batch_size": batch,
        "learning_rate_init": 0.001,
        "n_iter_no_change": epochs(1000, n_rows, batch, 10, 100),
        "max_iter": 300,
    }


def planned(n_rows, rate, n_steps, factor):
    """Return a rate that falls along half a cosine, in batches `factor` times as large."""
    batch = factor * power_of_two(n_rows / 64)
    return {
        "batch_size": batch,
        "learning_rate": "cosine",
        "learning_rate_init": rate,
        "max_iter": epochs(n_steps, n_rows, batch, 10, 300),
    }


# The recipe in which all networks of an ensemble have the same validation rows.
SHARED_ROWS = "the same validation rows"

# What each recipe changes of the defaults, by the number of rows.
RECIPES = {
    "before": before,
    "default": lambda n_rows: {},
    "patience of 400 steps": lambda n_rows: {
        "n_iter_no_change": epochs(400, n_rows, power_of_two(n_rows / 32), 6, 100)
    },
    "patience of 6 epochs": lambda n_rows: {"n_iter_no_change": 6},
    "rate 0.003": lambda n_rows: {"learning_rate_init": 0.003},
    "128, 128 units": lambda n_rows: {"hidden_layer_sizes": (128, 128)},
    "relu": lambda n_rows: {"activation": "relu"},
    "weight decay 0.1": lambda n_rows: {"optimizer": AdamW(weight_decay=0.1)},
    "no dropout": lambda n_rows: {"dropout": 0.0},
    "dropout 0.1": lambda n_rows: {"dropout": 0.1},
    "dropout 0.2": lambda n_rows: {"dropout": 0.2},
    SHARED_ROWS: lambda n_rows: {},
    "cosine, 1,500 steps": lambda n_rows: planned(n_rows, 0.002, 1500, 1),
    "cosine, 1,000 large steps": lambda n_rows: planned(n_rows, 0.004, 1000, 2),
}


def problem(folder, name, is_full):
    """Return rows to train on, and rows to validate on, none of them test rows."""
    frame, y, kind, tests = tabular.load(folder, name)
    rows = np.setdiff1d(np.arange(len(y)), tests[0])
    is_class = kind == "classification"
    fit, held = train_test_split(
        rows, test_size=0.25, random_state=100, stratify=y[rows] if is_class else None
    )
    if not is_full and len(fit) > MOST_TRAINING:
        fit, _ = train_test_split(
            fit, train_size=MOST_TRAINING, random_state=0, stratify=y[fit] if is_class else None
        )
    held = held[:MOST_VALIDATION]
    return frame.iloc[fit], y[fit], frame.iloc[held], y[held], kind


def loss_of(model, X, y):
    """Return the log-loss of a classifier, or the root mean squared error of a regressor."""
    if isinstance(model, TabularMLPRegressor):
        return np.sqrt(np.mean((model.predict(X) - y) ** 2))
    return log_loss(y, model.predict_proba(X), labels=model.classes_)


def run(recipe, data, n_members):
    """Return the loss on the validation rows, RMSE or log-loss, and the seconds of the fit."""
    X, y, X_val, y_val, kind = data
    estimator = TabularMLPClassifier if kind == "classification" else TabularMLPRegressor
    model = estimator(n_members, random_state=0)
    make_network, masks = BaseTabularMLP._make_network, _base.validation_masks

    def make(self, n_rows, seed):
        return make_network(self, n_rows, seed).set_params(**RECIPES[recipe](n_rows))

    def make_masks(codes, fraction, n_masks, random_state):
        if recipe == SHARED_ROWS:
            return masks(codes, fraction, 1, random_state) * n_masks
        return masks(codes, fraction, n_masks, random_state)

    began = time.process_time()
    with (
        warnings.catch_warnings(),
        mock.patch.object(BaseTabularMLP, "_make_network", make),
        mock.patch.object(_base, "validation_masks", make_masks),
    ):
        warnings.simplefilter("ignore")  # of max_iter reached
        model.fit(X, y)
    seconds = time.process_time() - began
    loss = loss_of(model, X_val, y_val)
    n_epochs = [network.n_iter_ for network in model.members_]
    return {"loss": float(f"{loss:.5g}"), "fit": round(seconds, 2), "epochs": n_epochs}


def read():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def measure(folder, names, recipes, is_full):
    """Run what is not among the results yet, and add it."""
    for name in names:
        data = problem(folder, name, is_full)
        for recipe in recipes:
            key = f"{name}/{'full' if is_full else 'part'}/{recipe}"
            results = read()
            if key not in results:
                results[key] = run(recipe, data, 1 if is_full else 2)
                lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(results.items())]
                RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
                print(key, results[key], flush=True)


def comparison(size, reference="before"):
    """Yield a markdown table of the recipes, by the logarithm of the loss and by the time."""
    results = {
        tuple(key.split("/")[::2]): value
        for key, value in read().items()
        if key.split("/")[1] == size
    }
    yield f"| recipe | sets | log loss against '{reference}' | median | time |"
    yield "|---|---|---|---|---|"
    for recipe in RECIPES:
        names = [n for n, r in results if r == recipe and (n, reference) in results]
        if recipe == reference or not names:
            continue
        pairs = [(results[name, recipe], results[name, reference]) for name in names]
        logs = [np.log(ours["loss"] / theirs["loss"]) for ours, theirs in pairs]
        times = np.exp(np.mean([np.log(ours["fit"] / theirs["fit"]) for ours, theirs in pairs]))
        yield (
            f"| {recipe} | {len(names)} | {tabular.cell(logs)} | {np.median(logs):.3f} "
            f"| {times:.2f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="where the data are")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only these sets")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=RECIPES)
    parser.add_argument("--full", action="store_true", help="train on all rows, one network")
    options = parser.parse_args()
    if options.folder:
        names = options.only or [*tabular.ARRAYS, *tabular.FRAMES]
        measure(options.folder, names, options.recipes, options.full)
    for size, reference in (("part", "before"), ("part", "default"), ("full", "before")):
        print("\n".join(["", f"{size}:", "", *comparison(size, reference)]))


if __name__ == "__main__":
    main()
