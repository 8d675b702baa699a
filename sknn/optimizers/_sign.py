"""Optimizers whose steps depend on the sign of the gradient, and not on its size."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn._core.blas import accumulate, axpy, scale
from sknn._core.rounding import multiply_add
from sknn._core.strategy import BELOW_ONE, NOT_NEGATIVE, POSITIVE, Range
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers._elementwise import ElementwiseOptimizer


@dataclass(repr=False, eq=False, kw_only=True)
class Lion(ElementwiseOptimizer):
    """Move each parameter by exactly the learning rate, in the direction of a momentum's sign.

    ``params -= learning_rate sign(beta_1 m + (1 - beta_1) grad)``;
    ``m = beta_2 m + (1 - beta_2) grad``.

    Use it if memory is scarce, because it stores a single moment. Choose a third to a tenth of
    Adam's rate.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        The weight of the momentum in the step.
    beta_2 : float in [0, 1), default=0.99
        The decay rate of the momentum.
    weight_decay : float, default=0.0
        The strength of the weight decay, not negative. Each step multiplies a weight by
        ``1 - learning_rate weight_decay``. Biases do not decay.

    References
    ----------
    X. Chen, C. Liang, D. Huang and others, Symbolic discovery of optimization algorithms,
    NeurIPS 2023, program 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Lion
    >>> params, optimizer = np.ones(2), Lion()
    >>> optimizer.update(
    ...     params, np.array([5.0, -0.1]), optimizer.init(params), 0.1
    ... )
    >>> params
    array([0.9, 1.1])
    """

    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float = 0.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "beta_1": BELOW_ONE,
        "beta_2": BELOW_ONE,
        "weight_decay": NOT_NEGATIVE,
    }
    n_slots: ClassVar[int] = 1
    betas: ClassVar[tuple[str, ...]] = ("beta_2",)

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.001 if loss.is_regression else 0.0003

    def rule(
        self, params: Array, grad: Array, scratch: Array, m: Array, learning_rate: float
    ) -> None:
        # The state holds m / (1 - beta_2).
        np.multiply(m, self.beta_1 * (1 - self.beta_2), out=scratch)
        axpy(1 - self.beta_1, grad, scratch)
        np.sign(scratch, out=scratch)
        axpy(-learning_rate, scratch, params)
        accumulate(m, self.beta_2, grad)

    def constants(self) -> tuple[float, ...]:
        return self.beta_1 * (1 - self.beta_2), 1 - self.beta_1, self.beta_2

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        m: Any,
        learning_rate: Any,
        weight_of_m: Any,
        weight_of_grad: Any,
        beta_2: Any,
    ) -> tuple[Any, ...]:
        direction = multiply_add(weight_of_grad, grad, weight_of_m * m)
        param = multiply_add(-learning_rate, np.sign(direction), param)
        return param, beta_2 * m + grad


@dataclass(repr=False, eq=False, kw_only=True)
class Rprop(ElementwiseOptimizer):
    """Resilient propagation: a step size for each parameter, from the signs of its gradients.

    If the gradient has the same sign as before, the step size is multiplied by `eta_plus`. If the
    sign has changed, the step size is multiplied by `eta_minus`, and the parameter does not move
    in this step. Otherwise the step is ``params -= sign(grad) step_size``. Each step needs the
    whole training set. The learning rate is the first step size, and schedules have no effect.

    Use it for small data sets. It uses all rows in each step, and needs no rate.

    Parameters
    ----------
    eta_minus : float in (0, 1), default=0.5
        The factor after a change of sign.
    eta_plus : float, default=1.2
        The factor without a change of sign, greater than 1.
    minimum_step, maximum_step : float, default=1e-6, 50.0
        The bounds of a step size, positive, the first below the second.

    References
    ----------
    M. Riedmiller and H. Braun, A direct adaptive method for faster backpropagation learning: the
    RPROP algorithm, ICNN 1993, equations 4 to 6, without weight backtracking, as
    ``torch.optim.Rprop`` has it.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Rprop
    >>> params, optimizer = np.ones(2), Rprop()
    >>> state = optimizer.init(params)
    >>> for _ in range(2):
    ...     optimizer.update(params, np.array([5.0, -0.1]), state, 0.1)
    >>> params
    array([0.78, 1.22])
    """

    eta_minus: float = 0.5
    eta_plus: float = 1.2
    minimum_step: float = 1e-6
    maximum_step: float = 50.0

    ranges: ClassVar[Mapping[str, Range]] = {
        "eta_minus": Range(0, 1, "neither"),
        "eta_plus": Range(1, math.inf, "neither"),
        "minimum_step": POSITIVE,
        "maximum_step": POSITIVE,
    }
    n_slots: ClassVar[int] = 2
    full_batch: ClassVar[bool] = True

    def check(self, name: str) -> None:
        super().check(name)
        self.check_order(name, "minimum_step", "maximum_step")

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.01

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        return (learning_rate if step == 1 else 0.0,)

    def rule(
        self,
        params: Array,
        grad: Array,
        scratch: Array,
        before: Array,
        size: Array,
        first_size: float,
    ) -> None:
        if first_size:
            size.fill(first_size)
        np.multiply(before, grad, out=scratch)
        np.sign(scratch, out=scratch)
        # 1 + s (eta_plus - eta_minus) / 2 + s^2 (eta_plus + eta_minus - 2) / 2 is eta_plus at
        # s = 1, 1 at 0 and eta_minus at -1.
        np.square(scratch, out=before)
        scale((self.eta_plus + self.eta_minus) / 2 - 1, before)
        axpy((self.eta_plus - self.eta_minus) / 2, scratch, before)
        np.add(before, 1, out=before)
        np.multiply(size, before, out=size)
        np.maximum(size, self.minimum_step, out=size)
        np.minimum(size, self.maximum_step, out=size)
        np.minimum(scratch, 0, out=scratch)
        np.add(scratch, 1, out=scratch)  # 0 where the sign has changed
        np.multiply(grad, scratch, out=before)
        np.sign(before, out=scratch)
        np.multiply(scratch, size, out=scratch)
        np.subtract(params, scratch, out=params)

    def constants(self) -> tuple[float, ...]:
        factors = (self.eta_plus + self.eta_minus) / 2 - 1, (self.eta_plus - self.eta_minus) / 2
        return *factors, self.minimum_step, self.maximum_step, 0.0, 1.0

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        before: Any,
        size: Any,
        first_size: Any,
        of_square: Any,
        of_sign: Any,
        minimum: Any,
        maximum: Any,
        zero: Any,
        one: Any,
    ) -> tuple[Any, ...]:
        if first_size:
            size = first_size
        sign = np.sign(before * grad)
        size = size * (multiply_add(of_sign, sign, of_square * (sign * sign)) + one)
        size = min(max(size, minimum), maximum)
        before = grad * (min(sign, zero) + one)  # 0 where the sign has changed
        return param - np.sign(before) * size, before, size
