"""The base of all displays: a repr that says what a display holds."""

from abc import ABC, abstractmethod
from typing import Any


class Display(ABC):
    """Numbers that `plot` draws.

    A constructor ``from_...`` computes the numbers and draws them; its twin ``compute_from_...``
    takes the same arguments, without those of the plot, and draws nothing.
    """

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self._facts().items())
        return f"{type(self).__name__}({facts})"

    @abstractmethod
    def _facts(self) -> dict[str, Any]:
        """Return what the repr shows, by name."""
