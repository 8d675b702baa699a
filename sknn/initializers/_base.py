"""The contract of the initializers.

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
    """Base of the initializers: subclass it and write `sample`."""

    @abstractmethod
    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        """Draw initial values.

        Parameters
        ----------
        shape : tuple of int
            ``(fan_in, fan_out)`` for weights, ``(fan_out,)`` for biases.
        fan_in, fan_out : int
            How many units feed the layer, and how many it has.
        random_state : RandomState
            Where randomness comes from.

        Returns
        -------
        values : float64 ndarray of the given shape
            A new array.
        """

    def for_layer(self, activation: Activation, is_output: bool) -> "Initializer":
        """Return the initializer of a layer: itself, but for `Auto`.

        Parameters
        ----------
        activation : Activation
            What follows the layer.
        is_output : bool
            Whether it is the last one.

        Returns
        -------
        initializer : Initializer
            What draws the layer's weights.
        """
        return self

    def rescale(self, weights: Array, z: Array) -> bool:
        """Adjust a layer's weights to what they make of data, in place; tell whether they did.

        The network calls it layer by layer, with the pre-activations of some training rows, until
        it returns False. Most initializers know no data.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            The layer's weights; updated.
        z : ndarray of shape (fan_out, n_samples)
            The pre-activations that they give.

        Returns
        -------
        changed : bool
            Whether the weights were adjusted, so that the network computes ``z`` again.
        """
        return False
