"""Ctrl-C, delayed where it would leave something half done."""

import math
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar, Final, TypeVar

T = TypeVar("T")

# A second Ctrl-C so many seconds after the first, or sooner, is meant for the whole program.
AGAIN: Final = 2.0


class Interrupts:
    """Delays Ctrl-C until the end of a block, except in what `run` calls.

    The handler sees by the stack whether a signal comes inside `run`. So no line outside, such as
    one that restores what an exception has left half done, can be interrupted, not even by several
    signals. Inside, Ctrl-C waits between `hold` and `release`, which cost nothing; setting the
    handler takes 15 us. Only the main thread gets signals: in others a block does nothing.

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

    # When the last signal came, in whichever block.
    _last: ClassVar[float] = -math.inf

    def __init__(self) -> None:
        self.is_repeated = False
        self._handler: Callable[..., Any] | None = None
        self._frame: FrameType | None = None
        self._is_held = False
        self._is_waiting = False

    @staticmethod
    def active() -> "Interrupts":
        """Return the object of the block that runs in this thread, or one without effect."""
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
            self._hand_on(signal.SIGINT, sys._getframe())

    def _receive(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        self.is_repeated = now - Interrupts._last <= AGAIN
        if not isinstance(getattr(self._handler, "__self__", None), Interrupts):  # else that counts
            Interrupts._last = now
        self._hand_on(number, frame)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        if self._is_held or not self._is_running(frame):
            self._is_waiting = True
        else:
            assert self._handler is not None
            self._handler(number, frame)

    def _is_running(self, frame: FrameType | None) -> bool:
        """Tell whether a frame is that of `run`, or below it."""
        while frame is not None and frame is not self._frame:
            frame = frame.f_back
        return frame is not None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
