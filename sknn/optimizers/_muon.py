"""Muon: steps that are orthogonal matrices."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.blas import accumulate, axpy, dot, scale
from sknn._core.chunks import chunks
from sknn._core.parameters import Layout
from sknn._core.strategy import BELOW_ONE, NOT_NEGATIVE, Range
from sknn._core.subnormal import TINY
from sknn._core.typing import Array
from sknn.optimizers._adam import Adam
from sknn.optimizers._base import State
from sknn.optimizers._elementwise import keep_mean

NEWTON_SCHULZ: Final = (3.4445, -4.7750, 2.0315)
N_ITERATIONS: Final = 5  # odd, so that the result is in the buffer of the gradient
SMALLEST_NORM: Final = 1e-7
# Entries of a matrix of norm 1 below this bound become zero, so that no square is subnormal.
SMALLEST_ENTRY: Final[dict[str, Any]] = {dtype: np.sqrt(tiny) for dtype, tiny in TINY.items()}


@dataclass
class MuonState(State):
    """The state of `Muon`.

    For the weights of a hidden layer the first slot holds the momentum; the second is scratch.

    Attributes
    ----------
    matrices : list of (slice, tuple of int)
        The elements and the shape of each hidden layer's weights.
    others : list of slice
        All other elements, in slices of at most `CHUNK_SIZE`.
    products : tuple of two ndarrays
        Buffers for the products of a matrix with its transpose.
    """

    matrices: list[tuple[slice, tuple[int, ...]]] = field(default_factory=list)
    others: list[slice] = field(default_factory=list)
    products: tuple[Array, ...] = ()


@dataclass(repr=False, eq=False, kw_only=True)
class Muon(Adam):
    """Orthogonalized momentum, which moves all directions of a weight matrix by the same amount.

    For the weights W of a hidden layer, ``B = momentum B + (1 - momentum) grad``;
    ``U = (1 - momentum) grad + momentum B``; ``W -= learning_rate weight_decay W``;
    ``W -= 0.2 learning_rate sqrt(max(rows, columns)) O``. O approximates the orthogonal matrix
    closest to U: ``X = U / max(norm(U), 1e-7)``, then five times ``X = 3.4445 X - 4.775 X X^T X +
    2.0315 X X^T X X^T X``. `Adam` updates the biases and the last layer. The weights of the last
    layer decay too.

    Use it for wide hidden layers. It needs fewer steps, but each step costs ten times as much or
    more.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        The decay rate of Adam's first moment.
    beta_2 : float in [0, 1), default=0.999
        The decay rate of Adam's second moment.
    epsilon : float, default=1e-8
        A positive number that keeps Adam's quotient finite.
    momentum : float in [0, 1), default=0.95
        The decay rate of the momentum of a hidden layer's weights.
    weight_decay : float, default=0.1
        The strength of the weight decay, not negative. Each step multiplies a weight by
        ``1 - learning_rate weight_decay``. Biases do not decay.

    Notes
    -----
    The factor ``0.2 sqrt(max(rows, columns))`` gives O the size of a step of Adam, so that one
    learning rate serves all parameters. Without a layout the layers are unknown, and `Adam` updates
    all parameters.

    References
    ----------
    K. Jordan, Muon: an optimizer for hidden layers in neural networks, 2024; the factor from J. Liu
    and others, Muon is scalable for LLM training, 2025, as ``torch.optim.Muon`` has it with
    ``adjust_lr_fn="match_rms_adamw"``, here in the dtype of the data.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Muon
    >>> from sknn._core.parameters import Block, Layout
    >>> layout = Layout([Block("hidden", (3, 2), 4), Block("last", (3, 1), 2)])
    >>> params, optimizer = np.ones(9), Muon(weight_decay=0.0)
    >>> optimizer.update(params, np.ones(9), optimizer.init(params, layout), 0.1)
    >>> params[:4].round(2), params[4:].round(2)
    (array([0.99, 0.99, 0.99, 0.99]), array([0.9, 0.9, 0.9, 0.9, 0.9]))
    """

    momentum: float = 0.95
    weight_decay: float = 0.1

    ranges: ClassVar[Mapping[str, Range]] = {
        **Adam.ranges,
        "momentum": BELOW_ONE,
        "weight_decay": NOT_NEGATIVE,
    }

    def init(self, params: Array, layout: Layout | None = None) -> MuonState:
        state = super().init(params, layout)
        matrices = _hidden_weights(layout) if layout else []
        decayed = state.decayed if layout else {start: [] for start in state.decayed}
        size = max((min(shape) ** 2 for _, shape in matrices), default=0)
        products = tuple(np.empty(size, params.dtype) for _ in range(2))
        others = _others((weights for weights, _ in matrices), params.size)
        return MuonState(
            state.step, state.slots, state.scratch, decayed, matrices, others, products
        )

    def take_over(self, state: MuonState, before: "Muon") -> None:
        for slot, beta in zip(state.slots, self.betas, strict=True):
            for elements in state.others:
                keep_mean(slot[elements], getattr(before, beta), getattr(self, beta))
        for weights, _ in state.matrices:
            keep_mean(state.slots[0][weights], before.momentum, self.momentum)

    def update(self, params: Array, grad: Array, state: MuonState, learning_rate: float) -> None:
        coefficients = self.begin_update(state, learning_rate)
        self._decay(params, state, learning_rate)
        for elements in state.others:
            self.rule(*self.operands(elements, params, grad, state), *coefficients)
        momentum, scratch = state.slots
        for weights, shape in state.matrices:
            # The state holds B / (1 - momentum), and U / (1 - momentum) is made orthogonal.
            accumulate(momentum[weights], self.momentum, grad[weights])
            axpy(self.momentum, momentum[weights], grad[weights])
            smallest = SMALLEST_NORM / (1 - self.momentum)
            step = _orthogonalize(grad[weights], scratch[weights], shape, state.products, smallest)
            axpy(-0.2 * learning_rate * math.sqrt(max(shape)), step, params[weights])

    def _decay(self, params: Array, state: MuonState, learning_rate: float) -> None:
        if self.weight_decay:
            for slices in state.decayed.values():
                for weights in slices:
                    scale(1 - learning_rate * self.weight_decay, params[weights])


def _hidden_weights(layout: Layout) -> list[tuple[slice, tuple[int, ...]]]:
    weights = []
    for block in layout.blocks:
        if block.n_penalized:
            start = layout.slices[block.name].start
            shape = (block.shape[0] - 1, *block.shape[1:])
            weights.append((slice(start, start + block.n_penalized), shape))
    return weights[:-1]


def _others(matrices: Iterable[slice], size: int) -> list[slice]:
    """Return the elements between the matrices, in slices of at most `CHUNK_SIZE`."""
    others, start = [], 0
    for matrix in (*matrices, slice(size, size)):
        others += chunks(matrix.start, start)
        start = matrix.stop
    return others


def _orthogonalize(
    source: Array,
    scratch: Array,
    shape: tuple[int, ...],
    products: tuple[Array, ...],
    smallest_norm: float,
) -> Array:
    """Return the orthogonal matrix near a matrix, flat; both vectors are overwritten."""
    a, b, c = NEWTON_SCHULZ
    n = min(shape)
    flat_gram, flat_factor = (product[: n * n] for product in products)
    gram, factor, diagonal = (
        flat_gram.reshape(n, n),
        flat_factor.reshape(n, n),
        slice(0, None, n + 1),
    )
    np.multiply(source, 1 / max(math.sqrt(dot(source, source)), smallest_norm), out=scratch)
    # Smaller entries would make the products subnormal numbers, which are slow.
    np.abs(scratch, out=source)
    np.greater_equal(source, SMALLEST_ENTRY[scratch.dtype.char], out=source)  # 1 or 0
    np.multiply(scratch, source, out=scratch)
    x, y = scratch.reshape(shape), source.reshape(shape)
    is_wide = shape[0] < shape[1]
    for _ in range(N_ITERATIONS):
        left, right = (x, x.T) if is_wide else (x.T, x)
        np.dot(left, right, out=gram)
        np.dot(gram, gram, out=factor)
        scale(c, flat_factor)
        axpy(b, flat_gram, flat_factor)
        np.add(flat_factor[diagonal], a, out=flat_factor[diagonal])
        left, right = (factor, x) if is_wide else (x, factor)
        np.dot(left, right, out=y)
        x, y = y, x
    return source
