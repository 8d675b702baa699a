"""Dropout in predictions: one thinned network a vote, the same units for all rows."""

from typing import Any

import numpy as np

from sknn._core.typing import Array
from sknn._network.architecture import Architecture
from sknn._network.layers import Calls, Inputs, Masks
from sknn.dropout import Dropout


class VoteMasks:
    """The dropout masks of some votes, each of which is one thinned network.

    A vote leaves out the same units for every row. So a row's vote depends on the row, the seed
    and the number of the vote alone, and the first votes of many are those of few.

    Parameters
    ----------
    architecture : Architecture
        Says which layers have dropout.
    n_votes : int
        How many masks to draw for each layer.
    seed : int
        Of the draws.
    dtype : dtype
        The network's.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._network.architecture import Architecture
    >>> from sknn._network.votes import VoteMasks
    >>> from sknn.activations import Identity, ReLU
    >>> from sknn.dropout import Dropout
    >>> dropouts = [Dropout(0.0), Dropout(0.5)]
    >>> architecture = Architecture((2, 4, 1), [ReLU()], Identity(), dropouts)
    >>> masks = VoteMasks(architecture, 2, 0, np.dtype(float))
    >>> masks.select(1)
    >>> masks.present[1].ravel().tolist()
    [0.0, 0.0, 2.0, 0.0]
    """

    def __init__(
        self, architecture: Architecture, n_votes: int, seed: int, dtype: np.dtype[Any]
    ) -> None:
        masks = Masks(seed)
        self.present: dict[int, Array] = {}  # by layer; 0 for the inputs
        self._all: dict[int, Array] = {}
        for layer, dropout in enumerate(architecture.dropouts):
            if dropout.rate > 0:
                units = architecture.layer_sizes[layer]
                self.present[layer] = np.empty((units, 1), dtype)
                self._all[layer] = np.empty((n_votes, units, 1), dtype)
                generator, uniform = masks.generator(layer), np.empty((units, 1), np.float32)
                for mask in self._all[layer]:
                    dropout.draw(mask, uniform, generator)

    def select(self, vote: int) -> None:
        """Make the masks of a vote those that the layers read."""
        for layer, mask in self.present.items():
            np.copyto(mask, self._all[layer][vote])


class DropUnits:
    """Dropout on a layer's output that leaves out the same units for every row.

    Parameters
    ----------
    dropout : Dropout
        The rule.
    source : ndarray of shape (units + 1, n_samples)
        Activations, and the row of ones.
    mask : ndarray of shape (units, 1)
        Read in each pass.
    """

    def __init__(self, dropout: Dropout, source: Array, mask: Array) -> None:
        self.output = np.ones(source.shape, source.dtype)
        units = source[:-1]
        for_rows = np.broadcast_to(mask, units.shape)
        self.forward_calls: Calls = [
            lambda: dropout.forward(units, for_rows, self.output[:-1]),
        ]
        self.backward_calls: Calls = []


class DropFeatures:
    """Dropout on sparse rows that leaves out the same features for every row.

    Parameters
    ----------
    inputs : Inputs
        Holds the sparse rows of the batch.
    mask : ndarray of shape (n_features, 1)
        Read in each pass.
    """

    def __init__(self, inputs: Inputs, mask: Array) -> None:
        self._inputs, self._mask = inputs, mask.reshape(-1)
        self._rows: Any = None

    def __call__(self) -> None:
        rows = self._inputs.rows
        if rows is not self._rows:  # of a new chunk
            self._rows, self._whole = rows, rows.data
        rows.data = self._whole * self._mask[rows.indices]
