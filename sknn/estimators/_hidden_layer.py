"""A hidden layer of a network as a transformer."""

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.exceptions import NotFittedError

from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn._network.network import Network
from sknn.estimators import _checks as checks
from sknn.estimators._model import fitted_model
from sknn.estimators._parameters import read_hidden_layer_sizes


class HiddenLayer(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # no types there
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """The activations of a hidden layer of a network, as a step of a Pipeline.

    A fitted network is frozen: `fit` only checks X, and ``clone`` keeps the network. So a grid
    search over a Pipeline can vary `layer` and the following steps. If the network is not fitted,
    `fit` trains a clone of it, and a grid search can also vary its parameters.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The network, fitted or not, which is not changed.
    layer : int, default=-1
        The index of the hidden layer; -1 is the last.

    Attributes
    ----------
    estimator_ : MLPClassifier or MLPRegressor
        The fitted network whose activations `transform` returns.
    n_features_in_ : int
        The number of features of the data on which the network was fitted.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features, if the network knows them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sknn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((20, 5), optimizer="lbfgs", random_state=0).fit(X, y)
    >>> probe = make_pipeline(model.to_transformer(), LogisticRegression()).fit(
    ...     X, y
    ... )
    >>> print(probe[0].transform(X).shape, f"{probe.score(X, y):.2f}")
    (150, 5) 0.99

    Trained as a step of the Pipeline:

    >>> network = MLPClassifier((20, 5), optimizer="lbfgs", random_state=0)
    >>> steps = make_pipeline(network.to_transformer(), LogisticRegression()).fit(
    ...     X, y
    ... )
    >>> print(type(steps[0].estimator_).__name__, f"{steps.score(X, y):.2f}")
    MLPClassifier 0.99
    """

    _trained: Any = None

    def __init__(self, estimator: Any, layer: int = -1) -> None:
        self.estimator = estimator
        self.layer = layer

    def fit(self, X: Any, y: Any = None) -> "HiddenLayer":
        """Train the network if it is not fitted; otherwise only check X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The targets of the network; ignored if the network is fitted.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If the network has no such layer, or if X does not match the data of its fit.
        """
        self._index(self.estimator)
        if self._is_frozen:
            checks.check_inputs(self.estimator, X, self._network.dtype)
        else:
            self._trained = clone(self.estimator).fit(X, y)
        return self

    def transform(self, X: Any) -> Array:
        """Return the activations of the layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)
            The activations, in the dtype of the network.

        Raises
        ------
        ValueError
            If X is invalid, or so large that an activation is not finite.
        """
        index, network = self._index(self.estimator_), self._network
        X = checks.check_inputs(self.estimator_, X, network.dtype)
        out = np.empty((X.shape[0], self._n_features_out), network.dtype)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows, hidden, _ in network.hidden_outputs(X):
                out[rows] = hidden[index].T
                checks.check_predicted(out[rows], X, rows, "activations")
        return out

    def _index(self, estimator: Any) -> int:
        """Return the index of the layer in an estimator's network, counted from 0."""
        if _is_fitted(estimator):  # its parameters may have changed since
            n_hidden = fitted_model(estimator).network.architecture.n_hidden
        else:
            n_hidden = len(read_hidden_layer_sizes(estimator.hidden_layer_sizes))
        if not n_hidden:
            raise ValueError("This network has no hidden layer whose activations to return.")
        Range(-n_hidden, n_hidden - 1, integer=True).check("layer", self.layer)
        index: int = int(self.layer) % n_hidden
        return index

    @property
    def _is_frozen(self) -> bool:
        return _is_fitted(self.estimator)

    @property
    def estimator_(self) -> Any:
        if self._is_frozen:
            return self.estimator
        if self._trained is None:
            raise NotFittedError("This HiddenLayer has no trained network yet: call fit first.")
        return self._trained

    @property
    def _network(self) -> Network:
        return fitted_model(self.estimator_).network

    @property
    def _n_features_out(self) -> int:
        return self._network.architecture.layer_sizes[1 + self._index(self.estimator_)]

    @property
    def n_features_in_(self) -> int:
        return int(self.estimator_.n_features_in_)

    @property
    def feature_names_in_(self) -> Array:
        names: Array = self.estimator_.feature_names_in_
        return names

    def __sklearn_is_fitted__(self) -> bool:
        return self._trained is not None or self._is_frozen

    def __sklearn_clone__(self) -> "HiddenLayer":
        twin: HiddenLayer = super().__sklearn_clone__()
        if self._is_frozen:
            twin.estimator = self.estimator
        return twin

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, without those of a frozen network.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of a network that is not fitted.

        Returns
        -------
        params : dict of str to object
            The parameters by name.
        """
        deep = deep and not self._is_frozen
        params: dict[str, Any] = super().get_params(deep=deep)
        return params

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []  # the dtype is that of the network
        tags.requires_fit = tags.target_tags.required = not self._is_frozen
        return tags


def _is_fitted(estimator: Any) -> bool:
    return bool(getattr(estimator, "__sklearn_is_fitted__", bool)())
