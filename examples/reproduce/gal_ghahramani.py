"""Reproduce table 1 of Gal and Ghahramani, Dropout as a Bayesian approximation, ICML 2016.

Run ``python examples/reproduce/gal_ghahramani.py FOLDER``; ``--only yacht`` runs one row of the
table. An interrupted run goes on where it was.

The protocol is that of the authors' code: 20 splits of 90 % and 10 %, inputs and targets
standardized, one hidden layer of 50 ReLU units, dropout of the inputs and of the hidden units, and
Adam. In each split a fifth of the training rows chooses the dropout rate and the precision of the
noise, by the log-likelihood of the Monte-Carlo prediction. Then a network is fitted to all training
rows. What differs:

- Dropout rates are tried from the smallest, until the likelihood falls.
- The authors' weight decay follows from the precision, and is below 1e-6 on standardized targets.
  Here it is a constant, and the precision is chosen after the fit, from a grid relative to the
  error on the validation rows.
- The learning rate falls to zero, and a step takes fewer rows: fewer epochs have as many steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, Data, Results, Scale, arguments, load, mean_and_error, table
from scipy.special import logsumexp

from sknn import MLPRegressor

# Epochs, rows in a step and learning rate, chosen on validation rows of the first three splits.
SETS = {
    "concrete": (1000, 32, 0.01),
    "energy": (1000, 32, 0.01),
    "naval": (200, 64, 0.01),
    "wine_red": (400, 32, 0.01),
    "yacht": (2000, 32, 0.01),
}
RATES = (0.005, 0.01, 0.05, 0.1)
# The deviation of the noise as a share of the validation rows' root mean squared error.
NOISES = np.geomspace(0.1, 1.5, 30)
N_SPLITS = 20
N_VOTES_TO_CHOOSE, N_VOTES = 500, 10_000

# RMSE and log-likelihood of the paper, and of the authors' redone result of 2018.
PUBLISHED = {
    "concrete": ("5.23", "4.82 ± 0.16", "-3.04", "-2.93"),
    "energy": ("1.66", "0.54 ± 0.06", "-1.99", "-1.21"),
    "naval": ("0.01", "0.0007", "3.80", "4.45"),
    "wine_red": ("0.62", "0.62 ± 0.01", "-0.93", "-0.93"),
    "yacht": ("1.11", "0.67 ± 0.05", "-1.55", "-1.25"),
}


@dataclass
class Fit:
    """A network and the scales of its inputs and targets."""

    network: MLPRegressor
    inputs: Scale
    targets: Scale

    def votes(self, X: np.ndarray, n_passes: int) -> np.ndarray:
        """Return the votes on the rows of X, in the units of y."""
        votes = self.network.predict_votes(self.inputs(X), n_passes)
        return votes.astype(np.float64) * self.targets.std + self.targets.mean


def fit(X: np.ndarray, y: np.ndarray, rate: float, setting: tuple[int, int, float]) -> Fit:
    """Fit a network with dropout to standardized rows."""
    epochs, batch_size, learning_rate = setting
    inputs, targets = Scale.of(X), Scale.of(y)
    network = MLPRegressor(
        50,
        "relu",
        dropout=rate,
        input_dropout=rate,
        learning_rate="cosine",
        learning_rate_init=learning_rate,
        batch_size=batch_size,
        max_iter=epochs,
        n_iter_no_change=float("inf"),
        dtype="float32",
        random_state=0,
    )
    return Fit(network.fit(inputs(X), targets(y)), inputs, targets)


def log_likelihood(votes: np.ndarray, y: np.ndarray, noise: float) -> float:
    """Return the mean log-density of y under the mixture of Gaussians around the votes."""
    density = logsumexp(-0.5 * ((y - votes) / noise) ** 2, axis=0) - np.log(len(votes))
    return float(np.mean(density) - np.log(noise) - 0.5 * np.log(2 * np.pi))


def error(votes: np.ndarray, y: np.ndarray) -> float:
    """Return the root mean squared error of the mean vote."""
    return float(np.sqrt(np.mean((votes.mean(axis=0) - y) ** 2)))


def choose(
    X: np.ndarray, y: np.ndarray, setting: tuple[int, int, float], seed: int
) -> tuple[float, float]:
    """Return the dropout rate and the deviation of the noise that suit validation rows best.

    Rates are tried from the smallest, until the likelihood falls.
    """
    rows = np.random.default_rng(seed).permutation(len(y))
    validation, training = np.split(rows, [len(y) // 5])
    best = (-np.inf, 0.0, 0.0)
    for rate in RATES:
        votes = fit(X[training], y[training], rate, setting).votes(X[validation], N_VOTES_TO_CHOOSE)
        noises = error(votes, y[validation]) * NOISES
        found = max((log_likelihood(votes, y[validation], noise), rate, noise) for noise in noises)
        if found < best:
            break
        best = found
    return best[1], float(best[2])


def run_split(data: Data, number: int, setting: tuple[int, int, float]) -> dict[str, Any]:
    """Choose on validation rows, fit all training rows and return the results on the test rows."""
    X, y, X_test, y_test = data.split(number)
    rate, noise = choose(X, y, setting, number)
    votes = fit(X, y, rate, setting).votes(X_test, N_VOTES)
    return {
        "rmse": error(votes, y_test),
        "log_likelihood": log_likelihood(votes, y_test, noise),
        "rate": rate,
        "noise": noise,
    }


def tables(folder: Path = RESULTS) -> dict[str, str]:
    """Return the tables of the results, as the page shows them."""
    entries, lines = Results(folder / "gal_ghahramani.json").all(), {"rmse": [], "likelihood": []}
    for name, (paper, redone, paper_likelihood, redone_likelihood) in PUBLISHED.items():
        splits = [entry for key, entry in entries.items() if key.split(" ")[0] == name]
        if len(splits) > 1:
            rmse = mean_and_error([split["rmse"] for split in splits], 5 if name == "naval" else 2)
            likelihood = mean_and_error([split["log_likelihood"] for split in splits])
            lines["rmse"].append((name, paper, redone, rmse, len(splits)))
            lines["likelihood"].append((name, paper_likelihood, redone_likelihood, likelihood))
    header = ["data", "paper", "authors, 2018", "sknn"]
    return {
        "gal_ghahramani_rmse": table([*header, "splits"], lines["rmse"]),
        "gal_ghahramani_likelihood": table(header, lines["likelihood"]),
    }


def main(names: Sequence[str], folder: Path, results: Results) -> None:
    """Run the splits of some data sets that have no results yet, the first split of each first."""
    sets = {name: load(folder, name) for name in names}
    for number in range(N_SPLITS):
        for name, data in sets.items():
            if number < len(data.test_rows):
                results.run(f"{name} {number:02}", partial(run_split, data, number, SETS[name]))


if __name__ == "__main__":
    given = arguments(__doc__, list(SETS))
    main(given.only, given.folder, Results(given.results / "gal_ghahramani.json"))
    for text in tables(given.results).values():
        print(text, end="\n\n")
