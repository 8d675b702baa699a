"""A fixed binary tree over the partitions of a data set, which determines the order of all sums.

A subtree is the range ``(start, stop)`` of its partitions. Floating-point sums depend on the order
of the additions. Here this order depends on the numbers of the partitions only, so any worker may
add up any subtree.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def add_up(
    start: int,
    stop: int,
    find: Callable[[int, int], T | None],
    add: Callable[[T, T], T],
) -> T | None:
    """Return the sum over a subtree, or None if it contains no value.

    Parameters
    ----------
    start, stop : int
        The subtree.
    find : callable
        ``find(start, stop)`` returns the sum of a subtree, or None if it is unknown.
    add : callable
        ``add(left, right)`` returns the sum of two sums.

    Examples
    --------
    >>> from sknn.dask._tree import add_up
    >>> leaves = {(0, 1): "a", (2, 3): "c", (3, 4): "d"}
    >>> add_up(
    ...     0,
    ...     4,
    ...     lambda *subtree: leaves.get(subtree),
    ...     lambda left, right: f"({left}+{right})",
    ... )
    '(a+(c+d))'
    """
    value = find(start, stop)
    if value is not None or stop - start <= 1:
        return value
    middle = (start + stop) // 2
    left = add_up(start, middle, find, add)
    right = add_up(middle, stop, find, add)
    if left is None or right is None:
        return right if left is None else left
    return add(left, right)


def whole_subtrees(owners: Sequence[T | None]) -> list[tuple[int, int, T]]:
    """Return the largest subtrees whose partitions have a single owner, and that owner.

    Parameters
    ----------
    owners : sequence
        The owner of each partition; None for a partition that does not take part.

    Examples
    --------
    >>> from sknn.dask._tree import whole_subtrees
    >>> whole_subtrees(["a", "a", "b", None])
    [(0, 2, 'a'), (2, 4, 'b')]
    """
    subtrees: list[tuple[int, int, T]] = []

    def visit(start: int, stop: int) -> None:
        present = {owner for owner in owners[start:stop] if owner is not None}
        if len(present) == 1:
            subtrees.append((start, stop, present.pop()))
        elif present:
            middle = (start + stop) // 2
            visit(start, middle)
            visit(middle, stop)

    visit(0, len(owners))
    return subtrees
