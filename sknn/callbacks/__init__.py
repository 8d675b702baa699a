"""Callbacks, which a fit calls after each epoch and which may end the fit.

``estimator.set_callbacks(TimeBudget(60))`` sets the callbacks of an estimator. They stay until
others are set, and clones share them. They are callbacks of scikit-learn 1.9, and scikit-learn's
own callbacks (``ProgressBar``, ``ScoringMonitor``) work as well. With scikit-learn 1.7 and 1.8 only
the callbacks of this package work. `fit` calls the callbacks. `partial_fit` does not, because its
caller already controls what happens after each epoch.

The contract
------------
A callback is a subclass of `EpochCallback` with a method ``after_epoch(estimator)``, which returns
True to end the fit. The optional methods ``before_fit(estimator)`` and ``after_fit(estimator)``
prepare and clean up; ``after_fit`` is called even if the fit raises an error. When ``after_epoch``
is called, the following holds:

- The epoch is recorded, the validation set is scored, the best weights are copied, and schedules
  have seen the epoch. A fit that continues from this point takes the same steps as a fit that was
  never interrupted.
- ``training_of(estimator)`` returns the live state of the training. Read it, as in
  ``training.loss_curve[-1]`` or ``training.progress.epoch``, but do not change it and do not keep
  it.
- ``fitted_so_far(estimator)`` returns a separate estimator without callbacks, fitted as if training
  had ended now. It predicts, can be pickled, and continues with ``warm_start=True``. It copies the
  weights and the state of the optimizer, so call it only when you need it.
- An exception from the callback ends the fit, and the estimator is as it was before the call.

The estimator that a callback receives is the one in training. The estimator whose `fit` was called
does not change until the fit has succeeded; then it gets all fitted attributes at once.

One instance may serve several fits at the same time, in threads or processes (``n_jobs=2``). Keep
what belongs to a single fit in a dictionary whose keys are the estimators: fill it in `before_fit`
and empty it in `after_fit`.

A callback that needs scikit-learn's other tasks follows scikit-learn's protocol instead
(``setup``, ``on_fit_task_begin``, ``on_fit_task_end``, ``teardown``). Here the fit is a task named
``"fit"``. It contains a task named ``"epoch"`` for each epoch, or for each iteration of
``"lbfgs"``. Hooks with the arguments ``X``, ``y`` and ``metadata`` get the rows that are used for
training, without the validation rows. The argument ``fitted_estimator`` is `fitted_so_far`, which
keeps its callbacks in scikit-learn 1.9.
"""

from sknn._core.public import publish
from sknn._training.state import TrainingState
from sknn.callbacks._base import EpochCallback, fitted_so_far, training_of
from sknn.callbacks._checkpoint import Checkpoint
from sknn.callbacks._stop_on_target import StopOnTarget
from sknn.callbacks._time_budget import TimeBudget

__all__ = [
    "Checkpoint",
    "EpochCallback",
    "StopOnTarget",
    "TimeBudget",
    "TrainingState",
    "fitted_so_far",
    "training_of",
]

# The class had this name in earlier versions.
Training = TrainingState

publish(globals())
