"""How training went: losses, scores and rates by epoch, of one or several models."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn._strategy import unknown
from sknn._typing import Array
from sknn.inspection._networks import network_of
from sknn.inspection._plotting import axes_or_new, finish

_DASHED = "validation_"
# A range of values for which a logarithmic scale is worth its labels.
_DECADES = 30.0


class LossCurveDisplay:
    """What each epoch recorded: training and validation loss, score, learning rate, and so on.

    Make it with `from_estimator`, which takes one model or several by name.

    Parameters
    ----------
    curves : dict of str to dict of str to ndarray of shape (n_epochs,)
        Of each model, by its name, each quantity that it recorded: ``loss``, and, with a
        validation set, ``validation_loss`` and ``validation_score``.

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(optimizer="lbfgs", early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator({"L-BFGS": model})
    >>> {"loss", "validation_loss"} <= set(display.curves["L-BFGS"])
    True
    """

    def __init__(self, curves: dict[str, dict[str, Array]]) -> None:
        self.curves = curves

    @classmethod
    def from_estimator(cls, estimator: Any) -> "LossCurveDisplay":
        """Read what fitted models recorded.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or mapping to them
            Fitted.

        Returns
        -------
        display : LossCurveDisplay
            Nothing is drawn yet: call `plot`.
        """
        models = (
            estimator
            if isinstance(estimator, Mapping)
            else {type(network_of(estimator)).__name__: estimator}
        )
        return cls({str(name): _history(model) for name, model in models.items()})

    def plot(self, ax: Any = None, *, quantity: str = "loss") -> "LossCurveDisplay":
        """Draw a quantity of each model, and beside it, dashed, the same on the validation set.

        Parameters
        ----------
        ax : Axes, default=None
            None for a new figure.
        quantity : str, default="loss"
            A key of `curves`; with ``"loss"`` or ``"score"`` comes ``"validation_loss"`` or
            ``"validation_score"``, where there is one.

        Returns
        -------
        self : LossCurveDisplay
            The display itself.

        Raises
        ------
        ValueError
            If no model recorded such a quantity.
        """
        known = {name.removeprefix(_DASHED) for curves in self.curves.values() for name in curves}
        quantity = quantity.removeprefix(_DASHED)
        if quantity not in known:
            raise unknown("quantity", quantity, sorted(known))
        ax, values = axes_or_new(ax), []
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
    """Return every recorded quantity that has an entry an epoch."""
    model = network_of(model)
    model.summary()  # says so if it is not fitted
    curves = {
        "loss": model.loss_curve_,
        "validation_loss": model.validation_loss_curve_,
        "validation_score": model.validation_scores_,
        **getattr(model, "history_", {}),
    }
    return {name: np.asarray(curve, float) for name, curve in curves.items() if curve is not None}
