"""Initializers with a fixed distribution, and constants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import RandomState
from scipy.special import ndtr, ndtri

from sknn._core.strategy import FINITE, NOT_NEGATIVE, Range
from sknn._core.typing import Array
from sknn.initializers._base import Initializer, Shape


@dataclass(repr=False, eq=False)
class Constant(Initializer):
    """Set every parameter to `value`.

    It is meant for biases. With constant weights, the units of a layer stay identical forever.

    Use it for biases, for example a small positive value that keeps `ReLU` units active.

    Parameters
    ----------
    value : float, default=0.0
        The value.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Constant
    >>> Constant(0.1).sample((2,), 3, 2, np.random.RandomState(0))
    array([0.1, 0.1])
    """

    value: float = 0.0

    ranges: ClassVar[Mapping[str, Range]] = {"value": FINITE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return np.full(shape, float(self.value))


@dataclass(repr=False, eq=False)
class Zeros(Initializer):
    """Set every parameter to zero, the usual initial value of biases.

    With zeros as weights, the units of a layer stay identical forever, and ReLU units never learn.

    Use it for biases.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Zeros
    >>> Zeros().sample((2,), 3, 2, np.random.RandomState(0))
    array([0., 0.])
    """

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return np.zeros(shape)


@dataclass(repr=False, eq=False)
class Normal(Initializer):
    """Independent draws from ``N(mean, std^2)``.

    Draws from N(0, 1) saturate sigmoid layers, and draws from N(0, 0.1^2) make signals fade.
    `XavierNormal` and `HeNormal` instead choose the standard deviation by the size of the layer.

    Use it to see what goes wrong with a fixed scale, or to reproduce a scale from elsewhere.

    Parameters
    ----------
    mean : float, default=0.0
        The mean.
    std : float, default=1.0
        The standard deviation, not negative.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Normal
    >>> Normal(std=0.1).sample((2,), 3, 2, np.random.RandomState(0)).round(3)
    array([0.176, 0.04 ])
    """

    mean: float = 0.0
    std: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"mean": FINITE, "std": NOT_NEGATIVE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return random_state.normal(self.mean, self.std, shape)


@dataclass(repr=False, eq=False)
class Uniform(Initializer):
    """Independent draws from the uniform distribution on [`low`, `high`).

    Use it to reproduce a scale from elsewhere, such as an older recipe.

    Parameters
    ----------
    low, high : float, default=-0.05, 0.05
        The ends of the interval, ``low <= high``. The variance is ``(high - low)^2 / 12``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Uniform
    >>> Uniform(-1, 1).sample((2,), 3, 2, np.random.RandomState(0)).round(3)
    array([0.098, 0.43 ])
    """

    low: float = -0.05
    high: float = 0.05

    ranges: ClassVar[Mapping[str, Range]] = {"low": FINITE, "high": FINITE}

    def check(self, name: str) -> None:
        super().check(name)
        if float(self.low) > float(self.high):
            raise ValueError(
                f"{name}__low must not exceed {name}__high, got {self.low} > {self.high}."
            )

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return random_state.uniform(self.low, self.high, shape)


@dataclass(repr=False, eq=False)
class TruncatedNormal(Initializer):
    """Independent draws from ``N(mean, std^2)``, truncated at two standard deviations.

    The values are drawn by inversion. Their variance is ``0.7737 std^2``.

    Use it in place of `Normal` if outliers among the weights do harm.

    Parameters
    ----------
    mean : float, default=0.0
        The mean.
    std : float, default=1.0
        The standard deviation before truncation, not negative.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import TruncatedNormal
    >>> values = TruncatedNormal().sample((1000,), 3, 2, np.random.RandomState(0))
    >>> print(f"from {values.min():.2f} to {values.max():.2f}")
    from -1.99 to 2.00
    """

    mean: float = 0.0
    std: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"mean": FINITE, "std": NOT_NEGATIVE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        quantiles = random_state.uniform(ndtr(-2.0), ndtr(2.0), shape)
        return np.asarray(self.mean + self.std * ndtri(quantiles))
