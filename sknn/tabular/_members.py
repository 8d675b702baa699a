"""The training of an ensemble's networks, and their validation rows."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sknn._core.typing import Array
from sknn.averaging import EMA
from sknn.estimators import BaseMLP
from sknn.optimizers import AdamW

# The training parameters; `docs/tables.md` shows the measurements behind them.
ACTIVATION: Final = "silu"
LEARNING_RATE: Final = 0.002
WEIGHT_DECAY: Final = 0.02
DECAY_OF_AVERAGE: Final = 0.99
_SMALLEST_BATCH, _LARGEST_BATCH, _BATCHES = 32, 256, 32
# The patience is this number of rows, and the longest training this number of steps. Both are
# converted to epochs, and bounded by the given numbers of epochs.
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
        """Return the rows of one mask, with the columns of X of another mask."""
        X = self.X[chosen] if columns.all() else self.X[np.ix_(chosen, columns)]
        return X, self.y[chosen], None if self.weight is None else self.weight[chosen]


def batch_size(n_samples: int) -> int:
    """Return the batch size: a power of two from 32 to 256, for about 32 steps per epoch.

    Examples
    --------
    >>> from sknn.tabular._members import batch_size
    >>> batch_size(100), batch_size(5_000), batch_size(1_000_000)
    (32, 128, 256)
    """
    power = int(2 ** math.floor(math.log2(max(n_samples / _BATCHES, 1))))
    return min(max(power, _SMALLEST_BATCH), _LARGEST_BATCH)


def patience(n_samples: int) -> int:
    """Return the number of epochs without improvement after which training ends.

    Examples
    --------
    >>> from sknn.tabular._members import patience
    >>> patience(100), patience(2_000), patience(100_000)
    (100, 16, 7)
    """
    return _epochs(_PATIENCE_IN_ROWS, n_samples, _PATIENCE)


def longest(n_samples: int) -> int:
    """Return the largest number of epochs.

    Without this limit, training on a target without noise might never end, because the loss
    improves a little in every epoch.

    Examples
    --------
    >>> from sknn.tabular._members import longest
    >>> longest(100), longest(10_000), longest(100_000)
    (300, 103, 50)
    """
    return _epochs(_LENGTH_IN_STEPS * batch_size(n_samples), n_samples, _LENGTH)


def _epochs(n_rows: int, n_samples: int, bounds: tuple[int, int]) -> int:
    """Return the number of epochs that process `n_rows` rows, limited to the bounds."""
    return min(max(math.ceil(n_rows / n_samples), bounds[0]), bounds[1])


def network_parameters(n_samples: int) -> dict[str, Any]:
    """Return the parameters of a network that the user does not set."""
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
    """Return a mask of the validation rows for each network.

    Each mask contains the given share of every class, and at least one row. Masks do not overlap
    while unused rows are left. A row that is the only one of its class is in no mask, so that every
    network is trained on all classes.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        The class code of each row; for regression, all codes are equal.
    fraction : float in (0, 0.5]
        The share of the rows in each mask.
    n_masks : int
        The number of masks.
    random_state : RandomState
        The random state that draws the rows.

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
            f"n_samples={len(codes)} rows are too few: at least one class (for regression, y) must "
            "have two rows, one for training and one for validation."
        )
    # The rows lie on a circle of circumference 1, each `fraction` after the previous row. A mask is
    # an arc of length `fraction`.
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
        The network, which is not fitted yet.
    rows : Rows
        All rows, for training and validation.
    is_held : ndarray of bool of shape (n_samples,)
        A mask of the validation rows.
    columns : ndarray of bool of shape (n_encoded,)
        A mask of the encoded columns that the network uses.
    """
    X, y, weight = rows.take(~is_held, columns)
    X_val, y_val, weight_val = rows.take(is_held, columns)
    network.set_params(batch_size=min(network.batch_size, len(y)))
    network.fit(X, y, weight, X_val=X_val, y_val=y_val, sample_weight_val=weight_val)
