"""Defaults: learning rates, starts and rules for stopping, compared on rows held out of training.

Usage
-----
``python defaults.py RECORDS [--folder FOLDER] [--only NAME ...] [--settings NAME ...]
[--seeds N]``

FOLDER is that of ``tabular.py``. A fit trains for all epochs, whatever its loss, and its loss on
the training rows and its loss and accuracy on the rows held out are added to the file RECORDS, a
line of JSON each; what is there is not run again. Without FOLDER only the tables are printed. A
setting is a start, a rate and possibly a schedule with its epochs: ``zero/0.002/cosine100``. One
of 400 epochs, ``zero/0.001/constant400``, serves the last table.

Notes
-----
The rows are the training rows of a split, of which a fifth is held out, drawn anew for each seed;
test rows are not read. At most 6,000 rows train (5,000 of usps, 4,000 of mnist), in float32.
Numbers are standardized, categories one-hot, pixels of mnist divided by 255. Regression targets
are taken standardized and as they are.

A rule for stopping is applied to the recorded curve afterwards, because a fit that stops earlier
has the same first epochs. The last table compares `NotConvergedWarning` with the fit that goes
on: curves are cut after 25, 50, 100 and 200 epochs, where the default rule has not stopped them,
and the fit goes on to twice as many or until that rule stops it. Targets whose standard deviation
is above 1,000 are left out, since they get another warning.
"""

import argparse
import json
import math
import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tabular
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.estimators._convergence import Trend
from sknn.initializers import HeUniform, Initializer, XavierUniform, Zeros

CLASSES = (
    *("sonar", "ionosphere", "horse_colic", "pima", "german_credit", "letter", "adult"),
    *("mammography", "usps", "mnist"),
)
NUMBERS = (
    *("yacht", "auto_imports", "energy", "concrete", "wine_red", "abalone", "wine_white"),
    *("naval", "california_housing"),
)
MOST_ROWS = defaultdict(lambda: 6000, usps=5000, mnist=4000)
HELD_OUT = 2000  # rows at most
EPOCHS = 200


@dataclass(repr=False, eq=False)
class Start(Initializer):
    """A rule for the hidden layers, and a multiple of Xavier's for the output layer."""

    hidden: type = HeUniform
    output: float = 0.0

    def for_layer(self, activation, is_output):
        if not is_output:
            return self.hidden()
        return Multiple(self.output) if self.output else Zeros()

    def sample(self, shape, fan_in, fan_out, random_state):
        raise TypeError("Start draws nothing itself.")


@dataclass(repr=False, eq=False)
class Multiple(Initializer):
    """A multiple of Xavier's weights."""

    factor: float = 1.0

    def sample(self, shape, fan_in, fan_out, random_state):
        return self.factor * XavierUniform().sample(shape, fan_in, fan_out, random_state)


STARTS = {
    "zero": "auto",
    "glorot": Start(XavierUniform, 1.0),
    "small": Start(HeUniform, 0.1),
    "gzero": Start(XavierUniform, 0.0),
}
RULES = {
    "as it is": {},
    "tol 3e-4": {"tol": 3e-4},
    "tol 1e-3": {"tol": 1e-3},
    "relative 1e-3": {"tol": 0, "relative": 1e-3},
    "relative 1e-2": {"tol": 0, "relative": 1e-2},
    "1e-4 of the first loss": {"tol": 0, "of_first": 1e-4},
    "3e-4 of the first loss": {"tol": 0, "of_first": 3e-4},
    "1e-3 of the first loss": {"tol": 0, "of_first": 1e-3},
    "loss below 0.01": {"floor": 0.01},
    "loss below 0.03": {"floor": 0.03},
    "150 epochs": {"most": 150},
    "100 epochs": {"most": 100},
}
SETTINGS = {
    "classes": ("zero/0.001", "zero/0.002", "zero/0.003", "glorot/0.001", "glorot/0.002"),
    "numbers": ("zero/0.005", "zero/0.002", "zero/0.003", "zero/0.01", "glorot/0.005"),
}
REFERENCE = {"classes": "zero/0.001", "numbers": "zero/0.005"}


# ---------------------------------------------------------------- records


def parameters(setting):
    """Return the parameters of the estimator that a setting stands for."""
    start, rate, *schedule = setting.split("/")
    found = {"init": STARTS[start], "learning_rate_init": float(rate), "max_iter": EPOCHS}
    if schedule:
        name = schedule[0].rstrip("0123456789")
        found |= {"learning_rate": name, "max_iter": int(schedule[0].removeprefix(name))}
    return found


def load(folder, name):
    """Return inputs, targets and the test rows of each split."""
    if name in ("usps", "mnist"):
        with np.load(folder / f"{name}.npz") as file:
            return file["X"].astype(np.float32), file["y"], list(file["test_idx"])
    X, y, _, tests = tabular.load(folder, name)
    return X, y, tests


def rows(folder, name, seed):
    """Return the rows that train and those held out, scaled, and their targets."""
    X, y, tests = load(folder, name)
    train = np.setdiff1d(np.arange(len(y)), tests[seed % len(tests)])
    held_out = {"test_size": 0.2, "random_state": seed}
    if name in CLASSES:
        held_out["stratify"] = y[train]
    train, validation = train_test_split(train, **held_out)
    random_state = np.random.RandomState(seed)
    if len(train) > MOST_ROWS[name]:
        train = random_state.choice(train, MOST_ROWS[name], replace=False)
    if len(validation) > HELD_OUT:
        validation = random_state.choice(validation, HELD_OUT, replace=False)
    if name == "mnist":
        return X[train] / 255, y[train], X[validation] / 255, y[validation]
    if name == "usps":
        scaler = StandardScaler().fit(X[train])
        return scaler.transform(X[train]), y[train], scaler.transform(X[validation]), y[validation]
    columns = tabular.make("mlp", "classification", 0)[0]
    both = columns.fit_transform(X.iloc[train]), columns.transform(X.iloc[validation])
    return both[0].astype(np.float32), y[train], both[1].astype(np.float32), y[validation]


def accuracy(estimator, X, y):
    """Return the accuracy in less time than `score`, which checks its arguments."""
    (hidden, output), (hidden_bias, output_bias) = estimator.coefs_, estimator.intercepts_
    raw = np.maximum(X @ hidden + hidden_bias, 0) @ output + output_bias
    column = (raw[:, 0] > 0).astype(int) if raw.shape[1] == 1 else raw.argmax(axis=1)
    return float(np.mean(estimator.classes_[column] == y))


def record(key, setting, seed, X, y, X_val, y_val):
    """Train for all epochs, and return the curves."""
    classifies = key.split("|")[1] == "-"
    kind = MLPClassifier if classifies else MLPRegressor
    estimator = kind(
        random_state=seed,
        n_iter_no_change=math.inf,
        tol=0,
        scoring=accuracy if classifies else "loss",
        **parameters(setting),
    )
    estimator.fit(X, y, X_val=X_val, y_val=y_val)
    found = {"key": key, "loss": estimator.loss_curve_, "vl": estimator.validation_loss_curve_}
    if classifies:
        found["vs"] = estimator.validation_scores_
    return {k: v if k == "key" else [float(f"{x:.6g}") for x in v] for k, v in found.items()}


def measure(folder, path, names, settings, n_seeds):
    """Add the records that are not in the file yet."""
    known = read(path)
    for seed in range(n_seeds):
        for name in names:
            data = None
            kind = "classes" if name in CLASSES else "numbers"
            for setting in settings or SETTINGS[kind]:
                for scale in ("-",) if kind == "classes" else ("std", "raw"):
                    key = f"{name}|{scale}|{setting}|{seed}"
                    if key in known:
                        continue
                    data = data or rows(folder, name, seed)
                    X, y, X_val, y_val = data
                    if kind == "numbers":
                        mean, unit = (y.mean(), y.std()) if scale == "std" else (0.0, 1.0)
                        y, y_val = (y - mean) / unit, (y_val - mean) / unit
                    with path.open("a") as file:
                        line = record(key, setting, seed, X, y, X_val, y_val)
                        file.write(json.dumps(line) + "\n")


def read(path):
    """Return the records by their keys: set, scale of the target, setting and seed."""
    if not path.exists():
        return {}
    records = map(json.loads, path.read_text().splitlines())
    return {each["key"]: each for each in records}


# ---------------------------------------------------------------- tables


def last_epoch(losses, tol=1e-4, relative=0.0, of_first=0.0, floor=-math.inf, most=EPOCHS):
    """Return the number of epochs after which a rule stops a fit with these losses."""
    best, n_without = math.inf, 0
    tol = max(tol, of_first * losses[0])
    for epoch, loss in enumerate(losses[:most], 1):
        step = max(tol, relative * abs(best)) if best < math.inf else 0.0
        n_without = 0 if loss <= best - step else n_without + 1
        best = min(best, loss)
        if n_without >= 10 or loss < floor:
            return epoch
    return min(most, len(losses))


def result(found, rule):
    """Return points of accuracy, or minus percents of RMSE (as a logarithm), and epochs."""
    is_planned = "/cosine" in found["key"]
    n = len(found["loss"]) if is_planned else last_epoch(found["loss"], **RULES[rule])
    if "vs" in found:
        return 100 * found["vs"][n - 1], n
    return -50 * math.log(found["vl"][n - 1]), n


def gains(records, names, scale, setting, rule):
    """Return the differences to the default and the ratios of epochs, by set, one a seed."""
    default = REFERENCE["classes" if scale == "-" else "numbers"]
    found = defaultdict(list)
    for name in names:
        for seed in range(10):
            keys = (f"{name}|{scale}|{each}|{seed}" for each in (default, setting))
            pair = [records[key] for key in keys if key in records]
            if len(pair) == 2:
                (before, n), (after, m) = result(pair[0], "as it is"), result(pair[1], rule)
                found[name].append((after - before, m / n))
    return found


def table(records, names, scale):
    """Yield a markdown table: gains over the default by set, their mean, and relative epochs."""
    yield f"| setting | rule | {' | '.join(names)} | mean | epochs |"
    yield "|---|---|" + "---|" * (len(names) + 2)
    settings = sorted({key.split("|")[2] for key in records if key.split("|")[1] == scale})
    for setting in settings:
        for rule in RULES if "cosine" not in setting else ["as it is"]:
            found = gains(records, names, scale, setting, rule)
            if len(found) < len(names):
                continue
            cells, means, ratios = [], [], []
            for each in found.values():
                difference, ratio = np.array(each).T
                error = difference.std(ddof=1) / len(each) ** 0.5 if len(each) > 1 else math.nan
                cells.append(f"{difference.mean():+.2f} ± {error:.2f}")
                means.append(difference.mean())
                ratios.append(ratio.mean())
            share = math.exp(np.mean(np.log(ratios)))
            cells += [f"{np.mean(means):+.2f}", f"{share:.2f}"]
            yield f"| {setting} | {rule} | {' | '.join(cells)} |"


def forecasts(records):
    """Yield a markdown table: who warns, and whether the loss then falls by a tenth."""
    fits = []
    for key, found in records.items():
        if "cosine" in key or key.startswith("auto_imports|raw"):
            continue
        losses = found["loss"]
        for n in (25, 50, 100) if len(losses) == EPOCHS else (EPOCHS,):
            if last_epoch(losses, most=n) < n:
                continue
            end = last_epoch(losses, most=2 * n)
            begin, reached = (np.mean(losses[m - m // 10 : m]) for m in (n, end))
            trend = Trend.of(losses[:n], 1e-4)
            fits.append((reached <= 0.9 * begin, trend._changes(), trend.still_moves()))
    falls, before, now = np.array(fits).T
    yield "| rule | fits | fall by a tenth | warned of these | warned of the others | right |"
    yield "|---|---|---|---|---|---|"
    for rule, warned in (("without forecast", before), ("with forecast", now)):
        shares = warned[falls].mean(), warned[~falls].mean(), falls[warned].mean()
        cells = " | ".join(f"{share:.0%}" for share in shares)
        yield f"| {rule} | {len(fits)} | {falls.sum()} | {cells} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path, help="the file of the records")
    parser.add_argument("--folder", type=Path, help="where the data are")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only these sets")
    parser.add_argument("--settings", nargs="+", metavar="NAME", help="run only these settings")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    if options.folder:
        names = options.only or [*CLASSES, *NUMBERS]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            measure(options.folder, options.records, names, options.settings, options.seeds)
    records = read(options.records)
    for names, scale in ((CLASSES, "-"), (NUMBERS, "std"), (NUMBERS, "raw")):
        print("\n".join(["", *table(records, names, scale)]))
    print("\n".join(["", *forecasts(records)]))


if __name__ == "__main__":
    main()
