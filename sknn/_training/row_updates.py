"""Steps that update only the rows of the first layer that a sparse batch touches."""

import math
from typing import Any, Final, final

import numpy as np

from sknn._core.blas import has_nonfinite_product
from sknn._core.chunks import CHUNK_SIZE, chunks
from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.touched import TouchedRows
from sknn._training.penalty import Chunk, Regularization
from sknn.optimizers import ElementwiseOptimizer, Optimizer

# The BLAS rounds the last elements of a vector differently from the others. If vectors start and
# end at multiples of this size, every element is rounded as in the update of all parameters.
_ALIGNED: Final = 128


@final
class RowUpdates:
    """The update of the touched rows of the first layer, and of all parameters of other layers.

    The result is bit-for-bit identical to that of an update of all parameters, because the rule
    does not change parameters with a gradient of zero.

    Parameters
    ----------
    optimizer : ElementwiseOptimizer
        The optimizer, for which `is_exact` is True.
    state : State
        The state of the optimizer, which is updated.
    parameters, gradient : Parameters
        The parameters, which are updated, and their gradient.
    touched : TouchedRows
        The gradient of the rows.
    """

    def __init__(
        self,
        optimizer: ElementwiseOptimizer,
        state: Any,
        parameters: Parameters,
        gradient: Parameters,
        touched: TouchedRows,
    ) -> None:
        self._optimizer, self._touched = optimizer, touched
        layout, vector = parameters.layout, parameters.vector
        n_rows, n_units = layout.blocks[0].shape
        n_weights = layout.blocks[0].n_penalized
        self._first = gradient.vector[:n_weights].reshape(-1, n_units)
        step = _ALIGNED // math.gcd(n_units, _ALIGNED)
        # The last few features go with the other layers, so that these begin at such a multiple.
        self._n_rows = (n_rows - 1) // step * step
        end = self._n_rows * n_units
        self._matrices = [
            values[:end].reshape(-1, n_units) for values in (vector, *optimizer.slots(state))
        ]
        self._last = gradient.vector[end:n_weights].reshape(-1, n_units)
        others = chunks(layout.size, end)
        self._chunks = [Chunk(layout, chunk, vector, gradient.vector) for chunk in others]
        self._updates = [
            optimizer.bind_elements(chunk, vector, gradient.vector, state) for chunk in others
        ]
        self._n_at_once = max(CHUNK_SIZE // (n_units * step), 1) * step
        size = self._n_at_once * n_units
        self._buffers = [np.zeros(size, vector.dtype) for _ in range(len(self._matrices) + 1)]
        self._scratch = np.empty(size, vector.dtype)

    @staticmethod
    def is_exact(optimizer: Optimizer, regularization: Regularization) -> bool:
        """Return whether steps may leave out parameters with a gradient of zero."""
        changes_all = regularization.alpha or regularization.clip_norm
        is_elementwise = isinstance(optimizer, ElementwiseOptimizer)
        return not changes_all and is_elementwise and optimizer.leaves_zero_gradients()

    def apply(
        self,
        regularization: Regularization,
        learning_rate: float,
        coefficients: tuple[float, ...],
    ) -> bool:
        """Update the parameters, unless a derivative is not finite; return whether all are finite.

        Parameters
        ----------
        regularization : Regularization
            Has no penalty.
        learning_rate : float
            The learning rate of the step.
        coefficients : tuple of float
            The coefficients of the rule.
        """
        rows, gradient = self._touched.rows, self._touched.gradient
        assert gradient is not None
        if has_nonfinite_product(gradient.reshape(-1), gradient.reshape(-1)):
            self._first[rows] = gradient  # so that the error names the layer
            return False
        n_alone = int(np.searchsorted(rows, self._n_rows))
        self._last.fill(0)
        self._last[rows[n_alone:] - self._n_rows] = gradient[n_alone:]
        if any(chunk.finish_gradient(regularization) for chunk in self._chunks):
            return False
        for start in range(0, n_alone, self._n_at_once):
            piece = slice(start, min(start + self._n_at_once, n_alone))
            self._update_rows(rows[piece], gradient[piece], coefficients)
        for update in self._updates:
            update(learning_rate, coefficients)
        return True

    def _update_rows(self, rows: Array, gradient: Array, coefficients: tuple[float, ...]) -> None:
        """Gather rows of the parameters and of the slots, apply the rule, and put them back."""
        n_units = gradient.shape[1]
        size = gradient.size + -gradient.size % _ALIGNED
        values, derivatives, *slots = (buffer[:size] for buffer in self._buffers)
        derivatives[: gradient.size] = gradient.reshape(-1)
        gathered = []
        for buffer, matrix in zip((values, *slots), self._matrices, strict=True):
            piece = buffer[: gradient.size].reshape(-1, n_units)
            matrix.take(rows, axis=0, out=piece, mode="clip")
            gathered.append(piece)
        for buffer in (values, derivatives, *slots):
            buffer[gradient.size :] = 0
        self._optimizer.rule(values, derivatives, self._scratch[:size], *slots, *coefficients)
        for piece, matrix in zip(gathered, self._matrices, strict=True):
            matrix[rows] = piece
