"""A fit whose file survives the process."""

import os
import time
from typing import Any

from sknn._core.strategy import COUNT, POSITIVE
from sknn.callbacks._base import EpochCallback, fitted_so_far, training_of
from sknn.estimators import BaseMLP
from sknn.persistence import check_parameters, check_path, remove_stale, save
from sknn.tabular import BaseTabularMLP


class Checkpoint(EpochCallback):
    """Writes the model to a file as it trains, so that a fit that is killed goes on from there.

    ``sknn.load(path)`` is then a model that predicts as the one in training did, with the best
    weights so far if ``early_stopping=True``, and its ``resume(X, y)`` goes on to the end, to the
    same bits as a fit that was never interrupted. Each file replaces the last one whole.

    Parameters
    ----------
    path : str or path-like
        The file. Each fit needs one of its own, so set no checkpoint on a search.
    every : int, default=1
        A file is written after each epoch whose number is a multiple of it, at least 1.
    minutes : float or None, default=None
        If given, only when so many have passed since the last file, or the start; positive.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or, at `fit`, if the estimator has a parameter that a
        file cannot hold, such as a function as ``scoring``.
    OSError
        If a file cannot be written. The fit ends then, and changes nothing. A path that is a
        directory, or in none, is refused before training.

    See Also
    --------
    sknn.MLPClassifier.resume : Continues the fit.

    Notes
    -----
    A file holds the weights, the optimizer's state and the order of the rows, and takes as long as
    the disk does. ``optimizer="lbfgs"`` cannot be resumed: set ``warm_start=True`` on its model,
    and call `fit`. That another callback asked to stop is not in the file: set it again too. A
    process that is killed while it writes leaves a temporary file beside ``path``; the next fit
    with the same ``path`` deletes it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sknn
    >>> from sklearn.datasets import load_digits
    >>> from sknn.callbacks import Checkpoint
    >>> X, y = load_digits(return_X_y=True)
    >>> model = sknn.MLPClassifier(max_iter=30, learning_rate="cosine", random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "checkpoint.npz"
    ...     model = model.set_callbacks(Checkpoint(path, every=20)).fit(X / 16, y)
    ...     middle = sknn.load(path)
    >>> middle.n_iter_, middle.resume(X / 16, y).n_iter_
    (20, 30)
    >>> print(f"{abs(middle.coefs_[0] - model.coefs_[0]).max():.0f}")  # the same weights
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
        return vars(self) | {"_written": {}}  # another process has fits of its own
