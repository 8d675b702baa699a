"""The two estimators for Dask collections."""

import inspect
from typing import Any

from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if

from sknn.dask._base import Core, DaskMLP
from sknn.estimators import MLPClassifier, MLPRegressor


def _with_client(core: Core) -> inspect.Signature:
    """Return the signature of a local estimator with the additional parameter ``client``."""
    signature = inspect.signature(core.__init__)
    client = inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, default=None)
    return signature.replace(parameters=[*signature.parameters.values(), client])


def _has(method: str) -> Any:
    """Return a check of whether the local estimator has a method."""
    return lambda estimator: getattr(estimator._as_core(), method) is not None


class DaskMLPClassifier(DaskMLP, MLPClassifier):
    """Multi-layer perceptron classifier for Dask collections in the memory of the workers.

    In each step, every worker computes the gradient of the batch's rows in its memory. The client
    adds these gradients and updates the weights.

    Parameters
    ----------
    hidden_layer_sizes, activation, ..., verbose
        The parameters of `sknn.MLPClassifier`. `batch_size` is the total number of rows in a step,
        over all workers.
    client : distributed.Client or None, default=None
        The client of the cluster; None for the current client. Deep copies and pickles do not
        include it.

    Attributes
    ----------
    client_ : distributed.Client
        The client of the last fit.
    classes_ : ndarray of shape (n_classes,)
        The classes in all partitions. The estimator also has all other attributes of
        `sknn.MLPClassifier`.

    See Also
    --------
    sknn.MLPClassifier : The estimator for data in memory.

    Notes
    -----
    The result depends on the partitions, and not on the workers. The same data, partitions and seed
    give bit-for-bit identical results on any number of workers, if all workers have the same kind
    of processor and one BLAS thread. With a single partition, the result is identical to that of
    `sknn.MLPClassifier`.

    Examples
    --------
    >>> from dask import array
    >>> from distributed import Client
    >>> from sklearn.datasets import load_iris
    >>> from sknn.dask import DaskMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = array.from_array(X, chunks=(50, 4)), array.from_array(y, chunks=50)
    >>> with Client(processes=False, dashboard_address=None) as client:
    ...     model = DaskMLPClassifier(
    ...         learning_rate_init=0.01, tol=1e-3, random_state=0
    ...     ).fit(X, y)
    ...     accuracy = model.score(X, y)
    >>> round(accuracy, 2), model.predict(X).chunks
    (0.98, ((50, 50, 50),))
    """

    core = MLPClassifier

    def __init__(self, *arguments: Any, client: Any = None, **parameters: Any) -> None:
        super().__init__(*arguments, **parameters)
        self.client = client

    __init__.__signature__ = _with_client(MLPClassifier)  # type: ignore[attr-defined]

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, **options: Any) -> Any:
        """Predict class probabilities, lazily for a Dask collection.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            The inputs.
        **options : dict
            The options of `sknn.MLPClassifier.predict_proba`, for arrays only.

        Returns
        -------
        probabilities : Dask array or ndarray of shape (n_samples, n_classes)
            The probabilities. A Dask array has the partitions of X.
        """
        return self._predict_with("predict_proba", X, options)

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_votes(self, X: Any, n_passes: int = 100, **options: Any) -> Any:
        """Return predictions with random dropout masks (Monte-Carlo dropout).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The inputs, in memory.
        n_passes : int, default=100
            The number of votes.
        **options : dict
            The other options of `sknn.MLPClassifier.predict_votes`.

        Returns
        -------
        votes : ndarray of shape (n_passes, n_samples, n_classes)
            The votes, as `sknn.MLPClassifier` returns them.

        Raises
        ------
        ValueError
            If X is a Dask collection, or if the network was trained without dropout.
        """
        return self._in_memory("predict_votes", X, {"n_passes": n_passes, **options})

    @available_if(_has("predict_log_proba"))  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithm of class probabilities, lazily for a Dask collection.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        log_probabilities : Dask array or ndarray of shape (n_samples, n_classes)
            The logarithms of the probabilities.
        """
        return self._predict_with("predict_log_proba", X, {})

    def decision_function(self, X: Any) -> Any:
        """Return raw predictions, lazily for a Dask collection.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        raw_prediction : Dask array or ndarray of shape (n_samples,) or (n_samples, n_classes)
            The outputs before the sigmoid or softmax.
        """
        return self._predict_with("decision_function", X, {})

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            The inputs.
        y : Dask array or series, or array-like, of shape (n_samples,)
            The true classes.
        sample_weight : Dask array or series, or array-like, of shape (n_samples,), default=None
            The weights of the rows.

        Returns
        -------
        accuracy : float
            The share of rows whose class is predicted correctly.
        """
        y, predicted, weight = self._computed(y, self.predict(X), sample_weight)
        return float(accuracy_score(y, predicted, sample_weight=weight))


class DaskMLPRegressor(DaskMLP, MLPRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """Multi-layer perceptron regressor for Dask collections in the memory of the workers.

    Parameters
    ----------
    hidden_layer_sizes, activation, ..., verbose
        The parameters of `sknn.MLPRegressor`. `batch_size` is the total number of rows in a step,
        over all workers.
    client : distributed.Client or None, default=None
        The client of the cluster; None for the current client. Deep copies and pickles do not
        include it.

    Attributes
    ----------
    client_ : distributed.Client
        The client of the last fit. The estimator also has all other attributes of
        `sknn.MLPRegressor`.

    See Also
    --------
    sknn.MLPRegressor : The estimator for data in memory.
    DaskMLPClassifier : The classifier.

    Examples
    --------
    >>> from dask import array
    >>> from distributed import Client
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn.dask import DaskMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, scaled=True)
    >>> X = array.from_array(20 * X, chunks=(150, 10))
    >>> y = array.from_array(y / 100, chunks=150)
    >>> with Client(processes=False, dashboard_address=None) as client:
    ...     model = DaskMLPRegressor(tol=1e-3, random_state=0).fit(X, y)
    ...     r2 = model.score(X, y)
    >>> round(r2, 1)
    0.8
    """

    core = MLPRegressor

    def __init__(self, *arguments: Any, client: Any = None, **parameters: Any) -> None:
        super().__init__(*arguments, **parameters)
        self.client = client

    __init__.__signature__ = _with_client(MLPRegressor)  # type: ignore[attr-defined]

    def predict_votes(self, X: Any, n_passes: int = 100, **options: Any) -> Any:
        """Return predictions with random dropout masks (Monte-Carlo dropout).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The inputs, in memory.
        n_passes : int, default=100
            The number of votes.
        **options : dict
            The other options of `sknn.MLPRegressor.predict_votes`.

        Returns
        -------
        votes : ndarray of shape (n_passes, n_samples) or (n_passes, n_samples, n_outputs)
            The votes, as `sknn.MLPRegressor` returns them.

        Raises
        ------
        ValueError
            If X is a Dask collection, or if the network was trained without dropout.
        """
        return self._in_memory("predict_votes", X, {"n_passes": n_passes, **options})

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination, R2, of the predictions.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            The inputs.
        y : Dask array, series or data frame, or array-like
            The targets.
        sample_weight : Dask array or series, or array-like, of shape (n_samples,), default=None
            The weights of the rows.

        Returns
        -------
        r2 : float
            The coefficient of determination, at most 1.
        """
        y, predicted, weight = self._computed(y, self.predict(X), sample_weight)
        return float(r2_score(y, predicted, sample_weight=weight))
