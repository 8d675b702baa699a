"""Eight optimizers on four data sets, each at its tuned learning rate.

Run it as ``python optimizers.py FOLDER``; FOLDER has mnist.npz, letter.npz, adult.npz and
california_housing.npz. ``--only letter`` runs one data set. Fits that are in the results are not
run again.

The network has two hidden layers of 100 ReLU units and He's initial weights. The rate is chosen on
validation rows, with seed 0; then seeds 1 to 3 are measured.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from common import RESULTS, Results, arguments, table
from protocol import (
    DIGITS,
    FINAL,
    SPEED,
    TARGETS,
    TITLES,
    epochs_cell,
    fit,
    measured,
    score_cell,
    sweep,
    task,
    tuned,
)

# The optimizers, and the rate where the search of each begins.
START = {
    "gd": 1.0,
    "sgd": 0.1,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.03,
    "rmsprop": 0.001,
    "adadelta": 1.0,
    "adam": 0.001,
}
EPOCHS = 20
EPOCHS_GD = 200  # an epoch of gd is one step, an epoch of the others a hundred
NETWORK = {"hidden_layer_sizes": (100, 100), "init": "he_normal"}


def tables(folder: Path = RESULTS) -> dict[str, str]:
    """Return the tables of the results, as the page shows them."""
    entries = Results(folder / "optimizers.json").all()
    shown = measured(entries, {data: [f"{data}, {name}" for name in START] for data in TARGETS})
    epochs, scores = [], []
    for optimizer in START:
        names = {data: f"{data}, {optimizer}" for data in shown}
        fast = [tuned(entries, name, SPEED) for name in names.values()]
        epochs.append(
            [f"`{optimizer}`", *(f"{epochs_cell(fits)} at {rate}" for rate, fits in fast)]
        )
        best = {data: tuned(entries, name, FINAL) for data, name in names.items()}
        cells = [
            f"{score_cell(fits, DIGITS[data])} at {rate}" for data, (rate, fits) in best.items()
        ]
        scores.append([f"`{optimizer}`", *cells])
    targets = [f"{TITLES[data].split(',')[0]}, to {TARGETS[data]:g}" for data in shown]
    return {
        "optimizers, epochs": table(["optimizer", *targets], epochs),
        "optimizers, scores": table(["optimizer", *(TITLES[data] for data in shown)], scores),
    }


def main(names: Sequence[str], folder: Path, results: Results) -> None:
    """Run the fits of some data sets that have no results yet."""
    for data in names:
        fitted = partial(fit, task(folder, data), **NETWORK)
        for optimizer, start in START.items():
            epochs = EPOCHS_GD if optimizer == "gd" else EPOCHS
            run = partial(fitted, optimizer=optimizer, epochs=epochs)
            sweep(results, f"{data}, {optimizer}", run, start)


if __name__ == "__main__":
    given = arguments(__doc__, list(TARGETS))
    main(given.only, given.folder, Results(given.results / "optimizers.json"))
