"""The base class of optimizers that update each parameter independently, chunk by chunk."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from sknn._core.blas import scale
from sknn._core.chunks import chunks
from sknn._core.parameters import Layout
from sknn._core.typing import Array
from sknn.optimizers._base import Optimizer, State
from sknn.optimizers.binding import BoundUpdate, ElementRule, Group


@dataclass(repr=False, eq=False)
class ElementwiseOptimizer(Optimizer):
    """Base of the optimizers that update each parameter alone: subclass it and define `rule`.

    Attributes
    ----------
    n_slots : int
        The number of vectors in the state. They are initialized with zeros.
    betas : tuple of str
        The hyperparameters of the first slots that store sums, ``s = beta s + value``, where the
        published rule has running means, ``(1 - beta) s``.
    skips_zeros : bool
        Whether `rule` does not change an element and its slots if the gradient is zero. If so,
        steps on sparse inputs skip features that do not occur in a batch. Set it in the class that
        defines `rule`; a subclass with another `rule` does not inherit it.
    element : callable or None
        The rule for a single element, which numba can compile: a static method
        ``element(param, grad, *slots, *coefficients, *constants)`` that takes numbers and returns
        the new parameter and the new slots. Without it, fits are never compiled. Set it in the
        class that defines `rule`; a subclass with another `rule` does not inherit it.

    Notes
    -----
    A subclass with a field ``weight_decay`` has decoupled weight decay,
    ``W -= learning_rate weight_decay W`` before `rule`; biases do not decay.
    """

    n_slots: ClassVar[int] = 0
    betas: ClassVar[tuple[str, ...]] = ()
    skips_zeros: ClassVar[bool] = False
    element: ClassVar[Callable[..., tuple[Any, ...]] | None] = None

    def init(self, params: Array, layout: Layout | None = None) -> State:
        slots = tuple(np.zeros_like(params) for _ in range(self.n_slots))
        all_chunks = chunks(params.size)
        decayed = {
            chunk.start: layout.penalized(chunk) if layout else [chunk] for chunk in all_chunks
        }
        return State(0, slots, np.empty_like(params[all_chunks[0]]), decayed)

    def coefficients(self, step: int, learning_rate: float) -> tuple[float, ...]:
        """Return the last arguments of `rule` in a step.

        Parameters
        ----------
        step : int
            The number of the step, counted from 1.
        learning_rate : float
            The rate of the step.

        Returns
        -------
        coefficients : tuple of float
            The learning rate, unless overridden.
        """
        return (learning_rate,)

    def rule(self, params: Array, grad: Array, scratch: Array, *args: Any, **kwargs: Any) -> None:
        """Update a chunk of the parameters, in place.

        A subclass names its arguments: parameters, gradient and scratch, then `n_slots` slots, then
        the coefficients, as in ``rule(self, params, grad, scratch, velocity, learning_rate)``.

        Parameters
        ----------
        params, grad : ndarray of shape (size,)
            The parameters and their gradient, which the rule may overwrite.
        scratch : ndarray of shape (size,)
            A buffer for intermediate results.
        *args : ndarray of shape (size,), then float
            The slots, which the rule updates in place, and the numbers that `coefficients` returns.
        **kwargs : dict
            Not used; it lets type checkers accept a subclass that names its arguments.
        """
        # Not abstract: a subclass may override `update` instead.
        raise NotImplementedError(f"{type(self).__name__} has no rule")

    def constants(self) -> tuple[float, ...]:
        """Return the last arguments of `element`, which stay the same during a fit.

        Returns
        -------
        constants : tuple of float
            No numbers, unless overridden.
        """
        return ()

    def update(self, params: Array, grad: Array, state: Any, learning_rate: float) -> None:
        coefficients = self.begin_update(state, learning_rate)
        for chunk in chunks(params.size):
            self._bind_chunk(chunk, params, grad, state)(learning_rate, coefficients)

    def bind(self, params: Array, grad: Array, state: Any, at_once: bool) -> BoundUpdate:
        if at_once or not self.updates_by_chunk():
            return super().bind(params, grad, state, at_once)
        groups = [
            Group(
                chunk,
                self._bind_chunk(chunk, params, grad, state),
                partial(self._element_rule, chunk, params, grad, state),
            )
            for chunk in chunks(params.size)
        ]
        return BoundUpdate(partial(self.begin_update, state), groups)

    def updates_by_chunk(self) -> bool:
        """Return whether a fit updates the parameters chunk by chunk, by `rule`.

        Returns
        -------
        updates_by_chunk : bool
            False if a subclass overrides `update`, which takes all parameters at once.
        """
        order = type(self).__mro__
        subclasses = order[: order.index(ElementwiseOptimizer)]
        return not any("update" in vars(cls) for cls in subclasses)

    def leaves_zero_gradients(self) -> bool:
        """Return whether an update may leave out elements whose gradient is zero.

        Returns
        -------
        leaves_zero_gradients : bool
            True if the class that defines `rule` sets `skips_zeros`, and nothing else changes
            parameters: no `weight_decay`, and no `update` or `bind` of a subclass.
        """
        owner = next(cls for cls in type(self).__mro__ if "rule" in vars(cls))
        is_plain = type(self).bind is ElementwiseOptimizer.bind and self.updates_by_chunk()
        decays = getattr(self, "weight_decay", 0.0)
        return bool(vars(owner).get("skips_zeros")) and is_plain and not decays

    def slots(self, state: Any) -> tuple[Array, ...]:
        """Return the slots of a state.

        Parameters
        ----------
        state : State
            The state that `init` returned.

        Returns
        -------
        slots : tuple of ndarray of shape (size,)
            One vector for each moment or accumulator.
        """
        slots: tuple[Array, ...] = state.slots
        return slots

    def bind_elements(
        self, elements: slice, params: Array, grad: Array, state: State
    ) -> Callable[[float, tuple[float, ...]], None]:
        """Return the update of some elements by `rule`, without weight decay.

        Parameters
        ----------
        elements : slice
            The elements, at most ``CHUNK_SIZE`` of them.
        params, grad : ndarray of shape (size,)
            All parameters, and the gradient.
        state : State
            The state with the scratch and the slots.

        Returns
        -------
        update : callable
            ``update(learning_rate, coefficients)`` updates the elements in place.
        """
        rule, operands = self.rule, self.operands(elements, params, grad, state)

        def update(learning_rate: float, coefficients: tuple[float, ...]) -> None:
            rule(*operands, *coefficients)

        return update

    def _bind_chunk(
        self, chunk: slice, params: Array, grad: Array, state: State
    ) -> Callable[[float, tuple[float, ...]], None]:
        """Return the update of a chunk: the weight decay, if there is any, and the rule."""
        rule, operands = self.rule, self.operands(chunk, params, grad, state)
        weight_decay = getattr(self, "weight_decay", 0.0)
        slices = state.decayed[chunk.start] if weight_decay else []
        decayed = [params[weights] for weights in slices]

        def update(learning_rate: float, coefficients: tuple[float, ...]) -> None:
            for weights in decayed:
                scale(1 - learning_rate * weight_decay, weights)
            rule(*operands, *coefficients)

        return update

    def _element_rule(
        self, chunk: slice, params: Array, grad: Array, state: State
    ) -> ElementRule | None:
        """Return the update of a chunk for compilation, if the class of the rule has `element`."""
        owner = next(cls for cls in type(self).__mro__ if "rule" in vars(cls))
        function = getattr(owner, "element", None)
        if "element" not in vars(owner) or function is not type(self).element:
            return None
        assert function is not None
        values, derivatives, _, *slots = self.operands(chunk, params, grad, state)
        weight_decay = getattr(self, "weight_decay", 0.0)
        return ElementRule(
            function, values, derivatives, tuple(slots), self.constants(), weight_decay
        )

    def begin_update(self, state: Any, learning_rate: float) -> tuple[float, ...]:
        """Count a step and return its coefficients.

        Parameters
        ----------
        state : State
            The state, whose number of steps is updated.
        learning_rate : float
            The rate of this step.

        Returns
        -------
        coefficients : tuple of float
            The result of `coefficients`.
        """
        state.step += 1
        return self.coefficients(state.step, learning_rate)

    def take_over(self, state: Any, before: Any) -> None:
        """Adapt the state of an optimizer of this class with other hyperparameters, in place.

        Running means do not change.

        Parameters
        ----------
        state : State
            The state, which is updated.
        before : ElementwiseOptimizer
            The optimizer that made the state.
        """
        for slot, beta in zip(state.slots, self.betas, strict=False):
            keep_mean(slot, getattr(before, beta), getattr(self, beta))

    def operands(self, chunk: slice, params: Array, grad: Array, state: State) -> tuple[Any, ...]:
        """Return the arguments of `rule` before the coefficients, for a chunk of the parameters.

        Parameters
        ----------
        chunk : slice
            The elements, at most ``CHUNK_SIZE`` of them.
        params, grad : ndarray of shape (size,)
            All parameters, and the gradient.
        state : State
            The state with the scratch and the slots.

        Returns
        -------
        operands : tuple of ndarray
            Views of the vectors, of the scratch and of the slots.
        """
        scratch = state.scratch[: chunk.stop - chunk.start]
        return params[chunk], grad[chunk], scratch, *(slot[chunk] for slot in state.slots)


def keep_mean(moment: Array, beta_before: float, beta: float) -> None:
    """Turn ``mean / (1 - beta_before)`` into ``mean / (1 - beta)``, in place, of shape (size,).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers._elementwise import keep_mean
    >>> moment = np.array([10.0])
    >>> keep_mean(moment, 0.9, 0.5)
    >>> moment.round(6)
    array([2.])
    """
    if beta != beta_before:
        scale((1 - beta_before) / (1 - beta), moment)
