"""Co-adaptation: what the removal of a unit costs, and how strongly units correlate.

Run it as ``python coadaptation.py FOLDER``; FOLDER has mnist.npz. ``--only dropout`` runs one
network. Fits that are in the results are not run again.

Three networks of two layers of 256 ReLU units learn 5,000 images, with three seeds: a plain one,
one with a weight penalty that was chosen on validation rows, and one with dropout. On 2,500 test
images, units are removed (their output is set to zero), and the error and the log-loss are measured
again. The correlations are those of units' outputs over the same images.
"""

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, Results, arguments, table
from protocol import Task, mean_cell, task
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier

NETWORKS = {
    "plain": {},
    "penalty": {"alpha": 3e-3},
    "dropout": {"dropout": 0.5},
}
# The penalties that are compared on validation rows; with 0, the plain network.
PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2)
UNITS = (256, 256)
EPOCHS = 30
SEEDS = (1, 2, 3)
EVERY = 4  # of the test images, whose first half is harder than the second
SHARES = (0.1, 0.25, 0.5, 0.75)  # of the units of a layer, removed together
REPEATS = 5


def network(data: Task, seed: int, **parameters: Any) -> MLPClassifier:
    """Return a fitted network."""
    model = MLPClassifier(
        UNITS,
        **{"alpha": 0.0, **parameters},
        optimizer="momentum",
        learning_rate="cosine",
        learning_rate_init=0.03,
        batch_size=100,
        max_iter=EPOCHS,
        n_iter_no_change=float("inf"),
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is set
        return model.fit(*data.training)


def outputs(model: MLPClassifier, a: np.ndarray, layer: int) -> np.ndarray:
    """Return the log-probabilities of the network above the hidden layer with the outputs a."""
    for W, b in zip(model.coefs_[layer + 1 :], model.intercepts_[layer + 1 :], strict=True):
        z = a @ W + b
        a = np.maximum(z, 0)
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def error_and_loss(log_probabilities: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the error in percent and the mean log-loss; the classes are 0, 1, 2 and so on."""
    wrong = log_probabilities.argmax(axis=1) != y
    return np.array([100 * wrong.mean(), -log_probabilities[np.arange(len(y)), y].mean()])


def removals(model: MLPClassifier, a: np.ndarray, y: np.ndarray, layer: int) -> dict[str, Any]:
    """Return what the removal of one unit, and of shares of a layer's units, costs."""

    def without(units: np.ndarray) -> np.ndarray:
        thinned = a.copy()
        thinned[:, units] = 0
        return error_and_loss(outputs(model, thinned, layer), y)

    whole = error_and_loss(outputs(model, a, layer), y)
    alive = np.flatnonzero(a.any(axis=0))
    rises = np.array([without(np.array([unit])) - whole for unit in alive])
    generator = np.random.default_rng(0)
    shares = {
        f"{share:g}": np.mean(
            [
                without(generator.permutation(a.shape[1])[: round(share * a.shape[1])])
                for _ in range(REPEATS)
            ],
            axis=0,
        )
        for share in SHARES
    }
    return {
        "dead": a.shape[1] - len(alive),
        "error_rise": _rounded(rises[:, 0].mean()),
        "loss_rise": _rounded(rises[:, 1].mean()),
        "loss_rise_most": _rounded(rises[:, 1].max()),
        "loss_rise_relative": _rounded(rises[:, 1].mean() / whole[1]),
        "error_without": {share: _rounded(value[0]) for share, value in shares.items()},
        "loss_without": {share: _rounded(value[1]) for share, value in shares.items()},
    }


def correlations(a: np.ndarray) -> dict[str, float]:
    """Return how units' outputs correlate over rows, and how often they are active."""
    active = a > 0
    alive = active.any(axis=0)
    pairs = np.corrcoef(a[:, alive], rowvar=False)[np.triu_indices(alive.sum(), 1)]
    return {
        "correlation": _rounded(np.abs(pairs).mean()),
        "correlation_root_mean_square": _rounded(np.sqrt((pairs**2).mean())),
        "above_half": _rounded((np.abs(pairs) > 0.5).mean()),
        "active": _rounded(active[:, alive].mean()),
    }


def measure(data: Task, seed: int, **parameters: Any) -> dict[str, Any]:
    """Return the errors of a network, and for each hidden layer its removals and correlations."""
    model = network(data, seed, **parameters)
    X, y = data.test[0][::EVERY], data.test[1][::EVERY]
    error, loss = error_and_loss(outputs(model, X, -1), y)
    return {
        "error": _rounded(error),
        "loss": _rounded(loss),
        "layers": [
            {**removals(model, a, y, layer), **correlations(a)}
            for layer, a in enumerate(model.activations(X)[:-1])
        ],
    }


def validation_loss(data: Task, **parameters: Any) -> dict[str, float]:
    """Return the error and the loss of a network on validation rows."""
    X, y = data.validation
    error, loss = error_and_loss(outputs(network(data, 0, **parameters), X, -1), y)
    return {"validation_error": _rounded(error), "validation_loss": _rounded(loss)}


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")


def row(
    title: str, key: str, fits: dict[str, list[dict[str, Any]]], digits: int, unit: float = 1
) -> list[str]:
    """Return a row of a table: the mean of a measure over the seeds, for each network."""
    cells = [
        mean_cell([unit * entry[key] for entry in entries], digits) for entries in fits.values()
    ]
    return [title, *cells]


def tables(folder: Path = RESULTS) -> dict[str, str]:
    """Return the tables of the results, as the page shows them."""
    entries = Results(folder / "coadaptation.json").all()
    fits = {
        name: [entry for key, entry in entries.items() if key.startswith(f"{name}, ")]
        for name in NETWORKS
    }

    header = ["", *NETWORKS]
    whole = [row("error, %", "error", fits, 2), row("log-loss", "loss", fits, 3)]
    found = {"coadaptation": table(header, whole)}
    for layer in range(len(UNITS)):
        layers = {name: [entry["layers"][layer] for entry in fits[name]] for name in fits}
        lines = [row(title, key, layers, digits, unit) for title, key, digits, unit in MEASURES]
        for share in SHARES:
            title = f"error without {100 * share:.0f} % of the units, %"
            removed = {
                name: [{"error": entry["error_without"][f"{share:g}"]} for entry in entries]
                for name, entries in layers.items()
            }
            lines.append(row(title, "error", removed, 1))
        found[f"coadaptation {layer + 1}"] = table(header, lines)
    return found


# Rows of the table of a layer: title, name in the results, digits and unit.
MEASURES = (
    ("rise of the log-loss without one unit, mean, 1e-4", "loss_rise", 2, 1e4),
    ("the same, as a share of the log-loss, %", "loss_rise_relative", 2, 100),
    ("rise without the most important unit, 1e-4", "loss_rise_most", 1, 1e4),
    ("mean correlation of two units, absolute", "correlation", 3, 1),
    ("pairs with a correlation above 0.5, %", "above_half", 1, 100),
    ("units active for an image, %", "active", 1, 100),
)


def main(names: Sequence[str], folder: Path, results: Results) -> None:
    """Run the networks that have no results yet."""
    data = task(folder, "mnist")
    for name in names:
        if name == "penalty":
            for alpha in PENALTIES:
                results.run(f"search {alpha:g}", partial(validation_loss, data, alpha=alpha))
        for seed in SEEDS:
            results.run(f"{name}, seed {seed}", partial(measure, data, seed, **NETWORKS[name]))


if __name__ == "__main__":
    given = arguments(__doc__, list(NETWORKS))
    main(given.only, given.folder, Results(given.results / "coadaptation.json"))
