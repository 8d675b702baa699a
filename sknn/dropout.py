"""Dropout: units that are left out at random while training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn._strategy import Range, Strategy
from sknn._typing import Array


@dataclass(repr=False, eq=False)
class Dropout(Strategy):
    """Inverted dropout: a unit is zero with probability `rate`, else times ``1 / (1 - rate)``.

    So the expectation of a unit does not change, and prediction needs no scaling:
    ``a_dropped = a * mask``, ``mask`` in ``{0, 1 / (1 - rate)}``. Each sample has its own mask.

    Parameters
    ----------
    rate : float in [0, 1), default=0.5
        The probability with which a unit is left out.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, Dropout: a
    simple way to prevent neural networks from overfitting, JMLR 15, 2014, sections 4 and 10.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.dropout import Dropout
    >>> mask = np.empty((2, 4))
    >>> uniform = np.empty((2, 4), np.float32)
    >>> Dropout(0.5).draw(mask, uniform, np.random.Generator(np.random.Philox(3)))
    >>> mask
    array([[2., 0., 0., 0.],
           [2., 0., 0., 2.]])
    """

    rate: float = 0.5

    ranges: ClassVar[Mapping[str, Range]] = {"rate": Range(0, 1, "left")}

    def draw(self, mask: Array, uniform: Array, generator: np.random.Generator) -> None:
        """Draw a mask, in place.

        Parameters
        ----------
        mask : ndarray of shape (units, n_samples)
            Receives 0 or ``1 / (1 - rate)``.
        uniform : float32 ndarray of shape (units, n_samples)
            Memory for the uniform draws; may be `mask` itself.
        generator : Generator
            Where randomness comes from.
        """
        generator.random(out=uniform, dtype=np.float32)
        np.greater_equal(uniform, self.rate, out=mask)
        np.multiply(mask, 1 / (1 - self.rate), out=mask)

    def forward(self, a: Array, mask: Array, out: Array) -> None:
        """Write the masked activations into ``out``; all of shape (units, n_samples)."""
        np.multiply(a, mask, out=out)

    def backward(self, delta: Array, mask: Array) -> None:
        """Multiply ``delta`` by the mask, in place: a dropped unit gets no gradient."""
        np.multiply(delta, mask, out=delta)
