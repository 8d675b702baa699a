"""The base class of both estimators: the course of a fit, without numerical training code."""

from abc import ABCMeta
from typing import Any, ClassVar, TypeVar

import numpy as np

from sknn._core.typing import Array
from sknn._training.diagnosis import diagnose
from sknn._training.engine import Engine, NonFiniteError
from sknn._training.loop import INTERRUPTED, TrainingLoop, Validate
from sknn._training.shuffling import BLOCKS, rows_per_block
from sknn.estimators import _checks as checks
from sknn.estimators._advice import Ending, compose_warning, warn
from sknn.estimators._call import FitCall, FitMode
from sknn.estimators._callbacks import CallbackSupportMixin, Watch, with_callbacks
from sknn.estimators._continuing import (
    check_resumable,
    check_same_criterion,
    check_same_parameters,
    parameters_of,
    training_dtype,
)
from sknn.estimators._divergence import explain_divergence
from sknn.estimators._fitted import FittedNetwork
from sknn.estimators._model import FittedModel, describe_model, finish_training
from sknn.estimators._nested_parameters import NestedParameters
from sknn.estimators._parameters import Settings, check_target, is_minimizer, read_settings
from sknn.estimators._rollback import all_or_nothing
from sknn.estimators._start import configure_fit, prepare_model
from sknn.estimators._targets import Targets, learn_targets
from sknn.estimators._validation import prepare_validation
from sknn.estimators._verbose import Printer
from sknn.exceptions import DivergedError

Self = TypeVar("Self", bound="BaseMLP")


def has_partial_fit(estimator: "BaseMLP") -> bool:
    """Tell whether `partial_fit` is available; raise an AttributeError if it is not."""
    if is_minimizer(estimator.optimizer):
        raise AttributeError(
            f"optimizer={estimator.optimizer!r} has no partial_fit: it runs its own loop. Continue "
            "with fit and warm_start=True, or set optimizer='adam'."
        )
    if isinstance(estimator.early_stopping, (bool, np.bool_)) and estimator.early_stopping:
        raise AttributeError(
            "early_stopping=True has no partial_fit: a call sees only a part of the data, and "
            "cannot set rows aside for validation. Set early_stopping=False."
        )
    return True


def run_fit(estimator: "BaseMLP", call: FitCall) -> None:
    """Carry out a call that trains an estimator: all of it, or nothing if it fails."""
    if call.mode is FitMode.RESUME:
        check_resumable(estimator)
    estimator._whole_fit(call, stacklevel=6)  # the user called the caller's fit


class BaseMLP(
    CallbackSupportMixin,  # type: ignore[misc]  # it has no types
    NestedParameters,
    FittedNetwork,
    metaclass=ABCMeta,
):
    """Base of `MLPClassifier` and `MLPRegressor`, which list the parameters and attributes."""

    targets: ClassVar[frozenset[str]] = frozenset()

    # The parameters that the constructors of the two estimators set.
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
    shuffle: bool | str
    random_state: Any
    tol: float
    n_iter_no_change: float
    early_stopping: bool
    validation_fraction: float
    scoring: Any
    dtype: Any
    warm_start: bool
    verbose: int

    _model: FittedModel
    _n_epochs_before: int

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
            The inputs. Training works best if all features have a similar scale, as after a
            ``StandardScaler``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative. A row with weight 2 counts as two rows.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            The inputs of a validation set. With ``early_stopping=True``, this set replaces the
            `validation_fraction` of the rows and decides when to stop. Otherwise its loss and score
            are only recorded. Scale it like X; a Pipeline with ``transform_input=["X_val"]`` does
            so.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            The targets of the validation set, on the scale of y. ``TransformedTargetRegressor``
            does not transform them.
        sample_weight_val : array-like of shape (n_val,), default=None
            The weights of the validation rows.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if training diverges. The estimator does not
            change.
        """
        mode = FitMode.WARM_START if self.warm_start else FitMode.FIT
        self._whole_fit(FitCall(mode, X, y, sample_weight, X_val, y_val, sample_weight_val))
        return self

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
        """Continue an interrupted fit to its original end.

        First load the model from a file of `sknn.callbacks.Checkpoint` with ``sknn.load``, and set
        its callbacks again. With the same data, the result of `resume` is bit-for-bit identical to
        that of a fit that was never interrupted.

        Before `resume`, `set_params` may change `verbose` and `max_iter`. With another `max_iter`,
        the result is that of a fit that started with the new value. All other parameters that
        influence the result must not change.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs. All arguments must equal those of the interrupted fit.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            The inputs of the validation set, if the interrupted fit had one.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            The targets of the validation set.
        sample_weight_val : array-like of shape (n_val,), default=None
            The weights of the validation rows.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no interrupted fit, or if its data or parameters differ (the message names
            them). Also if `max_iter` is less than the number of completed epochs, or if it differs
            and `learning_rate` depends on it, as ``"cosine"`` does. The estimator does not change.
        """
        check_resumable(self)
        mode = FitMode.RESUME
        self._whole_fit(FitCall(mode, X, y, sample_weight, X_val, y_val, sample_weight_val))
        return self

    def _whole_fit(self, call: FitCall, stacklevel: int = 4) -> None:
        """Train a draft while callbacks watch, publish the draft, and issue its warning."""
        # The warning comes last, so that the model stays if a filter turns it into an error.
        warn(all_or_nothing(self, lambda draft: draft._watched_fit(call)), stacklevel)

    @with_callbacks  # type: ignore[untyped-decorator]
    def _watched_fit(self, call: FitCall) -> Warning | None:
        watch = Watch(self, call.X, call.y, call.sample_weight)
        ending = self._fit(call, watch)
        watch.end_fit()
        return compose_warning(self, ending)

    def _partial_fit(self: Self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Do one call of `partial_fit`, whose arguments differ between the subclasses."""
        call = FitCall(FitMode.PARTIAL_FIT, X, y, sample_weight, classes=classes)

        def train(draft: BaseMLP) -> Warning | None:
            ending = draft._fit(call)
            if ending.outcome == INTERRUPTED:  # to end the loop of calls as well
                raise KeyboardInterrupt
            return compose_warning(draft, ending)

        warn(all_or_nothing(self, train))
        return self

    def _fit(self, call: FitCall, watch: Watch | None = None) -> Ending:
        """Check, train and set the fitted attributes; return how training ended."""
        settings = read_settings(self)
        checks.check_validation_arguments(call.X_val, call.y_val, call.sample_weight_val)
        has_validation_set = call.validation_set is not None
        before = call.mode.continued(self)
        targets, data, y = self._read_data(call, settings, before)
        resumed = None
        if before is not None and call.mode is FitMode.RESUME:
            resumed = before.require_training()
            parameters = parameters_of(self, settings, resumed.n_samples, has_validation_set)
            check_same_parameters(resumed, parameters)
        with np.errstate(over="ignore", invalid="ignore"):  # the first step detects an overflow
            model = prepare_model(self, settings, targets, data, call.mode, before)
        describe_model(self, model)
        validate, passed = prepare_validation(self, settings, data, y, call, model)
        training = model.require_training()
        if resumed is not None:
            check_same_criterion(resumed, training)
        elif not call.is_part:
            training.begun_with = parameters_of(self, settings, len(data), has_validation_set)
        ending = self._train(settings, call, data, validate, watch)
        if not call.is_part and ending.outcome != INTERRUPTED:
            excerpt, network = call.storage.excerpt, self._model.network
            validation_data = None if passed is None else excerpt(passed)
            ending.diagnosis = diagnose(network, settings.loss, excerpt(data), validation_data)
        return ending

    def _read_data(
        self, call: FitCall, settings: Settings, before: FittedModel | None
    ) -> tuple[Targets, Any, Any]:
        """Check the training set; return its targets, its rows, and y in the form for scorers."""
        loss = settings.loss

        def learn(y: Array) -> Targets:
            if before is None:
                targets = learn_targets(self, y, call.classes, loss)
            else:
                targets = before.targets.continued(y, call.classes, loss, is_part=call.is_part)
            check_target(loss, targets.kind)
            return targets

        arguments, dtype = (
            (call.X, call.y, call.sample_weight),
            training_dtype(self, settings, before),
        )
        targets, data, y = call.storage.read(self, arguments, dtype, learn, before is None)
        checks.check_input_dropout(settings.dropouts[0], data.X)
        return targets, data, y

    def _train(
        self,
        settings: Settings,
        call: FitCall,
        data: Any,
        validate: Validate | None,
        watch: Watch | None,
    ) -> Ending:
        """Train the model in `_model`; return how training ended."""
        model, training = self._model, self._model.require_training()
        incremental, storage = call.is_part, call.storage
        self.optimizer_ = settings.optimizer
        if training.n_epochs_to_go is None:
            self._n_epochs_before = training.progress.epoch
        most = None if incremental else training.n_epochs_to_go or self.max_iter
        printer = Printer(self, most, training)
        configuration = configure_fit(self, settings, training, printer.report, incremental)
        if self.shuffle == BLOCKS:
            configuration.block_size = rows_per_block(data.X)
        network = model.network.replace_parameters(training.parameters)
        source = storage.gradients(network, model.loss, data, training.seed)
        engine = Engine(source, settings.regularization)
        if watch is not None:
            configuration.begin_epoch, configuration.end_epoch = watch.begin_epoch, watch.end_epoch
            watch.begin_fit(training)
        outcome = None
        try:
            outcome = TrainingLoop(engine, configuration, training, validate).run()
        except NonFiniteError as error:
            raise DivergedError(
                explain_divergence(error, self, model.loss, storage.excerpt(data), configuration)
            ) from None
        finally:
            printer.close(training, outcome)
        finish_training(self, training.progress.epoch - self._n_epochs_before)
        return Ending(outcome, training, configuration.learning_rate_init)
