"""The classifier for tabular data."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from sknn._core.typing import Array
from sknn.estimators import BaseMLP, MLPClassifier
from sknn.tabular._base import BaseTabularMLP


class TabularMLPClassifier(ClassifierMixin, BaseTabularMLP):  # type: ignore[misc]  # no types there
    """Classifier for tabular data: an ensemble of networks whose probabilities are averaged.

    X may be a data frame with numbers, strings, booleans, categories and missing values.
    `PiecewiseLinearEncoder` encodes the numerical columns, and one-hot encoding the categorical
    ones. Each network is validated on a tenth of the rows, and trains until its validation loss
    stops improving.

    Parameters
    ----------
    n_members : int, default=4
        The number of networks. A single network takes a quarter of the time, and predicts slightly
        worse.
    hidden_layer_sizes : int or sequence of int, default=(256, 256)
        The number of units of each hidden layer.
    dropout : float in [0, 1), default=0.2
        The probability that a hidden unit is dropped in a training step.
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
        The validation metric, as in `MLPClassifier`. A callable receives encoded rows.
    class_weight : dict, "balanced" or None, default=None
        The weight of each class, which multiplies the sample weights. Classes that are missing in a
        dict have weight 1. ``"balanced"`` gives each class the same total weight.
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
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    preprocessor_ : ColumnTransformer
        The fitted transformer of the table. Its input is an array of floats, or of objects if there
        are categorical columns.
    members_ : list of MLPClassifier
        The fitted networks, which take encoded rows.
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
    TabularMLPRegressor : The regressor.
    sknn.preprocessing.PiecewiseLinearEncoder : The encoding of numbers, for use in a Pipeline.
    sklearn.ensemble.HistGradientBoostingClassifier : Boosted trees, often equally good.

    Notes
    -----
    Categories are rare if they have less than a hundredth of the rows, and fewer than 10 rows. (A
    category with a single row is always rare.) All rare categories of a column share one encoded
    column, as do categories that do not occur in `fit`. If a column has more than 64 categories,
    the most frequent ones are one-hot encoded, and a ``TargetEncoder`` adds the mean of the target
    in each category. The ``TargetEncoder`` ignores sample weights. Dates, time differences and
    columns of mixed types raise an error.

    During `fit`, the encoded table is kept in memory, in float32. It has at most about 2,000
    columns for all numerical columns, and up to 64 for each categorical column.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import train_test_split
    >>> from sknn.tabular import TabularMLPClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> model = TabularMLPClassifier(n_members=2, random_state=0).fit(X, y)
    >>> print(f"{model.score(X_test, y_test):.1f}")
    1.0
    """

    network_class: ClassVar[type[BaseMLP]] = MLPClassifier
    classes_: Array

    def __init__(
        self,
        n_members: int = 4,
        hidden_layer_sizes: Any = (256, 256),
        *,
        dropout: float = 0.2,
        categorical_features: Any = "from_dtype",
        max_iter: Any = "auto",
        validation_fraction: float = 0.1,
        scoring: Any = "loss",
        class_weight: Any = None,
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
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check_target(self, y: Any) -> Array:
        y = check_array(y, dtype=None, ensure_2d=False, input_name="y")
        checked: Array = column_or_1d(y, warn=True)
        check_classification_targets(checked)
        return checked

    def _learn_target(self, y: Array) -> tuple[Array, str]:
        self.classes_, codes = np.unique(y, return_inverse=True)
        return codes, "multiclass" if len(self.classes_) > 2 else "binary"

    def _for_networks(self, y: Array, weight: Array | None) -> tuple[Array, Array | None]:
        if self.class_weight is None:
            return y, weight
        present, codes = np.unique(y, return_inverse=True)
        of_classes = compute_class_weight(
            self.class_weight, classes=present, y=y, sample_weight=weight
        )
        of_rows = of_classes[codes]
        return y, of_rows if weight is None else of_rows * weight

    def predict(self, X: Any) -> Array:
        """Predict the most probable class of each row.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The predicted classes.
        """
        codes = self.predict_proba(X).argmax(axis=1)
        y: Array = self.classes_[codes]
        return y

    def predict_proba(self, X: Any) -> Array:
        """Predict class probabilities by the weighted mean of the networks' probabilities.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            The probabilities of each row, whose sum is 1.
        """
        mean = self._mean_prediction(X, lambda network, encoded: network.predict_proba(encoded))
        # Sums of 1 in float32 are not accurate enough for scikit-learn's log_loss.
        probabilities: Array = mean / mean.sum(axis=1, keepdims=True)
        return probabilities

    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of class probabilities.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            The logarithms; -inf where the probability rounds to zero.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))
