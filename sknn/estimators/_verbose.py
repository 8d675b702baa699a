"""Progress that ``verbose`` prints during training."""

import multiprocessing
import shutil
import sys
import threading
import time
from typing import Final, TextIO

from sklearn.base import BaseEstimator

from sknn._training.loop import CONVERGED, INTERRUPTED, MAX_ITER, STOPPED
from sknn._training.state import TrainingState

# The number of lines for `max_iter` epochs with ``verbose=1`` outside a terminal.
_N_LINES: Final = 20
# Seconds between two updates of the line that is updated in place.
_INTERVAL: Final = 0.1
_ENDS: Final = {
    CONVERGED: "converged",
    MAX_ITER: "not converged",
    STOPPED: "stopped by a callback",
    INTERRUPTED: "interrupted",
    None: "failed",
}


class Printer:
    """Prints the progress of a call to `fit` or `partial_fit`.

    With ``verbose=1`` it updates a single line in place if the output is a terminal. Otherwise it
    prints a line for the first epoch, for each twentieth of ``max_iter``, and for the last epoch.
    With ``verbose=2`` or more it prints a line for each epoch. `fit` adds a line about its end.

    In a worker process or thread, other fits may print at the same time. Each line then begins
    with the name of the worker, the first line shows the estimator, and no line is updated in
    place. Each line is written by a single call. Without an output, as under ``pythonw``, nothing
    is printed.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator that is fitted; its ``verbose`` sets how much is printed.
    max_iter : int or None
        The most epochs of the call; None for `partial_fit`, which prints a line in each call.
    training : TrainingState
        The training state at the start.
    """

    def __init__(
        self, estimator: BaseEstimator, max_iter: int | None, training: TrainingState
    ) -> None:
        self._out: TextIO | None = sys.stdout
        self._verbose = 0 if self._out is None else estimator.verbose
        self._max_iter, self._first = max_iter, training.progress.epoch
        self._began = time.monotonic()
        self._shown, self._shown_at, self._length = self._first, -_INTERVAL, 0
        worker = _worker()
        self._prefix = f"[{worker}] " if worker else ""
        self._in_place = False
        if self._out is not None and self._verbose and max_iter is not None:
            self._in_place = self._verbose == 1 and not worker and self._out.isatty()
            if worker:
                self._print(" ".join(BaseEstimator.__repr__(estimator).split()))

    def report(self, training: TrainingState) -> None:
        """Print a line about the last epoch, if one is due."""
        if self._verbose:
            done = training.progress.epoch - self._first
            if self._in_place:
                if time.monotonic() - self._shown_at >= _INTERVAL:
                    self._update(training)
            elif self._is_due(done):
                self._show(training)

    def close(self, training: TrainingState, outcome: str | None) -> None:
        """Print the last epoch, unless printed before, and the outcome; None means an error."""
        if not self._verbose or self._max_iter is None:
            return
        done = training.progress.epoch - self._first
        if done and self._shown != training.progress.epoch:
            self._update(training) if self._in_place else self._show(training)
        if self._in_place and self._length:
            self._write("\n")
        spent = _duration(time.monotonic() - self._began)
        epochs = "1 epoch" if done == 1 else f"{done} epochs"
        self._print(f"{epochs} in {spent}: {_ENDS[outcome]}.")

    def _is_due(self, done: int) -> bool:
        if self._verbose > 1 or self._max_iter is None:
            return True
        return done == 1 or done % -(-self._max_iter // _N_LINES) == 0

    def _show(self, training: TrainingState) -> None:
        self._print(self._line(training))
        self._shown = training.progress.epoch

    def _update(self, training: TrainingState) -> None:
        line = self._line(training)[: shutil.get_terminal_size().columns - 1]
        self._write("\r" + line.ljust(self._length))
        self._length, self._shown = len(line), training.progress.epoch
        self._shown_at = time.monotonic()

    def _print(self, line: str) -> None:
        # One call writes the line with its end: another process may write to the same output.
        self._write(f"{self._prefix}{line}\n")

    def _write(self, text: str) -> None:
        assert self._out is not None
        self._out.write(text)
        self._out.flush()

    def _line(self, training: TrainingState) -> str:
        epoch = training.progress.epoch
        total = "" if self._max_iter is None else f"/{self._first + self._max_iter}"
        parts = [f"Epoch {epoch}{total}: loss {training.loss_curve[-1]:.6f}"]
        if training.validation_loss_curve:
            parts.append(f"validation loss {training.validation_loss_curve[-1]:.6f}")
        if training.validation_scores:
            parts.append(f"validation score {training.validation_scores[-1]:.6f}")
        seconds = max(training.seconds[-1], 1e-9)
        parts.append(f"{_rounded(training.n_training / seconds):,} samples/s")
        if self._max_iter is not None:
            done = epoch - self._first
            left = (time.monotonic() - self._began) / done * (self._max_iter - done)
            parts.append(f"at most {_duration(left)} left")
        return ", ".join(parts)


def _worker() -> str:
    """Return the name of this worker process or thread; an empty string for the main one.

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
    """Return a number rounded to two digits, because more digits would only flicker.

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
