"""The part of the estimators that reads a fitted network: weights, history, predictions."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from sknn._core.table import Table
from sknn._core.typing import Array
from sknn._training.curve import Curve
from sknn.dropout import Dropout
from sknn.estimators import _checks as checks
from sknn.estimators._hidden_layer import HiddenLayer
from sknn.estimators._model import (
    OF_CALLBACKS,
    CurveAttribute,
    FittedModel,
    fitted_model,
    history,
    keeps_training,
    view,
)

Self = TypeVar("Self", bound="FittedNetwork")


class _Repr:
    """A descriptor for scikit-learn's repr with a comment about the layers of a fitted network.

    The class has scikit-learn's own repr. By that, scikit-learn's printer recognizes an estimator,
    and breaks its lines between parameters, also within a Pipeline.
    """

    def __get__(self, instance: Any, owner: type) -> Any:
        return BaseEstimator.__repr__ if instance is None else partial(_represent, instance)


def _represent(estimator: Any, **options: Any) -> str:
    text = str(BaseEstimator.__repr__(estimator, **options))
    if not estimator.__sklearn_is_fitted__():
        return text
    network = estimator._model.network
    sizes = "-".join(map(str, network.architecture.layer_sizes))
    return f"{text}  # layers {sizes}, {network.parameters.vector.size:,} parameters"


class FittedNetwork(BaseEstimator):  # type: ignore[misc]  # it has no types
    """The part of `MLPClassifier` and `MLPRegressor` that reads a fitted network."""

    _model: FittedModel

    loss_curve_ = CurveAttribute()
    validation_loss_curve_ = CurveAttribute()
    validation_scores_ = CurveAttribute()

    __repr__ = _Repr()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __getstate__(self) -> dict[str, Any]:
        attributes = super().__getstate__()
        state = {
            name: list(value) if isinstance(value, Curve) else value
            for name, value in attributes.items()
        }
        keeps = keeps_training.get()
        if keeps is None:
            return state
        state = {name: value for name, value in state.items() if name not in OF_CALLBACKS}
        if self.__sklearn_is_fitted__():
            training = self._model.training_to_keep() if keeps else None
            state["_model"] = replace(self._model, training=training)
        return state

    def __copy__(self: Self) -> Self:
        """Return a shallow copy with its own training state, because training works in place."""
        twin = view(self)
        if not twin.__sklearn_is_fitted__():
            return twin
        copied: dict[int, Any] = {}
        twin._model = twin._model.own_training(copied)
        for name, value in twin.__dict__.items():  # with objects of the training state
            if name != "random_state":  # a parameter, which copies share
                twin.__dict__[name] = copied.get(id(value), value)
        return twin

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def history_(self) -> dict[str, Array]:
        """The recorded training, as arrays with one entry per epoch (iteration).

        Steps are measured in the first ten epochs, and then once in 1,500 rows. Between these, the
        entries repeat the last measured gradient norm and update ratios.
        """
        model: FittedModel | None = vars(self).get("_model")
        if model is None or model.training is None:
            raise NotFittedError(
                f"This {type(self).__name__} has no history: it is not fitted, or was saved "
                "without its training state."
            )
        return history(model.training, len(model.network.blocks))

    @property
    def best_loss_(self) -> float:
        """The smallest value in `loss_curve_`; NaN if it is empty."""
        return min(self.loss_curve_ or (), default=math.nan)

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer: views of the parameters of shape (fan_in, fan_out)."""
        return [block[:-1] for block in self._blocks()]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer: views of the parameters of shape (fan_out,)."""
        return [block[-1] for block in self._blocks()]

    def _blocks(self) -> list[Array]:
        if "_model" not in vars(self):
            raise NotFittedError(f"This {type(self).__name__} has no weights yet: call fit first.")
        return self._model.network.blocks

    def _predict_targets(self, X: Any) -> Array:
        """Return predictions in the form of the targets."""
        model = fitted_model(self)
        targets, link = model.targets, model.network.architecture.link
        return self._predict(
            X, lambda raw: targets.decode(raw, link), targets.n_columns, targets.dtype
        )

    def _predict(
        self,
        X: Any,
        convert: Callable[[Array], Array],
        n_columns: int | None = None,
        dtype: Any = None,
    ) -> Array:
        """Return predictions for X; the memory in addition to X and the result is bounded.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        convert : callable
            Turns raw predictions of shape (n_outputs, n_rows), which it may overwrite, into
            predictions of shape (n_rows,) or (n_rows, n_columns).
        n_columns : int or None
            The number of columns of the result; None for a vector.
        dtype : dtype, optional
            The dtype of the result; by default that of the network.

        Raises
        ------
        ValueError
            If X is wrong, or so large that a prediction is not finite.
        """
        network = self._model.network  # callers have checked that there is a model
        X = checks.check_inputs(self, X, network.dtype)
        shape = (X.shape[0],) if n_columns is None else (X.shape[0], n_columns)
        out = np.empty(shape, network.dtype if dtype is None else dtype)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows, raw_prediction in network.raw_predictions(X):
                checks.check_predicted(raw_prediction, X, rows)
                out[rows] = convert(raw_prediction)
                if out.dtype.kind == "f":
                    checks.check_predicted(out[rows], X, rows)
        return out

    def activations(self, X: Any) -> list[Array]:
        """Return the activations of each layer for X, without dropout.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        activations : list of ndarray of shape (n_samples, n_units)
            The activations of each hidden layer, then of the output layer: probabilities, or
            predicted numbers.

        Raises
        ------
        ValueError
            If X is wrong, or so large that an activation is not finite.
        """
        network = fitted_model(self).network
        X = checks.check_inputs(self, X, network.dtype)
        out = [np.empty((X.shape[0], block.shape[1]), network.dtype) for block in network.blocks]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows, hidden, raw_prediction in network.hidden_outputs(X):
                checks.check_predicted(raw_prediction, X, rows)
                outputs = [*(a.T for a in hidden), network.apply_link(raw_prediction)]
                for layer, values in zip(out, outputs, strict=True):
                    layer[rows] = values
                    checks.check_predicted(layer[rows], X, rows, "activations")
        return out

    def to_transformer(self, layer: int = -1) -> HiddenLayer:
        """Return a hidden layer of the current network as a transformer, for use in a Pipeline.

        If the estimator is not fitted, the step trains a network with the same parameters.

        Parameters
        ----------
        layer : int, default=-1
            The index of the hidden layer; -1 is the last one.

        Returns
        -------
        transformer : HiddenLayer
            A transformer whose `transform` returns the activations of the layer. It does not change
            if this estimator is fitted again.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        # Training continues with a copy of the weights, so a view keeps the current weights.
        network = view(self) if self.__sklearn_is_fitted__() else clone(self)
        transformer = HiddenLayer(network, layer)
        transformer._index(network)  # raises if there is no such layer
        return transformer

    def summary(self) -> Table:
        """Return a printable table of the layers.

        Returns
        -------
        table : Table
            Columns ``layer``, ``units``, ``activation``, ``parameters`` and ``dropout`` (the
            rate). ``pandas.DataFrame(dict(table))`` makes a frame of it.
        """
        network = fitted_model(self).network
        architecture, parameters = network.architecture, network.parameters
        learned = [network.activation_parameters(i) for i in range(architecture.n_hidden)]
        sizes = [0 if values is None else values.size for values in (*learned, None)]
        counts = [block.size + size for block, size in zip(network.blocks, sizes, strict=True)]
        return Table(
            {
                "layer": ["inputs", *architecture.layer_names],
                "units": architecture.layer_sizes,
                "activation": [None, *map(repr, architecture.activations), repr(architecture.link)],
                "parameters": [None, *counts],
                "dropout": [*map(_rate, architecture.dropouts), None],
            },
            f"{parameters.vector.size:,} parameters, {network.dtype}",
        )


def _rate(dropout: Dropout) -> float | str | None:
    if not dropout.rate:
        return None
    return dropout.rate if type(dropout) is Dropout else repr(dropout)
