"""The base class of initializers.

Weights are drawn in float64 and then cast, so float32 and float64 networks with one seed
start from the same numbers.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypeAlias

from numpy.random import RandomState

from sknn._core.strategy import Strategy
from sknn._core.typing import Array
from sknn.activations import Activation

Shape: TypeAlias = tuple[int, ...]


@dataclass(repr=False, eq=False)
class Initializer(Strategy, ABC):
    """Base of the initializers: subclass it and define `sample`."""

    @abstractmethod
    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        """Draw initial values.

        Parameters
        ----------
        shape : tuple of int
            ``(fan_in, fan_out)`` for weights, ``(fan_out,)`` for biases.
        fan_in, fan_out : int
            The number of inputs and of units of the layer.
        random_state : RandomState
            The source of randomness.

        Returns
        -------
        values : float64 ndarray of the given shape
            A new array.
        """

    def for_layer(self, activation: Activation, is_output: bool) -> "Initializer":
        """Return the initializer of a layer, which is the initializer itself except for `Auto`.

        Parameters
        ----------
        activation : Activation
            The activation of the layer.
        is_output : bool
            Whether the layer is the output layer.

        Returns
        -------
        initializer : Initializer
            The initializer that draws the weights of the layer.
        """
        return self

    def rescale(self, weights: Array, z: Array) -> bool:
        """Adjust the weights of a layer to data in place; return whether they changed.

        The network calls this method layer by layer, with the pre-activations of some training
        rows, until it returns False. Most initializers do not depend on data.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            The weights of the layer, which are updated.
        z : ndarray of shape (fan_out, n_samples)
            The pre-activations with these weights.

        Returns
        -------
        changed : bool
            Whether the weights changed. If so, the network computes ``z`` again.
        """
        return False
