"""Loops over the elements of a chunk, to be compiled with functions that `one_pass` chooses.

Each function runs in plain Python too, slowly. The compiler knows the types of all arguments, so
numbers have the dtype of the arrays, and the only literals in the functions are integer indices.
"""

from typing import Any, Final, TypeAlias

from sknn._core.typing import Array
from sknn._training.penalty import penalized_gradient

Numbers: TypeAlias = tuple[Any, ...]


def element(param: Any, grad: Any, *slots_and_numbers: Any) -> Numbers:
    """Placeholder for the compiled rule of an optimizer."""
    raise NotImplementedError


def penalize_block(params: Array, grad: Array, l1: Any, l2: Any) -> None:
    """Placeholder for `penalize`, rounded like the blocks of `axpy`."""
    raise NotImplementedError


def penalize_rest(params: Array, grad: Array, l1: Any, l2: Any) -> None:
    """Placeholder for `penalize`, rounded like the elements after the blocks of `axpy`."""
    raise NotImplementedError


apply_block = apply_rest = element


def update(
    params: Array,
    grad: Array,
    slots: tuple[Array, ...],
    numbers: Numbers,
    pieces: Array,
    l1: Any,
    l2: Any,
    decay_factor: Any,
) -> bool:
    """Update a chunk piece by piece; return False at the first piece with a non-finite number.

    Parameters
    ----------
    params, grad : ndarray of shape (size,)
        The chunk of the parameters and of the gradient without the penalty; both are overwritten.
    slots : tuple of ndarray of shape (size,)
        The chunk of the slots of the optimizer's state, which are updated.
    numbers : tuple of float
        The coefficients and constants of the rule.
    pieces : ndarray of int of shape (n_pieces, 5)
        As `one_pass.pieces` returns them.
    l1, l2 : float
        The strengths of the penalties.
    decay_factor : float
        The factor by which the weight decay multiplies each weight.
    """
    for i in range(len(pieces)):
        start, stop, is_weight = pieces[i, 0], pieces[i, 1], pieces[i, 2]
        weights, derivatives = params[start:stop], grad[start:stop]
        if is_weight and pieces[i, 3]:
            penalize_block(weights, derivatives, l1, l2)
        elif is_weight:
            penalize_rest(weights, derivatives, l1, l2)
        is_wrong = False
        for j in range(weights.size):  # a number minus itself is NaN if the number is not finite
            is_wrong |= (weights[j] - weights[j]) + (derivatives[j] - derivatives[j]) != 0
        if is_wrong:
            return False
        if is_weight and decay_factor != 1:
            for j in range(weights.size):
                weights[j] = decay_factor * weights[j]
        if pieces[i, 4]:
            apply_block(params, grad, slots, numbers, start, stop)
        else:
            apply_rest(params, grad, slots, numbers, start, stop)
    return True


def penalize(params: Array, grad: Array, l1: Any, l2: Any) -> None:
    """Add the gradient of the penalty."""
    if l1 != 0 or l2 != 0:
        for i in range(params.size):
            grad[i] = penalized_gradient(params[i], grad[i], l1, l2)


def apply_without_slots(
    params: Array, grad: Array, slots: tuple[Array, ...], numbers: Numbers, start: int, stop: int
) -> None:
    """Apply a rule whose state has no slots to the elements from `start` to `stop`."""
    p, g = params[start:stop], grad[start:stop]
    for i in range(p.size):
        (p[i],) = element(p[i], g[i], *numbers)


def apply_with_one_slot(
    params: Array, grad: Array, slots: tuple[Array, ...], numbers: Numbers, start: int, stop: int
) -> None:
    """Apply a rule whose state has one slot to the elements from `start` to `stop`."""
    p, g, a = params[start:stop], grad[start:stop], slots[0][start:stop]
    for i in range(p.size):
        p[i], a[i] = element(p[i], g[i], a[i], *numbers)


def apply_with_two_slots(
    params: Array, grad: Array, slots: tuple[Array, ...], numbers: Numbers, start: int, stop: int
) -> None:
    """Apply a rule whose state has two slots to the elements from `start` to `stop`."""
    p, g, a, b = params[start:stop], grad[start:stop], slots[0][start:stop], slots[1][start:stop]
    for i in range(p.size):
        p[i], a[i], b[i] = element(p[i], g[i], a[i], b[i], *numbers)


def apply_with_three_slots(
    params: Array, grad: Array, slots: tuple[Array, ...], numbers: Numbers, start: int, stop: int
) -> None:
    """Apply a rule whose state has three slots to the elements from `start` to `stop`."""
    p, g, a, b = params[start:stop], grad[start:stop], slots[0][start:stop], slots[1][start:stop]
    c = slots[2][start:stop]
    for i in range(p.size):
        p[i], a[i], b[i], c[i] = element(p[i], g[i], a[i], b[i], c[i], *numbers)


def apply_with_four_slots(
    params: Array, grad: Array, slots: tuple[Array, ...], numbers: Numbers, start: int, stop: int
) -> None:
    """Apply a rule whose state has four slots to the elements from `start` to `stop`."""
    p, g, a, b = params[start:stop], grad[start:stop], slots[0][start:stop], slots[1][start:stop]
    c, d = slots[2][start:stop], slots[3][start:stop]
    for i in range(p.size):
        p[i], a[i], b[i], c[i], d[i] = element(p[i], g[i], a[i], b[i], c[i], d[i], *numbers)


# By the number of slots.
APPLY: Final = (
    apply_without_slots,
    apply_with_one_slot,
    apply_with_two_slots,
    apply_with_three_slots,
    apply_with_four_slots,
)
