"""scikit-learn's estimators, trained by this package's engine.

They subclass scikit-learn's estimators and inherit parameters, checks, initial weights and errors.
The methods that do arithmetic are replaced, and a few defects are corrected.
"""

import copy
import math
import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._training.configuration import FitConfiguration
from sknn._training.data import DataSet
from sknn._training.engine import Engine, NonFiniteError
from sknn._training.gradients import LocalGradients
from sknn._training.loop import INTERRUPTED, MAX_ITER, TrainingLoop, Validate
from sknn._training.penalty import Regularization
from sknn._training.state import TrainingState
from sknn.compat import _rules as rules
from sknn.compat._network import network_of, with_fast_rows
from sknn.estimators.internals import (
    all_or_nothing,
    check_total_weight,
    check_weights,
    read_batch_size,
)
from sknn.losses import Poisson
from sknn.optimizers import Optimizer
from sknn.schedules import Constant, Progress, Schedule

LOSSES: Final = {
    "log_loss": rules.ClippedLogLoss(),
    "squared_error": rules.MeanSquaredError(),
    "poisson": Poisson(),
}
ENDLESS: Final = 2**40  # epochs, because scikit-learn's schedules do not depend on max_iter


@dataclass
class Solver:
    """The state that scikit-learn's optimizer object keeps between calls of ``partial_fit``."""

    optimizer: Optimizer
    schedule: Schedule
    learning_rate_init: float
    state: Any
    progress: Progress

    @property
    def learning_rate(self) -> float:
        return self.schedule(self.learning_rate_init, self.progress)


class _Engined:
    """Replacements for methods of scikit-learn's estimators."""

    def _fit(
        self: Any, X: Any, y: Any, sample_weight: Any = None, incremental: bool = False
    ) -> Any:
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        if sample_weight is not None:
            check_weights(sample_weight, X)

        def train(draft: Any) -> list[tuple[str, type[Warning]]]:
            super()._fit(X, y, sample_weight, incremental)  # type: ignore[misc]  # the draft's
            return vars(draft).pop("_warnings", [])  # type: ignore[no-any-return]

        # Warnings are issued after the fit, so that the model stays if a filter turns one into an
        # error, and from scikit-learn's module, as filters expect.
        for message, category in all_or_nothing(self, train):
            warnings.warn(message, category, stacklevel=2)
        return self

    def _engine(
        self: Any, kind: type[Engine], alpha: float, X: Any, y: Array, weight: Any
    ) -> Engine:
        dtype = self.coefs_[0].dtype
        y = (
            y.argmax(axis=1)
            if self.out_activation_ == "softmax"
            else np.asarray(y, dtype, order="C")
        )
        weight = None if weight is None else np.asarray(weight, dtype)
        data = DataSet(with_fast_rows(X).astype(dtype, copy=False), y, weight)
        source = LocalGradients(network_of(self), LOSSES[self.loss], data, 0)
        return kind(source, Regularization(alpha))

    def _forward_pass_fast(self: Any, X: Any, check_input: bool = True) -> Array:
        if check_input:
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        network = network_of(self)
        out = np.empty((X.shape[0], network.architecture.layer_sizes[-1]), network.dtype)
        for rows, raw_prediction in network.raw_predictions(with_fast_rows(X)):
            out[rows] = network.apply_link(raw_prediction)
        return out

    def _fit_lbfgs(self: Any, X: Any, y: Array, sample_weight: Any, *rest: Any) -> None:
        dtype = self.coefs_[0].dtype
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                super()._fit_lbfgs(X, y, sample_weight, *rest)  # type: ignore[misc]
        except ConvergenceWarning as error:  # by a filter; the model is complete
            self._warnings = [(str(error), ConvergenceWarning)]
        vars(self).pop("_objective")
        self.coefs_ = [coef.astype(dtype) for coef in self.coefs_]  # SciPy works in float64
        self.intercepts_ = [intercept.astype(dtype) for intercept in self.intercepts_]

    def _backprop(self: Any, X: Any, y: Array, sample_weight: Any, *buffers: Any) -> Any:
        """Return the objective of all rows, and its gradients for the weights and the biases."""
        if "_objective" not in vars(self):  # the first evaluation of a fit
            total = len(y) if sample_weight is None else float(sample_weight.sum())
            self._objective = self._engine(Engine, self.alpha / total, X, y, sample_weight)
        network = network_of(self)
        parameters = network.parameters
        loss, vector = self._objective.objective(parameters.vector, slice(0, len(y)))
        blocks = network.replace_parameters(Parameters(parameters.layout, vector)).blocks
        return loss, [block[:-1] for block in blocks], [block[-1] for block in blocks]

    def _fit_stochastic(self: Any, X: Any, y: Array, sample_weight: Any, *rest: Any) -> None:
        incremental = rest[-1]
        engine = self._engine(rules.BatchwiseEngine, self.alpha, X, y, sample_weight)
        solver = self._solver(engine.parameters, incremental)
        training = self._training(engine.parameters, solver, len(y))
        validate = self._validation(X, y, sample_weight, training) if self.early_stopping else None
        configuration = self._configuration(solver, training, incremental)
        self._set_weights(engine, engine.parameters)  # for scores during training
        outcome, self.n_iter_, self._warnings = "", -training.progress.epoch, []
        try:
            outcome = TrainingLoop(engine, configuration, training, validate).run()
        except NonFiniteError as error:
            self._end_divergence(error, training)
        self._set_weights(engine, training.chosen_parameters)
        self._store(solver, training)
        if outcome == INTERRUPTED:
            self._warnings.append(("Training interrupted by user.", UserWarning))
        elif outcome == MAX_ITER and not incremental:
            text = (
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet."
            )
            self._warnings.append((text, ConvergenceWarning))

    def _set_weights(self: Any, engine: Engine, parameters: Parameters) -> None:
        blocks = engine.network.replace_parameters(parameters).blocks
        self.coefs_ = [block[:-1] for block in blocks]
        self.intercepts_ = [block[-1] for block in blocks]

    def _solver(self: Any, parameters: Parameters, incremental: bool) -> Solver:
        """Return the solver of the last ``partial_fit``, or a new one for each ``fit``."""
        if incremental and hasattr(self, "_optimizer"):
            return copy.deepcopy(self._optimizer)  # type: ignore[no-any-return]
        schedule: Schedule = Constant()
        optimizer: rules.UncorrectedAdam | rules.Velocity
        if self.solver == "adam":
            optimizer = rules.UncorrectedAdam(
                beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon
            )
        else:
            optimizer = rules.Velocity(float(self.momentum), self.nesterovs_momentum)
            if self.learning_rate == "invscaling":
                schedule = rules.InvScalingBySamples(self.power_t)
            elif self.learning_rate == "adaptive":
                schedule = rules.AdaptiveByDivisions()
        state = optimizer.init(parameters.vector, parameters.layout)
        return Solver(optimizer, schedule, float(self.learning_rate_init), state, Progress())

    def _training(
        self: Any, parameters: Parameters, solver: Solver, n_samples: int
    ) -> TrainingState:
        """Return the training state that scikit-learn's attributes describe."""
        score, loss = (
            getattr(self, f"best_{name}_", None) for name in ("validation_score", "loss")
        )
        best = (-score if score is not None else None) if self.early_stopping else loss
        solver.progress.samples = self.t_
        return TrainingState(
            parameters,
            solver.state,
            self._random_state,
            0,
            n_samples,
            progress=solver.progress,
            best=math.inf if best is None else best,
            n_no_improvement=getattr(self, "_no_improvement_count", 0),
            loss_curve=list(getattr(self, "loss_curve_", [])),
            validation_scores=list(getattr(self, "validation_scores_", None) or []),
        )

    def _validation(self: Any, X: Any, y: Array, weight: Any, training: TrainingState) -> Validate:
        """Set rows aside as scikit-learn does, and return the function that scores them."""
        training.order, validation_rows = train_test_split(
            np.arange(len(y)),
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=y if is_classifier(self) and self.n_outputs_ == 1 else None,
        )
        if len(validation_rows) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        if weight is not None:
            check_total_weight(weight[training.order], "sample_weight in training")
            check_total_weight(weight := weight[validation_rows], "sample_weight in validation")
        X, y = X[validation_rows], y[validation_rows]

        def decide(y: Array) -> Array:
            return y.argmax(axis=1)[:, np.newaxis] if self.out_activation_ == "softmax" else y > 0.5

        true = decide(y)

        def validate() -> tuple[float, float]:
            predicted = self._forward_pass_fast(X, check_input=False)
            if not np.isfinite(predicted).all():
                raise NonFiniteError("a prediction for the validation set")
            if is_classifier(self):
                right = (decide(predicted) == true).all(axis=1)
                return math.nan, float(np.average(right, weights=weight))
            return math.nan, float(r2_score(y, predicted, sample_weight=weight))

        return validate

    def _configuration(
        self: Any, solver: Solver, training: TrainingState, incremental: bool
    ) -> FitConfiguration:
        n_samples = training.n_training
        if self.batch_size != "auto" and self.batch_size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=3,  # from scikit-learn's module
            )
        return FitConfiguration(
            optimizer=solver.optimizer,
            schedule=solver.schedule,
            learning_rate_init=solver.learning_rate_init,
            batch_size=read_batch_size(self.batch_size, n_samples),
            max_iter=1 if incremental else self.max_iter,
            horizon=ENDLESS,
            incremental=incremental,
            shuffle=self.shuffle,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change + 1,  # scikit-learn stops when it is exceeded
            early_stopping=self.early_stopping,
            averaging=None,
            report=lambda training: self._report(solver, training),
        )

    def _report(self: Any, solver: Solver, training: TrainingState) -> None:
        """Print the lines that scikit-learn prints after an epoch."""
        if not self.verbose:
            return
        rate, progress = solver.learning_rate_init, training.progress
        print(f"Iteration {self.n_iter_ + progress.epoch}, loss = {training.loss_curve[-1]:.8f}")
        if self.early_stopping:
            print(f"Validation score: {training.validation_scores[-1]:f}")
        if training.n_no_improvement > self.n_iter_no_change:
            end = "Stopping."
            if solver.schedule.outlasts_plateau(rate, progress):
                end = f"Setting learning rate to {solver.learning_rate / 5:f}"
            elif isinstance(solver.schedule, rules.AdaptiveByDivisions):
                end = "Learning rate too small. Stopping."
            print(
                f"{'Validation score' if self.early_stopping else 'Training loss'} did not improve "
                f"more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs. {end}"
            )

    def _end_divergence(self: Any, error: NonFiniteError, training: TrainingState) -> None:
        """Restore the best weights before training diverged, or raise scikit-learn's error."""
        if training.best_parameters is None:
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large "
                f"values and need to be preprocessed. ({error.what}, in epoch {error.epoch})"
            ) from None
        training.progress.epoch += 1
        training.loss_curve.append(math.nan)
        training.validation_scores.append(math.nan)
        text = (
            f"Training diverged in epoch {error.epoch}: {error.what} is not finite. The best "
            "weights before that were kept."
        )
        self._warnings.append((text, ConvergenceWarning))

    def _store(self: Any, solver: Solver, training: TrainingState) -> None:
        self._optimizer, self._no_improvement_count = solver, training.n_no_improvement
        self.n_iter_ += training.progress.epoch
        self.t_, self.loss_curve_ = training.progress.samples, training.loss_curve
        if self.loss_curve_:  # empty if Ctrl-C came in the first epoch
            self.loss_ = self.loss_curve_[-1]
        self.validation_scores_ = training.validation_scores if self.early_stopping else None
        self.best_validation_score_ = -training.best if self.early_stopping else None
        self.best_loss_ = None if self.early_stopping else training.best


class MLPClassifier(_Engined, neural_network.MLPClassifier):  # type: ignore[misc]
    """The ``MLPClassifier`` of scikit-learn, trained by this package's engine.

    Parameters, attributes, methods, warnings and errors are those of scikit-learn. Results agree up
    to rounding, to 1e-10 in float64. The class differs where scikit-learn is wrong: it skips
    batches without weight, keeps float32, raises an error for negative weights, and stops as soon
    as training diverges.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Describes the parameters.
    convert : Turns a fitted model into an ``sknn.MLPClassifier``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier as Theirs
    >>> from sknn.compat import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> ours = MLPClassifier(max_iter=500, random_state=0).fit(X, y)
    >>> theirs = Theirs(max_iter=500, random_state=0).fit(X, y)
    >>> print(
    ...     f"{ours.n_iter_ - theirs.n_iter_} epochs,",
    ...     f"loss {abs(ours.loss_ - theirs.loss_):.8f}",
    ... )
    0 epochs, loss 0.00000000
    """


class MLPRegressor(_Engined, neural_network.MLPRegressor):  # type: ignore[misc]
    """The ``MLPRegressor`` of scikit-learn, trained by this package's engine.

    It follows the rules of `MLPClassifier`. In addition, ``loss="poisson"`` raises an error for
    negative targets, ``solver="lbfgs"`` has no ``partial_fit``, and the tags declare support for
    several outputs.

    See Also
    --------
    sklearn.neural_network.MLPRegressor : Describes the parameters.
    convert : Turns a fitted model into an ``sknn.MLPRegressor``.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn.compat import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(
    ...     "poisson", (20,), solver="lbfgs", random_state=0, tol=1
    ... )
    >>> round(model.fit(X, y).score(X, y), 1)
    0.4
    """

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> Any:
        X, y = super()._validate_input(X, y, incremental, reset)
        if self.loss == "poisson" and y.min() < 0:
            raise ValueError(f"y must be 0 or more with loss='poisson', got {y.min():g}.")
        return X, y

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPRegressor":
        """Train for one epoch on X and y, continuing from the present state.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative.

        Returns
        -------
        self : object
            The estimator itself.
        """
        super().partial_fit(X, y, sample_weight)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
