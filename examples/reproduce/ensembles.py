"""Measure one network, Monte-Carlo dropout and ensembles, for docs/how_to/ensembles.md.

Run ``python examples/reproduce/ensembles.py FOLDER`` with scikit-learn 1.8 or newer.

All rows of a table come from three fits of a Bagging model of five networks: without dropout, with
dropout, and without on 90 % of the rows, where the others choose a temperature. Figures of one
network are the mean over the five. Nothing was tuned.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, Results, arguments, load, mean_and_error, table
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier
from sknn.uncertainty import predict_votes

PAGE = "how_to/ensembles.md"
# Epochs, and the hidden layers' dropout rate.
SETS = {"usps": (30, 0.5), "letter": (30, 0.1)}
N_MEMBERS, N_PASSES = 5, 50
ROWS = {
    "one network": "plain",
    "one network, temperature": "temperature",
    "one network with dropout": "dropout",
    "its mean vote (Monte-Carlo dropout)": "votes",
    "five networks": "ensemble",
    "five networks with dropout, mean vote": "ensemble_votes",
}


def make(name: str, dropout: float) -> Any:
    """Return a Bagging model of five networks for a data set."""
    network = MLPClassifier((100, 100), dropout=dropout, batch_size=128, max_iter=SETS[name][0])
    network.set_params(learning_rate="cosine", n_iter_no_change=float("inf"), dtype="float32")
    members = make_pipeline(StandardScaler(), network)
    return BaggingClassifier(members, N_MEMBERS, bootstrap=False, random_state=0)


def calibration_error(probabilities: np.ndarray, y: np.ndarray, n_bins: int = 15) -> float:
    """Return the expected calibration error: confidence against accuracy in bins of equal width."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, confidence - right, n_bins)
    return float(np.abs(gaps).sum() / len(y))


def measures(predictions: np.ndarray, y: np.ndarray) -> dict[str, list[float]]:
    """Return the measures of each of several predictions."""
    predictions = predictions.astype(float)
    predictions /= predictions.sum(axis=-1, keepdims=True)  # 1 but for rounding in float32
    return {
        "accuracy": [float((each.argmax(axis=1) == y).mean()) for each in predictions],
        "log_loss": [float(log_loss(y, each)) for each in predictions],
        "calibration_error": [calibration_error(each, y) for each in predictions],
    }


def at_temperature(bag: BaggingClassifier, X: np.ndarray, y: np.ndarray, X_new: np.ndarray) -> Any:
    """Return the probabilities of each member at the temperature that suits X and y best."""
    found = []
    for member in bag.estimators_:
        scaled = CalibratedClassifierCV(FrozenEstimator(member), method="temperature")
        found.append(scaled.fit(X, y).predict_proba(X_new))
    return np.stack(found)


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Return the measures of all rows of a data set's table."""
    X, y, X_test, y_test = load(folder, name).split()
    plain = predict_votes(make(name, 0.0).fit(X, y), X_test)
    with_dropout = make(name, SETS[name][1]).fit(X, y)
    votes = predict_votes(with_dropout, X_test, N_PASSES)
    votes = votes.reshape(N_MEMBERS, N_PASSES, *votes.shape[1:]).mean(axis=1, dtype=float)
    X, X_aside, y, y_aside = train_test_split(X, y, test_size=0.1, random_state=0)
    on_most = make(name, 0.0).fit(X, y)
    scaled = at_temperature(on_most, X_aside, y_aside, X_test)
    predictions = {
        "plain": plain,
        "temperature": scaled,
        "dropout": predict_votes(with_dropout, X_test),
        "votes": votes,
        "ensemble": plain.mean(axis=0, keepdims=True),
        "ensemble_votes": votes.mean(axis=0, keepdims=True),
    }
    return {key: measures(each, y_test) for key, each in predictions.items()}


def cell(values: Sequence[float], factor: float, digits: int) -> str:
    """Return a mean, with the standard error if there are several values."""
    values = [factor * value for value in values]
    return mean_and_error(values, digits) if len(values) > 1 else f"{values[0]:.{digits}f}"


def tables(folder: Path = RESULTS) -> dict[str, str]:
    """Return the table of each data set, as the page shows it."""
    entries, found = Results(folder / "ensembles.json").all(), {}
    header = ["model", "accuracy, %", "log-loss", "calibration error, %"]
    for name in SETS:
        if name in entries:
            of_set = entries[name]
            found[name] = table(
                header,
                [
                    (
                        label,
                        cell(of_set[key]["accuracy"], 100, 2),
                        cell(of_set[key]["log_loss"], 1, 3),
                        cell(of_set[key]["calibration_error"], 100, 1),
                    )
                    for label, key in ROWS.items()
                ],
            )
    return found


def main(names: Sequence[str], folder: Path, results: Results) -> None:
    """Measure some data sets that have no results yet."""
    for name in names:
        results.run(name, partial(measure, name, folder))


if __name__ == "__main__":
    given = arguments(__doc__, list(SETS))
    main(given.only, given.folder, Results(given.results / "ensembles.json"))
    for name, text in tables(given.results).items():
        print(name, text, sep="\n")
