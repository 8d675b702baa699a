"""Intervals of a regression on one feature: the mean, the noise and the doubt."""

from typing import Any, Final, Self

import numpy as np
from scipy.special import ndtri
from sklearn.base import is_classifier
from sklearn.utils import check_array

from sknn._core.strategy import NOT_NEGATIVE, Range
from sknn._core.typing import Array
from sknn.inspection._display import Display
from sknn.inspection._numbers import column_of_numbers
from sknn.inspection._plotting import axes_or_new, check_drawing, finish
from sknn.uncertainty import RegressionUncertainty, predict_uncertainty

_RESOLUTION: Final = Range(2, integer=True)
_COVERAGE: Final = Range(0, 1, "neither")


class PredictionIntervalDisplay(Display):
    """The mean and the interval of a regression on one feature, split into doubt and noise.

    The inner band is the interval of the mean, from the spread of the votes. It shows the doubt of
    the model. The outer band is the interval of y, which covers doubt and noise. Both bands assume
    normal distributions.

    Create one with `from_estimator`, which draws, or with `compute_from_estimator`, which does
    not.

    Parameters
    ----------
    grid : ndarray of shape (n_points,)
        The values of the feature, ascending.
    uncertainty : RegressionUncertainty
        Mean and deviations at these values.
    rows : tuple of ndarray of shape (n_samples,), or None
        Feature and target of rows to show, if there are any.

    Attributes
    ----------
    ax_ : Axes
        The axes of the last plot.
    figure_ : Figure
        The figure of these axes.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn import MLPRegressor
    >>> from sknn.inspection import PredictionIntervalDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(0, 3, size=(300, 1))
    >>> y = np.sin(2 * X[:, 0]) + (0.1 + 0.2 * X[:, 0]) * rng.normal(size=300)
    >>> model = MLPRegressor(
    ...     50, "silu", loss="gaussian", dropout=0.1, random_state=0
    ... )
    >>> display = PredictionIntervalDisplay.from_estimator(
    ...     model.fit(X, y), X, y, margin=0.5
    ... )
    >>> display
    PredictionIntervalDisplay(n_points=200, start=-1.49, end=4.49, has_noise=True)
    >>> low, high = display.interval(coverage=0.9)
    >>> low.shape
    (200,)
    """

    def __init__(
        self,
        grid: Array,
        uncertainty: RegressionUncertainty,
        rows: tuple[Array, Array] | None = None,
    ) -> None:
        self.grid, self.uncertainty, self.rows = grid, uncertainty, rows

    def _facts(self) -> dict[str, Any]:
        ends = {"start": float(f"{self.grid[0]:.3g}"), "end": float(f"{self.grid[-1]:.3g}")}
        has_noise = self.uncertainty.noise_std is not None
        return {"n_points": len(self.grid), **ends, "has_noise": has_noise}

    def interval(self, coverage: float = 0.95, *, of_mean: bool = False) -> tuple[Array, Array]:
        """Return the ends of a band at each point of the grid.

        Parameters
        ----------
        coverage : float in (0, 1), default=0.95
            The probability of the interval under a normal distribution.
        of_mean : bool, default=False
            Whether to leave out the noise.

        Returns
        -------
        low, high : ndarray of shape (n_points,)
            The ends.
        """
        _COVERAGE.check("coverage", coverage)
        deviation = self.uncertainty.votes_std if of_mean else self.uncertainty.std
        half = ndtri((1 + coverage) / 2) * deviation
        return self.uncertainty.mean - half, self.uncertainty.mean + half

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        n_passes: int | None = None,
        random_state: Any = 0,
        grid_resolution: int = 200,
        margin: float = 0.0,
        ax: Any = None,
        coverage: float = 0.95,
    ) -> Self:
        """Draw the intervals of a model on one feature.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor, as for `sknn.uncertainty.predict_uncertainty`.
        X : array-like of shape (n_samples, 1)
            The feature, whose smallest and largest values give the range of the plot. If it is a
            frame, the model gets a frame with the same column.
        y : array-like of shape (n_samples,), default=None
            Targets of the rows of X, which are drawn as points; None for no points.
        n_passes : int or None, default=None
            The number of passes with dropout, as for `sknn.uncertainty.predict_votes`.
        random_state : int, RandomState or None, default=0
            The random state that draws the dropout masks.
        grid_resolution : int, default=200
            The number of points at which the model predicts, at least 2.
        margin : float, default=0.0
            The width that is added on each side, as a share of the range of X, finite and not
            negative.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        coverage : float in (0, 1), default=0.95
            The probability of the bands.

        Returns
        -------
        display : PredictionIntervalDisplay
            The display, with ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If X has several features or a single value, y is not a finite number for each row, the
            predictions have several outputs, the model has neither votes nor noise, or a parameter
            is wrong.
        TypeError
            If the estimator is a classifier, or of a type that has no votes.
        """
        check_drawing(cls, "from_estimator", ax)
        _COVERAGE.check("coverage", coverage)
        display = cls.compute_from_estimator(
            estimator,
            X,
            y,
            n_passes=n_passes,
            random_state=random_state,
            grid_resolution=grid_resolution,
            margin=margin,
        )
        return display.plot(ax, coverage=coverage)

    @classmethod
    def compute_from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        n_passes: int | None = None,
        random_state: Any = 0,
        grid_resolution: int = 200,
        margin: float = 0.0,
    ) -> Self:
        """Compute the mean and the deviations of a model on one feature; draw nothing.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor, as for `sknn.uncertainty.predict_uncertainty`.
        X : array-like of shape (n_samples, 1)
            The feature, whose smallest and largest values give the range of the plot. If it is a
            frame, the model gets a frame with the same column.
        y : array-like of shape (n_samples,), default=None
            Targets of the rows of X, which are drawn as points; None for no points.
        n_passes : int or None, default=None
            The number of passes with dropout, as for `sknn.uncertainty.predict_votes`.
        random_state : int, RandomState or None, default=0
            The random state that draws the dropout masks.
        grid_resolution : int, default=200
            The number of points at which the model predicts, at least 2.
        margin : float, default=0.0
            The width that is added on each side, as a share of the range of X, finite and not
            negative.

        Returns
        -------
        display : PredictionIntervalDisplay
            The display with the numbers, which `plot` draws.
        """
        _RESOLUTION.check("grid_resolution", grid_resolution)
        NOT_NEGATIVE.check("margin", margin)
        if is_classifier(estimator):
            raise TypeError(
                f"PredictionIntervalDisplay needs a regressor, got {type(estimator).__name__}; "
                "use RejectionCurveDisplay for classes."
            )
        feature = _one_feature(X)
        rows = None if y is None else (feature, _targets(y, len(feature)))
        grid = _grid(feature, margin, grid_resolution)
        uncertainty = predict_uncertainty(
            estimator, _as_table(grid, X), n_passes, random_state=random_state
        )
        assert isinstance(uncertainty, RegressionUncertainty)
        if uncertainty.mean.ndim > 1:
            raise ValueError(
                f"The estimator must predict one output, got {uncertainty.mean.shape[1]}."
            )
        return cls(grid, uncertainty, rows)

    def plot(self, ax: Any = None, *, coverage: float = 0.95) -> Self:
        """Draw the rows, the mean and the bands of doubt and, if the model knows it, noise.

        Parameters
        ----------
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        coverage : float in (0, 1), default=0.95
            The probability of the bands.

        Returns
        -------
        self : PredictionIntervalDisplay
            The display itself.
        """
        _COVERAGE.check("coverage", coverage)
        ax = axes_or_new(self, ax)
        if self.rows is not None:
            ax.plot(*self.rows, ".", color="0.7", markersize=4, zorder=1, label="rows")
        (line,) = ax.plot(self.grid, self.uncertainty.mean, label="mean", zorder=4)
        color, level = line.get_color(), f"{100 * coverage:g} %"
        bands = [("doubt", True, 0.45)] if self.uncertainty.votes_std.any() else []
        if self.uncertainty.noise_std is not None:
            bands.append(("noise and doubt" if bands else "noise", False, 0.2))
        for label, of_mean, alpha in bands:
            low, high = self.interval(coverage, of_mean=of_mean)
            label = f"{label}, {level}"
            ax.fill_between(
                self.grid, low, high, color=color, alpha=alpha, linewidth=0, zorder=2, label=label
            )
        ax.set(xlabel="x", ylabel="y", xlim=(self.grid[0], self.grid[-1]))
        ax.legend()
        return finish(self, ax)


def _one_feature(X: Any) -> Array:
    """Return the only column of X."""
    X = check_array(X, dtype=np.float64)
    if X.shape[1] != 1:
        raise ValueError(f"X must have one feature, got {X.shape[1]}.")
    column: Array = X[:, 0]
    return column


def _targets(y: Any, n_samples: int) -> Array:
    """Return y as one finite number for each row of X."""
    targets = column_of_numbers(y, "y")
    if len(targets) != n_samples:
        raise ValueError(
            f"y must have a value for each row of X, got {len(targets)} and {n_samples}."
        )
    return targets


def _grid(feature: Array, margin: float, resolution: int) -> Array:
    """Return evenly spaced values from the smallest to the largest of a feature, and beyond."""
    low, high = float(feature.min()), float(feature.max())
    if low == high:
        raise ValueError(f"X must have at least two distinct values, got only {low:g}.")
    beyond = margin * (high - low)
    grid: Array = np.linspace(low - beyond, high + beyond, resolution)
    return grid


def _as_table(grid: Array, X: Any) -> Any:
    """Return the grid as one column, in a frame like X if X is one, for models that know its name.

    Frames of pandas and polars are both made from a dict of columns.
    """
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        in_memory = type(X.head(0))  # of a frame of Dask, the frame of pandas inside
        return in_memory({X.columns[0]: grid})
    return grid[:, np.newaxis]
