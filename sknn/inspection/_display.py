"""The base class of all displays, with a repr of their content."""

from abc import ABC, abstractmethod
from typing import Any


class Display(ABC):
    """The numbers that `plot` draws.

    A constructor ``from_...`` computes the numbers and draws them. The corresponding
    ``compute_from_...`` takes the same arguments, without those of the plot, and draws nothing.
    """

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self._facts().items())
        return f"{type(self).__name__}({facts})"

    @abstractmethod
    def _facts(self) -> dict[str, Any]:
        """Return the content of the repr, by name."""
