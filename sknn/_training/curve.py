"""Numbers that only grow, and that many states of training share."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload


class Curve(Sequence[float]):
    """A growing sequence of numbers that knows how many of the shared entries are its own.

    A fork shares memory with its origin. Appending to the fork does not change the origin, and
    takes constant time as long as no other fork has appended at the same place.

    Parameters
    ----------
    values : iterable of float, default=()
        The first entries; copied.

    Examples
    --------
    >>> from sknn._training.curve import Curve
    >>> curve = Curve([3.0, 2.0])
    >>> fork = curve.fork()
    >>> fork.append(1.0)
    >>> curve, fork
    (Curve([3.0, 2.0]), Curve([3.0, 2.0, 1.0]))
    """

    __slots__ = ("_length", "_values")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._values = list(values)
        self._length = len(self._values)

    def fork(self) -> "Curve":
        """Return a curve of its own that shares the entries so far."""
        fork = Curve()
        fork._values, fork._length = self._values, self._length
        return fork

    def append(self, value: float) -> None:
        """Add an entry."""
        values, length = self._values, self._length
        if len(values) == length:
            values.append(value)
        if values[length] is not value:  # the place was taken, maybe by another thread just now
            self._values = [*values[:length], value]
        self._length = length + 1

    def extend(self, values: Iterable[float]) -> None:
        """Add entries."""
        for value in values:
            self.append(value)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: int | slice) -> float | list[float]:
        own = range(self._length)
        if isinstance(index, slice):
            return [self._values[position] for position in own[index]]
        return self._values[own[index]]

    def __iter__(self) -> Iterator[float]:
        return iter(self._values[: self._length])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Curve, list)):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Curve({list(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Curve, (list(self),)
