"""Units on some rows of data: which are dead, and where they are saturated.

The one definition of both; warnings, displays and the initialization report share it.
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
# largest derivative, or of 1 if that is larger. The sigmoid and tanh are one function on two
# scales, and a share of the largest derivative calls the same units saturated in both. The bound
# of 1 is for activations whose derivative grows without end, such as the exponential.
SATURATED: Final = 0.05
# An activation whose derivative is nowhere below this share does not saturate: leaky ReLU.
_LEVEL: Final = 1e-3
# Where an activation's derivative is looked at: up to 1490 on both sides, densely around zero.
_GRID: Final = np.sinh(np.linspace(-8, 8, 101))
# A squashing activation is steep here, and level out there.
_CENTRE, _OUTSIDE = np.abs(_GRID) < 0.2, np.abs(_GRID) > 50


@dataclass(frozen=True)
class Units:
    """The units of one hidden layer on some rows.

    Attributes
    ----------
    derivatives : ndarray of shape (units, n_rows), or None
        Of each activation with respect to the unit's own pre-activation; None where the activation
        has no elementwise derivative, such as softmax.
    bounds : ndarray of shape (units, 1)
        The size of the derivative at or below which a unit is saturated.
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
        The layer's.
    z : ndarray of shape (units, n_rows)
        Pre-activations; not changed.
    parameters : ndarray of shape (n_parameters,), optional
        The activation's own.

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
        # For each unit, since an activation may have parameters for each.
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
    found = []
    for layer in compiled.layers:
        if isinstance(layer, Activate):  # in place, so that z has to be read before
            parameters = getattr(layer.scratch, "parameters", None)
            found.append(units_at(layer.activation, layer.z, parameters))
        run(layer.forward_calls)
    return found
