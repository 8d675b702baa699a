"""Growing sequences of numbers that share their entries with each other."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, final, overload


@final
class Curve(Sequence[float]):
    """A sequence of numbers that grows, and may share its entries with other curves.

    A fork shares memory with its origin, but each curve has a separate length. Appending to the
    fork does not change the origin, and takes constant time unless another fork has appended at the
    same position.

    Parameters
    ----------
    values : iterable of float, default=()
        The first entries, which are copied.

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
        """Return an independent curve that shares the present entries."""
        fork = Curve()
        fork._values, fork._length = self._values, self._length
        return fork

    def append(self, value: float) -> None:
        """Add an entry."""
        values, length = self._values, self._length
        if len(values) == length:
            values.append(value)
        if values[length] is not value:  # another fork, maybe in another thread, took the position
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
        positions = range(self._length)
        if isinstance(index, slice):
            return [self._values[position] for position in positions[index]]
        return self._values[positions[index]]

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
