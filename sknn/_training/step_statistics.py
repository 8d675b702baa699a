"""Statistics of one training step: the gradient norm, and the size of each layer's update."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from sknn._core.blas import dot
from sknn._core.parameters import Parameters
from sknn._core.typing import Array

EVERYTHING: Final = slice(None)


class StepStatistics:
    """The statistics of a training step; the first measurement allocates their memory.

    Parameters
    ----------
    parameters : Parameters
        The parameters that steps update.
    names : sequence of str
        The names of the layers' blocks in the parameters.

    Attributes
    ----------
    is_on : bool
        Whether the next step is measured.
    gradient_norm : float
        The norm of the gradient of the whole objective, before any clipping.
    update_ratios : list of float
        ``norm(W_after - W_before) / norm(W_after)`` of each layer's weights.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.step_statistics import StepStatistics
    >>> from sknn._core.parameters import Block, Layout, Parameters
    >>> params = Parameters(Layout([Block("layer_0", (3, 1), 2)]), np.array([3.0, 3.0, 1.0]))
    >>> statistics = StepStatistics(params, ["layer_0"])
    >>> statistics.remember(params.vector, np.array([0.0, 1.0, 0.0]))
    >>> params.vector += [0.0, 1.0, 9.0]
    >>> statistics.compare()
    >>> statistics.gradient_norm, statistics.update_ratios
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
        """Discard the last measurement."""
        self.gradient_norm = math.nan
        self.update_ratios = [math.nan] * len(self._weights)

    def remember(self, params: Array, grad: Array, elements: slice = EVERYTHING) -> None:
        """Record the parameters before a step and their gradient, both of shape (size,).

        The elements of the vectors may be recorded chunk by chunk.
        """
        if self._moved is None:
            self._moved = np.empty_like(self._params)
            self._moved_weights = [self._moved[i : i + size] for i, size in self._starts]
        np.copyto(self._moved[elements], params[elements])
        self._squares += dot(grad[elements], grad[elements])

    def compare(self) -> None:
        """Measure how far the parameters have moved since they were recorded."""
        if self._moved is None:
            return
        self.gradient_norm, self._squares = math.sqrt(self._squares), 0.0
        np.subtract(self._params, self._moved, out=self._moved)
        for i, weights in enumerate(self._weights):
            moved, length = _norm(self._moved_weights[i]), _norm(weights)
            self.update_ratios[i] = moved / length if length else 0.0


def _norm(vector: Array) -> float:
    return math.sqrt(dot(vector, vector))
