"""The training loop over epochs: progress, patience and the best weights, without arithmetic."""

import math
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from sknn._core.subnormal import INTERVAL
from sknn._core.typing import Array
from sknn._training.configuration import FitConfiguration
from sknn._training.data import batches
from sknn._training.engine import Engine, NonFiniteError
from sknn._training.interrupts import Interrupts
from sknn._training.state import TrainingState
from sknn.averaging import Averaging
from sknn.optimizers import Minimizer, Optimizer

CONVERGED = "converged"
MAX_ITER = "max_iter"
INTERRUPTED = "interrupted"
STOPPED = "stopped"

# The history measures one step in each of the first `EPOCHS_MEASURED` epochs. Later it measures one
# for every `ROWS_MEASURED` rows, because a measurement takes 15 us, which would be a large part of
# an epoch of one step and few rows.
EPOCHS_MEASURED: Final = 10
ROWS_MEASURED: Final = 1500
# The expected length of a fit that may stop early, as a multiple of its patience.
PATIENCES: Final = 3

Validate = Callable[[], tuple[float, float | None]]


class TrainingLoop:
    """Runs the epochs of a fit, and keeps account of progress, patience and the best weights.

    Parameters
    ----------
    engine : Engine
        The engine that takes the steps.
    configuration : FitConfiguration
        The configuration of the fit.
    training : TrainingState
        The training state, which is updated.
    validate : callable or None
        Returns the validation loss and the score of the current weights; the score is None if the
        loss is the only criterion. Both are recorded. With early stopping they decide when to
        stop.
    """

    def __init__(
        self,
        engine: Engine,
        configuration: FitConfiguration,
        training: TrainingState,
        validate: Validate | None,
    ) -> None:
        self.engine, self.configuration, self.training, self.validate = (
            engine,
            configuration,
            training,
            validate,
        )
        self._began, self._is_measured = time.perf_counter(), True
        self._interrupts = Interrupts.active()

    def run(self) -> str:
        """Train until convergence, interruption or a callback's stop, at most ``max_iter`` epochs.

        Returns
        -------
        outcome : str
            ``CONVERGED``, ``MAX_ITER``, ``INTERRUPTED`` or ``STOPPED``.

        Raises
        ------
        KeyboardInterrupt
            If Ctrl-C comes for the second time within two seconds.
        """
        training = self.training
        self._make_schedule_state()
        try:
            # The engine's own checks detect divergence, and their error names the layer.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                outcome = self._run_until_interrupted()
                if not self.configuration.incremental:  # partial_fit finds it in a later step
                    chosen = training.chosen_parameters
                    self.engine.check_predictions(chosen, training.progress.epoch)
        except NonFiniteError as error:
            error.epoch = error.epoch or training.progress.epoch + 1
            raise
        training.end_fit()
        return outcome

    def _make_schedule_state(self) -> None:
        """Make the state of the schedule, unless the training state has one of the same class."""
        progress, state = self.training.progress, self.configuration.schedule.init()
        if state is not None and type(state) is not type(progress.state):
            progress.state = state

    def _run_until_interrupted(self) -> str:
        optimizer = self.configuration.optimizer
        try:
            if isinstance(optimizer, Minimizer):
                return self._minimize(optimizer)
            return self._run_epochs(optimizer)
        except KeyboardInterrupt:
            if self._interrupts.is_repeated:
                raise
            self.engine.check(0.0)
            return INTERRUPTED

    def _run_epochs(self, optimizer: Optimizer) -> str:
        configuration, training = self.configuration, self.training
        size = training.n_training if optimizer.full_batch else configuration.batch_size
        n_steps = -(-training.n_training // size)
        self.engine.bind(optimizer, training.optimizer_state, self._n_likely_steps(n_steps))
        if training.n_epochs_to_go is None:
            self._plan_schedule(n_steps)
            training.n_epochs_to_go = configuration.max_iter
        while training.n_epochs_to_go > 0:
            training.n_epochs_to_go -= 1
            self._begin_epoch()
            if configuration.shuffle and not optimizer.full_batch:
                training.shuffle(configuration.block_size)
            outcome = self._run_epoch(size)
            if outcome:
                return outcome
        # A fit that is resumed after its last epoch may have converged in that epoch.
        is_over = training.n_no_improvement >= configuration.n_iter_no_change
        return CONVERGED if is_over or configuration.schedule.knows_end else MAX_ITER

    def _n_likely_steps(self, steps_per_epoch: int) -> float:
        """Return the expected number of steps."""
        configuration, n_done = self.configuration, self.training.progress.step
        if configuration.incremental:  # as many steps as before
            return max(steps_per_epoch, n_done)
        patient = PATIENCES * configuration.n_iter_no_change
        return steps_per_epoch * min(
            self.training.n_epochs_to_go or configuration.max_iter, patient
        )

    def _plan_schedule(self, steps_per_epoch: int) -> None:
        """Set the first and the last step of the schedule's run; start a new run after its end."""
        progress = self.training.progress
        if not self.configuration.incremental or progress.batches >= progress.total_steps:
            progress.first_step = progress.batches
        progress.total_steps = progress.first_step + self.configuration.horizon * steps_per_epoch
        progress.steps_per_epoch = steps_per_epoch

    def _begin_epoch(self) -> None:
        self.configuration.begin_epoch()
        self._is_measured = self._is_due()
        if self._is_measured:
            self.engine.statistics.forget()
        self._began = time.perf_counter()

    def _is_due(self) -> bool:
        """Return whether to measure the last step of an epoch."""
        training = self.training
        if len(training.gradient_norms) < EPOCHS_MEASURED or not self.configuration.has_steps:
            return True
        before = training.progress.samples
        return before // ROWS_MEASURED < (before + training.n_training) // ROWS_MEASURED

    def _run_epoch(self, size: int) -> str | None:
        """Train for one epoch.

        The loss of the epoch is the mean over its steps plus the penalty at its end.
        """
        configuration, training, progress = (
            self.configuration,
            self.training,
            self.training.progress,
        )
        statistics, rate = self.engine.statistics, math.nan
        loss_sum = weight_sum = 0.0
        n_left = -(-training.n_training // size)
        for rows in batches(training.order, training.n_training, size):
            n_left -= 1
            statistics.is_on = self._is_measured and n_left == 0
            rate = configuration.learning_rate(progress)
            loss, weight = self.engine.step(rows, rate, progress.step)
            loss_sum += loss
            weight_sum += weight
            if weight == 0:
                progress.skipped += 1
                continue
            progress.step += 1
            if configuration.averaging:
                self._average(configuration.averaging)
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
            self.engine.drop_tiny(training.average.vector)

    def _minimize(self, minimizer: Minimizer) -> str:
        training = self.training
        max_iter, tol = self.configuration.max_iter, self.configuration.tol
        n_samples = training.n_training
        rows = slice(0, n_samples) if training.order is None else training.order
        params = training.parameters.vector
        reached, n_epochs = params.copy(), training.progress.epoch
        last_loss, begun, outcome = math.nan, False, None

        def value_and_gradient(vector: Array) -> tuple[float, Array]:
            nonlocal last_loss, begun
            if not begun:
                begun = True
                self._begin_epoch()
            last_loss, gradient = self.engine.objective(vector, rows)
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
                value_and_gradient, reached.copy(), after_iteration, max_iter, tol
            )
        finally:  # a line search leaves the last point that it tried
            params[...] = reached
        if training.progress.epoch == n_epochs:  # no iteration was possible or necessary
            self._record_start(reached, rows)
        return outcome or (CONVERGED if settled else MAX_ITER)

    def _record_start(self, params: Array, rows: Array | slice) -> None:
        """Check the objective where training starts, and record it if the curves are empty."""
        loss, _ = self.engine.objective(params, rows)
        self.engine.check(loss, with_gradient=True)
        self.engine.measure(params)
        if not self.training.loss_curve:
            self._record(loss, self.engine.penalty())

    def _finish_epoch(self, loss: float, penalty: float, rate: float = math.nan) -> str | None:
        """Record an epoch and report it; return the outcome if training ends, else None."""
        measured = self.validate() if self.validate else None
        self._interrupts.hold()
        try:
            self._record_validation(measured)
            exhausted = self._judge(loss, measured)
            self._record(loss, penalty, rate)
        finally:
            self._interrupts.release()
        self.configuration.report(self.training)
        converged = exhausted and not self._outlasts_plateau()
        if converged and self.training.n_epochs_to_go:
            self.training.n_epochs_to_go = 0
        stopped = self.configuration.end_epoch()
        return CONVERGED if converged else STOPPED if stopped else None

    def _record(self, loss: float, penalty: float, rate: float = math.nan) -> None:
        training, statistics = self.training, self.engine.statistics
        training.loss_curve.append(loss)
        training.penalties.append(penalty)
        training.learning_rates.append(rate)
        if self._is_measured:
            gradient_norm, ratios = statistics.gradient_norm, statistics.update_ratios
        else:  # repeat the last measurement
            gradient_norm = training.gradient_norms[-1]
            ratios = training.update_ratios[-len(statistics.update_ratios) :]
        training.gradient_norms.append(gradient_norm)
        training.update_ratios.extend(ratios)
        training.seconds.append(time.perf_counter() - self._began)

    def _judge(self, loss: float, measured: tuple[float, float | None] | None) -> bool:
        """Compare an epoch with the best one; tell whether patience is exhausted."""
        training, configuration = self.training, self.configuration
        metric = loss
        if configuration.early_stopping and measured is not None:
            validation_loss, score = measured
            metric = validation_loss if score is None else -score
        training.progress.epoch += 1
        configuration.schedule.after_epoch(metric, training.progress)
        improved = metric <= training.best - configuration.tol
        training.n_no_improvement = 0 if improved else training.n_no_improvement + 1
        if metric < training.best:
            training.best = metric
            if configuration.early_stopping and training.best_parameters is None:
                training.best_parameters = training.current_parameters.copy()
            elif training.best_parameters is not None:
                np.copyto(training.best_parameters.vector, training.current_parameters.vector)
        return training.n_no_improvement >= configuration.n_iter_no_change

    def _record_validation(self, measured: tuple[float, float | None] | None) -> None:
        if measured is not None:
            loss, score = measured
            self.training.validation_loss_curve.append(loss)
            if score is not None:
                self.training.validation_scores.append(score)

    def _outlasts_plateau(self) -> bool:
        configuration, training = self.configuration, self.training
        if isinstance(configuration.optimizer, Minimizer):
            return not configuration.early_stopping  # a minimizer ends by itself
        if not configuration.schedule.outlasts_plateau(
            configuration.learning_rate_init, training.progress
        ):
            return False
        if configuration.schedule.knows_end:
            return True
        training.progress.plateaus += 1
        training.n_no_improvement = 0
        return True
