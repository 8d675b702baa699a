"""The interface between an optimizer and the engine: groups of parameters and their updates."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sknn._core.typing import Array


class ElementRule(NamedTuple):
    """The rule of a group as a function of one element, which can be compiled.

    Attributes
    ----------
    function : callable
        ``function(param, grad, *slots, *coefficients, *constants)`` takes numbers, and returns the
        new parameter and the new slots.
    params, grad : ndarray of shape (size,)
        The parameters of the group and their gradient.
    slots : tuple of ndarray of shape (size,)
        The slots of the group.
    constants : tuple of float
        The numbers that stay the same during a fit.
    weight_decay : float
        The strength of the decoupled weight decay.
    """

    function: Callable[..., tuple[Any, ...]]
    params: Array
    grad: Array
    slots: tuple[Array, ...]
    constants: tuple[float, ...]
    weight_decay: float


class Group(NamedTuple):
    """A group of parameters that one call updates when the gradient of the group is complete.

    Attributes
    ----------
    elements : slice
        The elements of the flat vector: one or several whole chunks.
    update : callable
        ``update(learning_rate, coefficients)`` updates the group in place.
    element_rule : callable or None
        Returns an `ElementRule` that computes the same as `update`, or None if there is none.
    """

    elements: slice
    update: Callable[[float, tuple[float, ...]], None]
    element_rule: Callable[[], ElementRule | None] | None = None


class BoundUpdate(NamedTuple):
    """An optimizer bound to the parameters, the gradient and the state of a fit.

    A step calls `begin` once, and then the update of each group in order.

    Attributes
    ----------
    begin : callable
        ``begin(learning_rate)`` counts a step and returns the coefficients of the updates.
    groups : list of Group
        The groups, which together contain each parameter once.
    """

    begin: Callable[[float], tuple[float, ...]]
    groups: list[Group]
