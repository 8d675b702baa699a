"""The base class of callbacks, and the functions that read a training."""

from abc import ABC, abstractmethod
from typing import Any

from sknn._training.state import TrainingState
from sknn.estimators import BaseMLP
from sknn.estimators.internals import EPOCH, fitted_model, fitted_so_far
from sknn.tabular import BaseTabularMLP

__all__ = ["EpochCallback", "fitted_so_far", "training_of"]


def training_of(estimator: BaseMLP) -> TrainingState:
    """Return the live state of an estimator's training, for reading only.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator that the callback received.

    Returns
    -------
    training : TrainingState
        The state, with ``progress``, ``loss_curve``, ``validation_scores`` and so on.
    """
    return fitted_model(estimator).require_training()


class EpochCallback(ABC):
    """Base of callbacks that run after each epoch: subclass it and define `after_epoch`.

    Raises
    ------
    TypeError
        If the class of the callback does not define `after_epoch`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.callbacks import EpochCallback, training_of
    >>> class StopAfter(EpochCallback):
    ...     def __init__(self, n_epochs):
    ...         self.n_epochs = n_epochs
    ...
    ...     def after_epoch(self, estimator):
    ...         return training_of(estimator).progress.epoch >= self.n_epochs
    >>> X, y = load_digits(return_X_y=True)
    >>> MLPClassifier(random_state=0).set_callbacks(StopAfter(3)).fit(
    ...     X / 16, y
    ... ).n_iter_
    3
    """

    def before_fit(self, estimator: BaseMLP) -> None:  # noqa: B027  # a hook that does nothing
        """Prepare for a fit. The parameters of the estimator are not checked yet.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator that is about to be fitted.
        """

    @abstractmethod
    def after_epoch(self, estimator: BaseMLP) -> bool:
        """Run after each epoch, and return whether to stop.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator in training. Pass it to `training_of` or `fitted_so_far`.

        Returns
        -------
        stop : bool
            Whether the fit ends here.
        """

    def after_fit(self, estimator: BaseMLP) -> None:  # noqa: B027  # a hook that does nothing
        """Clean up after a fit, also after a fit that raised an error.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator that was fitted.
        """

    # ---------------------------------------------------------------- scikit-learn's protocol

    def setup(self, estimator: Any, context: Any) -> None:
        if isinstance(estimator, BaseTabularMLP):  # its networks call the callbacks one by one
            return
        if not isinstance(estimator, BaseMLP):
            name = type(self).__name__
            raise TypeError(
                f"{name} works on a network, not on {type(estimator).__name__}: set it on the "
                f"MLPClassifier or MLPRegressor itself, model[-1].set_callbacks({name}(...))."
            )
        self.before_fit(estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        self.after_fit(estimator)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:  # noqa: B027  # a hook that does nothing
        pass

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        return context.task_name == EPOCH and self.after_epoch(estimator)
