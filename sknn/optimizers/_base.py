"""The base classes of optimizers."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sknn._core.parameters import Layout
from sknn._core.strategy import Strategy
from sknn._core.typing import Array
from sknn.losses import Loss
from sknn.optimizers.binding import BoundUpdate, Group


@dataclass
class State:
    """The state of an element-wise optimizer, which changes in each step.

    Attributes
    ----------
    step : int
        The number of completed updates.
    slots : tuple of ndarray of shape (size,)
        One vector of the parameters' size and dtype for each moment or accumulator.
    scratch : ndarray of shape (min(size, CHUNK_SIZE),)
        Free memory for intermediate results; its values have no meaning between steps.
    decayed : dict of int to list of slice
        The elements to which weight decay applies, for each chunk of the vector by its start.
    """

    step: int
    slots: tuple[Array, ...]
    scratch: Array
    decayed: dict[int, list[slice]] = field(default_factory=dict)


@dataclass(repr=False, eq=False)
class Optimizer(Strategy, ABC):
    """Base of the optimizers that take steps: subclass it and define `init` and `update`.

    Attributes
    ----------
    full_batch : bool
        Whether each step uses all rows.
    """

    full_batch: ClassVar[bool] = False

    def default_learning_rate(self, loss: Loss) -> float:
        """Return the learning rate for ``learning_rate_init="auto"``.

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
            The state that `update` takes and changes in each step.
        """

    def vectors(self, state: Any) -> tuple[Array, ...]:
        """Return the vectors of a state in which numbers below 8e-31 may be set to zero.

        Parameters
        ----------
        state : object
            The state that `init` returned.

        Returns
        -------
        vectors : tuple of ndarray of shape (size,)
            The slots of a `State`; for a state of another class, no vectors.
        """
        return state.slots if isinstance(state, State) else ()

    @abstractmethod
    def update(self, params: Array, grad: Array, state: Any, learning_rate: float) -> None:
        """Take one step in place, without allocating memory.

        Parameters
        ----------
        params : ndarray of shape (size,)
            The parameters, which are updated.
        grad : ndarray of shape (size,)
            The gradient of the objective. The method may overwrite it.
        state : object
            The state that `init` returned, which is updated.
        learning_rate : float
            The learning rate of this step.
        """

    def bind(self, params: Array, grad: Array, state: Any, at_once: bool) -> BoundUpdate:
        """Return the updates of a fit, which the engine calls in each step.

        Parameters
        ----------
        params, grad : ndarray of shape (size,)
            The parameters and the gradient; all steps of the fit use the same two arrays.
        state : object
            The state that `init` returned.
        at_once : bool
            Whether the whole gradient must be complete before any parameter changes, as for
            clipping by the norm.

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
    """Base of the optimizers that run all iterations: subclass it and define `minimize`."""

    @abstractmethod
    def minimize(
        self,
        value_and_gradient: Callable[[Array], tuple[float, Array]],
        params: Array,
        callback: Callable[[Array], bool],
        max_iter: int,
        tol: float,
    ) -> bool:
        """Minimize the objective, starting from ``params``.

        Parameters
        ----------
        value_and_gradient : callable
            Takes a vector of shape (size,), and returns the objective at that point and its
            gradient. The next call may overwrite the gradient.
        params : ndarray of shape (size,)
            The point to start from.
        callback : callable
            Called with the current point after each iteration; training ends if it returns True.
        max_iter : int
            The largest number of iterations.
        tol : float
            The largest element of the gradient that counts as zero.

        Returns
        -------
        settled : bool
            Whether the optimizer converged, instead of ending at a limit.
        """
