"""Eight optimizers on four data sets, each at its tuned learning rate.

Run it as ``python optimizers.py FOLDER``; FOLDER has mnist.npz, letter.npz, adult.npz and
california_housing.npz. ``--only letter`` runs one data set. Fits that are in the results are not
run again.

The network has two hidden layers of 100 ReLU units and He's initial weights. The rate is chosen on
validation rows, with seed 0; then seeds 1 to 3 are measured.
"""

from functools import partial

from common import Results, arguments
from protocol import TARGETS, fit, task, tuned_rate

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
SEEDS = (1, 2, 3)
NETWORK = {"hidden_layer_sizes": (100, 100), "init": "he_normal"}


def main() -> None:
    chosen = arguments(__doc__, list(TARGETS))
    results = Results(chosen.results / "optimizers.json")
    for data in chosen.only:
        measured = partial(fit, task(chosen.folder, data), **NETWORK)
        for optimizer, start in START.items():
            epochs = EPOCHS_GD if optimizer == "gd" else EPOCHS
            run = partial(measured, optimizer=optimizer, epochs=epochs)
            name = f"{data}, {optimizer}"
            rate = tuned_rate(
                results, name, lambda r, run=run: run(learning_rate_init=r, seed=0), start
            )
            for seed in SEEDS:
                results.run(
                    f"{name}, tuned to {rate:g}, seed {seed}",
                    partial(run, learning_rate_init=rate, seed=seed),
                )


if __name__ == "__main__":
    main()
