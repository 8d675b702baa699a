"""Adam."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.blas import accumulate, axpy
from sknn._core.rounding import multiply_add
from sknn._core.strategy import BELOW_ONE, POSITIVE, Range
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers._elementwise import ElementwiseOptimizer


@dataclass(repr=False, eq=False, kw_only=True)
class Adam(ElementwiseOptimizer):
    """Adaptive moments: momentum divided by the root of a running mean of squared gradients.

    ``m = beta_1 m + (1 - beta_1) grad``; ``v = beta_2 v + (1 - beta_2) grad^2``;
    ``params -= learning_rate m_hat / (sqrt(v_hat) + epsilon)``, with
    ``m_hat = m / (1 - beta_1^t)`` and ``v_hat = v / (1 - beta_2^t)`` at step t.

    Use it as the default.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        The decay rate of the first moment.
    beta_2 : float in [0, 1), default=0.999
        The decay rate of the second moment.
    epsilon : float, default=1e-8
        A positive number that keeps the quotient finite.

    Notes
    -----
    The state holds ``m / (1 - beta_1)`` and ``v / (1 - beta_2)``, which saves two passes over
    memory in each step. scikit-learn differs: it adds epsilon to ``sqrt(v)`` without the bias
    correction.

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Adam
    >>> params, optimizer = np.ones(2), Adam()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params.round(6)
    array([0.9, 1.1])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    ranges: ClassVar[Mapping[str, Range]] = {
        "beta_1": BELOW_ONE,
        "beta_2": BELOW_ONE,
        "epsilon": POSITIVE,
    }
    n_slots: ClassVar[int] = 2
    betas: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2")

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.005 if loss.is_regression else 0.001

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        first = (1 - self.beta_1) / (1 - self.beta_1**step)
        second = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**step))
        return learning_rate * first / second, self.epsilon / second

    def rule(
        self,
        params: Array,
        grad: Array,
        scratch: Array,
        m: Array,
        v: Array,
        rate: float,
        epsilon: float,
    ) -> None:
        accumulate(m, self.beta_1, grad)
        np.square(grad, out=grad)
        accumulate(v, self.beta_2, grad)
        np.sqrt(v, out=grad)
        np.add(grad, epsilon, out=grad)
        np.divide(m, grad, out=grad)
        axpy(-rate, grad, params)

    def constants(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        m: Any,
        v: Any,
        rate: Any,
        epsilon: Any,
        beta_1: Any,
        beta_2: Any,
    ) -> tuple[Any, ...]:
        m = beta_1 * m + grad
        v = beta_2 * v + grad * grad
        return multiply_add(-rate, m / (math.sqrt(v) + epsilon), param), m, v
