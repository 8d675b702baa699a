"""Functions of two parameters on which the behaviour of optimizers is visible."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sknn._core.typing import Array


@dataclass(frozen=True)
class Surface:
    """A function of two parameters, with its gradient.

    Parameters
    ----------
    value : callable
        ``value(x, y)`` of numbers or arrays.
    gradient : callable
        ``gradient(x, y)`` returns the two derivatives.
    start : tuple of float
        The start of paths.
    minimum : tuple of float or None, default=None
        The position of the minimum, if known.
    x_limits, y_limits : tuple of float, default=(-2, 2)
        The region to draw.

    Examples
    --------
    >>> from sknn.inspection import Surface
    >>> bowl = Surface(
    ...     lambda x, y: x**2 + y**2, lambda x, y: (2 * x, 2 * y), start=(1.0, 1.0)
    ... )
    >>> bowl.value(*bowl.start)
    2.0
    """

    value: Callable[[Array, Array], Array]
    gradient: Callable[[float, float], tuple[float, float]]
    start: tuple[float, float]
    minimum: tuple[float, float] | None = None
    x_limits: tuple[float, float] = (-2.0, 2.0)
    y_limits: tuple[float, float] = (-2.0, 2.0)


# (x^2 + 20 y^2) / 2: steps that are right for x are too long for y.
RAVINE: Final = Surface(
    lambda x, y: (x**2 + 20 * y**2) / 2,
    lambda x, y: (x, 20 * y),
    start=(-1.8, 0.8),
    minimum=(0.0, 0.0),
    y_limits=(-1.2, 1.2),
)
# H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function,
# The Computer Journal 3, 1960.
ROSENBROCK: Final = Surface(
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    start=(-1.2, 1.0),
    minimum=(1.0, 1.0),
    x_limits=(-1.7, 1.7),
    y_limits=(-0.7, 2.0),
)
# x^2 - y^2 + y^4 / 4: a saddle at zero between two minima.
SADDLE: Final = Surface(
    lambda x, y: x**2 - y**2 + y**4 / 4,
    lambda x, y: (2 * x, -2 * y + y**3),
    start=(-1.5, 0.01),
    minimum=(0.0, float(np.sqrt(2))),
)
SURFACES: Final = {"ravine": RAVINE, "rosenbrock": ROSENBROCK, "saddle": SADDLE}
