"""Xavier's rule with sigmoid and He's with ReLU, against weights of a fixed size.

Run it as ``python initializers.py FOLDER``; FOLDER has mnist.npz, letter.npz, adult.npz and
california_housing.npz. ``--only letter`` runs one data set. Fits that are in the results are not
run again.

Each initializer has its own learning rate of momentum, chosen on validation rows with seed 0; then
seeds 1 to 3 are measured. Biases start at zero.
"""

from functools import partial

from common import Results, arguments
from protocol import TARGETS, fit, task, tuned_rate

from sknn.initializers import HeNormal, Normal, XavierNormal

ACTIVATIONS = {"sigmoid": XavierNormal(), "relu": HeNormal()}
# The number of hidden layers, of 100 units each; deep ones on two data sets.
DEPTHS = {"mnist": (2, 5), "letter": (2, 5), "adult": (2,), "california_housing": (2,)}
# The rates where the searches begin.
START = {"sigmoid": 0.1, "relu": 0.01}
EPOCHS = 20
SEEDS = (1, 2, 3)


def initializers(activation: str) -> dict[str, object]:
    """Return the initializers that an activation is measured with, by name."""
    fitting = ACTIVATIONS[activation]
    return {
        type(fitting).__name__: fitting,
        "N(0, 0.1²)": Normal(std=0.1),
        "N(0, 1)": Normal(std=1.0),
    }


def main() -> None:
    chosen = arguments(__doc__, list(TARGETS))
    results = Results(chosen.results / "initializers.json")
    for data in chosen.only:
        measured = partial(fit, task(chosen.folder, data), optimizer="momentum", epochs=EPOCHS)
        for depth in DEPTHS[data]:
            for activation in ACTIVATIONS:
                for init, initializer in initializers(activation).items():
                    run = partial(
                        measured,
                        hidden_layer_sizes=(100,) * depth,
                        activation=activation,
                        init=initializer,
                        bias_init="zeros",
                    )
                    name = f"{data}, {depth} layers of {activation}, {init}"
                    rate = tuned_rate(
                        results,
                        name,
                        lambda r, run=run: run(learning_rate_init=r, seed=0),
                        START[activation],
                    )
                    for seed in SEEDS:
                        results.run(
                            f"{name}, tuned to {rate:g}, seed {seed}",
                            partial(run, learning_rate_init=rate, seed=seed),
                        )


if __name__ == "__main__":
    main()
