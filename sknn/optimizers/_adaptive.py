"""Optimizers that adapt the rate of each parameter to the size of its past gradients."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.blas import accumulate, axpy, scale
from sknn._core.rounding import multiply_add
from sknn._core.strategy import BELOW_ONE, POSITIVE, Range
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers._elementwise import ElementwiseOptimizer


@dataclass(repr=False, eq=False, kw_only=True)
class Adagrad(ElementwiseOptimizer):
    """Adapt the rate of each parameter to the sum of its squared gradients.

    ``sum += grad^2``; ``params -= learning_rate grad / (sqrt(sum) + epsilon)``.

    Use it for sparse features: rare features keep a large rate.

    Parameters
    ----------
    epsilon : float, default=1e-10
        A positive number that keeps the quotient finite.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, Adaptive subgradient methods for online learning and
    stochastic optimization, JMLR 12, 2011, figure 1 (diagonal form).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Adagrad
    >>> params, optimizer = np.ones(2), Adagrad()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params.round(6)
    array([0.9, 1.1])
    """

    epsilon: float = 1e-10

    ranges: ClassVar[Mapping[str, Range]] = {"epsilon": POSITIVE}
    n_slots: ClassVar[int] = 1
    skips_zeros: ClassVar[bool] = True

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.1 if loss.is_regression else 0.03

    def rule(
        self, params: Array, grad: Array, scratch: Array, total: Array, learning_rate: float
    ) -> None:
        np.square(grad, out=scratch)
        np.add(total, scratch, out=total)
        np.sqrt(total, out=scratch)
        np.add(scratch, self.epsilon, out=scratch)
        np.divide(grad, scratch, out=grad)
        axpy(-learning_rate, grad, params)

    def constants(self) -> tuple[float, ...]:
        return (self.epsilon,)

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        total: Any,
        learning_rate: Any,
        epsilon: Any,
    ) -> tuple[Any, ...]:
        total = total + grad * grad
        step = grad / (math.sqrt(total) + epsilon)
        return multiply_add(-learning_rate, step, param), total


@dataclass(repr=False, eq=False, kw_only=True)
class RMSProp(ElementwiseOptimizer):
    """Adapt the rate of each parameter to a running mean of its squared gradients.

    ``mean = rho mean + (1 - rho) grad^2``;
    ``params -= learning_rate grad / (sqrt(mean) + epsilon)``.

    Use it if the size of the gradients changes during training.

    Parameters
    ----------
    rho : float in [0, 1), default=0.99
        The decay rate of the running mean.
    epsilon : float, default=1e-8
        A positive number that keeps the quotient finite.

    Notes
    -----
    The state holds ``mean / (1 - rho)``, which saves a pass over memory in each step.

    References
    ----------
    T. Tieleman and G. Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import RMSProp
    >>> params, optimizer = np.ones(2), RMSProp()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.01
    ... )
    >>> params.round(6)
    array([0.9, 1.1])
    """

    rho: float = 0.99
    epsilon: float = 1e-8

    ranges: ClassVar[Mapping[str, Range]] = {"rho": BELOW_ONE, "epsilon": POSITIVE}
    n_slots: ClassVar[int] = 1
    betas: ClassVar[tuple[str, ...]] = ("rho",)

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.01 if loss.is_regression else 0.001

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        scale = math.sqrt(1 - self.rho)
        return learning_rate / scale, self.epsilon / scale

    def rule(
        self, params: Array, grad: Array, scratch: Array, mean: Array, rate: float, epsilon: float
    ) -> None:
        np.square(grad, out=scratch)
        accumulate(mean, self.rho, scratch)
        np.sqrt(mean, out=scratch)
        np.add(scratch, epsilon, out=scratch)
        np.divide(grad, scratch, out=grad)
        axpy(-rate, grad, params)

    def constants(self) -> tuple[float, ...]:
        return (self.rho,)

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        mean: Any,
        rate: Any,
        epsilon: Any,
        rho: Any,
    ) -> tuple[Any, ...]:
        mean = rho * mean + grad * grad
        return multiply_add(-rate, grad / (math.sqrt(mean) + epsilon), param), mean


@dataclass(repr=False, eq=False, kw_only=True)
class AdaDelta(ElementwiseOptimizer):
    """Scale each gradient by the ratio of the running sizes of steps and gradients.

    ``mean = rho mean + (1 - rho) grad^2``;
    ``change = grad sqrt(size + epsilon) / sqrt(mean + epsilon)``;
    ``size = rho size + (1 - rho) change^2``; ``params -= learning_rate change``.

    Use it if you do not want to choose a rate.

    Parameters
    ----------
    rho : float in [0, 1), default=0.9
        The decay rate of both running means.
    epsilon : float, default=1e-6
        A positive number that makes the first steps possible and keeps the quotient finite.

    References
    ----------
    M. D. Zeiler, ADADELTA: an adaptive learning rate method, 2012, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import AdaDelta
    >>> params, optimizer = np.ones(1), AdaDelta()
    >>> optimizer.update(params, np.ones(1), optimizer.init(params), 1.0)
    >>> params.round(6)
    array([0.996838])
    """

    rho: float = 0.9
    epsilon: float = 1e-6

    ranges: ClassVar[Mapping[str, Range]] = {"rho": BELOW_ONE, "epsilon": POSITIVE}
    n_slots: ClassVar[int] = 2

    def default_learning_rate(self, loss: Loss) -> float:
        return 1.0

    def rule(
        self,
        params: Array,
        grad: Array,
        scratch: Array,
        mean: Array,
        size: Array,
        learning_rate: float,
    ) -> None:
        np.square(grad, out=scratch)
        scale(1 - self.rho, scratch)
        accumulate(mean, self.rho, scratch)
        np.add(mean, self.epsilon, out=scratch)
        np.sqrt(scratch, out=scratch)
        np.divide(grad, scratch, out=grad)
        np.add(size, self.epsilon, out=scratch)
        np.sqrt(scratch, out=scratch)
        np.multiply(grad, scratch, out=grad)
        axpy(-learning_rate, grad, params)
        np.square(grad, out=grad)
        scale(self.rho, size)
        axpy(1 - self.rho, grad, size)

    def constants(self) -> tuple[float, ...]:
        return self.rho, 1 - self.rho, self.epsilon

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        mean: Any,
        size: Any,
        learning_rate: Any,
        rho: Any,
        complement: Any,
        epsilon: Any,
    ) -> tuple[Any, ...]:
        mean = rho * mean + complement * (grad * grad)
        change = grad / math.sqrt(mean + epsilon) * math.sqrt(size + epsilon)
        size = multiply_add(complement, change * change, rho * size)
        return multiply_add(-learning_rate, change, param), mean, size
