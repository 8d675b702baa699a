"""The layers of a compiled network: each computes its output and passes a delta back.

Samples are columns. An array of activations is of shape (units + 1, n_samples), and its last row
contains ones, so that one matrix product with a dense block applies weights and biases.

A layer is bound to its arrays when it is built. Its ``forward_calls`` and ``backward_calls`` are
lists of calls without arguments, which a network runs in order. So a pass looks nothing up.
"""

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, final

import numpy as np

from sknn._core.blas import product
from sknn._core.typing import Array
from sknn._network.touched import TouchedRows
from sknn.activations import Activation
from sknn.dropout import Dropout


def with_ones(X: Array) -> Array:
    """Return a copy of X, of shape (n_samples, n_features), with a final column of ones.

    One call gathers rows of the copy into a buffer of the same width. Gathering rows of X itself
    takes another copy, which costs a tenth of a step.
    """
    augmented = np.empty((X.shape[0], X.shape[1] + 1), X.dtype)
    augmented[:, :-1], augmented[:, -1] = X, 1
    return augmented


@final
class Memory:
    """Buffers that the compiled networks of one engine share, so that they stay in cache.

    Parameters
    ----------
    dtype : dtype
        The dtype of the buffers.

    Attributes
    ----------
    touched : TouchedRows or None
        Receives the gradient of a first layer with sparse inputs, if only some rows are computed.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._network.layers import Memory
    >>> memory = Memory(np.dtype(float))
    >>> large, small, other = memory.array("a", 3, 2), memory.array("a", 2, 2), memory.array("b", 2)
    >>> np.shares_memory(large, small), np.shares_memory(large, other)
    (True, False)
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._arrays: dict[str, Array] = {}
        self.touched: TouchedRows | None = None

    def array(self, name: str, *shape: int) -> Array:
        """Return an uninitialized array; calls with one name share memory if it is large enough."""
        size = math.prod(shape)
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size, self._dtype)
        return self._arrays[name][:size].reshape(shape)


@final
class Inputs:
    """The rows of a batch as the columns of a buffer, whose last row contains ones.

    Parameters
    ----------
    n_features, n_samples : int
        The shape of the batch.
    dtype : dtype
        The dtype of the network.
    is_sparse : bool
        Whether the rows come from a sparse matrix; if so, they stay sparse.
    memory : Memory
        The memory that contains the buffer.
    """

    def __init__(
        self,
        n_features: int,
        n_samples: int,
        dtype: np.dtype[Any],
        is_sparse: bool,
        memory: Memory,
    ) -> None:
        self.n_samples = n_samples
        self._dtype, self.is_sparse = dtype, is_sparse
        self.rows: Any = None
        if not is_sparse:
            self._augmented = memory.array("inputs", n_samples, n_features + 1)
            self._augmented[...] = 1
            self._features = self._augmented[:, :-1]
            self.output = self._augmented.T

    def gather(self, X: Any) -> Callable[[Array], object]:
        """Return the fastest call that gathers rows of X by their index."""
        if self.is_sparse or X.shape[1] == self._features.shape[1]:
            return partial(self.load, X)
        return partial(X.take, axis=0, out=self._augmented, mode="clip")

    def load(self, X: Any, rows: Array | slice, start: int = 0) -> None:
        """Gather rows of X, which is dense, `with_ones` or CSR.

        A slice of rows goes to the columns from `start` on.
        """
        if self.is_sparse:
            self.rows = self._pad(X[rows].astype(self._dtype, copy=False), start)
        elif isinstance(rows, slice):
            into = self._augmented if X.shape[1] > self._features.shape[1] else self._features
            np.copyto(into[start : start + rows.stop - rows.start], X[rows])
        else:
            np.copyto(self._features, X[rows])

    def _pad(self, rows: Any, start: int) -> Any:
        """Add empty rows before and after sparse rows, so that these go to columns from `start`."""
        n_after = self.n_samples - start - rows.shape[0]
        if not (start or n_after):
            return rows
        # mode="clip" takes the first or the last element for indices out of bounds.
        indptr = rows.indptr.take(np.arange(-start, self.n_samples + 1 - start), mode="clip")
        shape = (self.n_samples, rows.shape[1])
        return type(rows)((rows.data, rows.indices, indptr), shape=shape)

    def drop(self, dropout: Dropout, generator: np.random.Generator) -> None:
        """Apply dropout to the stored elements of the sparse rows; all others are zero already."""
        mask = np.empty_like(self.rows.data)
        dropout.draw(mask, np.empty(mask.shape, np.float32), generator)
        self.rows.data *= mask


Calls = list[Callable[[], object]]


def run(calls: Calls) -> None:
    """Make calls in order."""
    for call in calls:
        call()


@final
class Masks:
    """A counter-based generator with a separate stream for each seed, step, share and layer.

    Parameters
    ----------
    seed : int
        The seed of the fit.
    chunk : int, default=0
        The number of the chunk of the data, which has streams of its own.
    """

    def __init__(self, seed: int, chunk: int = 0) -> None:
        self._seed = seed
        self._first_share = chunk << 32  # shares are fewer than 2**32
        self.step = 0
        self.share = 0

    @cached_property
    def _source(self) -> tuple[np.random.Philox, np.random.Generator, Any]:
        # It is made for the first mask: without dropout, a small partial_fit saves its time.
        philox = np.random.Philox(key=self._seed)
        return philox, np.random.Generator(philox), philox.state

    def generator(self, layer: int) -> np.random.Generator:
        """Return the generator at the start of the stream for this step, share and layer."""
        philox, generator, state = self._source
        state["state"]["counter"][:] = (0, self._first_share + self.share, layer, self.step)
        philox.state = state
        return generator


@final
class Dense:
    """A dense layer: the products with its block of weights and biases.

    Parameters
    ----------
    source : ndarray of shape (fan_in + 1, n_samples)
        The output of the layer below, with its row of ones.
    block : ndarray of shape (fan_in + 1, fan_out)
        Weights and biases.
    gradient : ndarray of shape (fan_in + 1, fan_out) or None
        Receives the gradient of the block; None if there is no backward pass.
    delta : ndarray of shape (fan_out, n_samples) or None
        dL/d product, read by the backward pass.
    source_delta : ndarray of shape (fan_in, n_samples) or None
        Receives dL/d source; None for the first layer.
    """

    def __init__(
        self,
        source: Array,
        block: Array,
        gradient: Array | None = None,
        delta: Array | None = None,
        source_delta: Array | None = None,
    ) -> None:
        self.weights = block[:-1]
        self.output = np.ones((block.shape[1] + 1, source.shape[1]), block.dtype)
        self.product = self.output[:-1]
        # Predictions are not cut into pieces, because the edges of pieces change their last bits.
        in_pieces = gradient is not None
        self.forward_calls: Calls = product(block.T, source, self.product, in_pieces=in_pieces)
        self.backward_calls: Calls = []
        if gradient is not None and delta is not None:
            self.backward_calls += product(source, delta.T, gradient)
            if source_delta is not None:
                self.backward_calls += product(self.weights, delta, source_delta)


@final
class SparseDense:
    """The first layer if the inputs are a sparse matrix; its products allocate memory in SciPy.

    Parameters
    ----------
    source : Inputs
        The inputs, with the sparse rows of the batch.
    block, gradient, delta
        As for `Dense`.
    touched : TouchedRows, optional
        Receives the rows of the gradient that are not zero, in place of `gradient`, if it is on.
    """

    def __init__(
        self,
        source: Inputs,
        block: Array,
        gradient: Array | None,
        delta: Array | None,
        touched: TouchedRows | None = None,
    ) -> None:
        self.source, self.touched = source, touched
        self.weights, self.bias = block[:-1], block[-1]
        self.output = np.ones((block.shape[1] + 1, source.n_samples), block.dtype)
        self.product = self.output[:-1]
        self.forward_calls: Calls = [self._multiply]
        self.backward_calls: Calls = []
        if gradient is not None and delta is not None:
            self.backward_calls.append(partial(self._differentiate, gradient, delta))

    def _multiply(self) -> None:
        np.copyto(self.product, (self.source.rows @ self.weights).T)
        np.add(self.product, self.bias[:, np.newaxis], out=self.product)

    def _differentiate(self, gradient: Array, delta: Array) -> None:
        np.add.reduce(delta, axis=1, out=gradient[-1])
        if not (self.touched and self.touched.differentiate(self.source.rows, delta)):
            gradient[:-1] = self.source.rows.T @ np.ascontiguousarray(delta.T)


@final
class Activate:
    """The activation of a layer, computed in place unless the rule needs `z` for its derivative.

    Parameters
    ----------
    activation : Activation
        The activation.
    source : ndarray of shape (units + 1, n_samples)
        Pre-activations, and the row of ones.
    delta : ndarray of shape (units, n_samples) or None
        dL/d output, overwritten with dL/d source; None if there is no backward pass.
    parameters, gradient : ndarray of shape (n_parameters,) or None
        The parameters of the activation, and the array that receives their gradient.
    """

    def __init__(
        self,
        activation: Activation,
        source: Array,
        delta: Array | None = None,
        parameters: Array | None = None,
        gradient: Array | None = None,
    ) -> None:
        self.activation = activation
        self.output = np.ones_like(source) if activation.needs_z else source
        self.z = source[:-1]
        self.a = self.output[:-1] if activation.needs_z else self.z
        self.scratch = activation.scratch(self.z)
        if parameters is not None:
            self.scratch.parameters, self.scratch.gradient = parameters, gradient
        arrays = self.z, self.a, self.scratch
        self.forward_calls: Calls = [partial(activation.forward, *arrays)]
        self.backward_calls: Calls = []
        if delta is not None:
            self.backward_calls.append(partial(activation.backward, delta, *arrays))


@final
class Drop:
    """Dropout on the output of a layer; the mask is a pure function of seed, step and layer.

    Parameters
    ----------
    dropout : Dropout
        The dropout.
    source : ndarray of shape (units + 1, n_samples)
        Activations, and the row of ones.
    delta : ndarray of shape (units, n_samples) or None
        dL/d output, overwritten with dL/d source; None for the inputs.
    masks : Masks
        The source of random masks.
    layer : int
        The number of the layer; 0 for the inputs.
    """

    def __init__(
        self, dropout: Dropout, source: Array, delta: Array | None, masks: Masks, layer: int
    ) -> None:
        self.dropout, self.masks, self.layer = dropout, masks, layer
        self.output = np.ones(source.shape, source.dtype)
        self.mask = np.empty_like(self.output[:-1])
        single = source.dtype == np.float32
        self.uniform = self.mask if single else np.empty(self.mask.shape, np.float32)
        self.forward_calls: Calls = [
            self._draw,
            partial(dropout.forward, source[:-1], self.mask, self.output[:-1]),
        ]
        self.backward_calls: Calls = []
        if delta is not None:
            self.backward_calls.append(partial(dropout.backward, delta, self.mask))

    def _draw(self) -> None:
        self.dropout.draw(self.mask, self.uniform, self.masks.generator(self.layer))
