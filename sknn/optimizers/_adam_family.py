"""Variants of Adam with decoupled weight decay, Nesterov momentum or rectification."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.blas import accumulate, axpy, scale
from sknn._core.parameters import Layout
from sknn._core.rounding import multiply_add
from sknn._core.strategy import NOT_NEGATIVE, Range
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers._adam import Adam
from sknn.optimizers._base import State
from sknn.optimizers._elementwise import ElementwiseOptimizer


@dataclass(repr=False, eq=False, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, ``W -= learning_rate weight_decay W`` before each step.

    Unlike the penalty `alpha`, the decay does not pass through the moments, so all weights decay
    by the same factor. Biases do not decay.

    Use it in place of `Adam` to keep weights small.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        The decay rate of the first moment.
    beta_2 : float in [0, 1), default=0.999
        The decay rate of the second moment.
    epsilon : float, default=1e-8
        A positive number that keeps the quotient finite.
    weight_decay : float, default=0.01
        The strength of the weight decay, not negative. Each step multiplies a weight by
        ``1 - learning_rate weight_decay``.

    References
    ----------
    I. Loshchilov and F. Hutter, Decoupled weight decay regularization, ICLR 2019, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import AdamW
    >>> params, optimizer = np.ones(2), AdamW(weight_decay=0.5)
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params.round(6)
    array([0.85, 1.05])
    """

    weight_decay: float = 0.01

    ranges: ClassVar[Mapping[str, Range]] = {**Adam.ranges, "weight_decay": NOT_NEGATIVE}


@dataclass
class NAdamState(State):
    """The state of `NAdam`.

    Attributes
    ----------
    product : float
        The product of the momenta of all steps so far.
    """

    product: float = 1.0


@dataclass(repr=False, eq=False, kw_only=True)
class NAdam(ElementwiseOptimizer):
    """Adam with Nesterov's look-ahead step and a momentum that warms up.

    With ``mu_t = beta_1 (1 - 0.96^(t momentum_decay) / 2)`` and ``M_t`` the product of the first t,
    ``params -= learning_rate (mu_(t+1) m / (1 - M_(t+1)) + (1 - mu_t) grad / (1 - M_t))
    / (sqrt(v_hat) + epsilon)``. Here m, v and ``v_hat`` are those of `Adam`.

    Use it like `Adam`; it often needs fewer epochs.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        The decay rate of the first moment.
    beta_2 : float in [0, 1), default=0.999
        The decay rate of the second moment.
    epsilon : float, default=1e-8
        A positive number that keeps the quotient finite.
    momentum_decay : float, default=0.004
        The speed at which the momentum warms up, not negative.

    References
    ----------
    T. Dozat, Incorporating Nesterov momentum into Adam, ICLR workshop 2016, algorithm 2, as
    ``torch.optim.NAdam`` writes it.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import NAdam
    >>> params, optimizer = np.ones(1), NAdam()
    >>> optimizer.update(params, np.ones(1), optimizer.init(params), 0.1)
    >>> params.round(3)
    array([0.894])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004

    ranges: ClassVar[Mapping[str, Range]] = {**Adam.ranges, "momentum_decay": NOT_NEGATIVE}
    n_slots: ClassVar[int] = 2
    betas: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2")

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.005 if loss.is_regression else 0.002

    def init(self, params: Array, layout: Layout | None = None) -> NAdamState:
        return NAdamState(**vars(super().init(params, layout)))

    def begin_update(self, state: NAdamState, learning_rate: float) -> tuple[float, ...]:
        state.step += 1
        momentum, following = self._momentum(state.step), self._momentum(state.step + 1)
        state.product *= momentum
        # The state holds m / (1 - beta_1) and v / (1 - beta_2).
        root = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**state.step))
        return (
            learning_rate / root * (1 - self.beta_1) * following / (1 - state.product * following),
            learning_rate / root * (1 - momentum) / (1 - state.product),
            self.epsilon / root,
        )

    def _momentum(self, step: int) -> float:
        return float(self.beta_1 * (1 - 0.5 * 0.96 ** (step * self.momentum_decay)))

    def rule(
        self,
        params: Array,
        grad: Array,
        scratch: Array,
        m: Array,
        v: Array,
        rate_of_m: float,
        rate_of_grad: float,
        epsilon: float,
    ) -> None:
        accumulate(m, self.beta_1, grad)
        np.square(grad, out=scratch)
        accumulate(v, self.beta_2, scratch)
        np.sqrt(v, out=scratch)
        np.add(scratch, epsilon, out=scratch)
        scale(rate_of_grad, grad)
        axpy(rate_of_m, m, grad)
        np.divide(grad, scratch, out=grad)
        np.subtract(params, grad, out=params)

    def constants(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        m: Any,
        v: Any,
        rate_of_m: Any,
        rate_of_grad: Any,
        epsilon: Any,
        beta_1: Any,
        beta_2: Any,
    ) -> tuple[Any, ...]:
        m = beta_1 * m + grad
        v = beta_2 * v + grad * grad
        step = multiply_add(rate_of_m, m, rate_of_grad * grad) / (math.sqrt(v) + epsilon)
        return param - step, m, v


@dataclass(repr=False, eq=False, kw_only=True)
class RAdam(Adam):
    """Rectified Adam: plain momentum until the second moment is reliable, then Adam.

    With ``r_max = 2 / (1 - beta_2) - 1`` and ``r = r_max - 2 t beta_2^t / (1 - beta_2^t)`` at step
    t: if ``r > 5``, ``params -= learning_rate m_hat / (sqrt(v_hat) + epsilon / sqrt(1 -
    beta_2^t))`` times ``sqrt((r - 4) (r - 2) r_max / ((r_max - 4) (r_max - 2) r))``; before that,
    ``params -= learning_rate m_hat``.

    Use it in place of `Adam` if the first steps do harm. It needs no warmup.

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
    L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao and J. Han, On the variance of the adaptive
    learning rate and beyond, ICLR 2020, algorithm 2; epsilon as in ``torch.optim.RAdam``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import RAdam
    >>> params, optimizer = np.ones(2), RAdam()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params.round(6)
    array([0.5 , 1.01])
    """

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.005 if loss.is_regression else 0.002

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        first = learning_rate * (1 - self.beta_1) / (1 - self.beta_1**step)
        power = self.beta_2**step
        longest = 2 / (1 - self.beta_2) - 1
        length = longest - 2 * step * power / (1 - power)
        if length <= 5:
            return first, 0.0
        rectified = math.sqrt(
            (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        )
        root = math.sqrt(1 - self.beta_2)
        return first * rectified * math.sqrt(1 - power) / root, self.epsilon / root

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
        if epsilon:
            super().rule(params, grad, scratch, m, v, rate, epsilon)
            return
        accumulate(m, self.beta_1, grad)
        np.square(grad, out=grad)
        accumulate(v, self.beta_2, grad)
        axpy(-rate, m, params)

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
        step = m / (math.sqrt(v) + epsilon) if epsilon else m
        return multiply_add(-rate, step, param), m, v
