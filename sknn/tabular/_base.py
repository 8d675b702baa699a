"""The base class of both tabular estimators."""

import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)
from threadpoolctl import threadpool_limits

from sknn._core.strategy import COUNT, Range
from sknn._core.typing import Array
from sknn.estimators import BaseMLP
from sknn.estimators.internals import (
    CallbackSupportMixin,
    all_or_nothing,
    begin_fit_task,
    read_settings,
    with_callbacks,
)
from sknn.exceptions import InterruptedWarning, NotConvergedWarning, TrainingWarning
from sknn.tabular._callbacks import members_callbacks
from sknn.tabular._columns import check_same_kinds, read_columns
from sknn.tabular._members import (
    Rows,
    longest,
    network_parameters,
    train,
    validation_masks,
)
from sknn.tabular._preprocessing import (
    choose_categories,
    find_bins,
    make_preprocessor,
    to_table,
)
from sknn.tabular._progress import Progress
from sknn.tabular._views import ENCODED, choose_views, weigh

Self = TypeVar("Self", bound="BaseTabularMLP")

# The number of rows that `predict` encodes at once.
_CHUNK: Final = 8192
_SEEDS: Final = 2**31 - 1
_HALF: Final = Range(0, 0.5, "right")


class BaseTabularMLP(
    CallbackSupportMixin,  # type: ignore[misc]  # no types there
    BaseEstimator,  # type: ignore[misc]  # no types there
    metaclass=ABCMeta,
):
    """Base of `TabularMLPClassifier` and `TabularMLPRegressor`, which describe the parameters."""

    network_class: ClassVar[type[BaseMLP]]

    # The constructors of both estimators set these parameters.
    n_members: int
    hidden_layer_sizes: Any
    dropout: Any
    categorical_features: Any
    max_iter: Any
    validation_fraction: float
    scoring: Any
    n_jobs: int | None
    random_state: Any
    verbose: int

    preprocessor_: ColumnTransformer
    members_: list[BaseMLP]
    views_: list[str]
    weights_: Array
    is_categorical_: Array
    _kinds: list[str]
    _is_bin: Array

    # ---------------------------------------------------------------- what the subclasses supply

    @abstractmethod
    def _check_target(self, y: Any) -> Array:
        """Return the targets as an array of shape (n_samples,)."""

    @abstractmethod
    def _learn_target(self, y: Array) -> tuple[Array, str]:
        """Return the class code of each row (0 for regression) and the type of the target."""

    @abstractmethod
    def _for_networks(self, y: Array, weight: Array | None) -> tuple[Array, Array | None]:
        """Return the targets and weights that the networks are trained with."""

    # ---------------------------------------------------------------- fit

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self: Self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Encode the table and train the networks.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table, with numbers, strings, booleans and categories. NaN and None are missing
            values.
        y : array-like of shape (n_samples,)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative. Rows with weight 0 are ignored.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data are invalid; the message names the column. The estimator does
            not change.
        """
        self._check_parameters()
        task = begin_fit_task(self, int(self.n_members))
        caught = all_or_nothing(
            self, lambda draft: draft._encode_and_train(X, y, sample_weight, task)
        )
        self._pass_on(caught)
        return self

    def _check_parameters(self) -> None:
        COUNT.check("n_members", self.n_members)
        _HALF.check("validation_fraction", self.validation_fraction)
        if not self._has_automatic_length() and self.max_iter not in COUNT:
            raise ValueError(f"max_iter must be 'auto' or {COUNT}, got {self.max_iter!r}.")
        effective_n_jobs(self.n_jobs)  # raises
        network = self._make_network(1, self.random_state)
        read_settings(network)

    def _has_automatic_length(self) -> bool:
        return isinstance(self.max_iter, str) and self.max_iter == "auto"

    def _make_network(self, n_samples: int, seed: Any) -> BaseMLP:
        return self.network_class(
            hidden_layer_sizes=self.hidden_layer_sizes,
            dropout=self.dropout,
            max_iter=longest(n_samples) if self._has_automatic_length() else self.max_iter,
            scoring=self.scoring,
            verbose=self.verbose,
            random_state=seed,
            **network_parameters(n_samples),
        )

    def _encode_and_train(
        self, X: Any, y: Any, sample_weight: Any, task: Any
    ) -> list[warnings.WarningMessage]:
        """Fit the preprocessor and the networks, and return the warnings of the networks."""
        random_state = check_random_state(self.random_state)
        table, y, weight = self._read_rows(X, y, sample_weight)
        codes, target_type = self._learn_target(y)
        masks = validation_masks(codes, self.validation_fraction, self.n_members, random_state)
        seeds = random_state.randint(_SEEDS, size=1 + self.n_members).tolist()
        is_category = self.is_categorical_.tolist()
        self.preprocessor_ = make_preprocessor(table, is_category, target_type, seeds.pop())
        rows = Rows(self.preprocessor_.fit_transform(table, y), *self._for_networks(y, weight))
        self._is_bin = find_bins(self.preprocessor_)
        self.views_ = choose_views(self.n_members, bool(self._is_bin.any()))
        networks = [self._make_network(len(y), seed) for seed in seeds]
        self.members_, caught = self._train(networks, rows, masks, task)
        if not self.members_:
            raise KeyboardInterrupt
        self.views_ = self.views_[: len(self.members_)]  # fewer if the fit was interrupted
        self.weights_ = weigh(self.members_)
        self.n_iter_ = max(network.n_iter_ for network in self.members_)
        return caught

    def _read_rows(self, X: Any, y: Any, sample_weight: Any) -> tuple[Array, Array, Array | None]:
        """Return the table, targets and weights of the rows whose weight is not zero."""
        columns = read_columns(X)
        validate_data(self, X, skip_check_array=True)
        names = getattr(X, "columns", None)
        is_category = choose_categories(self.categorical_features, columns, names)
        self._kinds = [column.kind for column in columns]
        self.is_categorical_ = np.array(is_category)
        table = to_table(columns, is_category)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        y = self._check_target(y)
        check_consistent_length(table, y)
        if sample_weight is None:
            return table, y, None
        weight = _check_sample_weight(
            sample_weight, columns[0].values, dtype=np.float64, ensure_non_negative=True
        )
        counted = weight > 0
        if not counted.any():
            raise ValueError("sample_weight must be greater than 0 for at least one row.")
        return table[counted], y[counted], weight[counted]

    def _train(
        self, networks: list[BaseMLP], rows: Rows, masks: list[Array], task: Any
    ) -> tuple[list[BaseMLP], list[warnings.WarningMessage]]:
        """Train the networks, and return those that finished an epoch, and all warnings."""
        n_members = len(networks)
        in_turn = effective_n_jobs(self.n_jobs) == 1 or n_members == 1
        callbacks = members_callbacks(self, n_turns=-(-n_members // effective_n_jobs(self.n_jobs)))
        for network in networks:
            network.set_params(verbose=self.verbose if in_turn else 0).set_callbacks(*callbacks)
        progress = Progress(n_members, self.verbose > 0)
        task.call_on_fit_task_begin(estimator=self)
        tasks = [task.subcontext(task_name="network") for _ in networks]
        caught: list[warnings.WarningMessage]

        def train_one(i: int) -> BaseMLP | None:
            if any(issubclass(message.category, InterruptedWarning) for message in caught):
                return None
            tasks[i].call_on_fit_task_begin(estimator=self)
            progress.begin(i, self.views_[i])
            train(networks[i], rows, masks[i], self._columns_of(i))
            progress.end(i, networks[i])
            tasks[i].call_on_fit_task_end(estimator=self)
            return networks[i] if networks[i].n_iter_ else None  # interrupted in its first epoch

        # Warning filters and thread limits are global, so they are set here and not in the threads.
        # The number of BLAS threads changes how a product is split, and so how it is rounded.
        with (
            warnings.catch_warnings(record=True) as caught,
            threadpool_limits(limits=1, user_api="blas"),
        ):
            warnings.simplefilter("always")
            parallel = Parallel(n_jobs=self.n_jobs, require="sharedmem")
            trained = parallel(delayed(train_one)(i) for i in range(n_members))
        for network in networks:
            network.set_callbacks()
        task.call_on_fit_task_end(estimator=self)
        return [network for network in trained if network is not None], caught

    def _columns_of(self, member: int) -> Array:
        """Return a mask of the encoded columns that a network uses."""
        columns: Array = ~self._is_bin | (self.views_[member] == ENCODED)
        return columns

    def _pass_on(self, caught: list[warnings.WarningMessage]) -> None:
        """Issue each kind of warning from the networks once."""
        name, n_members = type(self).__name__, len(self.members_)
        categories = [message.category for message in caught]
        if InterruptedWarning in categories:
            warnings.warn(
                f"{name} was interrupted: {n_members} of {self.n_members} networks were kept. The "
                "last one has the best weights so far.",
                InterruptedWarning,
                stacklevel=4,
            )
        n_unconverged = categories.count(NotConvergedWarning)
        if n_unconverged:
            max_iter = self.members_[0].max_iter
            warnings.warn(
                f"{n_unconverged} of the {n_members} networks of {name} have not converged: they "
                f"reached max_iter={max_iter} while the loss was still changing. Raise max_iter, "
                f"for example to {5 * max_iter}.",
                NotConvergedWarning,
                stacklevel=4,
            )
        for message in caught:
            # The other warnings suggest parameters of a network that the user cannot set here.
            if not issubclass(message.category, (InterruptedWarning, TrainingWarning)):
                warnings.warn(message.message, message.category, stacklevel=4)

    # ---------------------------------------------------------------- predictions

    def _mean_prediction(self, X: Any, predict: Callable[[BaseMLP, Array], Array]) -> Array:
        """Return the weighted mean of the networks' predictions for a table."""
        check_is_fitted(self)
        columns = read_columns(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        is_category = self.is_categorical_.tolist()
        check_same_kinds(columns, self._kinds, is_category)
        table = to_table(columns, is_category)
        chunks = (table[start : start + _CHUNK] for start in range(0, len(table), _CHUNK))
        with threadpool_limits(limits=1, user_api="blas"):
            return np.concatenate([self._mean_of_chunk(chunk, predict) for chunk in chunks])

    def _mean_of_chunk(self, table: Array, predict: Callable[[BaseMLP, Array], Array]) -> Array:
        encoded = self.preprocessor_.transform(table)
        predicted = []
        for i, network in enumerate(self.members_):
            columns = self._columns_of(i)
            predicted.append(predict(network, encoded if columns.all() else encoded[:, columns]))
        mean: Array = np.average(predicted, axis=0, weights=self.weights_)
        return mean

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "members_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
