"""Four data sets, and how a network is fitted and measured on them.

Each set has 10,000 training rows and 5,000 validation rows (MNIST half as many) and the test rows
of its split. A fit takes a set number of epochs and keeps the weights of the epoch with the lowest
validation loss.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import Results, Scale, load, mean_and_error
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

from sknn import MLPClassifier, MLPRegressor
from sknn.exceptions import DivergedError

N_TRAINING = {"mnist": 5_000, "letter": 10_000, "adult": 10_000, "california_housing": 10_000}
SEEDS = (1, 2, 3)  # of the fits with the tuned rate, which was chosen with seed 0
# Losses that networks with tuned rates reach on validation rows, near the lowest of the search:
# log-loss, and half the squared error in units of the training rows' variance.
TARGETS = {"mnist": 0.3, "letter": 0.3, "adult": 0.33, "california_housing": 0.13}
# The titles of the data sets in tables, and the digits of their test scores.
TITLES = {
    "mnist": "MNIST, error in %",
    "letter": "letter, error in %",
    "adult": "adult, error in %",
    "california_housing": "California, RMSE",
}
# What a rate is tuned for: the mean over the epochs of the lowest validation loss so far, and the
# lowest validation loss of all epochs.
SPEED, FINAL = "lowest", "best"
MISSING = "not run"
DIGITS = {"mnist": 2, "letter": 2, "adult": 2, "california_housing": 4}


@dataclass
class Task:
    """A data set as a network takes it.

    Attributes
    ----------
    name : str
        The name of the data set.
    training, validation, test : tuple of ndarray
        X and y, in float32; numbers y are standardized.
    unit : float
        The standard deviation of y on the training rows; 1 for classes.
    """

    name: str
    training: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    unit: float = 1.0

    @property
    def estimator(self) -> type[MLPClassifier] | type[MLPRegressor]:
        """The class of the network."""
        return MLPRegressor if self.name == "california_housing" else MLPClassifier

    def score(self, model: Any) -> float:
        """Return the test error in percent, or the test RMSE in the units of y."""
        X, y = self.test
        if self.estimator is MLPClassifier:
            return 100 - 100 * model.score(X, y)
        return self.unit * float(np.sqrt(np.mean((model.predict(X) - y) ** 2)))


def task(folder: Path, name: str) -> Task:
    """Return a data set: pixels from 0 to 1, categories one-hot, numbers standardized.

    The numbers of california_housing, two of which have huge outliers, follow a normal
    distribution after a transformation by their quantiles. Everything is learned from the training
    rows.
    """
    data = load(folder, name)
    X, y, X_test, y_test = data.split()
    order = np.random.default_rng(0).permutation(len(y))
    n_training = min(N_TRAINING[name], len(y) * 2 // 3)
    rows, others = order[:n_training], order[n_training:][: n_training // 2]
    transform = _preprocessing(folder, name, X[rows])
    scale = Scale(np.float64(0), np.float64(1))
    if name == "california_housing":
        scale = Scale.of(y[rows])
        y, y_test = scale(y).astype(np.float32), scale(y_test).astype(np.float32)
    parts = ((X[rows], y[rows]), (X[others], y[others]), (X_test, y_test))
    return Task(name, *((transform(X), y) for X, y in parts), unit=float(scale.std))


def _preprocessing(folder: Path, name: str, X: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    if name == "mnist":
        return lambda rows: (rows / 255).astype(np.float32)
    if name == "california_housing":
        n_quantiles = min(1000, len(X))
        quantiles = QuantileTransformer(
            n_quantiles=n_quantiles, output_distribution="normal", random_state=0
        ).fit(X)
        return lambda rows: quantiles.transform(rows).astype(np.float32)
    categorical = np.zeros(X.shape[1], bool)
    if name == "adult":
        with np.load(folder / "adult.npz") as file:
            categorical = file["is_categorical"]
    scale = Scale.of(X[:, ~categorical])
    if not categorical.any():
        return lambda rows: scale(rows).astype(np.float32)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(X[:, categorical])
    return lambda rows: np.hstack(
        [scale(rows[:, ~categorical]), one_hot.transform(rows[:, categorical])]
    ).astype(np.float32)


def fit(task: Task, *, epochs: int, seed: int, **parameters: Any) -> dict[str, Any]:
    """Fit one network, and return its validation losses and its test score.

    Returns
    -------
    entry : dict
        ``lowest``, the lowest validation loss so far, averaged over the epochs; ``best``, the
        lowest validation loss; ``reached``, the epochs until the validation loss was below the
        target, or None; ``score``, the test score of the weights of the best epoch. A fit that
        diverged has None for all of them.
    """
    model = task.estimator(
        **parameters,
        alpha=0.0,
        batch_size=100,
        max_iter=epochs,
        early_stopping=True,
        n_iter_no_change=float("inf"),
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is set
        try:
            model.fit(*task.training, X_val=task.validation[0], y_val=task.validation[1])
        except DivergedError:
            return {"lowest": None, "best": None, "reached": None, "score": None}
    losses = np.minimum.accumulate(model.history_["validation_loss"])
    below = np.flatnonzero(losses < TARGETS[task.name])
    return {
        "lowest": round(float(losses.mean()), 5),
        "best": round(float(losses[-1]), 5),
        "reached": int(below[0]) + 1 if len(below) else None,
        "score": round(task.score(model), 4),
    }


def tuned_rate(
    results: Results,
    name: str,
    measure: Callable[[float], dict[str, Any]],
    start: float,
    criterion: str = SPEED,
) -> float:
    """Return the rate with the smallest criterion that a walk over rates finds.

    The rates are powers of ten and three times these. The walk begins at ``start``, falls while
    fits diverge, and ends where the rates on both sides are worse. Rates that were tried before for
    another criterion count, too.
    """
    exponent = round(2 * np.log10(start))

    def value(exponent: int) -> float:
        rate = rate_of(exponent)
        entry = results.run(f"{name}, rate {rate:g}", lambda: measure(rate))
        return np.inf if entry[criterion] is None else entry[criterion]

    while True:
        best = min((exponent, exponent - 1, exponent + 1), key=value)
        if best == exponent and np.isfinite(value(best)):
            return float(tuned(results.all(), name, criterion)[0])
        exponent = best if best != exponent else exponent - 1


def rate_of(exponent: int) -> float:
    """Return 10 to the half of the exponent, where the root of ten is three."""
    return float(f"{(3 if exponent % 2 else 1) * 10.0 ** (exponent // 2):g}")


def sweep(results: Results, name: str, run: Callable[..., dict[str, Any]], start: float) -> None:
    """Tune the rate of a fit with seed 0, and run it with the other seeds.

    There are two tuned rates, which are often the same: one for a fast fall of the validation loss
    and one for its lowest value.

    Parameters
    ----------
    results : Results
        Where the entries are.
    name : str
        Their common name.
    run : callable
        Returns the entry of a fit with the arguments ``learning_rate_init`` and ``seed``.
    start : float
        The rate where the search begins.
    """
    rate = start
    for criterion in (SPEED, FINAL):
        rate = tuned_rate(
            results, name, lambda rate: run(learning_rate_init=rate, seed=0), rate, criterion
        )
        for seed in SEEDS:
            results.run(
                f"{name}, tuned to {rate:g}, seed {seed}",
                partial(run, learning_rate_init=rate, seed=seed),
            )


def tuned(entries: dict[str, Any], name: str, criterion: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the tuned rate of a sweep, and its entries; "" and none if they are missing."""
    start = f"{name}, rate "
    values = {
        key.removeprefix(start): entry[criterion]
        for key, entry in entries.items()
        if key.startswith(start) and entry[criterion] is not None
    }
    rate = min(values, key=values.__getitem__, default="")
    chosen = f"{name}, tuned to {rate}, "
    return rate, [entry for key, entry in entries.items() if key.startswith(chosen)]


def measured(entries: dict[str, Any], sweeps: dict[str, list[str]]) -> list[str]:
    """Return the data sets whose sweeps, given by their names, all have entries of a tuned rate."""
    return [
        data
        for data, names in sweeps.items()
        if all(tuned(entries, name, criterion)[1] for name in names for criterion in (SPEED, FINAL))
    ]


def epochs_cell(fits: list[dict[str, Any]]) -> str:
    """Return the mean epochs to the target and their range over the seeds, for a table."""
    reached = [fit["reached"] for fit in fits if fit["reached"] is not None]
    if not reached:
        return "never" if fits else MISSING
    if len(reached) < len(fits):
        return f"{len(reached)} of {len(fits)} fits"
    low, high = min(reached), max(reached)
    return f"{np.mean(reached):.0f}" if low == high else f"{np.mean(reached):.0f} ({low} to {high})"


def score_cell(fits: list[dict[str, Any]], digits: int) -> str:
    """Return the mean test score and its standard error, for a table."""
    if any(fit["score"] is None for fit in fits):
        return "diverged"
    return mean_cell([fit["score"] for fit in fits], digits)


def mean_cell(values: list[float], digits: int) -> str:
    """Return a mean over seeds and its standard error, for a table."""
    return mean_and_error(values, digits) if len(values) > 1 else MISSING
