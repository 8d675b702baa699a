"""An optimizer that delegates to another one and records parameters and gradients."""

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

# A function of parameters, gradient and layout before an update, which returns the record.
Observe = Callable[[Array, Array, Layout], Any]


@dataclass
class Recorded:
    """The state of a `Recorder`.

    Attributes
    ----------
    state : object
        The state of the other optimizer.
    layout : Layout
        The blocks of the vector.
    step : int
        The number of completed updates.
    records : list
        The records so far.
    """

    state: Any
    layout: Layout
    step: int
    records: list[Any]


@dataclass(repr=False, eq=False)
class Recorder(Optimizer):
    """An optimizer that updates like another one, and records every n-th step.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer that updates the parameters.
    observe : callable
        ``observe(params, grad, layout)``, called before an update, returns the record.
    every : int
        The number of steps from one record to the next.
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
    """Fit a copy of an estimator, and return the copy with the records of its steps.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator, which is not changed. Its callbacks are not called.
    X, y
        The arguments of its `fit`.
    observe, every
        The parameters of `Recorder`; `observe` is a plain function.
    **params : dict
        Parameters to set on the copy.
    """
    copy = clone(estimator).set_params(verbose=0, warm_start=False, **params).set_callbacks()
    recorder = Recorder(read_optimizer(copy.optimizer), observe, every)
    with warnings.catch_warnings():
        # The number of epochs to record is the user's choice.
        warnings.simplefilter("ignore", ConvergenceWarning)
        copy.set_params(optimizer=recorder).fit(X, y)
    training = fitted_model(copy).training
    assert training is not None
    return copy, training.optimizer_state.records
