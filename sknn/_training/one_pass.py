"""The update of a chunk in one pass over memory: penalty, check, weight decay and rule, compiled.

NumPy needs a pass over the chunk for each operation. Here numba compiles loops over its elements
(`sknn._core.compiled`). Their results are bit-for-bit identical to those of `Chunk.finish_gradient`
and `Group.update`.
"""

import inspect
import math
import sys
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, final

import numpy as np

from sknn._core.compiled import (
    SWITCH,
    compiled,
    compiled_entry,
    imports_numba,
    is_cached,
    is_compile_error,
    multiply_adds,
    policy,
)
from sknn._core.parameters import Layout
from sknn._core.rounding import n_rounded_once
from sknn._core.typing import Array
from sknn._training import chunk_loops
from sknn._training.penalty import Regularization, penalized_gradient
from sknn.optimizers.binding import ElementRule, Group

# Seconds to import numba, to load a kernel from the disk, to compile it, and to bind it to a chunk.
IMPORT: Final = 0.4
LOAD: Final = 0.3
COMPILE: Final = 2.5
BIND: Final = 1e-4
# Seconds that one step saves for each byte of the parameters.
SAVED: Final = 4e-10

# The most elements of a piece, which stays in the first-level cache between two loops.
PIECE: Final = 2048


@final
class OnePass:
    """The update of a chunk in one pass.

    Parameters
    ----------
    kernel : callable
        The compiled form of `chunk_loops.update` for a rule.
    rule : ElementRule
        The rule, with the arrays of the chunk.
    layout : Layout
        Distinguishes weights from biases.
    elements : slice
        The elements of the flat vectors that belong to the chunk.
    """

    def __init__(self, kernel: Any, rule: ElementRule, layout: Layout, elements: slice) -> None:
        self._kernel, self._rule = kernel, rule
        self._number = rule.params.dtype.type
        self._constants = tuple(map(self._number, rule.constants))
        self._pieces = pieces(layout, elements.start, elements.stop, rule.params.dtype.char)

    def __call__(
        self,
        regularization: Regularization,
        learning_rate: float,
        coefficients: tuple[float, ...],
    ) -> bool:
        """Update the chunk; return False, before the end, if it holds a number not finite."""
        rule, number = self._rule, self._number
        arguments = (
            rule.params,
            rule.grad,
            rule.slots,
            (*map(number, coefficients), *self._constants),
            self._pieces,
            number(regularization.l1),
            number(regularization.l2),
            number(1 - learning_rate * rule.weight_decay),
        )
        try:
            return bool(self._kernel(*arguments))
        except OSError:  # the first call has compiled the kernel but could not write it to the disk
            return bool(self._kernel(*arguments))
        except Exception as error:
            if not is_compile_error(error):
                raise
            raise ValueError(
                f"numba cannot compile {rule.function.__qualname__}. Write it with numbers and "
                "functions of NumPy only, remove it, or set the environment variable "
                f"{SWITCH}=never. numba says: {error}"
            ) from error


@lru_cache(maxsize=256)
def pieces(layout: Layout, start: int, stop: int, dtype: str) -> Array:
    """Return the pieces of a chunk, in each of which all elements are treated alike.

    Parameters
    ----------
    layout : Layout
        Distinguishes weights from biases.
    start, stop : int
        The first element of the chunk in the flat vector, and the one after the last.
    dtype : str
        The character of the dtype.

    Returns
    -------
    pieces : ndarray of int of shape (n_pieces, 5)
        The first element and the one after the last, counted from the start of the chunk; whether
        the elements are weights; whether the penalty, and whether the rule, rounds like the blocks
        of `axpy` and not like the elements after the last block.

    Examples
    --------
    >>> from sknn._core.parameters import Block, Layout
    >>> from sknn._training.one_pass import pieces
    >>> layout = Layout([Block("first", (3, 2), 4), Block("second", (3, 1), 2)])
    >>> pieces(layout, 0, 9, "d")[:, :3]
    array([[0, 4, 1],
           [4, 6, 0],
           [6, 8, 1],
           [8, 9, 0]])
    """
    penalized = layout.penalized(slice(start, stop))
    weights = [(w.start - start, w.stop - start) for w in penalized]
    blocks = [(first, first + n_rounded_once(last - first, dtype)) for first, last in weights]
    size = stop - start
    of_rule = n_rounded_once(size, dtype)
    edges = {0, size, of_rule, *range(0, size, PIECE)}
    edges.update(edge for pair in (*weights, *blocks) for edge in pair)
    rows = [
        (
            first,
            last,
            any(begin <= first < end for begin, end in weights),
            any(begin <= first < end for begin, end in blocks),
            first < of_rule,
        )
        for first, last in pairwise(sorted(edges))
    ]
    return np.array(rows, np.int64)


def in_one_pass(
    groups: list[Group], layout: Layout, itemsize: int, n_steps: float
) -> list[OnePass | None]:
    """Return the one-pass updates of the groups for which they save time.

    Parameters
    ----------
    groups : list of Group
        The groups of a bound optimizer.
    layout : Layout
        The blocks of the parameters.
    itemsize : int
        The bytes of a parameter.
    n_steps : float
        The number of steps that are likely to follow.

    Returns
    -------
    updates : list of OnePass or None
        None for groups that NumPy updates.
    """
    mode, n_groups = policy(), len(groups)
    saved = SAVED * layout.size * itemsize * n_steps
    if mode == "never" or (mode == "auto" and saved < BIND * n_groups):
        return [None] * n_groups
    rules = [group.element_rule() if group.element_rule else None for group in groups]
    first = rules[0]
    if first is None or len(first.slots) >= len(chunk_loops.APPLY):
        return [None] * n_groups
    kernel = _kernel_for(first, math.inf if mode == "always" else saved)
    if kernel is None:
        return [None] * n_groups
    return [
        OnePass(kernel, rule, layout, group.elements) if rule is not None else None
        for group, rule in zip(groups, rules, strict=True)
    ]


def _kernel_for(rule: ElementRule, saved: float) -> Any:
    """Return the kernel of a rule, or None if it takes longer to make than it saves.

    The estimate has a margin for fits that end early. Compiling has no margin, because later fits
    use the result too.
    """
    key = rule.function, rule.params.dtype.char, len(rule.slots)
    if key not in _kernels:
        loading = LOAD + (0.0 if "numba" in sys.modules else IMPORT)
        if saved < 2 * loading or not imports_numba():
            return None
        _kernels[key] = _make_kernel(*key)
    kernel = _kernels[key]
    is_ready = bool(kernel.signatures) or saved > COMPILE or is_cached(kernel)
    return kernel if is_ready else None


# The kernels that have been made, by function, dtype and number of slots. The first call of a
# kernel compiles it or loads it from the disk.
_kernels: dict[tuple[Any, str, int], Any] = {}


def _make_kernel(function: Any, dtype: str, n_slots: int) -> Any:
    """Return `chunk_loops.update` for a rule, to be compiled."""
    replaced = {}
    for where, multiply_add in zip(("block", "rest"), multiply_adds(), strict=True):
        element = compiled(function, multiply_add=multiply_add)
        replaced[f"apply_{where}"] = compiled(chunk_loops.APPLY[n_slots], element=element)
        penalized = compiled(penalized_gradient, multiply_add=multiply_add)
        replaced[f"penalize_{where}"] = compiled(chunk_loops.penalize, penalized_gradient=penalized)
    name = f"{function.__qualname__}_{dtype}".replace(".", "_")
    return compiled_entry(chunk_loops.update, name, _files(function), **replaced)


def _files(function: Any) -> tuple[str, ...] | None:
    """Return the source files of a kernel; None for a rule of a user, which may use any others."""
    if not function.__module__.startswith("sknn."):
        return None
    functions = (function, chunk_loops.update, penalized_gradient, compiled, n_rounded_once)
    return tuple(inspect.getfile(inspect.unwrap(function)) for function in functions)
