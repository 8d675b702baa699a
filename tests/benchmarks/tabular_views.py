"""Rules that combine networks of encoded and of plain columns, compared by validation rows.

Usage
-----
``python tabular_views.py FOLDER [--only NAME ...]``

FOLDER is that of ``tabular.py``, and the rows are those of ``tabular_choices.py``, none of them
test rows. On each set four networks of encoded columns and four of plain ones are trained; each
rule of `RULES` then combines some of them. The logarithms of the losses of the rules are added to
``tabular_views.json`` beside this file, and what is there is not run again; without FOLDER only the
tables are printed. The second table chooses the rule on all sets but one and prints what the choice
gives on the set left out.
"""

import argparse
import copy
import json
import warnings
from itertools import combinations
from pathlib import Path
from unittest import mock

import numpy as np
import tabular
from sklearn.metrics import log_loss
from tabular_choices import problem

from sknn.tabular import TabularMLPClassifier, TabularMLPRegressor, _base
from sknn.tabular._views import ENCODED, PLAIN, _kept_loss

RESULTS = Path(__file__).with_suffix(".json")
N_OF_EACH = 4  # networks of encoded columns come first, then as many of plain ones
REFERENCE = "4 encoded, equal weights"


def equal(losses):
    return np.ones(len(losses))


def inverse(losses):
    return 1 / losses


def inverse_square(losses):
    return losses**-2.0


def bounded(losses):
    return 1 / np.maximum(losses, np.median(losses))


def bounded_square(losses):
    return np.maximum(losses, np.median(losses)) ** -2.0


def better_half(losses):
    return (np.argsort(np.argsort(losses)) < len(losses) / 2).astype(float)


# For each rule: how many networks of encoded and of plain columns, and their weights.
RULES = {
    REFERENCE: (4, 0, equal),
    "4 encoded, weights 1 / loss": (4, 0, inverse),
    "4 encoded, weights 1 / max(loss, median)²": (4, 0, bounded_square),
    "3 encoded and 1 plain, equal weights": (3, 1, equal),
    "3 encoded and 1 plain, weights 1 / loss": (3, 1, inverse),
    "3 encoded and 1 plain, weights 1 / loss²": (3, 1, inverse_square),
    "3 encoded and 1 plain, weights 1 / max(loss, median)": (3, 1, bounded),
    "3 encoded and 1 plain, weights 1 / max(loss, median)²": (3, 1, bounded_square),
    "2 encoded and 2 plain, equal weights": (2, 2, equal),
    "2 encoded and 2 plain, weights 1 / loss": (2, 2, inverse),
    "2 encoded and 2 plain, weights 1 / max(loss, median)²": (2, 2, bounded_square),
    "of 2 encoded and 2 plain the better two": (2, 2, better_half),
    "of 4 encoded and 4 plain the better four (8 networks)": (4, 4, better_half),
    "1 encoded": (1, 0, equal),
    "4 plain, equal weights": (0, 4, equal),
}


def run(data):
    """Return the mean logarithm of each rule's loss on the validation rows.

    The mean is that over all choices of so many networks, so that luck plays a small part.
    """
    X, y, X_val, y_val, kind = data
    estimator = TabularMLPClassifier if kind == "classification" else TabularMLPRegressor
    model = estimator(2 * N_OF_EACH, random_state=0)
    views = [ENCODED] * N_OF_EACH + [PLAIN] * N_OF_EACH
    make_views = mock.patch.object(_base, "choose_views", return_value=views)
    with warnings.catch_warnings(), make_views:
        warnings.simplefilter("ignore")  # of max_iter reached
        model.fit(X, y)
    losses = np.array([_kept_loss(network) for network in model.members_])
    votes = []
    for i in range(len(views)):
        alone = copy.copy(model)
        alone.members_, alone.views_, alone.weights_ = [model.members_[i]], [views[i]], [1.0]
        is_class = kind == "classification"
        votes.append(alone.predict_proba(X_val) if is_class else alone.predict(X_val))
    return of_rules(losses, np.array(votes), y_val, getattr(model, "classes_", None))


def of_rules(losses, votes, y, classes):
    """Return the mean logarithm of each rule's loss, from the predictions of all networks."""
    results = {}
    for name, (n_encoded, n_plain, weigh) in RULES.items():
        logs = []
        for encoded in combinations(range(N_OF_EACH), n_encoded):
            for plain in combinations(range(N_OF_EACH, 2 * N_OF_EACH), n_plain):
                chosen = [*encoded, *plain]
                mean = np.average(votes[chosen], axis=0, weights=weigh(losses[chosen]))
                if classes is None:
                    loss = np.sqrt(np.mean((mean - y) ** 2))
                else:
                    loss = log_loss(y, mean, labels=classes)
                logs.append(np.log(loss))
        results[name] = round(float(np.mean(logs)), 5)
    return results


def read():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def measure(folder, names):
    """Run what is not among the results yet, and add it."""
    for name in names:
        results = read()
        if name not in results:
            results[name] = run(problem(folder, name, is_full=False))
            lines = [
                f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}"
                for k, v in sorted(results.items())
            ]
            RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
            print(name, results[name], flush=True)


def logs_of(results):
    """Return the log losses against the reference, a row for each rule."""
    return {
        rule: np.array([of_set[rule] - of_set[REFERENCE] for of_set in results.values()])
        for rule in RULES
    }


def tables():
    """Yield the comparison of the rules, and the choice with each set left out."""
    results = read()
    logs = logs_of(results)
    yield "| rule | log loss against four encoded | best set | worst set |"
    yield "|---|---|---|---|"
    for rule in sorted(RULES, key=lambda rule: logs[rule].mean()):
        values = logs[rule]
        yield f"| {rule} | {tabular.cell(values)} | {values.min():+.2f} | {values.max():+.2f} |"
    chosen, left_out = [], []
    of_four = [rule for rule, (encoded, plain, _) in RULES.items() if encoded + plain == 4]
    for i in range(len(results)):
        others = np.arange(len(results)) != i
        chosen.append(min(of_four, key=lambda rule: logs[rule][others].mean()))
        left_out.append(logs[chosen[-1]][i])
    yield ""
    yield f"Each set left out in turn: {tabular.cell(left_out)}"
    for rule in sorted(set(chosen), key=chosen.count, reverse=True):
        yield f"{chosen.count(rule)} times: {rule}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="where the data are")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only these sets")
    options = parser.parse_args()
    if options.folder:
        measure(options.folder, options.only or [*tabular.ARRAYS, *tabular.FRAMES])
    print("\n".join(tables()))


if __name__ == "__main__":
    main()
