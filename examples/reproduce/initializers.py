"""Xavier's rule with sigmoid and He's with ReLU, against weights of a fixed size.

Run it as ``python initializers.py FOLDER``; FOLDER has mnist.npz, letter.npz, adult.npz and
california_housing.npz. ``--only letter`` runs one data set. Fits that are in the results are not
run again.

Each initializer has its own learning rate of momentum, chosen on validation rows with seed 0; then
seeds 1 to 3 are measured. Biases start at zero.
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

from sknn.initializers import HeNormal, Normal, XavierNormal

ACTIVATIONS = {"sigmoid": XavierNormal(), "relu": HeNormal()}
# The number of hidden layers, of 100 units each; deep ones on two data sets.
DEPTHS = {"mnist": (2, 5), "letter": (2, 5), "adult": (2,), "california_housing": (2,)}
# The rates where the searches begin.
START = {"sigmoid": 0.1, "relu": 0.01}
EPOCHS = 10


def initializers(activation: str) -> dict[str, object]:
    """Return the initializers that an activation is measured with, by name."""
    fitting = ACTIVATIONS[activation]
    return {
        type(fitting).__name__: fitting,
        "N(0, 0.1²)": Normal(std=0.1),
        "N(0, 1)": Normal(std=1.0),
    }


def tables(folder: Path = RESULTS) -> dict[str, str]:
    """Return the tables of the results, as the page shows them."""
    entries = Results(folder / "initializers.json").all()
    found = {}
    for depth in (2, 5):
        sweeps = {
            data: [
                f"{data}, {depth} layers of {activation}, {init}"
                for activation in ACTIVATIONS
                for init in initializers(activation)
            ]
            for data, depths in DEPTHS.items()
            if depth in depths
        }
        names = measured(entries, sweeps)
        epochs, scores = [], []
        for activation in ACTIVATIONS:
            for init in initializers(activation):
                name = f"{depth} layers of {activation}, {init}"
                fast, best = (
                    {data: tuned(entries, f"{data}, {name}", criterion)[1] for data in names}
                    for criterion in (SPEED, FINAL)
                )
                title = [f"`{activation}`", init]
                epochs.append([*title, *map(epochs_cell, fast.values())])
                scores.append([*title, *(score_cell(best[data], DIGITS[data]) for data in names)])
        header = ["activation", "initial weights"]
        targets = [f"{TITLES[data].split(',')[0]}, to {TARGETS[data]:g}" for data in names]
        found[f"initializers, {depth} layers, epochs"] = table([*header, *targets], epochs)
        titles = [TITLES[data] for data in names]
        found[f"initializers, {depth} layers, scores"] = table([*header, *titles], scores)
    return found


def main(names: Sequence[str], folder: Path, results: Results) -> None:
    """Run the fits of some data sets that have no results yet."""
    for data in names:
        fitted = partial(fit, task(folder, data), optimizer="momentum", epochs=EPOCHS)
        for depth in DEPTHS[data]:
            for activation, start in START.items():
                for name, initializer in initializers(activation).items():
                    run = partial(
                        fitted,
                        hidden_layer_sizes=(100,) * depth,
                        activation=activation,
                        init=initializer,
                        bias_init="zeros",
                    )
                    sweep(results, f"{data}, {depth} layers of {activation}, {name}", run, start)


if __name__ == "__main__":
    given = arguments(__doc__, list(TARGETS))
    main(given.only, given.folder, Results(given.results / "initializers.json"))
