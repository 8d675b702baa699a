"""The initializer that depends on the activation of each layer."""

from dataclasses import dataclass

from numpy.random import RandomState

from sknn import initializers
from sknn._core.typing import Array
from sknn.activations import Activation
from sknn.initializers._base import Initializer, Shape
from sknn.initializers._distributions import Zeros


@dataclass(repr=False, eq=False)
class Auto(Initializer):
    """Choose He, LeCun or Xavier by the activation of each layer, and zeros for the output layer.

    Layers with ReLU and its variants use He's rule, SELU uses LeCun's, and the others use Xavier's.
    Each activation names its initializer in ``Activation.initializer``. With zeros in the output
    layer, the initial predictions for all rows are equal. Training would first have to unlearn
    random initial predictions.

    Use it as the default.

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
        raise TypeError("Auto draws no values itself: call for_layer(...).sample(...).")
