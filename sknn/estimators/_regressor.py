"""The regressor."""

from typing import Any, ClassVar, TypeVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from sknn._typing import Array
from sknn.estimators._base import BaseMLP, has_partial_fit
from sknn.estimators._data import check_regression_targets
from sknn.losses import REGRESSION

Self = TypeVar("Self", bound="MLPRegressor")


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]  # no types there
    """Multi-layer perceptron regressor."""

    targets: ClassVar[frozenset[str]] = frozenset({REGRESSION})
    _target = REGRESSION

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        init: Any = "auto",
        bias_init: Any = "zeros",
        optimizer: Any = "adam",
        learning_rate: Any = "constant",
        learning_rate_init: Any = "auto",
        dropout: Any = 0.0,
        input_dropout: Any = 0.0,
        loss: Any = "squared_error",
        alpha: float = 1e-4,
        batch_size: Any = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: Any = "loss",
        dtype: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.init = init
        self.bias_init = bias_init
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.loss = loss
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.dtype = dtype
        self.warm_start = warm_start
        self.verbose = verbose

    @available_if(has_partial_fit)  # type: ignore[untyped-decorator]
    def partial_fit(self: Self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on X and y, going on from where training stands.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As `fit`, and with ``early_stopping=True``.
        AttributeError
            If the optimizer is ``"lbfgs"``.
        """
        return self._partial_fit(X, y, sample_weight)

    def _start_targets(self, y: Array, classes: Any) -> None:
        self._single = y.ndim == 1

    def _continue_targets(self, y: Array, classes: Any, incremental: bool) -> None:
        self._single = y.ndim == 1  # the number of outputs is checked with the layers

    def _encode(self, y: Array, dtype: np.dtype[Any], name: str) -> Array:
        return check_regression_targets(y, dtype, name)

    def _n_outputs(self, encoded: Array) -> int:
        return int(encoded.shape[1])

    def predict(self, X: Any) -> Array:
        """Return predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of the network's dtype.
        """
        prediction = self._apply_link(self._raw_prediction(X))
        return prediction.ravel() if self._single else prediction

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
