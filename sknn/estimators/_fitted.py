"""What a fitted network is asked for: its state, weights, history and predictions."""

import copy
import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar, overload

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._network.network import Architecture, raw_predictions
from sknn._training.curve import Curve
from sknn._training.state import Training
from sknn.estimators import _data as data
from sknn.estimators._attributes import OF_CALLBACKS, history, training_to_keep, view

Self = TypeVar("Self", bound="FittedNetwork")

# Whether a network that `sknn.save` finds inside another estimator keeps its training state; None
# for pickles and copies, which keep all.
keeps_training: ContextVar[bool | None] = ContextVar("keeps_training", default=None)


class CurveAttribute:
    """A fitted attribute that is kept as a curve, which goes on growing, and read as a list."""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> "CurveAttribute": ...
    @overload
    def __get__(self, instance: object, owner: type[Any]) -> list[float] | None: ...
    def __get__(self, instance: Any, owner: type[Any]) -> "CurveAttribute | list[float] | None":
        if instance is None:
            return self
        try:
            curve = vars(instance)[self._name]
        except KeyError:
            message = f"{owner.__name__!r} object has no attribute {self._name!r}"
            raise AttributeError(message) from None
        return None if curve is None else list(curve)

    def __set__(self, instance: Any, curve: Any) -> None:
        vars(instance)[self._name] = curve


class FittedNetwork(BaseEstimator):  # type: ignore[misc]  # no types there
    """The part of `MLPClassifier` and `MLPRegressor` that reads a fitted network."""

    _architecture: Architecture
    _parameters: Parameters
    _training: Training

    loss_curve_ = CurveAttribute()
    validation_loss_curve_ = CurveAttribute()
    validation_scores_ = CurveAttribute()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_training")

    def __getstate__(self) -> dict[str, Any]:
        held = super().__getstate__()
        state = {name: list(v) if isinstance(v, Curve) else v for name, v in held.items()}
        keeps = keeps_training.get()
        if keeps is None:
            return state
        state = {name: each for name, each in state.items() if name not in OF_CALLBACKS}
        if self.__sklearn_is_fitted__():
            state["_training"] = training_to_keep(self) if keeps else None
        return state

    def __copy__(self: Self) -> Self:
        """Return a shallow copy that trains on by itself: training goes on in place."""
        twin = view(self)
        copied: dict[int, Any] = {}
        copy.deepcopy(twin.__dict__.get("_training"), copied)
        for name, value in twin.__dict__.items():  # weights of the state among them
            if name != "random_state":  # a parameter, which copies share
                twin.__dict__[name] = copied.get(id(value), value)
        return twin

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def history_(self) -> dict[str, Array]:
        """What training recorded: arrays of one length, an entry an epoch (iteration).

        Steps are measured in the first ten epochs and once in 1,500 rows; between these, the
        gradient's norm and the update ratios stay as they were.
        """
        if vars(self).get("_training") is None:
            raise NotFittedError(
                f"This {type(self).__name__} has no history: it is not fitted, or was saved "
                "without its training state."
            )
        return history(self._training, len(self._architecture.layer_names))

    @property
    def best_loss_(self) -> float:
        """The smallest of `loss_curve_`; NaN if that is empty."""
        return min(self.loss_curve_ or (), default=math.nan)

    @property
    def coefs_(self) -> list[Array]:
        """Weights of each layer, of shape (fan_in, fan_out); views of the network's own."""
        return [block[:-1] for block in self._blocks()]

    @property
    def intercepts_(self) -> list[Array]:
        """Biases of each layer, of shape (fan_out,); views of the network's own."""
        return [block[-1] for block in self._blocks()]

    def _blocks(self) -> list[Array]:
        if "_parameters" not in vars(self):
            raise NotFittedError(f"This {type(self).__name__} has no weights yet: call fit first.")
        return [self._parameters[name] for name in self._architecture.layer_names]

    def _predict(
        self,
        X: Any,
        convert: Callable[[Array], Array],
        n_columns: int | None = None,
        dtype: Any = None,
    ) -> Array:
        """Return predictions for X, in bounded memory beside X and the result.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        convert : callable
            Turns raw predictions of shape (n_outputs, n_rows), which it may overwrite, into
            predictions of shape (n_rows,) or (n_rows, n_columns).
        n_columns : int or None
            Columns of the result; None for a vector.
        dtype : dtype, optional
            Of the result; by default the network's.

        Raises
        ------
        ValueError
            If X is wrong, or so large that a prediction is not finite.
        """
        own = self._parameters.vector.dtype
        X = data.check_inputs(self, X, own)
        shape = (X.shape[0],) if n_columns is None else (X.shape[0], n_columns)
        out = np.empty(shape, own if dtype is None else dtype)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows, raw_prediction in raw_predictions(self._architecture, self._parameters, X):
                data.check_predicted(raw_prediction, X, rows)
                out[rows] = convert(raw_prediction)
                if out.dtype.kind == "f":
                    data.check_predicted(out[rows], X, rows)
        return out
