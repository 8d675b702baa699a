"""The network: an architecture with its parameters. It predicts and is independent of training."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
from scipy import sparse

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.architecture import Architecture
from sknn._network.compiled import CompiledNetwork
from sknn._network.layers import Activate, Dense, Masks, Memory, SparseDense, run
from sknn._network.votes import VoteMasks
from sknn.initializers import Initializer

# The BLAS rounds the first and last columns of a product differently from the others, so no
# prediction is made there. Thus, with one BLAS thread, the prediction for a row has the same bits
# in any batch, unless layers are so wide that OpenBLAS sums in blocks. A chunk with its two edges
# has the 320 columns that OpenBLAS processes at a time, in tiles of 16.
EDGE: Final = 8
TILE: Final = 16
CHUNK: Final = 320 - 2 * EDGE
# SciPy's sparse product allocates one more array.
SPARSE_CHUNK: Final = CHUNK - 4 * TILE

# The most times that an initializer adjusts a layer to the data.
MAX_PASSES: Final = 10


@final
@dataclass
class Network:
    """An architecture together with the parameters that fill it.

    Attributes
    ----------
    architecture : Architecture
        The layers.
    parameters : Parameters
        Weights, biases and the parameters of activations.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._network.architecture import Architecture
    >>> from sknn._network.network import Network
    >>> from sknn.activations import Identity
    >>> from sknn.dropout import Dropout
    >>> from sknn.initializers import Constant
    >>> architecture = Architecture((2, 1), [], Identity(), [Dropout(0.0)])
    >>> random_state = np.random.RandomState(0)
    >>> network = Network.initialize(
    ...     architecture, Constant(0.5), Constant(1.0), random_state, np.dtype(float)
    ... )
    >>> network.blocks
    [array([[0.5],
           [0.5],
           [1. ]])]
    >>> [(rows, raw.copy()) for rows, raw in network.raw_predictions(np.array([[4.0, 2.0]]))]
    [(slice(0, 1, None), array([[4.]]))]
    """

    architecture: Architecture
    parameters: Parameters

    @classmethod
    def initialize(
        cls,
        architecture: Architecture,
        init: Initializer,
        bias_init: Initializer,
        random_state: np.random.RandomState,
        dtype: np.dtype[Any],
    ) -> "Network":
        """Draw initial parameters: layer by layer, weights before biases.

        Parameters
        ----------
        architecture : Architecture
            The layers.
        init, bias_init : Initializer
            The initializers of weights and of biases.
        random_state : RandomState
            The source of randomness.
        dtype : dtype
            The dtype of the parameters.
        """
        layout = architecture.layout()
        parameters = Parameters(layout, np.empty(layout.size, dtype))
        initializers = zip(
            architecture.initializers(init), architecture.initializers(bias_init), strict=True
        )
        for name, chosen in zip(architecture.layer_names, initializers, strict=True):
            block = parameters[name]
            fan_in, fan_out = block.shape[0] - 1, block.shape[1]
            for values, initializer in zip((block[:-1], block[-1]), chosen, strict=True):
                values[...] = initializer.sample(values.shape, fan_in, fan_out, random_state)
        for i, activation in enumerate(architecture.activations):
            if architecture.activation_name(i) in layout.slices:
                learned = parameters[architecture.activation_name(i)]
                learned[...] = activation.initial_parameters(architecture.layer_sizes[i + 1])
        return cls(architecture, parameters)

    def replace_parameters(self, parameters: Parameters) -> "Network":
        """Return the network of the same architecture with other parameters."""
        return replace(self, parameters=parameters)

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.parameters.vector.dtype
        return dtype

    @property
    def blocks(self) -> list[Array]:
        """Views of the blocks of the layers, of shape (fan_in + 1, fan_out), with biases last."""
        return [self.parameters[name] for name in self.architecture.layer_names]

    def activation_parameters(self, i: int) -> Array | None:
        """Return the parameters that the activation of a hidden layer has learned, if any."""
        name = self.architecture.activation_name(i)
        return self.parameters[name] if name in self.parameters.layout.slices else None

    def apply_link(self, raw_prediction: Array) -> Array:
        """Return the predictions, of shape (n_samples, n_outputs), for raw predictions.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_samples)
            Raw predictions as `raw_predictions` yields them; not changed.
        """
        prediction: Array = self.architecture.link(raw_prediction)
        return prediction.T

    def calibrate(self, init: Initializer, X: Any) -> None:
        """Let an initializer adjust the weights to data, from the first layer to the last.

        Parameters
        ----------
        init : Initializer
            The initializer whose `rescale` updates the weights.
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            A sample of rows, of the dtype of the network.
        """
        initializers = self.architecture.initializers(init)
        if all(type(initializer).rescale is Initializer.rescale for initializer in initializers):
            return
        compiled = self.compile(X.shape[0], sparse.issparse(X))
        compiled.inputs.load(X, slice(0, X.shape[0]))
        remaining = iter(initializers)
        for layer in compiled.layers:
            run(layer.forward_calls)
            if isinstance(layer, (Dense, SparseDense)):
                initializer = next(remaining)
                for _ in range(MAX_PASSES):
                    if not initializer.rescale(layer.weights, layer.product):
                        break
                    run(layer.forward_calls)

    def compile(
        self,
        n_samples: int,
        is_sparse: bool,
        gradient: Parameters | None = None,
        masks: Masks | VoteMasks | None = None,
        memory: Memory | None = None,
    ) -> CompiledNetwork:
        """Return the network compiled for batches of one size; see `CompiledNetwork`."""
        return CompiledNetwork(
            self.architecture, self.parameters, n_samples, is_sparse, gradient, masks, memory
        )

    def raw_predictions(self, X: Any) -> Iterator[tuple[slice, Array]]:
        """Yield rows with their raw predictions, chunk by chunk, in bounded memory.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Inputs.

        Yields
        ------
        rows : slice
            The rows of the chunk.
        raw_prediction : ndarray of shape (n_outputs, n_rows)
            The raw predictions for them; overwritten by the next chunk.
        """
        for rows, compiled, columns in self._loaded_chunks(X):
            yield rows, compiled.forward()[:, columns]

    def raw_votes(self, X: Any, n_votes: int, seed: int) -> Iterator[tuple[slice, int, Array]]:
        """Yield rows, the number of a vote and its raw predictions, chunk by chunk.

        A vote is the network without the units that its dropout leaves out, the same for all
        rows. So a row has the same votes in any company.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Inputs.
        n_votes : int
            Votes for each row.
        seed : int
            Of the dropout masks.

        Yields
        ------
        rows : slice
            The rows of the chunk.
        vote : int
            From 0 on, for each chunk.
        raw_prediction : ndarray of shape (n_outputs, n_rows)
            Overwritten by the next vote.
        """
        masks = VoteMasks(self.architecture, n_votes, seed, self.dtype)
        for rows, compiled, columns in self._loaded_chunks(X, masks):
            for vote, raw_prediction in enumerate(compiled.forward_votes(n_votes)):
                yield rows, vote, raw_prediction[:, columns]

    def hidden_outputs(self, X: Any) -> Iterator[tuple[slice, list[Array], Array]]:
        """Yield rows with the activations of the hidden layers and the raw predictions for them.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Inputs.

        Yields
        ------
        rows : slice
            The rows of the chunk.
        hidden : list of ndarray of shape (units, n_rows)
            The activations of each hidden layer, without dropout; overwritten by the next chunk.
        raw_prediction : ndarray of shape (n_outputs, n_rows)
            The raw predictions; overwritten by the next chunk.
        """
        for rows, compiled, columns in self._loaded_chunks(X):
            compiled.forward()
            activations = [layer for layer in compiled.layers if isinstance(layer, Activate)]
            hidden = [layer.a[:, columns] for layer in activations]
            yield rows, hidden, compiled.raw_prediction[:, columns]

    def _loaded_chunks(
        self, X: Any, masks: VoteMasks | None = None
    ) -> Iterator[tuple[slice, CompiledNetwork, slice]]:
        """Yield rows, the compiled network that has loaded them, and the columns they occupy."""
        is_sparse = sparse.issparse(X)
        chunk = SPARSE_CHUNK if is_sparse else CHUNK
        size = min(chunk, -(-X.shape[0] // TILE) * TILE) + 2 * EDGE
        compiled = self.compile(size, is_sparse, masks=masks)
        for start in range(0, X.shape[0], chunk):
            rows = slice(start, min(start + chunk, X.shape[0]))
            compiled.inputs.load(X, rows, EDGE)
            yield rows, compiled, slice(EDGE, EDGE + rows.stop - rows.start)
