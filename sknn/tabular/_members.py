"""The networks of an ensemble: which rows validate each, and how each is trained."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sknn._core.typing import Array
from sknn.averaging import EMA
from sknn.estimators import BaseMLP
from sknn.optimizers import AdamW

# How the networks train; `docs/tables.md` says what was measured.
ACTIVATION: Final = "silu"
LEARNING_RATE: Final = 0.002
WEIGHT_DECAY: Final = 0.02
DECAY_OF_AVERAGE: Final = 0.99
_SMALLEST_BATCH, _LARGEST_BATCH, _BATCHES = 32, 256, 32
# Patience is as many rows as this, in epochs, and the length of training as many steps; neither is
# less than the first or more than the second number of epochs.
_PATIENCE_IN_ROWS: Final = 32_000
_PATIENCE: Final = (7, 100)
_LENGTH_IN_STEPS: Final = 4000
_LENGTH: Final = (50, 300)


@dataclass
class Rows:
    """Encoded rows with targets and weights.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_encoded)
    y : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    """

    X: Array
    y: Array
    weight: Array | None

    def take(self, chosen: Array, columns: Array) -> tuple[Array, Array, Array | None]:
        """Return the rows that a mask chooses, and of X the columns that another one chooses."""
        X = self.X[chosen] if columns.all() else self.X[np.ix_(chosen, columns)]
        return X, self.y[chosen], None if self.weight is None else self.weight[chosen]


def batch_size(n_samples: int) -> int:
    """Return the rows of a step: a power of two, about 32 steps an epoch, from 32 to 256.

    Examples
    --------
    >>> from sknn.tabular._members import batch_size
    >>> batch_size(100), batch_size(5_000), batch_size(1_000_000)
    (32, 128, 256)
    """
    power = int(2 ** math.floor(math.log2(max(n_samples / _BATCHES, 1))))
    return min(max(power, _SMALLEST_BATCH), _LARGEST_BATCH)


def patience(n_samples: int) -> int:
    """Return the epochs without improvement that end training.

    Examples
    --------
    >>> from sknn.tabular._members import patience
    >>> patience(100), patience(2_000), patience(100_000)
    (100, 16, 7)
    """
    return _epochs(_PATIENCE_IN_ROWS, n_samples, _PATIENCE)


def longest(n_samples: int) -> int:
    """Return the most epochs of a network.

    A target without noise is fitted a little better in every epoch, and patience never ends.

    Examples
    --------
    >>> from sknn.tabular._members import longest
    >>> longest(100), longest(10_000), longest(100_000)
    (300, 103, 50)
    """
    return _epochs(_LENGTH_IN_STEPS * batch_size(n_samples), n_samples, _LENGTH)


def _epochs(n_rows: int, n_samples: int, bounds: tuple[int, int]) -> int:
    """Return the epochs that pass over so many rows, within bounds."""
    return min(max(math.ceil(n_rows / n_samples), bounds[0]), bounds[1])


def network_parameters(n_samples: int) -> dict[str, Any]:
    """Return the parameters of a network that follow from the number of rows, or are fixed."""
    return {
        "activation": ACTIVATION,
        "optimizer": AdamW(weight_decay=WEIGHT_DECAY),
        "learning_rate_init": LEARNING_RATE,
        "alpha": 0.0,
        "averaging": EMA(DECAY_OF_AVERAGE),
        "batch_size": batch_size(n_samples),
        "n_iter_no_change": patience(n_samples),
        "early_stopping": True,
        "tol": 0.0,  # losses of smooth targets are small
        "dtype": "float32",
    }


def validation_masks(
    codes: Array, fraction: float, n_masks: int, random_state: np.random.RandomState
) -> list[Array]:
    """Return masks of the rows that validate each network.

    Each has the given share of every class, at least one row, and two of them have no row in common
    as long as there are rows left. The only row of a class is in none, so that all classes are
    trained on.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        The class of each row; all the same in a regression.
    fraction : float in (0, 0.5]
        The share of the rows in each mask.
    n_masks : int
        How many.
    random_state : RandomState
        Draws them.

    Raises
    ------
    ValueError
        If no class has two rows.
    """
    order = random_state.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    counts = np.bincount(codes)
    order = order[counts[codes[order]] > 1]
    if not len(order):
        raise ValueError(
            f"n_samples={len(codes)} rows are too few: a class, and y in a regression, needs two "
            "rows, one to train on and one to validate on."
        )
    # Every row has a place on a circle, a step of `fraction` after the one before; a mask is an
    # arc of that length.
    places = np.arange(len(order)) * fraction + random_state.uniform()
    masks = []
    for i in range(n_masks):
        along = (places - i * fraction) % 1
        is_held = along < max(fraction, along.min() + 1e-9)
        mask = np.zeros(len(codes), bool)
        mask[order[is_held]] = True
        masks.append(mask)
    return masks


def train(network: BaseMLP, rows: Rows, is_held: Array, columns: Array) -> None:
    """Train a network.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        Not fitted yet.
    rows : Rows
        All of them.
    is_held : ndarray of bool of shape (n_samples,)
        Which of them validate.
    columns : ndarray of bool of shape (n_encoded,)
        Which of the columns the network gets.
    """
    X, y, weight = rows.take(~is_held, columns)
    X_val, y_val, weight_val = rows.take(is_held, columns)
    network.set_params(batch_size=min(network.batch_size, len(y)))
    network.fit(X, y, weight, X_val=X_val, y_val=y_val, sample_weight_val=weight_val)
