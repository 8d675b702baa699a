"""Initializers: where training starts.

Weights are drawn in float64 and then cast, so float32 and float64 networks with one seed
start from the same numbers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

import numpy as np
from numpy.random import RandomState
from scipy.special import ndtr, ndtri

from sknn._strategy import Range, Strategy
from sknn._typing import Array
from sknn.activations import Activation

Shape: TypeAlias = tuple[int, ...]

_POSITIVE: Final = Range(0, math.inf, "neither")
_NOT_NEGATIVE: Final = Range(0, math.inf, "left")
_FINITE: Final = Range(-math.inf, math.inf, "neither")


@dataclass(repr=False, eq=False)
class Initializer(Strategy):
    """Base of the initializers: subclass it and write `sample`."""

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
        """
        raise NotImplementedError

    def for_layer(self, activation: Activation, is_output: bool) -> "Initializer":
        """Return the initializer of a layer: itself, but for `Auto`.

        Parameters
        ----------
        activation : Activation
            What follows the layer.
        is_output : bool
            Whether it is the last one.
        """
        return self


@dataclass(repr=False, eq=False)
class Constant(Initializer):
    """Every value is `value`.

    As weights, any constant keeps the units of a layer alike for ever; it is meant for biases.

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

    ranges: ClassVar[Mapping[str, Range]] = {"value": _FINITE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return np.full(shape, float(self.value))


@dataclass(repr=False, eq=False)
class Zeros(Initializer):
    """Every value is zero: the usual start of biases.

    As weights, zeros keep the units of a layer alike for ever, and ReLU units never start.

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
    """Independent draws from N(`mean`, `std`^2).

    N(0, 1) saturates sigmoid layers and N(0, 0.1^2) lets signals fade: `XavierNormal` and
    `HeNormal` choose the standard deviation by the layer's size instead.

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

    ranges: ClassVar[Mapping[str, Range]] = {"mean": _FINITE, "std": _NOT_NEGATIVE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return random_state.normal(self.mean, self.std, shape)


@dataclass(repr=False, eq=False)
class Uniform(Initializer):
    """Independent draws from the uniform distribution on [`low`, `high`).

    Parameters
    ----------
    low, high : float, default=-0.05, 0.05
        The ends, ``low <= high``. The variance is ``(high - low)^2 / 12``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Uniform
    >>> Uniform(-1, 1).sample((2,), 3, 2, np.random.RandomState(0)).round(3)
    array([0.098, 0.43 ])
    """

    low: float = -0.05
    high: float = 0.05

    ranges: ClassVar[Mapping[str, Range]] = {"low": _FINITE, "high": _FINITE}

    def check(self, name: str) -> None:
        super().check(name)
        if self.low > self.high:
            raise ValueError(
                f"{name}__low must not exceed {name}__high, got {self.low} > {self.high}."
            )

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        return random_state.uniform(self.low, self.high, shape)


@dataclass(repr=False, eq=False)
class TruncatedNormal(Initializer):
    """Independent draws from N(`mean`, `std`^2), kept within two standard deviations.

    Values are drawn by inversion; their variance is 0.7737 `std`^2.

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
    >>> bool(abs(values).max() <= 2)
    True
    """

    mean: float = 0.0
    std: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"mean": _FINITE, "std": _NOT_NEGATIVE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        quantiles = random_state.uniform(ndtr(-2.0), ndtr(2.0), shape)
        return np.asarray(self.mean + self.std * ndtri(quantiles))


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

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import XavierUniform
    >>> weights = XavierUniform().sample((300, 300), 300, 300, np.random.RandomState(0))
    >>> round(float(abs(weights).max()), 3)
    0.1
    """


@dataclass(repr=False, eq=False)
class XavierNormal(VarianceScaling):
    """N(0, ``2 / (fan_in + fan_out)``): for sigmoid and tanh.

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, equation 12.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import XavierNormal
    >>> weights = XavierNormal().sample((200, 200), 200, 200, np.random.RandomState(0))
    >>> round(float(weights.std()), 2)
    0.07
    """

    distribution: ClassVar[str] = "normal"


@dataclass(repr=False, eq=False)
class HeUniform(VarianceScaling):
    """Uniform on ``(-b, b)`` with ``b = sqrt(6 / fan_in)``: for ReLU and its family.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, ICCV 2015, equation 10
    (there as a normal distribution).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import HeUniform
    >>> weights = HeUniform().sample((600, 300), 600, 300, np.random.RandomState(0))
    >>> round(float(abs(weights).max()), 3)
    0.1
    """

    scale: ClassVar[float] = 2.0
    fan: ClassVar[str] = "in"


@dataclass(repr=False, eq=False)
class HeNormal(VarianceScaling):
    """N(0, ``2 / fan_in``): for ReLU and its family.

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

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import LeCunUniform
    >>> weights = LeCunUniform().sample((300, 300), 300, 300, np.random.RandomState(0))
    >>> round(float(abs(weights).max()), 3)
    0.1
    """

    fan: ClassVar[str] = "in"


@dataclass(repr=False, eq=False)
class LeCunNormal(VarianceScaling):
    """N(0, ``1 / fan_in``): for linear layers and self-normalizing ones.

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import LeCunNormal
    >>> weights = LeCunNormal().sample((100, 400), 100, 400, np.random.RandomState(0))
    >>> round(float(weights.std()), 2)
    0.1
    """

    fan: ClassVar[str] = "in"
    distribution: ClassVar[str] = "normal"


@dataclass(repr=False, eq=False)
class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, times `gain`.

    The orthogonal factor of a Gaussian matrix, with signs fixed so that it is uniform over
    the orthogonal matrices. A vector (a bias) is a random direction of length `gain`.

    Parameters
    ----------
    gain : float, default=1.0
        The factor, positive.

    References
    ----------
    A. M. Saxe, J. L. McClelland and S. Ganguli, Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks, ICLR 2014, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.initializers import Orthogonal
    >>> weights = Orthogonal().sample((3, 2), 3, 2, np.random.RandomState(0))
    >>> np.allclose(weights.T @ weights, np.eye(2))
    True
    """

    gain: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"gain": _POSITIVE}

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        rows, columns = shape[0], math.prod(shape[1:])
        gaussian = random_state.normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(gaussian)
        q *= np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


@dataclass(repr=False, eq=False)
class Auto(Initializer):
    """He for ReLU and its family, Xavier for the others, layer by layer; zeros for the output.

    Each activation names its own in `Activation.initializer`. An output layer of zeros starts
    from the same prediction for all rows, where a random one has first to be unlearned.

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
        return Zeros() if is_output else INITIALIZERS[activation.initializer]()

    def sample(self, shape: Shape, fan_in: int, fan_out: int, random_state: RandomState) -> Array:
        raise TypeError("Auto draws nothing itself: call for_layer(...).sample(...).")


INITIALIZERS: Final[dict[str, type[Initializer]]] = {
    "auto": Auto,
    "zeros": Zeros,
    "constant": Constant,
    "normal": Normal,
    "uniform": Uniform,
    "truncated_normal": TruncatedNormal,
    "xavier_uniform": XavierUniform,
    "xavier_normal": XavierNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LeCunUniform,
    "lecun_normal": LeCunNormal,
    "orthogonal": Orthogonal,
}
