"""What one step looked like: the norm of its gradient, and how far it moved each layer."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from sknn._core.blas import dot
from sknn._core.parameters import Parameters
from sknn._core.typing import Array

EVERYTHING: Final = slice(None)


class Gauge:
    """Measures a step, in memory of its own that the first one makes.

    Parameters
    ----------
    parameters : Parameters
        What steps update.
    names : sequence of str
        The layers' blocks in it.

    Attributes
    ----------
    is_on : bool
        Whether the next step is to be measured.
    gradient_norm : float
        The norm of the gradient of the whole objective, before any clipping.
    update_ratios : list of float
        ``norm(W_after - W_before) / norm(W_after)`` of each layer's weights.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.step_statistics import Gauge
    >>> from sknn._core.parameters import Block, Layout, Parameters
    >>> params = Parameters(Layout([Block("layer_0", (3, 1), 2)]), np.array([3.0, 3.0, 1.0]))
    >>> gauge = Gauge(params, ["layer_0"])
    >>> gauge.remember(params.vector, np.array([0.0, 1.0, 0.0]))
    >>> params.vector += [0.0, 1.0, 9.0]
    >>> gauge.compare()
    >>> gauge.gradient_norm, gauge.update_ratios
    (1.0, [0.2])
    """

    def __init__(self, parameters: Parameters, names: Sequence[str]) -> None:
        self._params = parameters.vector
        slices = parameters.layout.slices
        n_weights = {block.name: block.n_penalized for block in parameters.layout.blocks}
        starts = [(slices[name].start, n_weights[name]) for name in names]
        self._weights = [self._params[start : start + size] for start, size in starts]
        self._starts = starts
        self._moved: Array | None = None
        self._moved_weights: list[Array] = []
        self._squares = 0.0
        self.is_on = False
        self.forget()

    def forget(self) -> None:
        """Have no measurement."""
        self.gradient_norm = math.nan
        self.update_ratios = [math.nan] * len(self._weights)

    def remember(self, params: Array, grad: Array, at: slice = EVERYTHING) -> None:
        """Take down where a step starts, and its gradient; both of shape (size,).

        Parts of the vectors may come one after the other.
        """
        if self._moved is None:
            self._moved = np.empty_like(self._params)
            self._moved_weights = [self._moved[i : i + size] for i, size in self._starts]
        np.copyto(self._moved[at], params[at])
        self._squares += dot(grad[at], grad[at])

    def compare(self) -> None:
        """Measure how far the parameters have moved since."""
        if self._moved is None:
            return
        self.gradient_norm, self._squares = math.sqrt(self._squares), 0.0
        np.subtract(self._params, self._moved, out=self._moved)
        for i, weights in enumerate(self._weights):
            moved, length = _norm(self._moved_weights[i]), _norm(weights)
            self.update_ratios[i] = moved / length if length else 0.0


def _norm(vector: Array) -> float:
    return math.sqrt(dot(vector, vector))
