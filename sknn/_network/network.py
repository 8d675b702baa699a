"""The network: stages over a workspace, forward and backward. It knows no epochs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from sknn._core.parameters import Block, Layout, Parameters
from sknn._core.typing import Array
from sknn._network.layers import (
    Activate,
    Calls,
    Dense,
    Drop,
    Inputs,
    Masks,
    Memory,
    SparseDense,
    run,
)
from sknn.activations import Activation
from sknn.dropout import Dropout
from sknn.initializers import Initializer

# BLAS rounds the first and last columns of a product differently from the others, so predictions
# stay clear of the edges: with one BLAS thread a row is then predicted to the same bits in any
# company, unless layers are so wide that OpenBLAS sums in blocks. A chunk and its two edges are
# the 320 columns that OpenBLAS takes at a time, 16 by 16.
EDGE: Final = 8
TILE: Final = 16
CHUNK: Final = 320 - 2 * EDGE
# SciPy's product is an array more.
SPARSE_CHUNK: Final = CHUNK - 4 * TILE

# How often an initializer may adjust a layer to the data.
MAX_PASSES: Final = 10


@dataclass
class Architecture:
    """What a network is made of.

    Attributes
    ----------
    layer_sizes : tuple of int
        Units from the inputs to the outputs.
    activations : list of Activation
        One for each hidden layer.
    link : Activation
        Turns the output layer's raw predictions into predictions.
    dropouts : list of Dropout
        One for the inputs and one for each hidden layer; a rate of 0 costs nothing.
    """

    layer_sizes: tuple[int, ...]
    activations: Sequence[Activation]
    link: Activation
    dropouts: Sequence[Dropout]

    @property
    def layer_names(self) -> list[str]:
        return [f"layer_{i}" for i in range(len(self.layer_sizes) - 1)]

    def layout(self) -> Layout:
        """Return the blocks: ``(fan_in + 1, fan_out)`` for each layer, biases last; and below it
        the parameters of its activation, if it has any.
        """
        blocks = []
        fans = zip(self.layer_sizes, self.layer_sizes[1:], strict=False)
        for i, (name, (n, m)) in enumerate(zip(self.layer_names, fans, strict=True)):
            blocks.append(Block(name, (n + 1, m), n * m))
            start = self.activations[i].initial_parameters(m) if i < self.n_hidden else None
            if start is not None:
                blocks.append(Block(self.activation_name(i), start.shape, 0))
        return Layout(blocks)

    @property
    def n_hidden(self) -> int:
        return len(self.layer_sizes) - 2

    def activation_name(self, i: int) -> str:
        """Return the name of the block that a hidden layer's activation has, if it has one."""
        return f"activation_{i}"

    def initialize(
        self,
        init: Initializer,
        bias_init: Initializer,
        random_state: np.random.RandomState,
        dtype: np.dtype[Any],
    ) -> Parameters:
        """Draw initial parameters: layer by layer, weights before biases."""
        layout = self.layout()
        parameters = Parameters(layout, np.empty(layout.size, dtype))
        for i, (name, activation) in enumerate(self._layers()):
            block = parameters[name]
            fan_in, fan_out = block.shape[0] - 1, block.shape[1]
            for part, initializer in ((block[:-1], init), (block[-1], bias_init)):
                chosen = initializer.for_layer(activation, activation is self.link)
                part[...] = chosen.sample(part.shape, fan_in, fan_out, random_state)
            if self.activation_name(i) in layout.slices:
                own = parameters[self.activation_name(i)]
                own[...] = activation.initial_parameters(fan_out)
        return parameters

    def _layers(self) -> list[tuple[str, Activation]]:
        return list(zip(self.layer_names, [*self.activations, self.link], strict=True))

    def weight_initializers(self, init: Initializer) -> list[Initializer]:
        """Return what draws the weights of each layer."""
        return [init.for_layer(each, each is self.link) for _, each in self._layers()]


class Workspace:
    """The stages of a network, bound to its parameters, for batches of one size.

    Parameters
    ----------
    architecture : Architecture
        What to build.
    parameters : Parameters
        Read by `forward`.
    n_samples : int
        The size of the batch.
    is_sparse : bool
        Whether inputs are sparse.
    gradient : Parameters, optional
        Written by `backward`. Without it there is no dropout and no `backward`.
    masks : Masks, optional
        Draws dropout masks.
    memory : Memory, optional
        What it may share with other workspaces that are used in turns with it.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        n_samples: int,
        is_sparse: bool,
        gradient: Parameters | None = None,
        masks: Masks | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.architecture, self.parameters, self.gradient = architecture, parameters, gradient
        self.n_samples, self.masks = n_samples, masks
        sizes, dtype = architecture.layer_sizes, parameters.vector.dtype
        memory = memory or Memory(dtype)
        self.inputs = Inputs(sizes[0], n_samples, dtype, is_sparse, memory)
        self.stages: list[Dense | SparseDense | Activate | Drop] = []
        self._deltas = self._share_deltas(memory) if gradient else []
        self._build(is_sparse)
        self._forward: Calls = [call for stage in self.stages for call in stage.forward]
        if is_sparse and self._dropout(0):
            self._forward.insert(0, self._drop_sparse)
        self._backward: Calls = [call for stage in self.stages[::-1] for call in stage.backward]
        self.raw_prediction = self.stages[-1].output[:-1]
        if gradient:
            # Where the loss puts dL / d raw_prediction.
            self.delta = self._deltas[-1]
            self.flat_delta = self.delta.reshape(-1)

    def _share_deltas(self, memory: Memory) -> list[Array]:
        # Each layer's delta is read while the next one below is written: two buffers serve all.
        sizes, n_samples = self.architecture.layer_sizes[1:], self.n_samples
        size = max(sizes) * n_samples
        buffers = [memory.array(name, size) for name in ("delta", "other delta")]
        parts = (buffers[i % 2][: size * n_samples] for i, size in enumerate(sizes))
        return [part.reshape(-1, n_samples) for part in parts]

    def _build(self, is_sparse: bool) -> None:
        below: Array | None = None
        source = None if is_sparse else self._drop(self.inputs.output, below, 0)
        for i, name in enumerate(self.architecture.layer_names):
            block = self.parameters[name]
            gradient = self.gradient[name] if self.gradient else None
            delta = self._deltas[i] if self.gradient else None
            if source is None:
                self.stages.append(SparseDense(self.inputs, block, gradient, delta))
            else:
                self.stages.append(Dense(source, block, gradient, delta, below))
            source = self.stages[-1].output
            if i < self.architecture.n_hidden:
                self.stages.append(self._activate(i, source, delta))
                source = self._drop(self.stages[-1].output, delta, i + 1)
            below = delta

    def _activate(self, i: int, source: Array, delta: Array | None) -> Activate:
        activation = self.architecture.activations[i]
        name = self.architecture.activation_name(i)
        if name not in self.parameters.layout.slices:
            return Activate(activation, source, delta)
        gradient = self.gradient[name] if self.gradient else None
        return Activate(activation, source, delta, self.parameters[name], gradient)

    def _drop(self, source: Array, delta: Array | None, layer: int) -> Array:
        """Add a dropout stage where there is something to drop; return what is above it."""
        dropout = self._dropout(layer)
        if dropout is None or self.masks is None:
            return source
        self.stages.append(Drop(dropout, source, delta, self.masks, layer))
        return self.stages[-1].output

    def _drop_sparse(self) -> None:
        assert self.masks is not None
        self.inputs.drop(self.architecture.dropouts[0], self.masks.generator(0))

    def _dropout(self, layer: int) -> Dropout | None:
        dropouts = self.architecture.dropouts
        return dropouts[layer] if self.masks and dropouts[layer].rate > 0 else None

    def forward(self) -> Array:
        """Compute and return raw predictions of shape (n_outputs, n_samples) of what was loaded."""
        for call in self._forward:
            call()
        return self.raw_prediction

    def backward(self) -> None:
        """Turn dL / d raw_prediction in `delta`, which is overwritten, into the gradient."""
        for call in self._backward:
            call()


def calibrate(
    architecture: Architecture, parameters: Parameters, init: Initializer, X: Any
) -> None:
    """Let an initializer adjust weights to data, from the first layer to the last.

    Parameters
    ----------
    architecture, parameters
        The network, as initialized; its weights are updated.
    init : Initializer
        Its `rescale` is called.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Some rows, of the network's dtype.
    """
    chosen = architecture.weight_initializers(init)
    if all(type(each).rescale is Initializer.rescale for each in chosen):
        return
    workspace = Workspace(architecture, parameters, X.shape[0], sparse.issparse(X))
    workspace.inputs.load(X, slice(0, X.shape[0]))
    initializers = iter(chosen)
    for stage in workspace.stages:
        run(stage.forward)
        if isinstance(stage, (Dense, SparseDense)):
            initializer = next(initializers)
            for _ in range(MAX_PASSES):
                if not initializer.rescale(stage.weights, stage.product):
                    break
                run(stage.forward)


def raw_predictions(
    architecture: Architecture, parameters: Parameters, X: Any
) -> Iterator[tuple[slice, Array]]:
    """Yield rows and their raw predictions, chunk by chunk, in bounded memory.

    Parameters
    ----------
    architecture, parameters
        The network.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs of the network's dtype.

    Yields
    ------
    rows : slice
        Which rows.
    raw_prediction : ndarray of shape (n_outputs, n_rows)
        Theirs; overwritten by the next chunk.
    """
    for rows, workspace, columns in _forward_chunks(architecture, parameters, X):
        yield rows, workspace.raw_prediction[:, columns]


def hidden_outputs(
    architecture: Architecture, parameters: Parameters, X: Any
) -> Iterator[tuple[slice, list[Array], Array]]:
    """Yield what `raw_predictions` does, and the hidden layers' activations between the two.

    Parameters
    ----------
    architecture, parameters, X
        As for `raw_predictions`.

    Yields
    ------
    rows : slice
        Which rows.
    hidden : list of ndarray of shape (units, n_rows)
        The activations of each hidden layer, without dropout; overwritten by the next chunk.
    raw_prediction : ndarray of shape (n_outputs, n_rows)
        Theirs; overwritten by the next chunk.
    """
    for rows, workspace, columns in _forward_chunks(architecture, parameters, X):
        hidden = [stage.a[:, columns] for stage in workspace.stages if isinstance(stage, Activate)]
        yield rows, hidden, workspace.raw_prediction[:, columns]


def _forward_chunks(
    architecture: Architecture, parameters: Parameters, X: Any
) -> Iterator[tuple[slice, Workspace, slice]]:
    """Yield rows, a workspace that has computed them, and the columns in which they are."""
    is_sparse = sparse.issparse(X)
    chunk = SPARSE_CHUNK if is_sparse else CHUNK
    size = min(chunk, -(-X.shape[0] // TILE) * TILE) + 2 * EDGE
    workspace = Workspace(architecture, parameters, size, is_sparse)
    for start in range(0, X.shape[0], chunk):
        rows = slice(start, min(start + chunk, X.shape[0]))
        n_rows = rows.stop - rows.start
        workspace.inputs.load(X, rows, EDGE)
        workspace.forward()
        yield rows, workspace, slice(EDGE, EDGE + n_rows)
