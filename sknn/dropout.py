"""Dropout, which omits random units in each training step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from sknn._core.strategy import BELOW_ONE, Range, Strategy
from sknn._core.typing import Array

__all__ = ["AlphaDropout", "Dropout"]


@dataclass(repr=False, eq=False)
class Dropout(Strategy):
    """Inverted dropout: a unit is zero with probability `rate`, else scaled by ``1 / (1 - rate)``.

    The formula is ``a_dropped = a * mask`` with ``mask`` in ``{0, 1 / (1 - rate)}``. The
    expectation of a unit does not change, so prediction needs no scaling. Each sample has its own
    mask.

    Use it if the error on validation rows is much larger than on training rows.

    Parameters
    ----------
    rate : float in [0, 1), default=0.5
        The probability that a unit is dropped.

    Attributes
    ----------
    keeps_zeros : bool
        Whether zeros stay zeros, so that sparse inputs stay sparse.

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

    ranges: ClassVar[Mapping[str, Range]] = {"rate": BELOW_ONE}
    keeps_zeros: ClassVar[bool] = True

    @property
    def gain(self) -> float:
        """The factor that multiplies the remaining units."""
        return 1 / (1 - self.rate)

    def draw(self, mask: Array, uniform: Array, generator: np.random.Generator) -> None:
        """Draw a mask, in place.

        Parameters
        ----------
        mask : ndarray of shape (units, n_samples)
            The output array; receives 0 or `gain`.
        uniform : float32 ndarray of shape (units, n_samples)
            A buffer for the uniform draws. It may be `mask` itself.
        generator : Generator
            The source of randomness.
        """
        generator.random(out=uniform, dtype=np.float32)
        np.greater_equal(uniform, self.rate, out=mask)
        np.multiply(mask, self.gain, out=mask)

    def forward(self, a: Array, mask: Array, out: Array) -> None:
        """Write the masked activations into ``out``.

        Parameters
        ----------
        a : ndarray of shape (units, n_samples)
            The activations.
        mask : ndarray of shape (units, n_samples)
            The mask that `draw` drew.
        out : ndarray of shape (units, n_samples)
            The output array.
        """
        np.multiply(a, mask, out=out)

    def backward(self, delta: Array, mask: Array) -> None:
        """Multiply ``delta`` by the mask in place, so that dropped units have no gradient.

        Parameters
        ----------
        delta : ndarray of shape (units, n_samples)
            The gradient of the loss, which is updated.
        mask : ndarray of shape (units, n_samples)
            The mask that `draw` drew.
        """
        np.multiply(delta, mask, out=delta)


# The limit of SELU for z to minus infinity, -scale alpha (Klambauer et al.).
_SATURATION: Final = -1.7580993408473766


@dataclass(repr=False, eq=False)
class AlphaDropout(Dropout):
    """Dropout for `SELU` layers that keeps the activations at mean 0 and variance 1.

    A dropped unit takes the negative limit of SELU, ``s``. Then all units are scaled and shifted:
    ``a_dropped = gain (mask a + (1 - mask) s) + shift`` with ``mask`` in {0, 1},
    ``gain = ((1 - rate) (1 + rate s^2))^(-1/2)`` and ``shift = -gain rate s``.

    Use it after `SELU` layers, whose mean and variance `Dropout` would change.

    Parameters
    ----------
    rate : float in [0, 1), default=0.5
        The probability that a unit is dropped; usual values are 0.05 to 0.1.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks,
    NeurIPS 2017, section 2, "New dropout technique".

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.dropout import AlphaDropout
    >>> generator = np.random.Generator(np.random.Philox(3))
    >>> a = generator.normal(size=(100, 1000))
    >>> mask, out = np.empty_like(a), np.empty_like(a)
    >>> AlphaDropout(0.2).draw(mask, np.empty(mask.shape, np.float32), generator)
    >>> AlphaDropout(0.2).forward(a, mask, out)
    >>> round(float(out.std()), 1)
    1.0
    """

    keeps_zeros: ClassVar[bool] = False

    @property
    def gain(self) -> float:
        return float(((1 - self.rate) * (1 + self.rate * _SATURATION**2)) ** -0.5)

    def forward(self, a: Array, mask: Array, out: Array) -> None:
        # gain (mask a + (1 - mask) s) + shift = (a - s) gain mask + gain (1 - rate) s
        np.subtract(a, _SATURATION, out=out)
        np.multiply(out, mask, out=out)
        np.add(out, self.gain * (1 - self.rate) * _SATURATION, out=out)
