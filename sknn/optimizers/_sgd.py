"""Gradient descent, with and without momentum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sknn._core.blas import accumulate, axpy
from sknn._core.rounding import multiply_add
from sknn._core.strategy import BELOW_ONE, Range
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers._elementwise import ElementwiseOptimizer


@dataclass(repr=False, eq=False)
class SGD(ElementwiseOptimizer):
    """Stochastic gradient descent, ``params -= learning_rate grad``.

    Use it if memory is scarce, with a schedule and a rate from the range test.

    References
    ----------
    H. Robbins and S. Monro, A stochastic approximation method, Annals of Mathematical
    Statistics 22, 1951.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import SGD
    >>> params, optimizer = np.ones(2), SGD()
    >>> optimizer.update(
    ...     params, np.array([1.0, -1.0]), optimizer.init(params), 0.1
    ... )
    >>> params
    array([0.9, 1.1])
    """

    skips_zeros: ClassVar[bool] = True

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.1 if loss.bounded_gradient else 0.001

    def rule(self, params: Array, grad: Array, scratch: Array, learning_rate: float) -> None:
        axpy(-learning_rate, grad, params)

    @staticmethod
    def element(param: Any, grad: Any, learning_rate: Any) -> tuple[Any, ...]:
        return (multiply_add(-learning_rate, grad, param),)


@dataclass(repr=False, eq=False)
class GD(SGD):
    """Gradient descent on the whole training set, ``params -= learning_rate grad``.

    It takes one step in each epoch and ignores ``batch_size``.

    Use it for small data sets, and to study descent along the exact gradient.

    References
    ----------
    A. Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées,
    Comptes Rendus 25, 1847.

    Examples
    --------
    >>> from sknn import MLPClassifier
    >>> model = MLPClassifier(optimizer="gd", early_stopping=False, random_state=0)
    >>> model = model.fit([[-1.0], [1.0]] * 200, [0, 1] * 200)
    >>> model.t_ // model.n_iter_
    400
    """

    full_batch: ClassVar[bool] = True

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.3 if loss.bounded_gradient else 0.003


@dataclass(repr=False, eq=False)
class Momentum(ElementwiseOptimizer):
    """Gradient descent with momentum: the velocity accumulates gradients, like a rolling ball.

    ``velocity = momentum velocity + grad``; ``params -= learning_rate velocity``.

    Use it if `SGD` oscillates in ravines. Well tuned, it often generalizes best.

    Parameters
    ----------
    momentum : float in [0, 1), default=0.9
        The share of the velocity that each step keeps.

    Notes
    -----
    The rate multiplies the velocity when the velocity is used, as in ``torch.optim.SGD``.
    scikit-learn multiplies when the velocity is stored. The two differ while the rate changes.

    References
    ----------
    B. T. Polyak, Some methods of speeding up the convergence of iteration methods, USSR
    Computational Mathematics and Mathematical Physics 4, 1964, equation 9.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Momentum
    >>> params, optimizer = np.ones(1), Momentum(0.5)
    >>> state = optimizer.init(params)
    >>> for _ in range(2):
    ...     optimizer.update(params, np.ones(1), state, 0.1)
    >>> params
    array([0.75])
    """

    momentum: float = 0.9

    ranges: ClassVar[Mapping[str, Range]] = {"momentum": BELOW_ONE}
    n_slots: ClassVar[int] = 1

    def default_learning_rate(self, loss: Loss) -> float:
        return 0.03 if loss.bounded_gradient else 0.0003

    def rule(
        self, params: Array, grad: Array, scratch: Array, velocity: Array, learning_rate: float
    ) -> None:
        accumulate(velocity, self.momentum, grad)
        axpy(-learning_rate, velocity, params)

    def constants(self) -> tuple[float, ...]:
        return (self.momentum,)

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        velocity: Any,
        learning_rate: Any,
        momentum: Any,
    ) -> tuple[Any, ...]:
        velocity = momentum * velocity + grad
        return multiply_add(-learning_rate, velocity, param), velocity


@dataclass(repr=False, eq=False)
class Nesterov(Momentum):
    """Momentum that looks ahead in the direction of the velocity.

    ``velocity = momentum velocity + grad``;
    ``params -= learning_rate (grad + momentum velocity)``.

    Use it like `Momentum`; it slows down a little earlier.

    Parameters
    ----------
    momentum : float in [0, 1), default=0.9
        The share of the velocity that each step keeps.

    References
    ----------
    Y. Nesterov, A method of solving a convex programming problem with convergence rate
    O(1/k^2), Soviet Mathematics Doklady 27, 1983. The form is that of I. Sutskever, J. Martens,
    G. Dahl and G. Hinton, On the importance of initialization and momentum in deep learning,
    ICML 2013, section 2, as ``torch.optim.SGD`` writes it.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import Nesterov
    >>> params, optimizer = np.ones(1), Nesterov(0.5)
    >>> optimizer.update(params, np.ones(1), optimizer.init(params), 0.1)
    >>> params
    array([0.85])
    """

    def rule(
        self, params: Array, grad: Array, scratch: Array, velocity: Array, learning_rate: float
    ) -> None:
        accumulate(velocity, self.momentum, grad)
        axpy(self.momentum, velocity, grad)
        axpy(-learning_rate, grad, params)

    @staticmethod
    def element(
        param: Any,
        grad: Any,
        velocity: Any,
        learning_rate: Any,
        momentum: Any,
    ) -> tuple[Any, ...]:
        velocity = momentum * velocity + grad
        grad = multiply_add(momentum, velocity, grad)
        return multiply_add(-learning_rate, grad, param), velocity
