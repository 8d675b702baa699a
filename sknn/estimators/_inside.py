"""What a fitted network shows of its inside: activations, the table of its layers, its repr."""

from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from sknn._core.parameters import Parameters
from sknn._core.table import Table
from sknn._core.typing import Array
from sknn._network.network import Architecture, hidden_outputs
from sknn.dropout import Dropout
from sknn.estimators import _data as data
from sknn.estimators._attributes import view
from sknn.estimators._hidden_layer import HiddenLayer


class _Repr:
    """scikit-learn's repr, to which a fitted network adds its layers, as a comment.

    Asked for by the class it is scikit-learn's own: by that one its printer knows an estimator,
    and wraps it at the parameters, also within a Pipeline.
    """

    def __get__(self, instance: Any, owner: type) -> Any:
        return BaseEstimator.__repr__ if instance is None else partial(_represent, instance)


def _represent(estimator: Any, **options: Any) -> str:
    text = str(BaseEstimator.__repr__(estimator, **options))
    if not estimator.__sklearn_is_fitted__():
        return text
    sizes = "-".join(map(str, estimator._architecture.layer_sizes))
    return f"{text}  # layers {sizes}, {estimator._parameters.vector.size:,} parameters"


class Inside:
    """The part of `MLPClassifier` and `MLPRegressor` that looks inside a fitted network."""

    _architecture: Architecture
    _parameters: Parameters

    __repr__ = _Repr()

    def activations(self, X: Any) -> list[Array]:
        """Return what each layer makes of X; dropout is for training alone.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        activations : list of ndarray of shape (n_samples, n_units)
            Of each hidden layer, then of the output: probabilities, or predicted numbers.

        Raises
        ------
        ValueError
            If X is wrong, or so large that an activation is not finite.
        """
        check_is_fitted(self)
        X = data.check_inputs(self, X, self._parameters.vector.dtype)
        sizes = self._architecture.layer_sizes[1:]
        out = [np.empty((X.shape[0], size), self._parameters.vector.dtype) for size in sizes]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows, hidden, raw in hidden_outputs(self._architecture, self._parameters, X):
                data.check_predicted(raw, X, rows)
                for layer, values in zip(out, [*hidden, self._apply_link(raw).T], strict=True):
                    layer[rows] = values.T
                    data.check_predicted(layer[rows], X, rows, "activations")
        return out

    def _apply_link(self, raw_prediction: Array) -> Array:
        """Return predictions of shape (n_rows, n_outputs)."""
        prediction: Array = self._architecture.link(raw_prediction)
        return prediction.T

    def to_transformer(self, layer: int = -1) -> HiddenLayer:
        """Return a hidden layer of this network, as it is now, as a step of a Pipeline.

        Before `fit` it is a step that trains a network of these parameters.

        Parameters
        ----------
        layer : int, default=-1
            Which hidden layer, counted from 0; -1 is the last.

        Returns
        -------
        transformer : HiddenLayer
            Its `transform` returns the layer's activations. Fitting this estimator again does
            not change it.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        # Training goes on with a copy of the weights, so a view keeps the present ones.
        network = view(self) if self.__sklearn_is_fitted__() else clone(self)  # type: ignore[attr-defined]
        transformer = HiddenLayer(network, layer)
        transformer._index()
        return transformer

    def summary(self) -> Table:
        """Return a table of the layers, which prints itself.

        Returns
        -------
        table : Table
            Columns ``layer``, ``units``, ``activation``, ``parameters`` and ``dropout`` (the
            rate). ``pandas.DataFrame(dict(table))`` makes a frame of it.
        """
        check_is_fitted(self)
        net, blocks = self._architecture, self._parameters.layout.slices
        counts = [
            sum(part.stop - part.start for name, part in blocks.items() if name in names)
            for names in zip(
                net.layer_names, map(net.activation_name, range(len(net.layer_names))), strict=True
            )
        ]
        total = self._parameters.vector
        return Table(
            {
                "layer": ["inputs", *net.layer_names],
                "units": net.layer_sizes,
                "activation": [None, *map(repr, net.activations), repr(net.link)],
                "parameters": [None, *counts],
                "dropout": [*map(_rate, net.dropouts), None],
            },
            f"{total.size:,} parameters, {total.dtype}",
        )


def _rate(dropout: Dropout) -> float | str | None:
    if not dropout.rate:
        return None
    return dropout.rate if type(dropout) is Dropout else repr(dropout)
