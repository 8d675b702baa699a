"""Training: epochs, progress, patience and the best weights; no arithmetic on arrays."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from sknn._interrupt import Interrupts
from sknn._subnormal import INTERVAL, drop_tiny
from sknn._typing import Array
from sknn.averaging import Averaging
from sknn.batch import batches
from sknn.engine import Engine, NonFiniteError
from sknn.optimizers import Minimizer, Optimizer
from sknn.parameters import Parameters
from sknn.plan import Plan
from sknn.schedules import Progress

CONVERGED = "converged"
MAX_ITER = "max_iter"
INTERRUPTED = "interrupted"
STOPPED = "stopped"

# For the history a step is measured in each of the first epochs, and then in each in which another
# so many rows are full: it takes 15 us, which is much where an epoch is one step of a few rows.
EPOCHS_MEASURED: Final = 10
ROWS_MEASURED: Final = 1500


@dataclass
class Training:
    """All that changes while training: kept, it lets training go on as if it had never stopped.

    Attributes
    ----------
    parameters : Parameters
        The last weights.
    optimizer_state : object
        What the optimizer's `init` returned; None for a minimizer.
    random_state : RandomState
        Shuffles.
    seed : int
        For dropout masks.
    n_samples : int
        Rows of the data that `order` and `validation_rows` speak of.
    order : ndarray of int or None
        The training rows, in the order of the last epoch; None for all rows as they stand.
    validation_rows : ndarray of int or None
        The rows set aside, if any.
    progress : Progress
        Steps, epochs, samples and plateaus.
    checksum : int
        Of the data, so that other data of as many rows is noticed.
    criterion : tuple
        What decides, and all that its value depends on.
    best : float
        The best training loss, validation loss or negated score, whichever decides.
    n_no_improvement : int
        Epochs since the last improvement.
    best_parameters : Parameters or None
        The best weights, if validation decides.
    average : Parameters or None
        The average of the weights over the steps, if there is to be one.
    n_averaged : int
        The steps in it.
    n_epochs_to_go : int or None
        The epochs that the fit under way may still take; None if there is none under way, or one
        that cannot be resumed.
    loss_curve, validation_loss_curve, validation_scores : list of float
        One entry an epoch; the validation's for the last epochs, those that it decided on.
    penalties, learning_rates, gradient_norms, seconds : list of float
        One entry an epoch; the rate is that of its last step, the gradient of the last measured.
    update_ratios : list of float
        One entry for each layer an epoch: how far the last step measured moved its weights.
    """

    parameters: Parameters
    optimizer_state: Any
    random_state: np.random.RandomState
    seed: int
    n_samples: int
    order: Array | None = None
    validation_rows: Array | None = None
    progress: Progress = field(default_factory=Progress)
    checksum: int = 0
    criterion: tuple[Any, ...] = ()
    best: float = math.inf
    n_no_improvement: int = 0
    best_parameters: Parameters | None = None
    average: Parameters | None = None
    n_averaged: int = 0
    n_epochs_to_go: int | None = None
    loss_curve: list[float] = field(default_factory=list)
    validation_loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    penalties: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    update_ratios: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def shuffle(self) -> None:
        """Shuffle the order of the last epoch."""
        if self.order is None:
            self.order = np.arange(self.n_samples)
        self.random_state.shuffle(self.order)

    def go_on_with(self, n_samples: int, checksum: int) -> None:
        """Go on, maybe with other data: then the order of the rows and the best start anew.

        A checksum of 0 stands for a part of the data, whose best is worth keeping.
        """
        self.n_epochs_to_go = None
        if n_samples != self.n_samples or checksum not in (0, self.checksum):
            self.n_samples, self.order, self.validation_rows = n_samples, None, None
        if checksum not in (0, self.checksum):
            self.checksum = checksum
            self.forget_best()

    def outlast_patience(self, n_iter_no_change: float) -> None:
        """Count epochs without improvement anew if the last call converged: now it is to go on."""
        if self.n_no_improvement >= n_iter_no_change:
            self.n_no_improvement = 0

    def train_on_all_rows(self) -> None:
        """Give the rows that were set aside for validation back to training, if there are any."""
        if self.validation_rows is not None:
            self.order = self.validation_rows = None

    def forget_best(self) -> None:
        """Start looking for the best anew."""
        self.best, self.n_no_improvement, self.best_parameters = math.inf, 0, None
        self.progress.metric_best, self.progress.n_bad_epochs = math.inf, 0

    def decide_by(self, criterion: tuple[Any, ...]) -> None:
        """Set the criterion; another one than before knows no best yet."""
        if criterion != self.criterion:
            if criterion[:1] != self.criterion[:1]:
                self.validation_loss_curve, self.validation_scores = [], []
            self.criterion = criterion
            self.forget_best()

    @property
    def n_training(self) -> int:
        return self.n_samples if self.order is None else len(self.order)

    def set_averaging(self, wanted: bool) -> None:
        """Start an average, keep the one there is, or end it."""
        if not wanted:
            self.average, self.n_averaged = None, 0
        elif self.average is None:
            self.average = self.parameters.copy()

    @property
    def current_parameters(self) -> Parameters:
        """The weights that predict after the last step: their average, if there is one."""
        return self.average or self.parameters

    @property
    def chosen_parameters(self) -> Parameters:
        """The best weights where validation decides, else the current ones."""
        return self.best_parameters or self.current_parameters


Validate = Callable[[], tuple[float, float | None]]


class Trainer:
    """Runs a plan.

    Parameters
    ----------
    engine : Engine
        Takes the steps.
    plan : Plan
        What to do.
    training : Training
        Where it stands; updated.
    validate : callable or None
        Returns the validation loss and score (None if the loss decides) of the present weights.
        Where it is given, it decides on stopping, and the best weights are kept.
    """

    def __init__(
        self, engine: Engine, plan: Plan, training: Training, validate: Validate | None
    ) -> None:
        self.engine, self.plan, self.training, self.validate = engine, plan, training, validate
        self._began, self._is_measured = time.perf_counter(), True
        self._interrupts = Interrupts()

    def run(self) -> str:
        """Train until it converges, is told to stop or interrupted, or for ``max_iter`` epochs."""
        training = self.training
        try:
            # Divergence shows in the engine's own checks, with an error that names the layer.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                outcome = self._run_until_interrupted()
                self.engine.check_predictions(training.chosen_parameters, training.progress.epoch)
        except NonFiniteError as error:
            error.epoch = error.epoch or training.progress.epoch + 1
            raise
        training.n_epochs_to_go = None
        return outcome

    def _run_until_interrupted(self) -> str:
        optimizer = self.plan.optimizer
        try:
            with self._interrupts:
                if isinstance(optimizer, Minimizer):
                    return self._minimize(optimizer)
                return self._run_epochs(optimizer)
        except KeyboardInterrupt:
            self.engine.check(0.0)
            return INTERRUPTED

    def _run_epochs(self, optimizer: Optimizer) -> str:
        plan, training = self.plan, self.training
        size = training.n_training if optimizer.full_batch else plan.batch_size
        n_steps = -(-training.n_training // size)
        if training.n_epochs_to_go is None:
            self._set_out(n_steps)
            training.n_epochs_to_go = plan.max_iter
        while training.n_epochs_to_go > 0:
            training.n_epochs_to_go -= 1
            self._begin_epoch()
            if plan.shuffle and not optimizer.full_batch:
                training.shuffle()
            outcome = self._run_epoch(optimizer, size)
            if outcome:
                return outcome
        # A fit that is resumed at its very end may have converged there.
        is_over = training.n_no_improvement >= plan.n_iter_no_change
        return CONVERGED if is_over or plan.schedule.knows_end else MAX_ITER

    def _set_out(self, steps_per_epoch: int) -> None:
        """Tell the schedule where its run begins and ends; one that is over begins anew."""
        progress = self.training.progress
        if not self.plan.incremental or progress.step >= progress.total_steps:
            progress.first_step = progress.step
        progress.total_steps = progress.first_step + self.plan.horizon * steps_per_epoch
        progress.steps_per_epoch = steps_per_epoch

    def _begin_epoch(self) -> None:
        self.plan.begin_epoch()
        self._is_measured = self._is_due()
        if self._is_measured:
            self.engine.gauge.forget()
        self._began = time.perf_counter()

    def _is_due(self) -> bool:
        """Tell whether the last step of an epoch is measured."""
        training = self.training
        if len(training.gradient_norms) < EPOCHS_MEASURED or not self.plan.has_steps:
            return True
        before = training.progress.samples
        return before // ROWS_MEASURED < (before + training.n_training) // ROWS_MEASURED

    def _run_epoch(self, optimizer: Optimizer, size: int) -> str | None:
        """Pass over the rows once; the loss is the mean met, plus the penalty at the end."""
        plan, training, progress = self.plan, self.training, self.training.progress
        gauge, rate = self.engine.gauge, math.nan
        loss_sum = weight_sum = 0.0
        n_left = -(-training.n_training // size)
        for at in batches(training.order, training.n_training, size):
            n_left -= 1
            gauge.is_on = self._is_measured and n_left == 0
            rate = plan.learning_rate(progress)
            loss, weight = self.engine.step(
                at, optimizer, training.optimizer_state, rate, progress.step
            )
            loss_sum += loss
            weight_sum += weight
            progress.step += weight > 0
            if plan.averaging and weight > 0:
                self._average(plan.averaging)
        progress.samples += training.n_training
        penalty = self.engine.penalty()
        self.engine.check(loss_sum + penalty)
        return self._finish_epoch(loss_sum / weight_sum + penalty, penalty, rate)

    def _average(self, averaging: Averaging) -> None:
        training = self.training
        assert training.average is not None
        training.n_averaged += 1
        averaging.update(training.average.vector, training.parameters.vector, training.n_averaged)
        if training.n_averaged % INTERVAL == 0:
            drop_tiny(training.average.vector)

    def _minimize(self, minimizer: Minimizer) -> str:
        plan, training = self.plan, self.training
        n_samples = training.n_training
        at = slice(0, n_samples) if training.order is None else training.order
        params = training.parameters.vector
        reached, n_epochs = params.copy(), training.progress.epoch
        last_loss, begun, outcome = math.nan, False, None

        def value_and_gradient(vector: Array) -> tuple[float, Array]:
            nonlocal last_loss, begun
            if not begun:
                begun = True
                self._begin_epoch()
            last_loss, gradient = self.engine.objective(vector, at)
            return last_loss, gradient

        def after_iteration(vector: Array) -> bool:
            nonlocal begun, outcome
            params[...] = vector
            self.engine.check(last_loss, with_gradient=True)
            self.engine.measure(reached)
            reached[...] = vector
            training.progress.step += 1
            training.progress.samples += n_samples
            begun, outcome = False, self._finish_epoch(last_loss, self.engine.penalty())
            return outcome is not None

        try:
            settled = minimizer.minimize(
                value_and_gradient, reached.copy(), after_iteration, plan.max_iter, plan.tol
            )
        finally:  # a line search leaves the point that it tried last
            params[...] = reached
        if training.progress.epoch == n_epochs:  # no iteration was possible, or needed
            last_loss, _ = self.engine.objective(reached, at)
            self.engine.check(last_loss, with_gradient=True)
            self.engine.measure(reached)
            if not training.loss_curve:
                self._record(last_loss, self.engine.penalty())
        return outcome or (CONVERGED if settled else MAX_ITER)

    def _finish_epoch(self, loss: float, penalty: float, rate: float = math.nan) -> str | None:
        """Record an epoch and report it; tell how training ended, if it did."""
        measured = self.validate() if self.validate else None
        self._interrupts.hold()
        try:
            exhausted = self._judge(loss, measured)
            self._record(loss, penalty, rate)
        finally:
            self._interrupts.release()
        self.plan.report(self.training)
        converged = exhausted and not self._outlasts_plateau()
        if converged and self.training.n_epochs_to_go:
            self.training.n_epochs_to_go = 0
        stopped = self.plan.end_epoch()
        return CONVERGED if converged else STOPPED if stopped else None

    def _record(self, loss: float, penalty: float, rate: float = math.nan) -> None:
        training, gauge = self.training, self.engine.gauge
        training.loss_curve.append(loss)
        training.penalties.append(penalty)
        training.learning_rates.append(rate)
        if self._is_measured:
            gradient_norm, ratios = gauge.gradient_norm, gauge.update_ratios
        else:  # those of the last step that was
            gradient_norm = training.gradient_norms[-1]
            ratios = training.update_ratios[-len(gauge.update_ratios) :]
        training.gradient_norms.append(gradient_norm)
        training.update_ratios.extend(ratios)
        training.seconds.append(time.perf_counter() - self._began)

    def _judge(self, loss: float, measured: tuple[float, float | None] | None) -> bool:
        """Compare an epoch with the best; tell whether patience is at an end."""
        training, plan = self.training, self.plan
        metric = loss if measured is None else self._validation_metric(*measured)
        training.progress.epoch += 1
        plan.schedule.after_epoch(metric, training.progress)
        improved = metric <= training.best - plan.tol
        training.n_no_improvement = 0 if improved else training.n_no_improvement + 1
        if metric < training.best:
            training.best = metric
            if self.validate and training.best_parameters is None:
                training.best_parameters = training.current_parameters.copy()
            elif training.best_parameters is not None:
                np.copyto(training.best_parameters.vector, training.current_parameters.vector)
        return training.n_no_improvement >= plan.n_iter_no_change

    def _validation_metric(self, loss: float, score: float | None) -> float:
        self.training.validation_loss_curve.append(loss)
        if score is None:
            return loss
        self.training.validation_scores.append(score)
        return -score

    def _outlasts_plateau(self) -> bool:
        plan, training = self.plan, self.training
        if isinstance(plan.optimizer, Minimizer):
            return self.validate is None  # it ends by itself
        if not plan.schedule.outlasts_plateau(plan.learning_rate_init, training.progress):
            return False
        if plan.schedule.knows_end:
            return True
        training.progress.plateaus += 1
        training.n_no_improvement = 0
        return True
