"""Delay of Ctrl-C while an interruption would leave objects in an inconsistent state."""

import math
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar, Final, TypeVar, final

T = TypeVar("T")

# A second Ctrl-C within this number of seconds interrupts the whole program.
AGAIN: Final = 2.0


@final
class Interrupts:
    """A block in which Ctrl-C waits until the end, except in functions that `run` calls.

    The handler looks at the stack to see whether a signal comes inside `run`. So even several
    signals cannot interrupt a line outside, such as one that restores a state after an exception.
    Inside `run`, Ctrl-C waits between `hold` and `release`. These two take no time, while setting
    the handler takes 15 us. Only the main thread receives signals: in other threads a block has
    no effect.

    Attributes
    ----------
    is_repeated : bool
        Whether the last Ctrl-C came within `AGAIN` of the one before it, in this block or earlier.

    Examples
    --------
    >>> import signal
    >>> from sknn._training.interrupts import Interrupts
    >>> _ = signal.signal(signal.SIGINT, signal.default_int_handler)
    >>> try:
    ...     with Interrupts():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("done")
    ... except KeyboardInterrupt:
    ...     print("interrupted")
    done
    interrupted
    """

    # The time of the last signal, in any block.
    _last: ClassVar[float] = -math.inf

    def __init__(self) -> None:
        self.is_repeated = False
        self._handler: Callable[..., Any] | None = None
        self._frame: FrameType | None = None
        self._is_held = False
        self._is_waiting = False

    @staticmethod
    def active() -> "Interrupts":
        """Return the object of the block that this thread is in, or one without effect."""
        owner = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
        return owner if _in_main_thread() and isinstance(owner, Interrupts) else Interrupts()

    def __enter__(self) -> "Interrupts":
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler) and _in_main_thread():
            self._handler = handler
            signal.signal(signal.SIGINT, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        if self._handler is not None and signal.getsignal(signal.SIGINT) == self._receive:
            signal.signal(signal.SIGINT, self._handler)
        self._frame = None
        if self._handler is not None and self._is_waiting:
            self._handler(signal.SIGINT, sys._getframe())

    def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that Ctrl-C may interrupt, at once if it came since the block began."""
        self._frame = sys._getframe()
        self.release()
        return function(*args)

    def hold(self) -> None:
        """Delay Ctrl-C until `release`."""
        self._is_held = True

    def release(self) -> None:
        """Deliver a Ctrl-C that was delayed, if there was one."""
        self._is_held = False
        if self._is_waiting:
            self._is_waiting = False
            self._handle(signal.SIGINT, sys._getframe())

    def _receive(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        self.is_repeated = now - Interrupts._last <= AGAIN
        if not isinstance(
            getattr(self._handler, "__self__", None), Interrupts
        ):  # else the outer block sets it
            Interrupts._last = now
        self._handle(number, frame)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_held or not self._is_running(frame):
            self._is_waiting = True
        else:
            assert self._handler is not None
            self._handler(number, frame)

    def _is_running(self, frame: FrameType | None) -> bool:
        """Return whether a frame is that of `run` or below it in the call stack."""
        while frame is not None and frame is not self._frame:
            frame = frame.f_back
        return frame is not None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
