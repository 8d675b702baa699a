"""An optimizer that keeps a record of what another one sees, and trains as that one does."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn._core.parameters import Layout
from sknn._core.typing import Array
from sknn.estimators.internals import fitted_model, read_optimizer
from sknn.losses import Loss
from sknn.optimizers import Optimizer

# Takes parameters, gradient and layout before an update, and returns what to keep.
Observe = Callable[[Array, Array, Layout], Any]


@dataclass
class Recorded:
    """The other optimizer's state, and the record.

    Attributes
    ----------
    state : object
        What the other optimizer's `init` returned.
    layout : Layout
        The blocks of the vector.
    step : int
        Updates done.
    records : list
        What was observed.
    """

    state: Any
    layout: Layout
    step: int
    records: list[Any]


@dataclass(repr=False, eq=False)
class Recorder(Optimizer):
    """Update as another optimizer does, and keep what a function says of every n-th step.

    Parameters
    ----------
    optimizer : Optimizer
        The other one.
    observe : callable
        ``observe(params, grad, layout)`` is called before an update.
    every : int
        The n of the n-th step.
    """

    optimizer: Any
    observe: Any
    every: int = 1

    @property
    def full_batch(self) -> bool:  # type: ignore[override]
        return bool(self.optimizer.full_batch)

    def check(self, name: str) -> None:
        self.optimizer.check(name)

    def default_learning_rate(self, loss: Loss) -> float:
        return float(self.optimizer.default_learning_rate(loss))

    def init(self, params: Array, layout: Layout | None = None) -> Recorded:
        assert layout is not None
        return Recorded(self.optimizer.init(params, layout), layout, 0, [])

    def vectors(self, state: Any) -> tuple[Array, ...]:
        return tuple(self.optimizer.vectors(state.state))

    def update(self, params: Array, grad: Array, state: Any, learning_rate: float) -> None:
        if state.step % self.every == 0:
            state.records.append(self.observe(params, grad, state.layout))
        state.step += 1
        self.optimizer.update(params, grad, state.state, learning_rate)


def record(
    estimator: Any, X: Any, y: Any, observe: Observe, every: int = 1, **params: Any
) -> tuple[Any, list[Any]]:
    """Fit a copy of an estimator, and return it with the record of its steps.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Not changed. Its callbacks are not called.
    X, y
        As for its `fit`.
    observe, every
        As for `Recorder`; `observe` is a plain function.
    **params : dict
        Parameters of the copy.
    """
    copy = clone(estimator).set_params(verbose=0, warm_start=False, **params).set_callbacks()
    recorder = Recorder(read_optimizer(copy.optimizer), observe, every)
    with warnings.catch_warnings():
        # How many epochs to look at is the user's choice.
        warnings.simplefilter("ignore", ConvergenceWarning)
        copy.set_params(optimizer=recorder).fit(X, y)
    training = fitted_model(copy).training
    assert training is not None
    return copy, training.optimizer_state.records
