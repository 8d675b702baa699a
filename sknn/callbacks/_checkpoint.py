"""A callback that writes checkpoints."""

import os
import time
from typing import Any

from sknn._core.strategy import COUNT, POSITIVE
from sknn.callbacks._base import EpochCallback, fitted_so_far, training_of
from sknn.estimators import BaseMLP
from sknn.persistence import check_parameters, check_path, remove_stale, save
from sknn.tabular import BaseTabularMLP


class Checkpoint(EpochCallback):
    """Write the model to a file during training, so that a fit that was killed can continue.

    ``sknn.load(path)`` returns a model that predicts as the model in training did, with the best
    weights so far if ``early_stopping=True``. Its method ``resume(X, y)`` continues the fit to the
    end. The result is bit-for-bit identical to that of a fit that was never interrupted. Each file
    replaces the previous one atomically.

    Parameters
    ----------
    path : str or path-like
        The file. Each fit needs a separate file, so do not set a checkpoint on a search.
    every : int, default=1
        A file is written after each epoch whose number is a multiple of `every`, at least 1.
    minutes : float or None, default=None
        If given, a file is written only if this number of minutes has passed since the last file or
        the start of the fit; positive.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or, at `fit`, if the estimator has a parameter that a
        file cannot hold, such as a function as ``scoring``.
    OSError
        If a file cannot be written. Then the fit ends and the estimator does not change. A path
        that is a directory, or whose directory does not exist, raises the error before training.

    See Also
    --------
    sknn.MLPClassifier.resume : Continues the fit.

    Notes
    -----
    A file holds the weights, the state of the optimizer and the order of the rows. A fit with
    ``optimizer="lbfgs"`` cannot be resumed: set ``warm_start=True`` on the loaded model, and call
    `fit`. Callbacks are not in the file, so set them again before you resume. A process that is
    killed while it writes leaves a temporary file next to ``path``. The next fit with the same
    ``path`` deletes it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sknn
    >>> from sklearn.datasets import load_digits
    >>> from sknn.callbacks import Checkpoint
    >>> X, y = load_digits(return_X_y=True)
    >>> model = sknn.MLPClassifier(
    ...     max_iter=30, learning_rate="cosine", random_state=0
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "checkpoint.npz"
    ...     model = model.set_callbacks(Checkpoint(path, every=20)).fit(X / 16, y)
    ...     middle = sknn.load(path)
    >>> middle.n_iter_, middle.resume(X / 16, y).n_iter_
    (20, 30)
    >>> print(
    ...     f"{abs(middle.coefs_[0] - model.coefs_[0]).max():.0f}"
    ... )  # the same weights
    0
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int = 1, minutes: float | None = None
    ) -> None:
        COUNT.check("every", every)
        if minutes is not None:
            POSITIVE.check("minutes", minutes)
        self.path, self.every, self.minutes = path, every, minutes
        self._written: dict[BaseMLP, float] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        if isinstance(estimator, BaseTabularMLP):
            raise TypeError(
                f"Checkpoint writes one network, and {type(estimator).__name__} has several: "
                "remove it with set_callbacks(), or set TimeBudget to limit the fit."
            )
        super().setup(estimator, context)

    def before_fit(self, estimator: BaseMLP) -> None:
        check_path(self.path)
        check_parameters(estimator)
        remove_stale(self.path)
        self._written[estimator] = time.monotonic()

    def after_epoch(self, estimator: BaseMLP) -> bool:
        if self._is_due(estimator):
            middle, training = fitted_so_far(estimator), training_of(estimator)
            state = training_of(middle)
            state.n_epochs_to_go, state.begun_with = training.n_epochs_to_go, training.begun_with
            save(middle, self.path, training_state=True)
            self._written[estimator] = time.monotonic()
        return False

    def _is_due(self, estimator: BaseMLP) -> bool:
        if training_of(estimator).progress.epoch % self.every:
            return False
        waited = time.monotonic() - self._written[estimator]
        return self.minutes is None or waited >= 60 * self.minutes

    def after_fit(self, estimator: BaseMLP) -> None:
        self._written.pop(estimator, None)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_written": {}}  # fits in other processes are unknown here
