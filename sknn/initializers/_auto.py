"""The initializer that goes by each layer's activation."""

from dataclasses import dataclass

from numpy.random import RandomState

from sknn import initializers
from sknn._core.typing import Array
from sknn.activations import Activation
from sknn.initializers._base import Initializer, Shape
from sknn.initializers._distributions import Zeros


@dataclass(repr=False, eq=False)
class Auto(Initializer):
    """He for ReLU and its family, LeCun for SELU, Xavier for the others; zeros for the output.

    Each activation names its own in ``Activation.initializer``. An output layer of zeros starts
    from the same prediction for all rows, where a random one has first to be unlearned.

    Use it first.

    Examples
    --------
    >>> from sknn.activations import Identity, ReLU, Tanh
    >>> from sknn.initializers import Auto
    >>> Auto().for_layer(ReLU(), False), Auto().for_layer(Tanh(), False)
    (HeUniform(), XavierUniform())
    >>> Auto().for_layer(Identity(), True)
    Zeros()
    """

    def for_layer(self, activation: Activation, is_output: bool) -> Initializer:
        return Zeros() if is_output else initializers.INITIALIZERS[activation.initializer]()

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        raise TypeError("Auto draws nothing itself: call for_layer(...).sample(...).")
