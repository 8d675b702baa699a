"""How the gallery is built: in which order, and with warnings as errors."""

import warnings
from pathlib import Path
from typing import Any

from sklearn.exceptions import ConvergenceWarning

# From a first fit, through what happens inside, to tasks and custom parts.
ORDER = (
    "quickstart",
    "activations",
    "dying_relu",
    "vanishing_gradients",
    "initializers",
    "optimizer_paths",
    "optimizers_mnist",
    "dropout_mnist",
    "grid_search",
    "imbalanced",
    "quantile_regression",
    "noise_and_doubt",
    "calibration",
    "online_learning",
    "custom_activation",
    "custom_optimizer",
)


def position(filename: str) -> tuple[int, str]:
    """Return where an example stands; those that are not listed come last, by name."""
    name = Path(filename).stem.removeprefix("plot_")
    return ORDER.index(name) if name in ORDER else len(ORDER), name


def make_strict(conf: dict[str, Any], filename: str) -> None:
    """Make errors of the warnings that an example may give; one that expects them ignores them."""
    for category in (ConvergenceWarning, RuntimeWarning, FutureWarning):
        warnings.simplefilter("error", category)
