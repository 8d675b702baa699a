"""The classifier for tables."""

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
    """Networks for a table, whose predicted probabilities are averaged.

    Takes a frame as it is: numbers, strings, booleans, categories and missing values. Numbers are
    encoded by `PiecewiseLinearEncoder` and categories one-hot; each network trains until its own
    validation rows, a tenth of all, say that it is done.

    Parameters
    ----------
    n_members : int, default=4
        Networks. One takes a quarter of the time, and predicts a little worse.
    hidden_layer_sizes : int or sequence of int, default=(256, 256)
        Units of each hidden layer.
    dropout : float in [0, 1), default=0.2
        The probability with which a hidden unit is left out of a step.
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
        What validation goes by, as in `MLPClassifier`. A callable gets encoded rows.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, which multiplies the rows' own; classes left out of a dict have 1.
        ``"balanced"`` gives each class the same sum of weights.
    n_jobs : int or None, default=None
        Networks that train at the same time, in threads; -1 for as many as there are processors.
        Each uses one thread of the BLAS, so that the results are the same bits for any number.
    random_state : int, RandomState or None, default=None
        Draws validation rows, initial weights, the order of the rows and dropout masks.
    verbose : int, default=0
        1 shows networks and, if they train one after the other, their progress; 2 every epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    preprocessor_ : ColumnTransformer
        What encodes the table, as an array of floats, or of objects if there are categories.
    members_ : list of MLPClassifier
        The networks, which take encoded rows.
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
    TabularMLPRegressor : The same for numbers.
    sknn.preprocessing.PiecewiseLinearEncoder : The encoding, for pipelines of your own.
    sklearn.ensemble.HistGradientBoostingClassifier : Boosted trees, the other good choice.

    Notes
    -----
    Categories of few rows (2 to 10, a hundredth of all rows) are joined into one, which also
    stands for categories that were not seen in `fit`. Of more than 64 the most frequent are
    encoded one-hot, and the mean of the target in each by ``TargetEncoder``, in which sample
    weights do not count. Dates, time differences and columns of mixed types are refused.

    The encoded table is kept in memory during `fit`, in float32: at most some 2,000 columns for
    the numbers, and up to 64 for each category.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import train_test_split
    >>> from sknn.tabular import TabularMLPClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> model = TabularMLPClassifier(n_members=2, random_state=0).fit(X, y)
    >>> bool(model.score(X_test, y_test) > 0.9)
    True
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
        """Return the likeliest class of each row.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Members of `classes_`.
        """
        codes = self.predict_proba(X).argmax(axis=1)
        y: Array = self.classes_[codes]
        return y

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, the mean over the networks.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.
        """
        mean = self._mean_prediction(X, lambda network, encoded: network.predict_proba(encoded))
        # The networks' rows sum to 1 in float32, and scikit-learn's log_loss tests it in float64.
        probabilities: Array = mean / mean.sum(axis=1, keepdims=True)
        return probabilities

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : frame of pandas or polars, or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            -inf where all networks' probabilities round to zero.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))
