"""A hidden layer of a fitted network as a transformer."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn._network.network import hidden_outputs
from sknn.estimators import _data as data


class HiddenLayer(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # no types there
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """The activations of a hidden layer of a fitted network, as a step of a Pipeline.

    The network is frozen: `fit` checks X and trains nothing, and ``clone`` keeps the network.
    So a grid search over a Pipeline searches `layer` and the steps that follow.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted.
    layer : int, default=-1
        Which hidden layer, counted from 0; -1 is the last.

    Attributes
    ----------
    n_features_in_ : int
        Features of the data that the network was fitted to.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if the network knows them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sknn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((20, 5), optimizer="lbfgs", random_state=0).fit(X, y)
    >>> probe = make_pipeline(model.to_transformer(), LogisticRegression()).fit(X, y)
    >>> probe[0].transform(X).shape, bool(probe.score(X, y) > 0.9)
    ((150, 5), True)
    """

    def __init__(self, estimator: Any, layer: int = -1) -> None:
        self.estimator = estimator
        self.layer = layer

    def fit(self, X: Any, y: Any = None) -> "HiddenLayer":
        """Check X, and train nothing.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If the network has no such layer, or X is not like the data it was fitted to.
        """
        self._index()
        data.check_inputs(self.estimator, X, self._dtype)
        return self

    def transform(self, X: Any) -> Array:
        """Return the activations of the layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)
            Of the network's dtype.

        Raises
        ------
        ValueError
            If X is wrong, or so large that an activation is not finite.
        """
        index = self._index()
        X = data.check_inputs(self.estimator, X, self._dtype)
        out = np.empty((X.shape[0], self._n_features_out), self._dtype)
        network = self.estimator._architecture, self.estimator._parameters
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows, hidden, _ in hidden_outputs(*network, X):
                out[rows] = hidden[index].T
                data.check_predicted(out[rows], X, rows, "activations")
        return out

    def _index(self) -> int:
        """Return the number of the layer, counted from 0."""
        check_is_fitted(self.estimator)
        n_hidden = self.estimator._architecture.n_hidden
        if not n_hidden:
            raise ValueError("This network has no hidden layer whose activations to return.")
        Range(-n_hidden, n_hidden - 1, integer=True).check("layer", self.layer)
        index: int = int(self.layer) % n_hidden
        return index

    @property
    def _dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.estimator._parameters.vector.dtype
        return dtype

    @property
    def _n_features_out(self) -> int:
        return int(self.estimator._architecture.layer_sizes[1 + self._index()])

    @property
    def n_features_in_(self) -> int:
        return int(self.estimator.n_features_in_)

    @property
    def feature_names_in_(self) -> Array:
        names: Array = self.estimator.feature_names_in_
        return names

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self.estimator.__sklearn_is_fitted__())

    def __sklearn_clone__(self) -> "HiddenLayer":
        clone: HiddenLayer = super().__sklearn_clone__()
        clone.estimator = self.estimator
        return clone

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, without those of the frozen network.

        Parameters
        ----------
        deep : bool, default=True
            Ignored.

        Returns
        -------
        params : dict of str to object
            The parameters by name.
        """
        params: dict[str, Any] = super().get_params(deep=False)
        return params

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []  # it is the network's
        tags.requires_fit = False
        return tags
