"""Measure the coverage and the width of intervals on real data, for docs/how_to/intervals.md.

Run ``python examples/reproduce/intervals.py FOLDER`` with MAPIE 1.x installed.

Each method has the training rows of a split; conformal methods set a quarter of them aside, and
cross conformal none. All networks have the same size, epochs and learning rate, which were not
tuned.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, Data, Results, arguments, load, mean_and_error, table
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPRegressor
from sknn.losses import Quantile
from sknn.uncertainty import predict_mean_std

PAGE = "how_to/intervals.md"
# Splits, epochs and rows in a step.
SETS = {"concrete": (5, 200, 32), "california_housing": (2, 40, 128)}
LEVEL = 0.9
QUANTILES = ((1 - LEVEL) / 2, (1 + LEVEL) / 2, 0.5)  # in MAPIE's order
N_DEVIATIONS = 1.6448536  # of a normal distribution, on each side of 90 %

Interval = tuple[np.ndarray, np.ndarray]
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]  # X, y and the X to predict


def network(name: str, loss: Any = "squared_error") -> Any:
    """Return a network with scaled inputs and targets."""
    _, epochs, batch_size = SETS[name]
    mlp = MLPRegressor((64, 64), "silu", loss=loss, learning_rate="cosine", alpha=1e-3)
    mlp.set_params(learning_rate_init=0.005, batch_size=batch_size, max_iter=epochs)
    mlp.set_params(n_iter_no_change=float("inf"), dtype="float32", random_state=0)
    scaled = make_pipeline(StandardScaler(), mlp)
    return TransformedTargetRegressor(scaled, transformer=StandardScaler())


def gaussian(name: str, rows: Rows) -> Interval:
    """Mean and deviation of ``loss="gaussian"``, without a guarantee."""
    X, y, X_new = rows
    mean, std = predict_mean_std(network(name, "gaussian").fit(X, y), X_new)
    return mean - N_DEVIATIONS * std, mean + N_DEVIATIONS * std


def quantiles(name: str, rows: Rows) -> Interval:
    """Two predicted quantiles, without a guarantee."""
    X, y, X_new = rows
    low, high = (network(name, Quantile(level)).fit(X, y).predict(X_new) for level in QUANTILES[:2])
    return low, high


def split_conformal(name: str, rows: Rows) -> Interval:
    """An interval of the same width everywhere, from the errors on rows set aside."""
    from mapie.regression import SplitConformalRegressor

    X, y, X_new = rows
    X, X_aside, y, y_aside = train_test_split(X, y, test_size=0.25, random_state=0)
    model = SplitConformalRegressor(network(name).fit(X, y), LEVEL, prefit=True)
    return ends(model.conformalize(X_aside, y_aside).predict_interval(X_new))


def cross_conformal(name: str, rows: Rows) -> Interval:
    """Cross conformal intervals (CV+) of five folds."""
    from mapie.regression import CrossConformalRegressor

    X, y, X_new = rows
    model = CrossConformalRegressor(network(name), LEVEL, method="plus", cv=5)
    return ends(model.fit_conformalize(X, y).predict_interval(X_new))


def conformal_quantiles(name: str, rows: Rows) -> Interval:
    """Conformalized quantile regression."""
    from mapie.regression import ConformalizedQuantileRegressor

    X, y, X_new = rows
    X, X_aside, y, y_aside = train_test_split(X, y, test_size=0.25, random_state=0)
    networks = [network(name, Quantile(level)).fit(X, y) for level in QUANTILES]
    model = ConformalizedQuantileRegressor(networks, LEVEL, prefit=True)
    return ends(model.conformalize(X_aside, y_aside).predict_interval(X_new))


def ends(predicted: tuple[np.ndarray, np.ndarray]) -> Interval:
    """Return the ends of the intervals that MAPIE predicts."""
    return predicted[1][:, 0, 0], predicted[1][:, 1, 0]


METHODS: dict[str, Callable[[str, Rows], Interval]] = {
    'loss="gaussian"': gaussian,
    "two quantiles": quantiles,
    "split conformal": split_conformal,
    "cross conformal": cross_conformal,
    "conformalized quantiles": conformal_quantiles,
}


def measure(data: Data, number: int, name: str, method: str) -> dict[str, Any]:
    """Return the coverage of all test rows and of a fifth of them, and the mean width."""
    X, y, X_test, y_test = data.split(number)
    low, high = METHODS[method](name, (X, y, X_test))
    inside, width = (low <= y_test) & (y_test <= high), high - low
    # A guarantee holds for all rows together. Where predictions are large, noise often is as well.
    middle = (low + high) / 2
    upper = middle >= np.quantile(middle, 0.8)
    return {
        "coverage": float(inside.mean()),
        "coverage_upper_fifth": float(inside[upper].mean()),
        "width": float(width.mean() / y.std()),
    }


def tables(folder: Path = RESULTS) -> dict[str, str]:
    """Return the table of each data set, as the page shows it."""
    entries, found = Results(folder / "intervals.json").all(), {}
    for name in SETS:
        lines = []
        for method in METHODS:
            splits = [
                entries[key] for key in sorted(entries) if key.startswith(f"{name} {method} ")
            ]
            if splits:
                cells = [
                    mean_and_error([split[column] for split in splits], 3)
                    for column in ("coverage", "coverage_upper_fifth", "width")
                ]
                lines.append([method, *cells])
        header = ["intervals", "coverage", "of the largest fifth", "mean width"]
        found[name] = table(header, lines)
    return found


def main(names: Sequence[str], folder: Path, results: Results) -> None:
    """Run all methods on the splits of some data sets, unless they have results."""
    for name in names:
        data = load(folder, name)
        for number in range(min(SETS[name][0], len(data.test_rows))):
            for method in METHODS:
                results.run(
                    f"{name} {method} {number:02}", partial(measure, data, number, name, method)
                )


if __name__ == "__main__":
    given = arguments(__doc__, list(SETS))
    main(given.only, given.folder, Results(given.results / "intervals.json"))
    for name, text in tables(given.results).items():
        print(name, text, sep="\n")
