"""A network compiled for batches of one size: its layers, bound to buffers."""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import final

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.architecture import Architecture
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
from sknn._network.touched import TouchedRows
from sknn._network.votes import DropFeatures, DropUnits, VoteMasks
from sknn.dropout import Dropout


@final
class CompiledNetwork:
    """The layers of a network, bound to its parameters and to buffers for batches of one size.

    A pass looks nothing up: `forward` and `backward` run lists of calls without arguments.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    parameters : Parameters
        The parameters that `forward` reads.
    n_samples : int
        The size of the batch.
    is_sparse : bool
        Whether inputs are sparse.
    gradient : Parameters, optional
        The gradient that `backward` writes. Without it there is no dropout in training and no
        `backward`.
    masks : Masks or VoteMasks, optional
        The source of dropout masks for training, or the masks of votes.
    memory : Memory, optional
        Buffers to share with other compiled networks, of which one is used at a time.

    Attributes
    ----------
    inputs : Inputs
        The layer that loads the rows of a batch.
    layers : list of Dense, SparseDense, Activate, Drop and DropUnits
        From the inputs to the outputs.
    raw_prediction : ndarray of shape (n_outputs, n_samples)
        The result of `forward`.
    delta : ndarray of shape (n_outputs, n_samples)
        The array to which the loss writes dL / d raw_prediction; only with `gradient`.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        n_samples: int,
        is_sparse: bool,
        gradient: Parameters | None = None,
        masks: Masks | VoteMasks | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.architecture, self.parameters, self.gradient = architecture, parameters, gradient
        self.n_samples, self.masks = n_samples, masks
        sizes, dtype = architecture.layer_sizes, parameters.vector.dtype
        memory = memory or Memory(dtype)
        self.inputs = Inputs(sizes[0], n_samples, dtype, is_sparse, memory)
        self.layers: list[Dense | SparseDense | Activate | Drop | DropUnits] = []
        self._deltas = self._share_deltas(memory) if gradient else []
        self._build(is_sparse, memory.touched)
        self._forward_calls: Calls = [call for layer in self.layers for call in layer.forward_calls]
        if is_sparse and self._dropout(0):
            self._forward_calls.insert(0, self._drop_sparse())
        self._backward_calls: Calls = [
            call for layer in self.layers[::-1] for call in layer.backward_calls
        ]
        self.raw_prediction = self.layers[-1].output[:-1]
        if gradient:
            self.delta = self._deltas[-1]
            self.flat_delta = self.delta.reshape(-1)

    def _share_deltas(self, memory: Memory) -> list[Array]:
        # A layer's delta is read while that of the layer below is written, so two buffers suffice.
        sizes, n_samples = self.architecture.layer_sizes[1:], self.n_samples
        size = max(sizes) * n_samples
        buffers = [memory.array(name, size) for name in ("delta", "other delta")]
        flat_deltas = (buffers[i % 2][: size * n_samples] for i, size in enumerate(sizes))
        return [delta.reshape(-1, n_samples) for delta in flat_deltas]

    def _build(self, is_sparse: bool, touched: TouchedRows | None) -> None:
        below: Array | None = None
        source = None if is_sparse else self._drop(self.inputs.output, below, 0)
        for i, name in enumerate(self.architecture.layer_names):
            block = self.parameters[name]
            gradient = self.gradient[name] if self.gradient else None
            delta = self._deltas[i] if self.gradient else None
            if source is None:
                self.layers.append(SparseDense(self.inputs, block, gradient, delta, touched))
            else:
                self.layers.append(Dense(source, block, gradient, delta, below))
            source = self.layers[-1].output
            if i < self.architecture.n_hidden:
                self.layers.append(self._activate(i, source, delta))
                source = self._drop(self.layers[-1].output, delta, i + 1)
            below = delta

    def _activate(self, i: int, source: Array, delta: Array | None) -> Activate:
        activation = self.architecture.activations[i]
        name = self.architecture.activation_name(i)
        if name not in self.parameters.layout.slices:
            return Activate(activation, source, delta)
        gradient = self.gradient[name] if self.gradient else None
        return Activate(activation, source, delta, self.parameters[name], gradient)

    def _drop(self, source: Array, delta: Array | None, layer: int) -> Array:
        """Add a dropout layer if its rate is positive; return the input of the next layer."""
        dropout = self._dropout(layer)
        if dropout is None or self.masks is None:
            return source
        if isinstance(self.masks, VoteMasks):
            self.layers.append(DropUnits(dropout, source, self.masks.present[layer]))
        else:
            self.layers.append(Drop(dropout, source, delta, self.masks, layer))
        return self.layers[-1].output

    def _drop_sparse(self) -> Callable[[], object]:
        """Return a call that drops features of the sparse rows."""
        masks, dropout = self.masks, self.architecture.dropouts[0]
        assert masks is not None
        if isinstance(masks, VoteMasks):
            return DropFeatures(self.inputs, masks.present[0])
        return lambda: self.inputs.drop(dropout, masks.generator(0))

    def _dropout(self, layer: int) -> Dropout | None:
        dropouts = self.architecture.dropouts
        return dropouts[layer] if self.masks and dropouts[layer].rate > 0 else None

    def forward(self) -> Array:
        """Return the raw predictions, of shape (n_outputs, n_samples), for the loaded rows."""
        for call in self._forward_calls:
            call()
        return self.raw_prediction

    def forward_votes(self, n_votes: int) -> Iterator[Array]:
        """Yield the raw predictions of each vote for the loaded rows.

        What lies below the first dropout is computed once.

        Parameters
        ----------
        n_votes : int
            At most as many as the masks have.
        """
        assert isinstance(self.masks, VoteMasks)
        n_shared = 0
        if not (self.inputs.is_sparse and self._dropout(0)):
            below = takewhile(lambda layer: not isinstance(layer, DropUnits), self.layers)
            n_shared = sum(len(layer.forward_calls) for layer in below)
        run(self._forward_calls[:n_shared])
        calls = self._forward_calls[n_shared:]
        for vote in range(n_votes):
            self.masks.select(vote)
            run(calls)
            yield self.raw_prediction

    def backward(self) -> None:
        """Compute the gradient from dL / d raw_prediction in `delta`, which is overwritten."""
        for call in self._backward_calls:
            call()
