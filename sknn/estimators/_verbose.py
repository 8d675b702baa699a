"""What ``verbose`` prints while training goes on."""

import multiprocessing
import shutil
import sys
import threading
import time
from typing import Final, TextIO

from sklearn.base import BaseEstimator

from sknn._training.loop import CONVERGED, INTERRUPTED, MAX_ITER, STOPPED
from sknn._training.state import TrainingState

# Into how many parts plain lines divide `max_iter`.
_PARTS: Final = 20
# Seconds between two states of the line that renews itself.
_PAUSE: Final = 0.1
_ENDS: Final = {
    CONVERGED: "converged",
    MAX_ITER: "not converged",
    STOPPED: "stopped by a callback",
    INTERRUPTED: "interrupted",
    None: "failed",
}


class Printer:
    """Prints how a call to `fit` or `partial_fit` gets on.

    With ``verbose=1`` it is one line that renews itself where the output is a terminal. Elsewhere
    it is a line for the first epoch, for each twentieth of ``max_iter``, and for the last. With 2
    or more it is a line an epoch. `fit` adds a line about how it ended.

    In a worker process or thread other fits may print at the same time. There each line begins with
    the worker's name, the first one tells which estimator is fitted, and no line renews itself.
    Every line is written at once. Without an output, as under ``pythonw``, nothing is printed.

    Parameters
    ----------
    estimator : BaseEstimator
        What is fitted; its ``verbose`` says how much to print.
    max_iter : int or None
        The most epochs of the call; None for `partial_fit`, which prints a line whenever it may.
    training : TrainingState
        Where it begins.
    """

    def __init__(
        self, estimator: BaseEstimator, max_iter: int | None, training: TrainingState
    ) -> None:
        self._out: TextIO | None = sys.stdout
        self._verbose = 0 if self._out is None else estimator.verbose
        self._max_iter, self._first = max_iter, training.progress.epoch
        self._began = time.monotonic()
        self._shown, self._shown_at, self._length = self._first, -_PAUSE, 0
        worker = _worker()
        self._prefix = f"[{worker}] " if worker else ""
        self._renews = False
        if self._out is not None and self._verbose and max_iter is not None:
            self._renews = self._verbose == 1 and not worker and self._out.isatty()
            if worker:
                self._print(" ".join(BaseEstimator.__repr__(estimator).split()))

    def report(self, training: TrainingState) -> None:
        """Print a line about the epoch just done, if one is due."""
        if self._verbose:
            done = training.progress.epoch - self._first
            if self._renews:
                if time.monotonic() - self._shown_at >= _PAUSE:
                    self._renew(training)
            elif self._is_due(done):
                self._show(training)

    def close(self, training: TrainingState, outcome: str | None) -> None:
        """Print the last epoch, if it has not been, and how the call ended; None for an error."""
        if not self._verbose or self._max_iter is None:
            return
        done = training.progress.epoch - self._first
        if done and self._shown != training.progress.epoch:
            self._renew(training) if self._renews else self._show(training)
        if self._renews and self._length:
            self._write("\n")
        spent = _duration(time.monotonic() - self._began)
        epochs = "1 epoch" if done == 1 else f"{done} epochs"
        self._print(f"{epochs} in {spent}: {_ENDS[outcome]}.")

    def _is_due(self, done: int) -> bool:
        if self._verbose > 1 or self._max_iter is None:
            return True
        return done == 1 or done % -(-self._max_iter // _PARTS) == 0

    def _show(self, training: TrainingState) -> None:
        self._print(self._line(training))
        self._shown = training.progress.epoch

    def _renew(self, training: TrainingState) -> None:
        line = self._line(training)[: shutil.get_terminal_size().columns - 1]
        self._write("\r" + line.ljust(self._length))
        self._length, self._shown = len(line), training.progress.epoch
        self._shown_at = time.monotonic()

    def _print(self, line: str) -> None:
        # At once, with its end: another process may write to the same output.
        self._write(f"{self._prefix}{line}\n")

    def _write(self, text: str) -> None:
        assert self._out is not None
        self._out.write(text)
        self._out.flush()

    def _line(self, training: TrainingState) -> str:
        epoch = training.progress.epoch
        of = "" if self._max_iter is None else f"/{self._first + self._max_iter}"
        told = [f"Epoch {epoch}{of}: loss {training.loss_curve[-1]:.6f}"]
        if training.validation_loss_curve:
            told.append(f"validation loss {training.validation_loss_curve[-1]:.6f}")
        if training.validation_scores:
            told.append(f"validation score {training.validation_scores[-1]:.6f}")
        seconds = max(training.seconds[-1], 1e-9)
        told.append(f"{_rounded(training.n_training / seconds):,} samples/s")
        if self._max_iter is not None:
            done = epoch - self._first
            left = (time.monotonic() - self._began) / done * (self._max_iter - done)
            told.append(f"at most {_duration(left)} left")
        return ", ".join(told)


def _worker() -> str:
    """Return the name of the worker process or thread that this is; nothing in the main one.

    Examples
    --------
    >>> from sknn.estimators._verbose import _worker
    >>> _worker()
    ''
    """
    process, thread = multiprocessing.current_process(), threading.current_thread()
    names = [process.name] if multiprocessing.parent_process() is not None else []
    if thread is not threading.main_thread():
        names.append(thread.name)
    return ", ".join(names)


def _rounded(number: float) -> int:
    """Return a number to two digits: more would only flicker.

    Examples
    --------
    >>> from sknn.estimators._verbose import _rounded
    >>> _rounded(123456.7), _rounded(0.4)
    (120000, 0)
    """
    return int(float(f"{number:.2g}"))


def _duration(seconds: float) -> str:
    """Return a duration in words.

    Examples
    --------
    >>> from sknn.estimators._verbose import _duration
    >>> _duration(0.123), _duration(42.4), _duration(200), _duration(7500)
    ('0.1 s', '42 s', '3 min 20 s', '2 h 5 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
