"""Statistics of hidden units on a sample of rows: which are dead, and where they are saturated.

Warnings, displays and the initialization report share these definitions.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sknn._core.typing import Array
from sknn._network.compiled import CompiledNetwork
from sknn._network.layers import Activate, run
from sknn.activations import Activation

# A unit is saturated at a row where its derivative is at most this share of the activation's
# largest derivative, or of 1 if the largest derivative is above 1. The sigmoid and tanh are the
# same function on two scales, and a share of the largest derivative finds the same saturated units
# for both. The bound of 1 is for activations with unbounded derivatives, such as the exponential.
SATURATED: Final = 0.05
# An activation whose derivative is nowhere below this share, such as leaky ReLU, never saturates.
_LEVEL: Final = 1e-3
# The points at which derivatives are evaluated: from -1490 to 1490, densely around zero.
_GRID: Final = np.sinh(np.linspace(-8, 8, 101))
# A squashing activation is steep at its centre and level outside.
_CENTRE, _OUTSIDE = np.abs(_GRID) < 0.2, np.abs(_GRID) > 50


@dataclass(frozen=True)
class Units:
    """The units of one hidden layer on a sample of rows.

    Attributes
    ----------
    derivatives : ndarray of shape (units, n_rows), or None
        The derivative of each activation with respect to the unit's own pre-activation; None if
        the activation, such as softmax, has no elementwise derivative.
    bounds : ndarray of shape (units, 1)
        The absolute value of the derivative at or below which a unit is saturated.
    squashes : bool
        Whether the activation is steep around zero and level at both ends, as the sigmoid is.
        Units of such a layer should be between the ends; half of the units of a healthy ReLU layer
        are saturated.
    """

    derivatives: Array | None
    bounds: Array
    squashes: bool

    @property
    def dead(self) -> float:
        """The share of units whose derivative is zero at every row: they get no gradient.

        NaN where there are no derivatives.
        """
        if self.derivatives is None:
            return math.nan
        return float((self.derivatives == 0).all(axis=1).mean())

    @property
    def saturated(self) -> float:
        """The share of units and rows where the unit is saturated; NaN without derivatives."""
        if self.derivatives is None:
            return math.nan
        return float((np.abs(self.derivatives) <= self.bounds).mean())


def units_at(activation: Activation, z: Array, parameters: Array | None = None) -> Units:
    """Return the units of a layer at given pre-activations.

    Parameters
    ----------
    activation : Activation
        The activation of the layer.
    z : ndarray of shape (units, n_rows)
        Pre-activations; not changed.
    parameters : ndarray of shape (n_parameters,), optional
        The parameters of the activation.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._network.units import units_at
    >>> from sknn.activations import ReLU, Tanh
    >>> z = np.array([[-3.0, -4.0], [-3.0, 1.0]])
    >>> units_at(ReLU(), z).dead, units_at(Tanh(), z).dead
    (0.5, 0.0)
    >>> units_at(ReLU(), z).saturated, units_at(Tanh(), z).saturated
    (0.75, 0.75)
    """
    if not activation.is_elementwise(len(z)):
        return Units(None, np.zeros((len(z), 1)), False)
    with np.errstate(all="ignore"):  # the exponential is infinite at the grid's end
        derivatives = activation.derivative(z, parameters)
        # For each unit, because an activation may have separate parameters for each unit.
        shapes = np.abs(
            activation.derivative(np.tile(_GRID.astype(z.dtype), (len(z), 1)), parameters)
        )
    largest = np.fmin(1, np.fmax.reduce(shapes, axis=1, keepdims=True))
    is_level = np.fmin.reduce(shapes, axis=1, keepdims=True) <= _LEVEL * largest
    bounds = np.where(is_level, SATURATED * largest, 0.0)
    squashes = (shapes[:, _CENTRE] > bounds).all() and (shapes[:, _OUTSIDE] <= bounds).all()
    return Units(derivatives, bounds, bool(squashes))


def hidden_units(compiled: CompiledNetwork) -> list[Units]:
    """Run a forward pass on the loaded rows, and return the units of each hidden layer."""
    units = []
    for layer in compiled.layers:
        if isinstance(layer, Activate):  # it may overwrite z, so read z first
            parameters = getattr(layer.scratch, "parameters", None)
            units.append(units_at(layer.activation, layer.z, parameters))
        run(layer.forward_calls)
    return units
