"""The contract of the optimizers."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from sknn._core.parameters import Layout
from sknn._core.strategy import Strategy
from sknn._core.typing import Array
from sknn.losses import Loss


class Group(NamedTuple):
    """Parameters that one call updates, once the gradient of all of them is complete.

    Attributes
    ----------
    elements : slice
        Which elements of the flat vector: one or several whole chunks.
    update : callable
        ``update(learning_rate, coefficients)`` updates them in place.
    """

    elements: slice
    update: Callable[[float, tuple[float, ...]], None]


class BoundUpdate(NamedTuple):
    """An optimizer bound to the parameters, the gradient and the state of a fit.

    A step calls `begin` once, and then the update of each group in order.

    Attributes
    ----------
    begin : callable
        ``begin(learning_rate)`` counts a step and returns the coefficients of the updates.
    groups : list of Group
        Together they hold each parameter once.
    """

    begin: Callable[[float], tuple[float, ...]]
    groups: list[Group]


@dataclass
class State:
    """The state that an element-wise optimizer carries from step to step.

    Attributes
    ----------
    step : int
        The number of updates done.
    slots : tuple of ndarray of shape (size,)
        One vector of the parameters' size and dtype for each moment or accumulator.
    scratch : ndarray of shape (min(size, CHUNK_SIZE),)
        Memory for intermediate results; its values mean nothing between steps.
    decayed : dict of int to list of slice
        The elements to which weight decay applies, for each chunk of the vector by its start.
    """

    step: int
    slots: tuple[Array, ...]
    scratch: Array
    decayed: dict[int, list[slice]] = field(default_factory=dict)


@dataclass(repr=False, eq=False)
class Optimizer(Strategy, ABC):
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
            The loss to minimize.

        Returns
        -------
        learning_rate : float
            A rate that suits most data; 0.001 unless overridden.
        """
        return 1e-3

    @abstractmethod
    def init(self, params: Array, layout: Layout | None = None) -> Any:
        """Return a new state.

        Parameters
        ----------
        params : ndarray of shape (size,)
            The flat vector of parameters.
        layout : Layout, optional
            The blocks in it, for rules that need the layers.

        Returns
        -------
        state : object
            What `update` takes and changes from step to step.
        """

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

    @abstractmethod
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

    def bind(self, params: Array, grad: Array, state: Any, at_once: bool) -> BoundUpdate:
        """Return the updates of a fit, which the engine calls at each step.

        Parameters
        ----------
        params, grad : ndarray of shape (size,)
            The parameters and the gradient; all steps of the fit use the same two arrays.
        state : object
            What `init` returned.
        at_once : bool
            Whether the whole gradient must be complete before any parameter changes, as for
            clipping it.

        Returns
        -------
        bound : BoundUpdate
            One group of all parameters, updated by `update`, unless overridden.
        """

        def update_all(learning_rate: float, coefficients: tuple[float, ...]) -> None:
            self.update(params, grad, state, learning_rate)

        return BoundUpdate(lambda learning_rate: (), [Group(slice(0, params.size), update_all)])


@dataclass(repr=False, eq=False)
class Minimizer(Strategy, ABC):
    """Base of the optimizers that run by themselves: subclass it and write `minimize`."""

    @abstractmethod
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
