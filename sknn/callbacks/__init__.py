"""Callbacks: they are told of each epoch of a fit, and may end it.

``estimator.set_callbacks(TimeBudget(60))`` sets them; they stay until others are set, and clones
share them. They are callbacks of scikit-learn 1.9, whose own (``ProgressBar``, ``ScoringMonitor``)
work as well; with scikit-learn 1.7 and 1.8 those of this package work alone. `fit` calls them;
`partial_fit` does not: whoever calls it has an epoch's end in hand already.

The contract
------------
A callback subclasses `EpochCallback` and writes ``after_epoch(estimator)``, which returns True to
end the fit. ``before_fit(estimator)`` and ``after_fit(estimator)`` may prepare and clean up; the
latter is called however the fit ends. At an epoch's end

- the epoch is recorded, the validation set scored, the best weights copied, and a plateau counted:
  a fit that goes on from there takes the same steps as one that was never interrupted;
- ``training_of(estimator)`` is where training stands, live: read it (``training.loss_curve[-1]``,
  ``training.progress.epoch``), never write to it or keep it;
- ``fitted_so_far(estimator)`` is an estimator of its own, without callbacks, as it would be if the
  fit ended now: it predicts, pickles, and continues with ``warm_start=True``. It costs a copy of
  the weights and of the optimizer's state, so ask for it only when it is needed;
- what the callback raises ends the fit, and the estimator is as it was before the call.

The estimator that a callback is given is the one in training. The one whose `fit` was called gets
all of its attributes when the fit has succeeded, and until then is as it was.

An instance may serve several fits at once, in threads or processes (``n_jobs=2``): what belongs to
a fit is kept by estimator, in a dictionary that `before_fit` fills and `after_fit` empties.

A callback that should see scikit-learn's other tasks follows its protocol instead (``setup``,
``on_fit_task_begin``, ``on_fit_task_end``, ``teardown``). Here the fit is a task named ``"fit"``,
and in it is one named ``"epoch"`` for each epoch, or iteration of ``"lbfgs"``. Hooks that ask for
``X``, ``y`` and ``metadata`` get the rows that are trained on, without those set aside for
validation, and ``fitted_estimator`` is `fitted_so_far`, which keeps the callbacks in scikit-learn
1.9.
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

# The former name of the class.
Training = TrainingState

publish(globals())
