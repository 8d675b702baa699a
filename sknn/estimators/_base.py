"""The base class of both estimators: the course of a fit, without numerical training code."""

from abc import ABCMeta
from typing import Any, ClassVar, TypeVar

import numpy as np

from sknn._core.typing import Array
from sknn._training.data import DataSet
from sknn._training.diagnosis import diagnose
from sknn._training.engine import Engine, NonFiniteError
from sknn._training.loop import INTERRUPTED, TrainingLoop, Validate
from sknn._training.state import TrainingState
from sknn.estimators import _checks as checks
from sknn.estimators._advice import Ending, compose_warning, warn
from sknn.estimators._callbacks import CallbackSupportMixin, Watch, with_callbacks
from sknn.estimators._continuing import (
    check_resumable,
    check_same_criterion,
    check_same_parameters,
    parameters_of,
    training_dtype,
    training_of,
)
from sknn.estimators._divergence import explain_divergence
from sknn.estimators._fitted import FittedNetwork
from sknn.estimators._model import FittedModel, describe_model, finish_training
from sknn.estimators._nested_parameters import NestedParameters
from sknn.estimators._parameters import Settings, check_target, is_minimizer, read_settings
from sknn.estimators._rollback import all_or_nothing
from sknn.estimators._start import FitMode, configure_fit, prepare_model
from sknn.estimators._targets import Targets, encode_rows, learn_targets
from sknn.estimators._validation import prepare_validation
from sknn.estimators._verbose import Printer
from sknn.exceptions import DivergedError
from sknn.losses import Loss

Self = TypeVar("Self", bound="BaseMLP")


def has_partial_fit(estimator: "BaseMLP") -> bool:
    """Tell whether `partial_fit` is available; raise an AttributeError if it is not."""
    if is_minimizer(estimator.optimizer):
        raise AttributeError(
            f"optimizer={estimator.optimizer!r} has no partial_fit: it runs by itself. Go on with "
            "fit and warm_start=True, or set optimizer='adam'."
        )
    if isinstance(estimator.early_stopping, (bool, np.bool_)) and estimator.early_stopping:
        raise AttributeError(
            "early_stopping=True has no partial_fit: a call sees only a part of the data, and "
            "cannot set rows aside for validation. Set early_stopping=False."
        )
    return True


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
            Inputs. Features of similar scale train best: put a ``StandardScaler`` before.
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
        mode = FitMode.WARM_START if self.warm_start else FitMode.FIT
        self._whole_fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), mode)
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
        """Continue a fit that was interrupted, to the end that it would have had.

        ``sknn.load`` of a file that `sknn.callbacks.Checkpoint` wrote returns a model in the middle
        of its fit. With the same data it becomes the model of a fit that was never interrupted, to
        the last bit. Callbacks are not in the file: set them again.

        Before `resume`, `set_params` may change `verbose` and `max_iter`. With another `max_iter`
        the model becomes that of a fit that had begun with the other value. All other parameters
        on which the bits depend must be those with which the fit began.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs; this and all others are those of the interrupted fit.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            The validation set, if the fit had been given one.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If no fit was interrupted, or its data or parameters were others, which are named; if
            `max_iter` is below the epochs done, or is another and `learning_rate` plans for the
            end, as ``"cosine"`` does. Nothing has changed then.
        """
        check_resumable(self)
        validation = (X_val, y_val, sample_weight_val)
        self._whole_fit(X, y, sample_weight, validation, FitMode.RESUME)
        return self

    def _whole_fit(
        self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any, Any], mode: FitMode
    ) -> None:
        """Train a draft while callbacks watch, publish the draft, and issue its warning."""
        # The warning comes last, so that the model stays if a filter turns it into an error.
        warn(
            all_or_nothing(
                self, lambda draft: draft._watched_fit(X, y, sample_weight, validation, mode)
            )
        )

    @with_callbacks  # type: ignore[untyped-decorator]
    def _watched_fit(
        self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any, Any], mode: FitMode
    ) -> Warning | None:
        watch = Watch(self, X, y, sample_weight)
        ending = self._fit(X, y, sample_weight, validation, mode, watch)
        watch.end_fit()
        return compose_warning(self, ending)

    def _partial_fit(self: Self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Do one call of `partial_fit`, whose arguments differ between the subclasses."""

        def train(draft: BaseMLP) -> Warning | None:
            nothing = (None, None, None)
            ending = draft._fit(X, y, sample_weight, nothing, FitMode.PARTIAL_FIT, None, classes)
            if ending.outcome == INTERRUPTED:  # to end the loop of calls as well
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
        mode: FitMode,
        watch: Watch | None,
        classes: Any = None,
    ) -> Ending:
        """Check, train and set the fitted attributes; return how training ended."""
        settings = read_settings(self)
        checks.check_validation_arguments(*validation)
        validation_set = None if validation[0] is None else validation
        before = mode.continued(self)
        dtype = training_dtype(self, settings, before)
        X, y = checks.check_inputs_and_targets(self, X, y, dtype, reset=before is None)
        weight = checks.check_weights(sample_weight, X)
        targets = self._targets_of(y, classes, settings.loss, mode, before)
        check_target(settings.loss, targets.kind)
        checks.check_input_dropout(settings.dropouts[0], X)
        data, y = checks.replace_extremes(encode_rows(self, targets, X, y, weight), y)
        began_with: dict[str, Any] = {}
        resumed = before if mode is FitMode.RESUME else None
        if mode is not FitMode.PARTIAL_FIT:
            n_samples = len(data) if resumed is None else training_of(resumed).n_samples
            began_with = parameters_of(self, settings, n_samples, validation_set is not None)
        if resumed is not None:
            check_same_parameters(resumed, began_with)
        with np.errstate(over="ignore", invalid="ignore"):  # the first step detects an overflow
            model, training = prepare_model(self, settings, targets, data, mode, before)
        describe_model(self, model)
        validate, validation_data = prepare_validation(
            self, settings, data, y, validation_set, model, training
        )
        if resumed is not None:
            check_same_criterion(resumed, training)
        else:
            training.begun_with = began_with
        return self._train(settings, training, data, validate, watch, validation_data)

    def _targets_of(
        self, y: Array, classes: Any, loss: Loss, mode: FitMode, before: FittedModel | None
    ) -> Targets:
        if before is None:
            return learn_targets(self, y, classes, loss)
        is_part = mode is FitMode.PARTIAL_FIT
        return before.targets.continued(y, classes, loss, is_part=is_part)

    def _train(
        self,
        settings: Settings,
        training: TrainingState,
        data: DataSet,
        validate: Validate | None,
        watch: Watch | None,
        validation_data: DataSet | None,
    ) -> Ending:
        """Train the model in `_model`; return how training ended."""
        model = self._model
        self.optimizer_ = settings.optimizer
        if training.n_epochs_to_go is None:
            self._n_epochs_before = training.progress.epoch
        most = None if watch is None else training.n_epochs_to_go or self.max_iter
        printer = Printer(self, most, training)
        configuration = configure_fit(self, settings, training, watch, printer.report)
        network = model.network.replace_parameters(training.parameters)
        engine = Engine(network, model.loss, settings.regularization, data, training.seed)
        if watch is not None:
            watch.begin_fit(training)
        outcome = None
        try:
            outcome = TrainingLoop(engine, configuration, training, validate).run()
        except NonFiniteError as error:
            raise DivergedError(
                explain_divergence(error, self, model.loss, data, configuration)
            ) from None
        finally:
            printer.close(training, outcome)
        n_iter = training.progress.epoch - self._n_epochs_before
        finish_training(self, model, training, n_iter)
        diagnosis = None
        if watch is not None and outcome != INTERRUPTED:
            diagnosis = diagnose(self._model.network, model.loss, data, validation_data)
        return Ending(outcome, training, configuration.learning_rate_init, diagnosis)
