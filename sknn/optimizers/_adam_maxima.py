"""Variants of Adam that divide by a maximum."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.blas import accumulate, axpy, scale
from sknn._core.rounding import multiply_add
from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers._adam import Adam
from sknn.optimizers._elementwise import ElementwiseOptimizer


@dataclass(repr=False, eq=False, kw_only=True)
class AMSGrad(Adam):
    """Adam with a second moment that never shrinks: it uses the largest ``v`` so far.

    ``v_max = max(v_max, v)``; ``params -= learning_rate m_hat / (sqrt(v_max_hat) + epsilon)``, with
    ``v_max_hat = v_max / (1 - beta_2^t)`` at step t.

    Use it if `Adam` does not converge.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        The decay rate of the first moment.
    beta_2 : float in [0, 1), default=0.999
        The decay rate of the second moment.
    epsilon : float, default=1e-8
        A positive number that keeps the quotient finite.

    References
    ----------
    S. J. Reddi, S. Kale and S. Kumar, On the convergence of Adam and beyond, ICLR 2018,
    algorithm 2; bias-corrected as in ``torch.optim.Adam(amsgrad=True)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import AMSGrad
    >>> params, optimizer = np.ones(2), AMSGrad()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params.round(6)
    array([0.9, 1.1])
    """

    n_slots: ClassVar[int] = 3
    betas: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "beta_2")

    def rule(  # type: ignore[override]  # one slot more than Adam
        self,
        params: Array,
        grad: Array,
        scratch: Array,
        m: Array,
        v: Array,
        largest: Array,
        rate: float,
        epsilon: float,
    ) -> None:
        accumulate(m, self.beta_1, grad)
        np.square(grad, out=grad)
        accumulate(v, self.beta_2, grad)
        np.maximum(largest, v, out=largest)
        np.sqrt(largest, out=grad)
        np.add(grad, epsilon, out=grad)
        np.divide(m, grad, out=grad)
        axpy(-rate, grad, params)

    @staticmethod
    def element(  # type: ignore[override]  # one slot more than Adam
        param: Any,
        grad: Any,
        m: Any,
        v: Any,
        largest: Any,
        rate: Any,
        epsilon: Any,
        beta_1: Any,
        beta_2: Any,
    ) -> tuple[Any, ...]:
        m = beta_1 * m + grad
        v = beta_2 * v + grad * grad
        largest = max(largest, v)
        return multiply_add(-rate, m / (math.sqrt(largest) + epsilon), param), m, v, largest


@dataclass(repr=False, eq=False, kw_only=True)
class Adamax(ElementwiseOptimizer):
    """Adam with the infinity norm: the largest recent gradient in place of the second moment.

    ``m = beta_1 m + (1 - beta_1) grad``; ``u = max(beta_2 u, |grad| + epsilon)``;
    ``params -= learning_rate / (1 - beta_1^t) m / u`` at step t.

    Use it if a few gradients are very large.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        The decay rate of the first moment.
    beta_2 : float in [0, 1), default=0.999
        The decay rate of the largest gradient.
    epsilon : float, default=1e-8
        A positive number that keeps the quotient finite.

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 2;
    epsilon as in ``torch.optim.Adamax``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Adamax
    >>> params, optimizer = np.ones(2), Adamax()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params.round(6)
    array([0.9, 1.1])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    ranges: ClassVar[Mapping[str, Range]] = Adam.ranges
    n_slots: ClassVar[int] = 2
    betas: ClassVar[tuple[str, ...]] = ("beta_1",)

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.01 if loss.is_regression else 0.002

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        # The state holds m / (1 - beta_1).
        return (learning_rate * (1 - self.beta_1) / (1 - self.beta_1**step),)

    def rule(
        self, params: Array, grad: Array, scratch: Array, m: Array, largest: Array, rate: float
    ) -> None:
        accumulate(m, self.beta_1, grad)
        np.abs(grad, out=grad)
        np.add(grad, self.epsilon, out=grad)
        scale(self.beta_2, largest)
        np.maximum(largest, grad, out=largest)
        np.divide(m, largest, out=grad)
        axpy(-rate, grad, params)

    def constants(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        m: Any,
        largest: Any,
        rate: Any,
        beta_1: Any,
        beta_2: Any,
        epsilon: Any,
    ) -> tuple[Any, ...]:
        m = beta_1 * m + grad
        largest = max(beta_2 * largest, abs(grad) + epsilon)
        return multiply_add(-rate, m / largest, param), m, largest
