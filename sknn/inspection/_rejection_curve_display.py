"""The error of the rows that remain when the most doubtful ones are set aside."""

from typing import Any, Final, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_consistent_length, column_or_1d

from sknn._core.strategy import Choice
from sknn._core.typing import Array
from sknn.estimators.internals import check_weights
from sknn.inspection._display import Display
from sknn.inspection._numbers import column_of_numbers
from sknn.inspection._plotting import axes_or_new, check_drawing, finish
from sknn.inspection._rejection_curve import area_under, rejection_curve
from sknn.uncertainty import ClassUncertainty, predict_uncertainty

_METRICS: Final = Choice("auto", "error_rate", "rmse")
_OF_CLASSES: Final = Choice("auto", "predictive_entropy", "expected_entropy", "mutual_information")
_OF_NUMBERS: Final = Choice("auto", "std", "noise_std", "votes_std")
_SCALED: Final = 0.98  # the share up to which the curve sets the scale
_LABELS: Final = {"error_rate": "error rate", "rmse": "root mean squared error"}


class RejectionCurveDisplay(Display):
    """The error of the rows that remain when the most doubtful ones are set aside.

    If the doubt of a model is large where its error is large, the curve falls. Otherwise it is
    flat. It is also called a sparsification curve. For classes, one minus the error is the accuracy
    at each coverage.

    Create one with `from_estimator` or `from_predictions`, which draw, or with
    `compute_from_estimator` or `compute_from_predictions`, which do not.

    Parameters
    ----------
    rejected : ndarray of shape (n_samples,)
        The share of the rows that is set aside, ascending from 0.
    error : ndarray of shape (n_samples,)
        The error of the other rows. For rows with the same doubt, it is the mean over all orders of
        these rows.
    ideal_error : ndarray of shape (n_samples,)
        The curve for a doubt that equals the actual error of each row. No curve is lower.
    metric : {"error_rate", "rmse"}
        The measure of the error.
    name : str or None, default=None
        The name of the model, for the legend.

    Attributes
    ----------
    line_ : Line2D
        The curve of the last plot.
    ideal_line_ : Line2D or None
        The ideal curve of the last plot, if it was drawn.
    ax_ : Axes
        The axes of the last plot.
    figure_ : Figure
        The figure of these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import RejectionCurveDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier(
    ...     100, dropout=0.5, max_iter=30, tol=0.1, random_state=0
    ... )
    >>> model = model.fit(X[:900] / 16, y[:900])
    >>> display = RejectionCurveDisplay.from_estimator(
    ...     model, X[900:] / 16, y[900:]
    ... )
    >>> display.error[display.rejected < 0.2][[0, -1]].round(
    ...     2
    ... )  # of all rows, and of 80 %
    array([0.11, 0.05])
    """

    def __init__(
        self,
        rejected: Array,
        error: Array,
        ideal_error: Array,
        *,
        metric: str,
        name: str | None = None,
    ) -> None:
        self.rejected, self.error, self.ideal_error = rejected, error, ideal_error
        self.metric, self.name = metric, name

    def _facts(self) -> dict[str, Any]:
        facts = {
            "n_points": len(self.error),
            "metric": self.metric,
            "area": float(f"{self.area:.3g}"),
        }
        return facts if self.name is None else {"name": self.name, **facts}

    @property
    def area(self) -> float:
        """The area under the curve: the mean error over all shares; lower is better."""
        return area_under(self.rejected, self.error)

    @property
    def ideal_area(self) -> float:
        """The area under the ideal curve."""
        return area_under(self.rejected, self.ideal_error)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        doubt: str = "auto",
        n_passes: int | None = None,
        random_state: Any = 0,
        name: str | None = None,
        ax: Any = None,
        plot_ideal: bool = False,
    ) -> Self:
        """Draw the curve of a model with votes, that is, of a network with dropout or an ensemble.

        Parameters
        ----------
        estimator : estimator
            The fitted model, as for `sknn.uncertainty.predict_uncertainty`.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs that were not used for training.
        y : array-like of shape (n_samples,)
            The true classes or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative.
        doubt : str, default="auto"
            The attribute of `sknn.uncertainty.ClassUncertainty` or
            `sknn.uncertainty.RegressionUncertainty` that orders the rows.
            ``"auto"`` is the total uncertainty: ``"predictive_entropy"`` or ``"std"``.
        n_passes : int or None, default=None
            The number of passes with dropout, as for `sknn.uncertainty.predict_votes`.
        random_state : int, RandomState or None, default=0
            The random state that draws the dropout masks.
        name : str or None, default=None
            The name of the model, for the legend; None for the name of its class.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        plot_ideal : bool, default=False
            Whether to draw the ideal curve too.

        Returns
        -------
        display : RejectionCurveDisplay
            The display, with ``line_``, ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If the estimator has no votes, there are several outputs, or a parameter is wrong.
        TypeError
            If the estimator is of a type that has no votes.
        """
        check_drawing(cls, "from_estimator", ax)
        options = {"sample_weight": sample_weight, "doubt": doubt, "n_passes": n_passes}
        display = cls.compute_from_estimator(
            estimator, X, y, **options, random_state=random_state, name=name
        )
        return display.plot(ax, plot_ideal=plot_ideal)

    @classmethod
    def compute_from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        doubt: str = "auto",
        n_passes: int | None = None,
        random_state: Any = 0,
        name: str | None = None,
    ) -> Self:
        """Compute the curve of a model with votes; draw nothing.

        Parameters
        ----------
        estimator : estimator
            The fitted model, as for `sknn.uncertainty.predict_uncertainty`.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs that were not used for training.
        y : array-like of shape (n_samples,)
            The true classes or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative.
        doubt : str, default="auto"
            The attribute of `sknn.uncertainty.ClassUncertainty` or
            `sknn.uncertainty.RegressionUncertainty` that orders the rows.
            ``"auto"`` is the total uncertainty: ``"predictive_entropy"`` or ``"std"``.
        n_passes : int or None, default=None
            The number of passes with dropout, as for `sknn.uncertainty.predict_votes`.
        random_state : int, RandomState or None, default=0
            The random state that draws the dropout masks.
        name : str or None, default=None
            The name of the model, for the legend; None for the name of its class.

        Returns
        -------
        display : RejectionCurveDisplay
            The display with the numbers, which `plot` draws.
        """
        kinds = _OF_CLASSES if is_classifier(estimator) else _OF_NUMBERS
        kinds.check("doubt", doubt)
        uncertainty = predict_uncertainty(estimator, X, n_passes, random_state=random_state)
        if isinstance(uncertainty, ClassUncertainty):
            predicted = estimator.classes_[uncertainty.probabilities.argmax(axis=1)]
            values = getattr(uncertainty, "predictive_entropy" if doubt == "auto" else doubt)
        else:
            predicted = uncertainty.mean
            values = getattr(uncertainty, "std" if doubt == "auto" else doubt)
        if values is None:
            raise ValueError(
                'doubt="noise_std" needs a model of the noise: fit with loss="gaussian", or pass '
                'doubt="votes_std".'
            )
        return cls.compute_from_predictions(
            y,
            predicted,
            values,
            sample_weight=sample_weight,
            metric="error_rate" if isinstance(uncertainty, ClassUncertainty) else "rmse",
            name=type(estimator).__name__ if name is None else name,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        doubt: Any,
        *,
        sample_weight: Any = None,
        metric: str = "auto",
        name: str | None = None,
        ax: Any = None,
        plot_ideal: bool = False,
    ) -> Self:
        """Draw the curve for given predictions and doubts.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            The true classes or targets.
        y_pred : array-like of shape (n_samples,)
            Predicted classes or numbers.
        doubt : array-like of shape (n_samples,)
            A number for each row that is larger where the prediction is less certain.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative.
        metric : {"auto", "error_rate", "rmse"}, default="auto"
            The error of the rows that remain: the share of wrong classes, or the root of the mean
            squared difference. ``"auto"`` is ``"rmse"`` if y_pred are floats.
        name : str or None, default=None
            The name of the model, for the legend.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        plot_ideal : bool, default=False
            Whether to draw the ideal curve too.

        Returns
        -------
        display : RejectionCurveDisplay
            The display, with ``line_``, ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If the lengths differ, a doubt is not finite, the metric is ``"rmse"`` and a target or
            a prediction is not a finite number, or a parameter is wrong.

        Examples
        --------
        >>> from sknn.inspection import RejectionCurveDisplay
        >>> RejectionCurveDisplay.from_predictions(
        ...     [0, 1, 1, 0], [0, 1, 0, 0], [0.1, 0.2, 0.9, 0.3]
        ... )
        RejectionCurveDisplay(n_points=4, metric='error_rate', area=0.0625)
        """
        check_drawing(cls, "from_predictions", ax)
        display = cls.compute_from_predictions(
            y_true, y_pred, doubt, sample_weight=sample_weight, metric=metric, name=name
        )
        return display.plot(ax, plot_ideal=plot_ideal)

    @classmethod
    def compute_from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        doubt: Any,
        *,
        sample_weight: Any = None,
        metric: str = "auto",
        name: str | None = None,
    ) -> Self:
        """Compute the curve for given predictions and doubts; draw nothing.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            The true classes or targets.
        y_pred : array-like of shape (n_samples,)
            Predicted classes or numbers.
        doubt : array-like of shape (n_samples,)
            A number for each row that is larger where the prediction is less certain.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative.
        metric : {"auto", "error_rate", "rmse"}, default="auto"
            The error of the rows that remain: the share of wrong classes, or the root of the mean
            squared difference. ``"auto"`` is ``"rmse"`` if y_pred are floats.
        name : str or None, default=None
            The name of the model, for the legend.

        Returns
        -------
        display : RejectionCurveDisplay
            The display with the numbers, which `plot` draws.
        """
        _METRICS.check("metric", metric)
        y_true, y_pred, doubt = (column_or_1d(values) for values in (y_true, y_pred, doubt))
        check_consistent_length(y_true, y_pred, doubt)
        if not len(y_true):
            raise ValueError("y_true must have at least one row, got none.")
        if metric == "auto":
            metric = "rmse" if y_pred.dtype.kind == "f" else "error_rate"
        doubt = doubt.astype(np.float64)
        if not np.isfinite(doubt).all():
            raise ValueError(f"doubt must be finite, got {doubt[~np.isfinite(doubt)][0]}.")
        is_rmse = metric == "rmse"
        loss = _squared_difference(y_true, y_pred) if is_rmse else y_true != y_pred
        weights = check_weights(sample_weight, loss)
        weights = np.ones(len(loss)) if weights is None else weights
        loss, doubt, weights = (part[weights > 0] for part in (loss, doubt, weights))
        rejected, error = rejection_curve(loss, doubt, weights)
        _, ideal_error = rejection_curve(loss, loss.astype(np.float64), weights)
        if is_rmse:
            error, ideal_error = np.sqrt(error), np.sqrt(ideal_error)
        return cls(rejected, error, ideal_error, metric=metric, name=name)

    def plot(self, ax: Any = None, *, plot_ideal: bool = False) -> Self:
        """Draw the error of the rows that remain over the share that is set aside.

        Parameters
        ----------
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        plot_ideal : bool, default=False
            Whether to draw the ideal curve too.

        Returns
        -------
        self : RejectionCurveDisplay
            The display itself.
        """
        ax = axes_or_new(self, ax)
        top = ax.get_ylim()[1] if ax.has_data() else 0.0
        area = f"area = {self.area:.3g}"
        label = area if self.name is None else f"{self.name} ({area})"
        (self.line_,) = ax.plot(self.rejected, self.error, label=label)
        self.ideal_line_ = None
        if plot_ideal:
            (self.ideal_line_,) = ax.plot(
                self.rejected,
                self.ideal_error,
                ":",
                color=self.line_.get_color(),
                label=f"ideal (area = {self.ideal_area:.3g})",
            )
        ax.set(xlabel="share of rows set aside, the most doubtful first")
        ax.set(ylabel=f"{_LABELS[self.metric]} of the other rows", xlim=(0, 1))
        # The error of the last few rows varies too much to set the scale.
        highest = self.error[self.rejected <= _SCALED].max()
        ax.set_ylim(0, max(top, 1.1 * highest) or None)
        ax.legend()
        return finish(self, ax)


def _squared_difference(y_true: Array, y_pred: Array) -> Array:
    """Return the squared difference of each row, in floats: small integers would wrap around."""
    difference = column_of_numbers(y_true, "y_true") - column_of_numbers(y_pred, "y_pred")
    squared: Array = np.square(difference)
    return squared
