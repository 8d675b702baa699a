"""Going on with a fit that was interrupted, from a checkpoint."""

from typing import Any, TypeVar

from sknn._training.data import Rows
from sknn._training.state import Training
from sknn.estimators._callbacks import with_callbacks
from sknn.estimators._parameters import is_minimizer
from sknn.estimators._warnings import warn

Self = TypeVar("Self", bound="ResumeMixin")


class ResumeMixin:
    """Gives an estimator the method `resume`."""

    _training: Training
    optimizer: Any

    @with_callbacks  # type: ignore[untyped-decorator]
    def resume(
        self: Self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Go on with a fit that was interrupted, to the end that it would have had.

        ``sknn.load`` of a file that `sknn.callbacks.Checkpoint` wrote is a model in the middle of
        its fit. With the same data it becomes the model of a fit that was never interrupted, to
        the last bit. Callbacks are not in the file: set them again.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs; this and all others are those of the interrupted fit.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            The validation set, if the fit had been given one.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If no fit was interrupted, or the data differ from those that it had. Nothing has
            changed then.
        """
        check_resumable(self)
        validation = (X_val, y_val, sample_weight_val)
        ending = self._whole_fit(  # type: ignore[attr-defined]
            X, y, sample_weight, validation, resuming=True
        )
        warn(self, ending)
        return self


def check_resumable(estimator: Any) -> None:
    """Raise a ValueError unless an estimator is in the middle of a fit."""
    if is_minimizer(estimator.optimizer):
        raise ValueError(
            f"optimizer={estimator.optimizer!r} runs by itself, and what it knows of the curvature "
            "is not in a checkpoint. Set warm_start=True and call fit: it goes on from the weights."
        )
    training = getattr(estimator, "_training", None)
    if training is None or training.n_epochs_to_go is None:
        raise ValueError(
            "There is no fit to resume: resume goes on with a model that Checkpoint wrote in the "
            "middle of a fit. Call fit, with warm_start=True if it is to go on from the weights."
        )


def check_same_data(training: Training, rows: Rows) -> None:
    """Raise a ValueError unless rows are those of the interrupted fit."""
    if (len(rows), rows.checksum()) != (training.n_samples, training.checksum):
        raise ValueError(
            "resume needs the X, y and sample_weight of the interrupted fit, and these differ in "
            f"{_difference(training, rows)}. To go on with others, set warm_start=True and call "
            "fit."
        )


def _difference(training: Training, rows: Rows) -> str:
    if len(rows) != training.n_samples:
        return f"their number of rows, {len(rows)} and not {training.n_samples}"
    return "their values, by a checksum"


def check_same_criterion(before: Training, now: Training) -> None:
    """Raise a ValueError unless what decides on stopping is what decided before."""
    if before.criterion != now.criterion:
        raise ValueError(
            "resume needs the validation set, the loss, the scoring and the penalty of the "
            "interrupted fit, and at least one of them differs. To go on with others, set "
            "warm_start=True and call fit."
        )
