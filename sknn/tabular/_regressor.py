"""The regressor for tabular data."""

from typing import Any, ClassVar, Final

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, column_or_1d

from sknn._core.typing import Array
from sknn.estimators import BaseMLP, MLPRegressor
from sknn.estimators.internals import refuse_text
from sknn.tabular._base import BaseTabularMLP

# The binary exponent of targets from which on their variance may overflow or be zero.
_EXTREME: Final = 400


class TabularMLPRegressor(RegressorMixin, BaseTabularMLP):  # type: ignore[misc]  # no types there
    """Regressor for tabular data: an ensemble of networks whose predictions are averaged.

    X may be a data frame with numbers, strings, booleans, categories and missing values.
    `PiecewiseLinearEncoder` encodes the numerical columns, one-hot encoding the categorical ones,
    and the target is standardized. Each network is validated on a tenth of the rows, and trains
    until its validation loss stops improving.

    Parameters
    ----------
    n_members : int, default=4
        The number of networks. A single network takes a quarter of the time, and predicts slightly
        worse.
    hidden_layer_sizes : int or sequence of int, default=(256, 256)
        The number of units of each hidden layer.
    dropout : float in [0, 1), default=0.1
        The probability that a hidden unit is dropped in a training step. Dropout prevents an exact
        fit, so use 0 for targets without noise. That is faster as well.
    categorical_features : "from_dtype", None or array-like of bool, int or str, \
default="from_dtype"
        The categorical columns, as a mask, indices or names. ``"from_dtype"`` selects strings,
        booleans and columns with a categorical dtype. None selects no column.
    max_iter : int or "auto", default="auto"
        The largest number of epochs of each network. ``"auto"`` is the number of epochs with about
        4,000 steps, but at least 50 and at most 300.
    validation_fraction : float in (0, 0.5], default=0.1
        The share of the rows that are set aside to validate a network. Each network has other
        validation rows, so all rows contribute to the ensemble.
    scoring : "loss", str, callable or None, default="loss"
        The validation metric, as in `MLPRegressor`. A callable receives encoded rows and
        standardized targets.
    n_jobs : int or None, default=None
        The number of networks that train in parallel, in threads; -1 uses all processors. Each
        network uses one BLAS thread, so `n_jobs` does not change any result.
    random_state : int, RandomState or None, default=None
        The random state that draws validation rows, initial weights, shuffles and dropout masks.
    verbose : int, default=0
        1 prints a line per network and, if the networks train one after the other, their progress.
        2 prints every epoch.

    Attributes
    ----------
    preprocessor_ : ColumnTransformer
        The fitted transformer of the table. Its input is an array of floats, or of objects if there
        are categorical columns.
    target_scaler_ : StandardScaler
        The transformer that standardizes the target. It takes `sample_weight` into account.
    members_ : list of MLPRegressor
        The fitted networks. They take encoded rows and predict standardized targets.
    views_ : list of str
        The numerical inputs of each network: ``"encoded"`` with bins, or ``"plain"`` with one
        column per feature.
    weights_ : ndarray of shape (n_members,)
        The weight of each network in predictions: inversely proportional to the square of its
        validation loss, or of the median loss if that is larger.
    n_iter_ : int
        The largest number of epochs of any network.
    is_categorical_ : ndarray of bool of shape (n_features,)
        The mask of categorical columns.
    n_features_in_ : int
        The number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of these features, if X has feature names that are all strings.

    See Also
    --------
    TabularMLPClassifier : The classifier; its notes apply here as well.
    sknn.preprocessing.PiecewiseLinearEncoder : The encoding of numbers, for use in a Pipeline.
    sklearn.ensemble.HistGradientBoostingRegressor : Boosted trees, often equally good.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn.tabular import TabularMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=False)
    >>> model = TabularMLPRegressor(n_members=2, random_state=0).fit(
    ...     X[:300], y[:300]
    ... )
    >>> print(f"{model.score(X[300:], y[300:]):.1f}")
    0.5
    """

    network_class: ClassVar[type[BaseMLP]] = MLPRegressor
    target_scaler_: StandardScaler

    def __init__(
        self,
        n_members: int = 4,
        hidden_layer_sizes: Any = (256, 256),
        *,
        dropout: float = 0.1,
        categorical_features: Any = "from_dtype",
        max_iter: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: Any = "loss",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_members = n_members
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.categorical_features = categorical_features
        self.max_iter = max_iter
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check_target(self, y: Any) -> Array:
        refuse_text(np.asarray(y), "y")
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
        checked: Array = column_or_1d(y, warn=True)
        return checked

    def _learn_target(self, y: Array) -> tuple[Array, str]:
        return np.zeros(len(y), dtype=np.intp), "continuous"

    def _for_networks(self, y: Array, weight: Array | None) -> tuple[Array, Array | None]:
        self.target_scaler_, y = _standardize(y, weight)
        return y, weight

    def predict(self, X: Any) -> Array:
        """Predict targets by the weighted mean of the networks' predictions.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The predicted targets.
        """
        mean = self._mean_prediction(X, lambda network, encoded: network.predict(encoded))
        y: Array = self.target_scaler_.inverse_transform(mean[:, np.newaxis])[:, 0]
        return y


def _standardize(y: Array, weight: Array | None) -> tuple[StandardScaler, Array]:
    """Return a fitted scaler of targets of shape (n_samples,), and the standardized targets."""
    scaler, exponent = StandardScaler(), int(np.frexp(np.abs(y).max())[1])
    if abs(exponent) < _EXTREME:
        return scaler, scaler.fit_transform(y[:, np.newaxis], sample_weight=weight)[:, 0]
    # The variance would overflow or be zero. Multiplication by a power of two is exact.
    standardized: Array = scaler.fit_transform(
        np.ldexp(y, -exponent)[:, np.newaxis], sample_weight=weight
    )[:, 0]
    scaler.mean_, scaler.scale_ = np.ldexp((scaler.mean_, scaler.scale_), exponent)
    with np.errstate(over="ignore", under="ignore"):
        scaler.var_ = scaler.scale_**2
    return scaler, standardized
