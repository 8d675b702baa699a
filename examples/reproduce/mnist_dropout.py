"""Dropout on MNIST: table 2 of Srivastava et al., JMLR 15, 2014.

Run it as ``python mnist_dropout.py FOLDER``; FOLDER has mnist.npz. A fit can be interrupted: the
next run goes on from its checkpoint. ``--only full-dropout`` runs one row.

- ``search-MODEL`` compares settings: 10,000 training rows, errors on the last 10,000 of the
  60,000 training rows. The settings of the other rows were chosen from these errors.
- ``short-MODEL`` trains on 10,000 rows with three seeds and smaller networks, ``full-MODEL`` on all
  60,000 with one seed. Both report errors on the official test set.
- ``long-MODEL`` is the second try of the two networks with dropout on all 60,000 rows: six times as
  many steps as ``full-MODEL``. Its settings were chosen from the errors of ``long-search-MODEL``.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from common import RESULTS, Results, arguments, table
from protocol import MISSING, mean_cell
from sklearn.exceptions import ConvergenceWarning

import sknn
from sknn import MLPClassifier
from sknn.callbacks import Checkpoint
from sknn.optimizers import Nesterov


@dataclass(frozen=True)
class Setting:
    """What a search chooses: the rate of Nesterov's momentum and the largest norm of weights."""

    rate: float
    max_norm: float | None = None

    def __str__(self) -> str:
        norm = "" if self.max_norm is None else f", max-norm {self.max_norm:g}"
        return f"nesterov {self.rate:g}{norm}"


WIDE = {"hidden_layer_sizes": (1024,) * 3, "dropout": 0.5, "input_dropout": 0.2}
NETWORKS = {
    "standard": {"hidden_layer_sizes": (800, 800)},
    "dropout": WIDE,
    "max-norm": WIDE,
}
SEARCH = {
    "standard": [Setting(rate) for rate in (0.03, 0.1)],
    "dropout": [Setting(rate) for rate in (0.03, 0.1)],
    "max-norm": [Setting(0.03, 2.0), Setting(0.1, 1.0), Setting(0.03, 1.0)],
}
LONG_SEARCH = {
    "dropout": [Setting(rate) for rate in (0.01, 0.03, 0.1)],
    "max-norm": [Setting(rate, 1.0) for rate in (0.01, 0.03, 0.1)],
}
SEARCHES = {"search": SEARCH, "long-search": LONG_SEARCH}
# Errors in percent of the paper's table 2; the first is from Simard et al. 2003.
PUBLISHED = {"standard": "1.60", "dropout": "1.25", "max-norm": "1.06"}
TITLES = {
    "standard": "standard, 2 layers of 800",
    "dropout": "dropout, 3 layers of 1024",
    "max-norm": "dropout and max-norm, 3 layers of 1024",
}
CHOSEN_LONG = {"dropout": Setting(0.03), "max-norm": Setting(0.03, 1.0)}
CHOSEN = {
    "standard": Setting(0.1),
    "dropout": Setting(0.03),
    "max-norm": Setting(0.03, 1.0),
}
EPOCHS = {"search": 15, "short": 40, "full": 40, "long-search": 60, "long": 120}
# The short form has smaller networks, so that it takes minutes.
SMALLER = {"short": {"hidden_layer_sizes": (512, 512)}}
BATCH = {"search": 128, "short": 128, "full": 256, "long-search": 128, "long": 128}
SEEDS = {"search": [0], "short": [0, 1, 2], "full": [0], "long-search": [0], "long": [0]}
N_SMALL = 10_000  # training rows of the search and of the short form
N_VALIDATION = 10_000  # the last of the training rows


def images(folder: Path, form: str) -> tuple[np.ndarray, ...]:
    """Return X and y of the training rows of a form, and of the rows that it is measured on."""
    with np.load(folder / "mnist.npz") as file:
        X, y, test = file["X"], file["y"].astype(np.int64), file["test_idx"][0]
    training = np.setdiff1d(np.arange(len(y)), test)
    if form in SEARCHES:
        training, test = training[:-N_VALIDATION], training[-N_VALIDATION:]
    if form not in ("full", "long"):
        training = training[:N_SMALL]
    return tuple(
        part
        for rows in (training, test)
        for part in (X[rows].astype(np.float32) / np.float32(255), y[rows])
    )


def network(form: str, model: str, setting: Setting, seed: int) -> MLPClassifier:
    """Return the network of a row; its rate falls to zero along half a cosine."""
    return MLPClassifier(
        **NETWORKS[model] | SMALLER.get(form, {}),
        optimizer=Nesterov(momentum=0.95),
        learning_rate="cosine",
        learning_rate_init=setting.rate,
        max_norm=setting.max_norm,
        alpha=0.0,
        batch_size=BATCH[form],
        max_iter=EPOCHS[form],
        n_iter_no_change=float("inf"),
        random_state=seed,
    )


def fit(model: MLPClassifier, X: np.ndarray, y: np.ndarray, path: Path) -> MLPClassifier:
    """Fit a network, from its checkpoint if there is one, and delete the checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is set
        if path.exists():
            model = sknn.load(path).set_callbacks(Checkpoint(path)).resume(X, y)
        else:
            model = model.set_callbacks(Checkpoint(path)).fit(X, y)
    path.unlink()
    return model


def measure(
    folder: Path, results: Path, form: str, model: str, setting: Setting, seed: int
) -> dict[str, object]:
    """Return the errors of one fit in percent, on the rows that the form measures."""
    X, y, X_test, y_test = images(folder, form)
    path = results / "checkpoints" / f"{form}-{model}-{setting}-{seed}.npz".replace(" ", "_")
    fitted = fit(network(form, model, setting, seed), X, y, path)
    return {
        "setting": str(setting),
        "epochs": EPOCHS[form],
        "error": round(100 - 100 * fitted.score(X_test, y_test), 3),
        "loss": round(fitted.loss_, 5),
    }


def rows_of(form: str, model: str) -> dict[str, tuple[Setting, int]]:
    """Return the fits of a row: setting and seed by the name of the entry."""
    chosen = CHOSEN_LONG if form == "long" else CHOSEN
    settings = SEARCHES[form][model] if form in SEARCHES else [chosen[model]]
    return {
        f"{form} {model}, {setting}, seed {seed}": (setting, seed)
        for setting in settings
        for seed in SEEDS[form]
    }


ROWS = {
    f"{form}-{model}": (form, model)
    for form in EPOCHS
    for model in (LONG_SEARCH if form.startswith("long") else NETWORKS)
}


def tables(folder: Path = RESULTS) -> dict[str, str]:
    """Return the tables of the results, as the page shows them."""
    entries = Results(folder / "mnist_dropout.json").all()
    found = {
        row: [
            (setting, entries[name]["error"])
            for name, (setting, _) in rows_of(*key).items()
            if name in entries
        ]
        for row, key in ROWS.items()
    }

    def errors(row: str) -> str:
        return ", ".join(f"{error:.2f}" for _, error in found.get(row, [])) or MISSING

    lines = [
        [
            TITLES[model],
            PUBLISHED[model],
            errors(f"full-{model}"),
            errors(f"long-{model}"),
            mean_cell([error for _, error in found[f"short-{model}"]], 2),
        ]
        for model in NETWORKS
    ]
    search = [
        [
            TITLES[model],
            EPOCHS[form],
            f"{setting.rate:g}",
            setting.max_norm or "none",
            f"{error:.2f}",
        ]
        for model in NETWORKS
        for form in SEARCHES
        for setting, error in found.get(f"{form}-{model}", [])
    ]
    images = [f"60,000 images, {EPOCHS[form]} epochs" for form in ("full", "long")]
    header = ["network", "published", *images, "10,000 images, 3 seeds"]
    of_search = ["network", "epochs", "rate", "max-norm", "validation"]
    return {
        "mnist_dropout": table(header, lines),
        "mnist_dropout, search": table(of_search, search),
    }


def main(rows: Sequence[str], folder: Path, results: Results) -> None:
    """Run the fits of some rows that have no results yet."""
    for row in rows:
        form, model = ROWS[row]
        for name, (setting, seed) in rows_of(form, model).items():
            measured = partial(measure, folder, results.path.parent, form, model, setting, seed)
            results.run(name, measured)


if __name__ == "__main__":
    given = arguments(__doc__, list(ROWS))
    main(given.only, given.folder, Results(given.results / "mnist_dropout.json"))
