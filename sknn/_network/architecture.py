"""The architecture of a network: layer sizes, activations, dropout and parameter layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from sknn._core.parameters import Block, Layout
from sknn.activations import Activation
from sknn.dropout import Dropout
from sknn.initializers import Initializer


@dataclass
class Architecture:
    """The layers of a network, without their weights.

    Attributes
    ----------
    layer_sizes : tuple of int
        Units from the inputs to the outputs.
    activations : list of Activation
        The activation of each hidden layer.
    link : Activation
        Turns the output layer's raw predictions into predictions.
    dropouts : list of Dropout
        The dropout of the inputs and of each hidden layer; a rate of 0 takes no time.
    """

    layer_sizes: tuple[int, ...]
    activations: Sequence[Activation]
    link: Activation
    dropouts: Sequence[Dropout]

    @property
    def layer_names(self) -> list[str]:
        return [f"layer_{i}" for i in range(len(self.layer_sizes) - 1)]

    def layout(self) -> Layout:
        """Return the blocks of the flat vector, layer by layer.

        Each layer has a block of shape ``(fan_in + 1, fan_out)`` with the biases in the last row.
        If the layer's activation has parameters, a block for them follows.
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
        """Return the name of the block for the parameters of a hidden layer's activation."""
        return f"activation_{i}"

    def initializers(self, initializer: Initializer) -> list[Initializer]:
        """Return the initializer of each layer, where `initializer` may choose by layer."""
        chosen = [initializer.for_layer(activation, False) for activation in self.activations]
        return [*chosen, initializer.for_layer(self.link, True)]
