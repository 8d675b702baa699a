"""The course of training: losses, scores and rates by epoch, for one or several models."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from sknn._core.strategy import unknown
from sknn._core.typing import Array
from sknn.inspection._display import Display
from sknn.inspection._networks import network_of
from sknn.inspection._plotting import axes_or_new, check_drawing, finish

_DASHED = "validation_"
# The ratio of the largest to the smallest value above which the scale is logarithmic.
_DECADES = 30.0


class LossCurveDisplay(Display):
    """The quantities recorded in each epoch: losses, score, learning rate, and so on.

    Create one with `from_estimator`, which draws, or with `compute_from_estimator`, which does
    not. Both take one model, or a mapping of names to models.

    Parameters
    ----------
    curves : dict of str to dict of str to ndarray of shape (n_epochs,)
        The recorded quantities of each model by its name: ``loss`` and, with a validation set,
        ``validation_loss`` and ``validation_score``.

    Attributes
    ----------
    ax_ : Axes
        The axes of the last plot.
    figure_ : Figure
        The figure of these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(
    ...     optimizer="lbfgs", early_stopping=True, random_state=0
    ... ).fit(X, y)
    >>> LossCurveDisplay.from_estimator({"L-BFGS": model})  # doctest: +ELLIPSIS
    LossCurveDisplay(n_epochs={'L-BFGS': ...})
    >>> curves = LossCurveDisplay.compute_from_estimator({"L-BFGS": model}).curves
    >>> list(curves["L-BFGS"])[:3]
    ['loss', 'validation_loss', 'penalty']
    """

    def __init__(self, curves: dict[str, dict[str, Array]]) -> None:
        self.curves = curves

    def _facts(self) -> dict[str, Any]:
        lengths = {
            name: max(map(len, curves.values()), default=0) for name, curves in self.curves.items()
        }
        return {"n_epochs": lengths}

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, quantity: str = "loss") -> Self:
        """Draw a quantity that fitted models recorded.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or mapping to them
            The fitted models; the keys of a mapping are their names.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        quantity : str, default="loss"
            The quantity to draw, as for `plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, with ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If an estimator is of another type, no model recorded the quantity, or `ax` is not an
            Axes.
        """
        check_drawing(cls, "from_estimator", ax)
        return cls.compute_from_estimator(estimator).plot(ax, quantity=quantity)

    @classmethod
    def compute_from_estimator(cls, estimator: Any) -> Self:
        """Read the quantities that fitted models recorded; draw nothing.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or mapping to them
            The fitted models; the keys of a mapping are their names.

        Returns
        -------
        display : LossCurveDisplay
            The display with the numbers, which `plot` draws.

        Raises
        ------
        ValueError
            If an estimator is of another type.
        """
        models = (
            estimator
            if isinstance(estimator, Mapping)
            else {type(network_of(estimator)).__name__: estimator}
        )
        if not models:
            raise ValueError(f"estimator must hold at least one model, got {estimator!r}.")
        return cls({str(name): _history(model) for name, model in models.items()})

    def plot(self, ax: Any = None, *, quantity: str = "loss") -> Self:
        """Draw a quantity of each model and, dashed, the same quantity on the validation set.

        Parameters
        ----------
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        quantity : str, default="loss"
            A key of `curves`. ``"loss"`` and ``"score"`` include ``"validation_loss"`` and
            ``"validation_score"``, if recorded.

        Returns
        -------
        self : LossCurveDisplay
            The display itself.

        Raises
        ------
        ValueError
            If no model recorded the quantity.
        """
        known = {name.removeprefix(_DASHED) for curves in self.curves.values() for name in curves}
        quantity = quantity.removeprefix(_DASHED)
        if quantity not in known:
            raise unknown("quantity", quantity, sorted(known))
        ax, values = axes_or_new(self, ax), []
        for i, (name, curves) in enumerate(self.curves.items()):
            for prefix, style in (("", "-"), (_DASHED, "--")):
                if prefix + quantity in curves:
                    curve = curves[prefix + quantity]
                    label = f"{name}, validation" if prefix else name
                    ax.plot(np.arange(1, len(curve) + 1), curve, style, color=f"C{i}", label=label)
                    values.append(curve)
        ax.set(xlabel="epoch", ylabel=quantity.replace("_", " "))
        ax.xaxis.get_major_locator().set_params(integer=True)
        low, high = (end(np.concatenate(values)) for end in (np.nanmin, np.nanmax))
        if quantity != "score" and high > _DECADES * low > 0:
            ax.set_yscale("log")
        ax.legend()
        return finish(self, ax)


def _history(model: Any) -> dict[str, Array]:
    """Return all recorded quantities with an entry per epoch."""
    model = network_of(model)
    model.summary()  # raises if it is not fitted
    curves = {
        "loss": model.loss_curve_,
        "validation_loss": model.validation_loss_curve_,
        "validation_score": model.validation_scores_,
        **getattr(model, "history_", {}),
    }
    return {name: np.asarray(curve, float) for name, curve in curves.items() if curve is not None}
