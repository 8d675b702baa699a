"""Adan."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.blas import accumulate, axpy
from sknn._core.rounding import multiply_add
from sknn._core.strategy import BELOW_ONE, NOT_NEGATIVE, POSITIVE, Range
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers._elementwise import ElementwiseOptimizer


@dataclass(repr=False, eq=False, kw_only=True)
class Adan(ElementwiseOptimizer):
    """Adaptive Nesterov momentum: moments of the gradient and of its change.

    With ``change = grad - grad_before`` (0 at the first step), ``m``, ``d`` and ``n`` are running
    means of grad, change and ``(grad + beta_2 change)^2``. Their decay rates are `beta_1`, `beta_2`
    and `beta_3`, and their bias is corrected as in `Adam`. The step is
    ``params -= learning_rate (m_hat + beta_2 d_hat) / (sqrt(n_hat) + epsilon)``.

    Use it for large batches and deep networks.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.98
        The decay rate of the mean gradient.
    beta_2 : float in [0, 1), default=0.92
        The decay rate of the mean change.
    beta_3 : float in [0, 1), default=0.99
        The decay rate of the mean square.
    epsilon : float, default=1e-8
        A positive number that keeps the quotient finite.
    weight_decay : float, default=0.0
        The strength of the weight decay, not negative. Each step multiplies a weight by
        ``1 - learning_rate weight_decay``. Biases do not decay.

    Notes
    -----
    The betas are decay rates, as in the other optimizers. The betas of the paper are one minus
    these.

    References
    ----------
    X. Xie, P. Zhou, H. Li, Z. Lin and S. Yan, Adan: adaptive Nesterov momentum algorithm for faster
    optimizing deep models, 2022, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Adan
    >>> params, optimizer = np.ones(2), Adan()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params.round(6)
    array([0.9, 1.1])
    """

    beta_1: float = 0.98
    beta_2: float = 0.92
    beta_3: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "beta_1": BELOW_ONE,
        "beta_2": BELOW_ONE,
        "beta_3": BELOW_ONE,
        "epsilon": POSITIVE,
        "weight_decay": NOT_NEGATIVE,
    }
    n_slots: ClassVar[int] = 4
    betas: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "beta_3")

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.005 if loss.is_regression else 0.002

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        # The state holds m / (1 - beta_1), d / (1 - beta_2) and n / (1 - beta_3).
        m, d, n = (
            (1 - beta) / (1 - beta**step) for beta in (self.beta_1, self.beta_2, self.beta_3)
        )
        root = math.sqrt(n)
        rates = learning_rate * m / root, learning_rate * self.beta_2 * d / root
        return float(step == 1), *rates, self.epsilon / root

    def rule(
        self,
        params: Array,
        grad: Array,
        scratch: Array,
        m: Array,
        d: Array,
        n: Array,
        before: Array,
        is_first: float,
        rate_of_m: float,
        rate_of_d: float,
        epsilon: float,
    ) -> None:
        if is_first:
            np.copyto(before, grad)
        np.subtract(grad, before, out=scratch)
        np.copyto(before, grad)
        accumulate(m, self.beta_1, grad)
        accumulate(d, self.beta_2, scratch)
        axpy(self.beta_2, scratch, grad)
        np.square(grad, out=grad)
        accumulate(n, self.beta_3, grad)
        np.sqrt(n, out=grad)
        np.add(grad, epsilon, out=grad)
        np.divide(m, grad, out=scratch)
        axpy(-rate_of_m, scratch, params)
        np.divide(d, grad, out=scratch)
        axpy(-rate_of_d, scratch, params)

    def constants(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.beta_3

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        m: Any,
        d: Any,
        n: Any,
        before: Any,
        is_first: Any,
        rate_of_m: Any,
        rate_of_d: Any,
        epsilon: Any,
        beta_1: Any,
        beta_2: Any,
        beta_3: Any,
    ) -> tuple[Any, ...]:
        change = grad - (grad if is_first else before)
        m = beta_1 * m + grad
        d = beta_2 * d + change
        ahead = multiply_add(beta_2, change, grad)
        n = beta_3 * n + ahead * ahead
        root = math.sqrt(n) + epsilon
        param = multiply_add(-rate_of_m, m / root, param)
        param = multiply_add(-rate_of_d, d / root, param)
        return param, m, d, n, grad
