"""What both estimators share: how a fit goes; no numerical training code."""

import copy
from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar, TypeVar

import numpy as np

from sknn._core.parameters import Parameters
from sknn._core.strategy import registered_name
from sknn._core.typing import Array
from sknn._network.network import Architecture
from sknn._training.data import Rows
from sknn._training.diagnosis import diagnose
from sknn._training.engine import Engine, NonFiniteError
from sknn._training.loop import INTERRUPTED, Trainer, Validate
from sknn._training.state import Training
from sknn.activations import ACTIVATIONS
from sknn.estimators import _data as data
from sknn.estimators._atomic import all_or_nothing, users_random_state
from sknn.estimators._attributes import fitted_attributes
from sknn.estimators._callbacks import CallbackSupportMixin, with_callbacks
from sknn.estimators._fitted import FittedNetwork
from sknn.estimators._inside import Inside
from sknn.estimators._messages import explain_divergence
from sknn.estimators._nested_parameters import NestedParameters
from sknn.estimators._parameters import (
    Settings,
    check_target,
    is_minimizer,
    read_loss,
    read_settings,
)
from sknn.estimators._planning import (
    check_same_network,
    check_training_state,
    draw_seed,
    make_plan,
    new_training,
)
from sknn.estimators._progress import Printer
from sknn.estimators._resuming import (
    ResumeMixin,
    change_max_iter,
    check_same_criterion,
    check_same_data,
    check_same_parameters,
    parameters_of,
)
from sknn.estimators._scoring import prepare_validation
from sknn.estimators._warnings import Ending, compose_warning, warn
from sknn.estimators._watching import Watch
from sknn.losses import Loss
from sknn.optimizers import ElementwiseOptimizer, Optimizer

Self = TypeVar("Self", bound="BaseMLP")


def has_partial_fit(estimator: "BaseMLP") -> bool:
    """Tell whether training may go on with a part of the data; if not, raise an AttributeError."""
    if is_minimizer(estimator.optimizer):
        raise AttributeError(
            f"optimizer={estimator.optimizer!r} has no partial_fit: it runs by itself. Go on with "
            "fit and warm_start=True, or set optimizer='adam'."
        )
    if estimator.early_stopping is True:
        raise AttributeError(
            "early_stopping=True has no partial_fit: that sees a part of the data, and cannot set "
            "rows of all of it aside. Set early_stopping=False."
        )
    return True


class BaseMLP(
    Inside,
    ResumeMixin,
    CallbackSupportMixin,  # type: ignore[misc]  # no types there
    NestedParameters,
    FittedNetwork,
    metaclass=ABCMeta,
):
    """Base of `MLPClassifier` and `MLPRegressor`, which list the parameters and attributes."""

    targets: ClassVar[frozenset[str]] = frozenset()

    # What the two estimators' constructors set.
    hidden_layer_sizes: Any
    activation: Any
    init: Any
    bias_init: Any
    optimizer: Any
    learning_rate: Any
    learning_rate_init: Any
    dropout: Any
    input_dropout: Any
    loss: Any
    alpha: float
    l1_ratio: float
    max_norm: float | None
    clip_norm: float | None
    averaging: Any
    batch_size: Any
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    n_iter_no_change: float
    early_stopping: bool
    validation_fraction: float
    scoring: Any
    dtype: Any
    warm_start: bool
    verbose: int

    _target: str
    _loss: Loss
    _architecture: Architecture
    _parameters: Parameters
    _training: Training
    _n_epochs_before: int

    # ---------------------------------------------------------------- what the subclasses supply

    @abstractmethod
    def _start_targets(self, y: Array, classes: Any) -> None:
        """Learn what the targets are: set ``_target`` and, for classes, ``classes_``."""

    @abstractmethod
    def _continue_targets(self, y: Array, classes: Any, incremental: bool) -> None:
        """Raise a ValueError unless training can go on with these targets."""

    @abstractmethod
    def _encode(self, y: Array, dtype: np.dtype[Any], name: str) -> Array:
        """Return targets in the network's form."""

    @abstractmethod
    def _n_outputs(self, encoded: Array) -> int:
        """Return how many units the output layer has."""

    def _weigh_classes(self, y: Array, weight: Array | None) -> Array | None:
        """Return weights with class weights multiplied in."""
        return weight

    def _codes(self, encoded: Array) -> Array | None:
        """Return the classes whose shares a split of the rows keeps, if there are such."""
        return None

    # ---------------------------------------------------------------- fit

    def fit(
        self: Self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs. Features of like scale train best: put a ``StandardScaler`` before.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative: a weight of 2 counts as the row twice.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation set. With ``early_stopping=True`` it decides when to stop, in place of
            `validation_fraction` of the rows; without, its loss and score are only recorded.
            Scale it as X: a Pipeline does so with ``transform_input=["X_val"]``.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its targets, on the scale of y: ``TransformedTargetRegressor`` does not transform them.
        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            On a wrong parameter, wrong data, or training that diverges. Nothing has changed then.
        """
        self._whole_fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))
        return self

    def _whole_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, Any, Any],
        resuming: bool = False,
    ) -> None:
        """Do what `fit` says, or what is left of it to do."""
        # After the model is there, so that it stays if a filter makes the warning an error.
        warn(
            all_or_nothing(
                self,
                lambda draft: draft._watched_fit(X, y, sample_weight, validation, resuming),
            )
        )

    @with_callbacks  # type: ignore[untyped-decorator]
    def _watched_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, Any, Any],
        resuming: bool,
    ) -> Warning | None:
        """Fit while callbacks watch; return the warning that is due."""
        watch = Watch(self, X, y, sample_weight)
        ending = self._fit(X, y, sample_weight, validation, watch, resuming=resuming)
        watch.end_fit()
        return compose_warning(self, ending)

    def _partial_fit(self: Self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Do what `partial_fit` says; the subclasses differ in its arguments."""

        def train(draft: BaseMLP) -> Warning | None:
            ending = draft._fit(X, y, sample_weight, (None, None, None), None, classes)
            if ending.outcome == INTERRUPTED:  # so that a loop of calls ends with it
                raise KeyboardInterrupt
            return compose_warning(draft, ending)

        warn(all_or_nothing(self, train))
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, Any, Any],
        watch: Watch | None,
        classes: Any = None,
        resuming: bool = False,
    ) -> Ending:
        """Check, train and publish; return how training ended. No watch: a part of a fit."""
        incremental = watch is None
        loss = self._loss = read_loss(self.loss, self.targets, type(self).__name__)
        settings = read_settings(self, loss)
        data.check_validation_arguments(*validation)
        given = None if validation[0] is None else validation
        going_on = resuming or incremental or self.warm_start
        continuing = going_on and self.__sklearn_is_fitted__()
        if continuing:
            check_training_state(self)
        dtype = self._network_dtype(settings, continuing)
        X, y = data.check_inputs_and_targets(self, X, y, dtype, reset=not continuing)
        weight = data.check_weights(sample_weight, X)
        if continuing:
            self._continue_targets(y, classes, incremental)
        else:
            self._start_targets(y, classes)
        check_target(loss, self._target)
        data.check_input_dropout(settings.dropouts[0], X)
        rows, y = data.replace_extremes(self._rows(X, y, weight, ""), y)
        parameters = {}
        if not incremental:
            parameters = parameters_of(self, settings, len(rows), given is not None)
        if resuming:
            check_same_parameters(self._training.begun_with, parameters)
        with np.errstate(over="ignore", invalid="ignore"):  # the first step finds what overflows
            training = self._training_state(settings, rows, continuing, incremental, resuming)
        validate, held = prepare_validation(self, settings, rows, y, given, training)
        if resuming:
            check_same_criterion(self._training, training)
        elif not incremental:
            training.begun_with = parameters
        return self._train(settings, rows, training, validate, watch, held if given else None)

    def _train(
        self,
        settings: Settings,
        rows: Rows,
        training: Training,
        validate: Validate | None,
        watch: Watch | None,
        held: Rows | None,
    ) -> Ending:
        """Train and publish; return how training ended."""
        self._training, self._parameters = training, training.current_parameters
        self.optimizer_ = settings.optimizer
        if training.n_epochs_to_go is None:
            self._n_epochs_before = training.progress.epoch
        most = None if watch is None else training.n_epochs_to_go or self.max_iter
        printer = Printer(self, most, training)
        plan = make_plan(self, settings, training, watch, printer.report)
        regularization = settings.regularization
        engine = Engine(
            self._architecture, training.parameters, self._loss, regularization, rows, training.seed
        )
        if watch is not None:
            watch.begin_fit(training)
        outcome = None
        try:
            outcome = Trainer(engine, plan, training, validate).run()
        except NonFiniteError as error:
            raise ValueError(explain_divergence(error, self, rows, plan)) from None
        finally:
            printer.close(training, outcome)
        self._publish(training, settings, training.progress.epoch - self._n_epochs_before)
        diagnosis = None
        if watch is not None and outcome != INTERRUPTED:
            diagnosis = diagnose(self._architecture, self._parameters, self._loss, rows, held)
        return Ending(outcome, training, plan.learning_rate_init, diagnosis)

    def _rows(self, X: Any, y: Array, weight: Array | None, suffix: str) -> Rows:
        """Return checked inputs, targets and weights in the network's form."""
        encoded = self._encode(y, X.dtype, f"y{suffix}")
        name = f"sample_weight{suffix} times class_weight"
        weight = data.normalize_weights(self._weigh_classes(y, weight), X.dtype, name)
        return Rows(X, encoded, weight)

    def _network_dtype(self, settings: Settings, continuing: bool) -> Any:
        """Return the dtype to train in, or those among which X's decides."""
        if not continuing:
            return settings.dtype or data.FLOATS
        dtype = self._training.parameters.vector.dtype
        if settings.dtype not in (None, dtype):
            raise ValueError(
                f"dtype={self.dtype!r} differs from {dtype} of the fitted network: a warm start "
                "and partial_fit keep it. Set dtype=None, or fit anew with warm_start=False."
            )
        return dtype

    def _training_state(
        self,
        settings: Settings,
        rows: Rows,
        continuing: bool,
        incremental: bool,
        resuming: bool,
    ) -> Training:
        """Return a copy of the state to go on from, or a new one; set the network."""
        optimizer = settings.optimizer
        sizes = (rows.X.shape[1], *settings.hidden_layer_sizes, self._n_outputs(rows.y))
        link = settings.loss.link(self._target)
        architecture = Architecture(sizes, settings.activations, link, settings.dropouts)
        if continuing:
            check_same_network(self, architecture, self._architecture)
        self._architecture = architecture
        self.n_layers_, self.n_outputs_ = len(sizes), sizes[-1]
        self.out_activation_ = registered_name(link, ACTIVATIONS)
        if continuing:
            training = self._training.fork()
            if resuming:
                check_same_data(training, rows)
                change_max_iter(training, self, settings.schedule)
            else:
                training.go_on_with(len(rows), 0 if incremental else rows.checksum())
                training.outlast_patience(self.n_iter_no_change)
        else:
            training = new_training(self._architecture, settings, rows, self.random_state)
            training.checksum = rows.checksum()
        draw_seed(training, settings)
        training.set_averaging(settings.averaging is not None)
        if not continuing or type(self.optimizer_) is not type(optimizer):
            params = training.parameters
            training.optimizer_state = (
                optimizer.init(params.vector, params.layout)
                if isinstance(optimizer, Optimizer)
                else None
            )
        elif isinstance(optimizer, ElementwiseOptimizer):
            optimizer.take_over(training.optimizer_state, self.optimizer_)
        return training

    def _publish(self, training: Training, settings: Settings, n_iter: int) -> None:
        """Set the fitted attributes."""
        if training.random_state is users_random_state(self):
            training.random_state = copy.deepcopy(training.random_state)  # the user's may go on
        self.optimizer_, self._n_epochs_before = (
            settings.optimizer,
            training.progress.epoch - n_iter,
        )
        self.__dict__.update(fitted_attributes(self, training))
