"""The two estimators for data on the workers of a Dask cluster."""

import inspect
from typing import Any

from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if

from sknn.dask._base import Core, DaskMLP
from sknn.estimators import MLPClassifier, MLPRegressor


def _with_client(core: Core) -> inspect.Signature:
    """Return the signature of an estimator of the core with the parameter ``client``."""
    signature = inspect.signature(core.__init__)
    client = inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, default=None)
    return signature.replace(parameters=[*signature.parameters.values(), client])


def _has(method: str) -> Any:
    """Return the condition under which the core's estimator has a method."""
    return lambda estimator: getattr(estimator._as_core(), method) is not None


class DaskMLPClassifier(DaskMLP, MLPClassifier):
    """Multi-layer perceptron classifier, trained on Dask collections that stay on their workers.

    In each step the workers compute the gradient of their rows of the batch. The client adds
    these gradients and updates the weights.

    Parameters
    ----------
    hidden_layer_sizes, activation, ..., verbose
        The parameters of `sknn.MLPClassifier`, which describes them. `batch_size` is the number
        of rows in a step over all workers.
    client : distributed.Client or None, default=None
        The client of the cluster; None for the current one. Deep copies and pickles lose it.

    Attributes
    ----------
    client_ : distributed.Client
        The client of the last fit.
    classes_ : ndarray of shape (n_classes,)
        The classes, from all partitions. All other attributes are those of `sknn.MLPClassifier`
        as well.

    See Also
    --------
    sknn.MLPClassifier : The estimator for data in memory.

    Notes
    -----
    The chunks define the computation, and the workers do not: the same data, chunks and seed give
    the same bits on any number of workers, if all have the same kind of processor and one BLAS
    thread. With a single chunk, the bits are those of `sknn.MLPClassifier`.

    Examples
    --------
    >>> from dask import array
    >>> from distributed import Client
    >>> from sklearn.datasets import load_iris
    >>> from sknn.dask import DaskMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = array.from_array(X, chunks=(50, 4)), array.from_array(y, chunks=50)
    >>> with Client(processes=False, dashboard_address=None) as client:
    ...     model = DaskMLPClassifier(learning_rate_init=0.01, tol=1e-3, random_state=0).fit(X, y)
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
        """Return the probability of each class: lazily for a Dask collection.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            Inputs.
        **options : dict
            The options of `sknn.MLPClassifier.predict_proba`, for arrays only.

        Returns
        -------
        probabilities : Dask array or ndarray of shape (n_samples, n_classes)
            Probabilities, as `sknn.MLPClassifier` returns them.
        """
        return self._predict_with("predict_proba", X, options)

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_votes(self, X: Any, n_passes: int = 100, **options: Any) -> Any:
        """Return the predictions of thinned networks: Monte-Carlo dropout.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs in memory.
        n_passes : int, default=100
            Votes.
        **options : dict
            The other options of `sknn.MLPClassifier.predict_votes`.

        Returns
        -------
        votes : ndarray of shape (n_passes, n_samples, n_classes)
            The votes, as `sknn.MLPClassifier` returns them.

        Raises
        ------
        ValueError
            If X is a Dask collection, or the network was trained without dropout.
        """
        return self._in_memory("predict_votes", X, {"n_passes": n_passes, **options})

    @available_if(_has("predict_log_proba"))  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of `predict_proba`: lazily for a Dask collection.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_probabilities : Dask array or ndarray of shape (n_samples, n_classes)
            The logarithms.
        """
        return self._predict_with("predict_log_proba", X, {})

    def decision_function(self, X: Any) -> Any:
        """Return raw predictions: lazily for a Dask collection.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        raw_prediction : Dask array or ndarray of shape (n_samples,) or (n_samples, n_classes)
            The output layer before the sigmoid or softmax.
        """
        return self._predict_with("decision_function", X, {})

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows whose class is predicted.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            Inputs.
        y : Dask array or series, or array-like, of shape (n_samples,)
            Classes.
        sample_weight : Dask array or series, or array-like, of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        accuracy : float
            The accuracy.
        """
        y, predicted, weight = self._computed(y, self.predict(X), sample_weight)
        return float(accuracy_score(y, predicted, sample_weight=weight))


class DaskMLPRegressor(DaskMLP, MLPRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """Multi-layer perceptron regressor, trained on Dask collections that stay on their workers.

    Parameters
    ----------
    hidden_layer_sizes, activation, ..., verbose
        The parameters of `sknn.MLPRegressor`, which describes them. `batch_size` is the number of
        rows in a step over all workers.
    client : distributed.Client or None, default=None
        The client of the cluster; None for the current one. Deep copies and pickles lose it.

    Attributes
    ----------
    client_ : distributed.Client
        The client of the last fit. All other attributes are those of `sknn.MLPRegressor`.

    See Also
    --------
    sknn.MLPRegressor : The estimator for data in memory.
    DaskMLPClassifier : The same network for classes.

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
        """Return the predictions of thinned networks: Monte-Carlo dropout.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs in memory.
        n_passes : int, default=100
            Votes.
        **options : dict
            The other options of `sknn.MLPRegressor.predict_votes`.

        Returns
        -------
        votes : ndarray of shape (n_passes, n_samples) or (n_passes, n_samples, n_outputs)
            The votes, as `sknn.MLPRegressor` returns them.

        Raises
        ------
        ValueError
            If X is a Dask collection, or the network was trained without dropout.
        """
        return self._in_memory("predict_votes", X, {"n_passes": n_passes, **options})

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R2 of the predictions.

        Parameters
        ----------
        X : Dask array or data frame, or array-like, of shape (n_samples, n_features)
            Inputs.
        y : Dask array, series or data frame, or array-like
            Targets.
        sample_weight : Dask array or series, or array-like, of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        r2 : float
            The coefficient of determination, at most 1.
        """
        y, predicted, weight = self._computed(y, self.predict(X), sample_weight)
        return float(r2_score(y, predicted, sample_weight=weight))
