"""The initializers of Xavier, He and LeCun, which scale the variance by the number of units."""

import math
from dataclasses import dataclass
from typing import ClassVar

from numpy.random import RandomState

from sknn._core.typing import Array
from sknn.initializers._base import Initializer, Shape


@dataclass(repr=False, eq=False)
class VarianceScaling(Initializer):
    """Base of Xavier, He and LeCun: the variance is ``scale / fan``.

    Attributes
    ----------
    scale : float
        The numerator.
    fan : {"in", "average"}
        Whether the denominator is ``fan_in`` or ``(fan_in + fan_out) / 2``.
    distribution : {"uniform", "normal"}
        Uniform on ``(-b, b)`` with ``b = sqrt(3 scale / fan)``, or N(0, ``scale / fan``).
    """

    scale: ClassVar[float] = 1.0
    fan: ClassVar[str] = "average"
    distribution: ClassVar[str] = "uniform"

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        fan = fan_in if self.fan == "in" else (fan_in + fan_out) / 2
        variance = self.scale / fan
        if self.distribution == "normal":
            return random_state.normal(0.0, math.sqrt(variance), shape)
        bound = math.sqrt(3 * variance)
        return random_state.uniform(-bound, bound, shape)


@dataclass(repr=False, eq=False)
class XavierUniform(VarianceScaling):
    """Uniform on ``(-b, b)`` with ``b = sqrt(6 / (fan_in + fan_out))``: for sigmoid and tanh.

    Use it with sigmoid and tanh.

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import XavierUniform
    >>> weights = XavierUniform().sample(
    ...     (300, 300), 300, 300, np.random.RandomState(0)
    ... )
    >>> round(float(abs(weights).max()), 3)
    0.1
    """


@dataclass(repr=False, eq=False)
class XavierNormal(VarianceScaling):
    """N(0, ``2 / (fan_in + fan_out)``): for sigmoid and tanh.

    Use it with sigmoid and tanh.

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, equation 12.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import XavierNormal
    >>> weights = XavierNormal().sample(
    ...     (200, 200), 200, 200, np.random.RandomState(0)
    ... )
    >>> round(float(weights.std()), 2)
    0.07
    """

    distribution: ClassVar[str] = "normal"


@dataclass(repr=False, eq=False)
class HeUniform(VarianceScaling):
    """Uniform on ``(-b, b)`` with ``b = sqrt(6 / fan_in)``: for ReLU and its variants.

    Use it with ReLU and its variants.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, ICCV 2015, equation 10
    (there as a normal distribution).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import HeUniform
    >>> weights = HeUniform().sample(
    ...     (600, 300), 600, 300, np.random.RandomState(0)
    ... )
    >>> round(float(abs(weights).max()), 3)
    0.1
    """

    scale: ClassVar[float] = 2.0
    fan: ClassVar[str] = "in"


@dataclass(repr=False, eq=False)
class HeNormal(VarianceScaling):
    """N(0, ``2 / fan_in``): for ReLU and its variants.

    Use it with ReLU and its variants.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, ICCV 2015, equation 10.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import HeNormal
    >>> weights = HeNormal().sample((200, 200), 200, 200, np.random.RandomState(0))
    >>> round(float(weights.std()), 2)
    0.1
    """

    scale: ClassVar[float] = 2.0
    fan: ClassVar[str] = "in"
    distribution: ClassVar[str] = "normal"


@dataclass(repr=False, eq=False)
class LeCunUniform(VarianceScaling):
    """Uniform on ``(-b, b)`` with ``b = sqrt(3 / fan_in)``.

    Use it with linear layers, and with tanh scaled as in the paper.

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import LeCunUniform
    >>> weights = LeCunUniform().sample(
    ...     (300, 300), 300, 300, np.random.RandomState(0)
    ... )
    >>> round(float(abs(weights).max()), 3)
    0.1
    """

    fan: ClassVar[str] = "in"


@dataclass(repr=False, eq=False)
class LeCunNormal(VarianceScaling):
    """N(0, ``1 / fan_in``): for linear layers and self-normalizing ones.

    Use it with SELU.

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import LeCunNormal
    >>> weights = LeCunNormal().sample(
    ...     (100, 400), 100, 400, np.random.RandomState(0)
    ... )
    >>> round(float(weights.std()), 2)
    0.1
    """

    fan: ClassVar[str] = "in"
    distribution: ClassVar[str] = "normal"
