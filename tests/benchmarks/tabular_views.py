"""Rules that combine networks of encoded and of plain columns, compared by validation rows.

Usage
-----
``python tabular_views.py FOLDER [--only NAME ...]``

FOLDER is that of ``tabular.py``, and the rows are those of ``tabular_choices.py``, none of them
test rows. On each set four networks of encoded columns and four of plain ones are trained; each
rule of `RULES` then combines some of them. The losses of the rules are added to
``tabular_views.json`` beside this file, and what is there is not run again; without FOLDER only the
tables are printed. The second table chooses the rule on all sets but one and prints what the choice
gives on the set left out.
"""

import argparse
import copy
import json
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import tabular
from tabular_choices import loss_of, problem

from sknn.tabular import TabularMLPClassifier, TabularMLPRegressor, _base
from sknn.tabular._views import ENCODED, PLAIN

RESULTS = Path(__file__).with_suffix(".json")
N_OF_EACH = 4  # networks of encoded columns come first, then as many of plain ones
REFERENCE = "4 encoded, equal weights"


def best(losses, candidates, n_kept):
    """Return the candidates with the lowest validation losses."""
    return sorted(candidates, key=lambda i: losses[i])[:n_kept]


def equal(losses):
    return np.ones(len(losses))


def inverse(losses):
    return 1 / losses


def inverse_root(losses):
    return losses**-0.5


def inverse_square(losses):
    return losses**-2.0


def inverse_shrunk(losses):
    return 1 / (losses + losses.mean())


# For each rule, from the validation losses: which networks count, and what weighs them.
RULES = {
    REFERENCE: lambda losses: ([0, 1, 2, 3], equal),
    "4 encoded, weights 1 / loss": lambda losses: ([0, 1, 2, 3], inverse),
    "3 encoded and 1 plain, equal weights": lambda losses: ([0, 1, 2, 4], equal),
    "3 encoded and 1 plain, weights 1 / √loss": lambda losses: ([0, 1, 2, 4], inverse_root),
    "3 encoded and 1 plain, weights 1 / (loss + mean loss)": (
        lambda losses: ([0, 1, 2, 4], inverse_shrunk)
    ),
    "3 encoded and 1 plain, weights 1 / loss": lambda losses: ([0, 1, 2, 4], inverse),
    "3 encoded and 1 plain, weights 1 / loss²": lambda losses: ([0, 1, 2, 4], inverse_square),
    "2 encoded and 2 plain, equal weights": lambda losses: ([0, 1, 4, 5], equal),
    "2 encoded and 2 plain, weights 1 / loss": lambda losses: ([0, 1, 4, 5], inverse),
    "of 2 encoded and 2 plain the better two": (
        lambda losses: (best(losses, (0, 1, 4, 5), 2), equal)
    ),
    "of all 8 the better four": lambda losses: (best(losses, range(8), 4), equal),
    "1 encoded": lambda losses: ([0], equal),
    "4 plain, equal weights": lambda losses: ([4, 5, 6, 7], equal),
}


def run(data):
    """Return the loss on the validation rows of each rule."""
    X, y, X_val, y_val, kind = data
    estimator = TabularMLPClassifier if kind == "classification" else TabularMLPRegressor
    model = estimator(2 * N_OF_EACH, random_state=0)
    views = [ENCODED] * N_OF_EACH + [PLAIN] * N_OF_EACH
    make_views = mock.patch.object(_base, "choose_views", return_value=views)
    with warnings.catch_warnings(), make_views:
        warnings.simplefilter("ignore")  # of max_iter reached
        model.fit(X, y)
    losses = 1 / model.weights_
    results = {}
    for name, rule in RULES.items():
        chosen, weigh = rule(losses)
        combined = copy.copy(model)
        combined.members_ = [model.members_[i] for i in chosen]
        combined.views_ = [views[i] for i in chosen]
        weights = weigh(losses[chosen])
        combined.weights_ = weights / weights.sum()
        results[name] = float(f"{loss_of(combined, X_val, y_val):.5g}")
    return results


def read():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def measure(folder, names):
    """Run what is not among the results yet, and add it."""
    for name in names:
        results = read()
        if name not in results:
            results[name] = run(problem(folder, name, is_full=False))
            lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(results.items())]
            RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
            print(name, results[name], flush=True)


def logs_of(results):
    """Return the log losses against the reference, a row for each rule."""
    return {
        rule: np.array([np.log(r[rule] / r[REFERENCE]) for r in results.values()]) for rule in RULES
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
    of_four = [rule for rule in RULES if rule != "of all 8 the better four"]
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
