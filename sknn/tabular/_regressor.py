"""The regressor for tables."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, column_or_1d

from sknn._core.typing import Array
from sknn.estimators import BaseMLP, MLPRegressor
from sknn.tabular._base import BaseTabularMLP


class TabularMLPRegressor(RegressorMixin, BaseTabularMLP):  # type: ignore[misc]  # no types there
    """Networks for a table, whose predictions are averaged.

    Takes a frame as it is: numbers, strings, booleans, categories and missing values. Numbers are
    encoded by `PiecewiseLinearEncoder` and categories one-hot, and the target is standardized;
    each network trains until its own validation rows, a tenth of all, say that it is done.

    Parameters
    ----------
    n_members : int, default=4
        Networks. One takes a quarter of the time, and predicts a little worse.
    hidden_layer_sizes : int or sequence of int, default=(256, 256)
        Units of each hidden layer.
    dropout : float in [0, 1), default=0.1
        The probability with which a hidden unit is left out of a step. 0 for targets without
        noise, which it keeps from being fitted exactly; it is faster, too.
    categorical_features : "from_dtype", None or array-like of bool, int or str, \
default="from_dtype"
        Which columns are categories. ``"from_dtype"``: strings, booleans, and what the frame calls
        categorical; None for no column; otherwise a mask, indices or names.
    max_iter : int or "auto", default="auto"
        The most epochs of each network. ``"auto"``: as many as have 4,000 steps, from 50 to 300.
    validation_fraction : float in (0, 0.5], default=0.1
        The share of the rows that each network is validated on, and not trained on. Networks have
        different ones, so that all rows are used.
    scoring : "loss", str, callable or None, default="loss"
        What validation goes by, as in `MLPRegressor`. A callable gets encoded rows and
        standardized targets.
    n_jobs : int or None, default=None
        Networks that train at the same time, in threads; -1 for as many as there are processors.
        Each uses one thread of the BLAS, so that the results are the same bits for any number.
    random_state : int, RandomState or None, default=None
        Draws validation rows, initial weights, the order of the rows and dropout masks.
    verbose : int, default=0
        1 shows networks and, if they train one after the other, their progress; 2 every epoch.

    Attributes
    ----------
    preprocessor_ : ColumnTransformer
        What encodes the table, as an array of floats, or of objects if there are categories.
    target_scaler_ : StandardScaler
        What standardizes the target, by the rows' weights.
    members_ : list of MLPRegressor
        The networks, which take encoded rows and predict standardized targets.
    views_ : list of str
        What each network sees of the numbers: ``"encoded"``, their bins, too, or ``"plain"``, each
        as one column.
    weights_ : ndarray of shape (n_members,)
        How much each network counts in predictions; inverse to its validation loss.
    n_iter_ : int
        The most epochs of a network.
    is_categorical_ : ndarray of bool of shape (n_features,)
        Which columns are categories.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings.

    See Also
    --------
    TabularMLPClassifier : The same for classes; its notes hold here, too.
    sknn.preprocessing.PiecewiseLinearEncoder : The encoding, for pipelines of your own.
    sklearn.ensemble.HistGradientBoostingRegressor : Boosted trees, the other good choice.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn.tabular import TabularMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=False)
    >>> model = TabularMLPRegressor(n_members=2, random_state=0).fit(X[:300], y[:300])
    >>> bool(model.score(X[300:], y[300:]) > 0.4)
    True
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
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
        checked: Array = column_or_1d(y, warn=True)
        return checked

    def _learn_target(self, y: Array) -> tuple[Array, str]:
        return np.zeros(len(y), dtype=np.intp), "continuous"

    def _for_networks(self, y: Array, weight: Array | None) -> tuple[Array, Array | None]:
        self.target_scaler_ = StandardScaler()
        y = self.target_scaler_.fit_transform(y[:, np.newaxis], sample_weight=weight)[:, 0]
        return y, weight

    def predict(self, X: Any) -> Array:
        """Return predictions, the mean over the networks.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Of the unit of the target.
        """
        mean = self._mean_prediction(X, lambda network, encoded: network.predict(encoded))
        y: Array = self.target_scaler_.inverse_transform(mean[:, np.newaxis])[:, 0]
        return y
