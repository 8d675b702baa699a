"""The contract of the optimizers, and the element-wise ones among them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np

from sknn._core.blas import scale
from sknn._core.parameters import Layout
from sknn._core.strategy import Strategy
from sknn._core.typing import Array
from sknn.losses import Loss

# Elements updated at a time: the passes of a rule over parts of this size find them in cache,
# so main memory is read and written once. Measured best between 32,000 and 131,000.
PART: Final = 65_536


@dataclass
class State:
    """What an optimizer carries from step to step; the trainer keeps it.

    Attributes
    ----------
    step : int
        Updates done.
    slots : tuple of ndarray of shape (size,)
        One vector of the parameters' size and dtype for each moment or accumulator.
    scratch : ndarray of shape (min(size, PART),)
        Memory for intermediate results; its values mean nothing between steps.
    decayed : dict of int to list of slice
        For each part of the vector, by its start, the elements that weight decay is about.
    product : float
        A running product, for rules that need one.
    """

    step: int
    slots: tuple[Array, ...]
    scratch: Array
    decayed: dict[int, list[slice]] = field(default_factory=dict)
    product: float = 1.0


@dataclass(repr=False, eq=False)
class Optimizer(Strategy):
    """Base of the optimizers that take steps: subclass it and write `init` and `update`.

    Attributes
    ----------
    full_batch : bool
        Whether each step uses all rows.
    """

    full_batch: ClassVar[bool] = False

    def default_learning_rate(self, loss: Loss) -> float:
        """Return the rate that ``learning_rate_init="auto"`` stands for.

        Parameters
        ----------
        loss : Loss
            What is minimized.

        Returns
        -------
        learning_rate : float
            A rate that suits most data, unless overridden 0.001.
        """
        return 1e-3

    def init(self, params: Array, layout: Layout | None = None) -> Any:
        """Return a new state.

        Parameters
        ----------
        params : ndarray of shape (size,)
            The flat vector of parameters.
        layout : Layout, optional
            The blocks in it, for rules that need the layers.
        """
        raise NotImplementedError

    def vectors(self, state: Any) -> tuple[Array, ...]:
        """Return the vectors of a state in which numbers below 8e-31 may be set to zero.

        Parameters
        ----------
        state : object
            What `init` returned.

        Returns
        -------
        vectors : tuple of ndarray of shape (size,)
            The slots of a `State`; none of another's.
        """
        return state.slots if isinstance(state, State) else ()

    def update(self, params: Array, grad: Array, state: Any, learning_rate: float) -> None:
        """Take one step, in place, allocating nothing.

        Parameters
        ----------
        params : ndarray of shape (size,)
            Updated.
        grad : ndarray of shape (size,)
            The gradient of the objective; may be overwritten.
        state : object
            What `init` returned; updated.
        learning_rate : float
            The rate of this step.
        """
        raise NotImplementedError


@dataclass(repr=False, eq=False)
class ElementwiseOptimizer(Optimizer):
    """An optimizer that treats each parameter alike: subclass it and write `rule`.

    Attributes
    ----------
    n_slots : int
        How many vectors the state holds; they start at zero.
    betas : tuple of str
        For the first slots, in order, the hyperparameter beta of those that hold a sum,
        ``s = beta s + value``, of which the rule as published has the mean, ``(1 - beta) s``.

    Notes
    -----
    A subclass with a field ``weight_decay`` has decoupled weight decay,
    ``W -= learning_rate weight_decay W`` before `rule`; biases do not decay.
    """

    n_slots: ClassVar[int] = 0
    betas: ClassVar[tuple[str, ...]] = ()

    def init(self, params: Array, layout: Layout | None = None) -> State:
        slots = tuple(np.zeros_like(params) for _ in range(self.n_slots))
        decayed = {
            part.start: layout.penalized(part) if layout else [part] for part in parts(params.size)
        }
        return State(0, slots, np.empty_like(params[:PART]), decayed)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        """Return the numbers of a step that `rule` takes last.

        Parameters
        ----------
        step : int
            Which step it is, counted from 1.
        learning_rate : float
            Its rate.

        Returns
        -------
        coefficients : tuple of float
            The rate alone, unless overridden.
        """
        return (learning_rate,)

    def rule(self, params: Array, grad: Array, scratch: Array, *rest: Any) -> None:
        """Update some of the parameters, in place.

        Parameters
        ----------
        params, grad : ndarray of shape (size,)
            Some elements, and their gradient, which may be overwritten.
        scratch : ndarray of shape (size,)
            Memory to write to.
        *rest : ndarray of shape (size,), then float
            The slots, updated in place, then the `coefficients`.
        """
        raise NotImplementedError

    def update(self, params: Array, grad: Array, state: Any, learning_rate: float) -> None:
        coefficients = self.begin_update(state, learning_rate)
        for part in parts(params.size):
            self.decay_part(part, params, state, learning_rate)
            self.rule(*self.operands(part, params, grad, state), *coefficients)

    def begin_update(self, state: State, learning_rate: float) -> tuple[float, ...]:
        """Count a step, and return its coefficients.

        Parameters
        ----------
        state : State
            Its number of steps is updated.
        learning_rate : float
            The rate of this step.

        Returns
        -------
        coefficients : tuple of float
            As `coefficients` returns them.
        """
        state.step += 1
        return self.coefficients(state.step, learning_rate)

    def take_over(self, state: Any, before: Any) -> None:
        """Make a state of an optimizer of this class one's own: means stay as they are.

        Parameters
        ----------
        state : State
            Updated.
        before : ElementwiseOptimizer
            Whose it was, with other hyperparameters.
        """
        for slot, beta in zip(state.slots, self.betas, strict=False):
            keep_mean(slot, getattr(before, beta), getattr(self, beta))

    def decay_part(self, part: slice, params: Array, state: State, learning_rate: float) -> None:
        """Shrink the weights of a part, in place, if there is weight decay.

        Parameters
        ----------
        part : slice
            Which elements.
        params : ndarray of shape (size,)
            All parameters.
        state : State
            Knows which of them decay.
        learning_rate : float
            The rate of this step.
        """
        weight_decay = getattr(self, "weight_decay", 0.0)
        if weight_decay:
            for weights in state.decayed[part.start]:
                scale(1 - learning_rate * weight_decay, params[weights])

    def operands(self, part: slice, params: Array, grad: Array, state: State) -> tuple[Array, ...]:
        """Return what `rule` takes before the coefficients, for a part of the parameters.

        Parameters
        ----------
        part : slice
            Which elements, at most ``PART`` of them.
        params, grad : ndarray of shape (size,)
            All parameters, and the gradient.
        state : State
            Holds the scratch and the slots.

        Returns
        -------
        operands : tuple of ndarray
            Views of the vectors, of the scratch and of the slots.
        """
        scratch = state.scratch[: part.stop - part.start]
        return params[part], grad[part], scratch, *(slot[part] for slot in state.slots)


def accumulate(moment: Array, beta: float, values: Array) -> None:
    """Compute ``moment = beta moment + values`` in place; both of shape (size,).

    A running mean is ``1 - beta`` times that; rules put the factor into their coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers._base import accumulate
    >>> moment = np.array([1.0, 2.0])
    >>> accumulate(moment, 0.5, np.ones(2))
    >>> moment
    array([1.5, 2. ])
    """
    scale(beta, moment)
    np.add(moment, values, moment)


def keep_mean(moment: Array, beta_before: float, beta: float) -> None:
    """Turn ``mean / (1 - beta_before)`` into ``mean / (1 - beta)``, in place, of shape (size,).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers._base import keep_mean
    >>> moment = np.array([10.0])
    >>> keep_mean(moment, 0.9, 0.5)
    >>> moment.round(6)
    array([2.])
    """
    if beta != beta_before:
        scale((1 - beta_before) / (1 - beta), moment)


def parts(size: int) -> list[slice]:
    """Return the parts of a vector, in order.

    Examples
    --------
    >>> from sknn.optimizers._base import parts
    >>> parts(100_000)
    [slice(0, 65536, None), slice(65536, 100000, None)]
    """
    return [slice(start, min(start + PART, size)) for start in range(0, size, PART)]


@dataclass(repr=False, eq=False)
class Minimizer(Strategy):
    """Base of the optimizers that run by themselves: subclass it and write `minimize`."""

    def minimize(
        self,
        value_and_gradient: Callable[[Array], tuple[float, Array]],
        params: Array,
        callback: Callable[[Array], bool],
        max_iter: int,
        tol: float,
    ) -> bool:
        """Make the objective small, starting from ``params``.

        Parameters
        ----------
        value_and_gradient : callable
            Takes a vector of shape (size,) and returns the objective there and its gradient,
            which it may overwrite at the next call.
        params : ndarray of shape (size,)
            Where to start.
        callback : callable
            Takes the point reached, after each iteration; training ends when it returns True.
        max_iter : int
            The most iterations.
        tol : float
            The largest element of the gradient that counts as zero.

        Returns
        -------
        settled : bool
            Whether it ended because there was nothing more to gain, not at a limit.
        """
        raise NotImplementedError
