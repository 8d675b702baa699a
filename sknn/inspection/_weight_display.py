"""The weights of the first layer as images."""

import math
from typing import Any, Self

import numpy as np

from sknn._core.strategy import COUNT
from sknn._core.typing import Array
from sknn.inspection._display import Display
from sknn.inspection._networks import network_of
from sknn.inspection._plotting import axes_or_new, check_drawing, finish


class WeightDisplay(Display):
    """The incoming weights of each unit of the first hidden layer as an image.

    Create one with `from_estimator`, which draws, or with `compute_from_estimator`, which does
    not.

    Parameters
    ----------
    images : ndarray of shape (n_units, height, width)
        The incoming weights of each unit.

    Attributes
    ----------
    ax_ : Axes
        The axes of the last plot.
    figure_ : Figure
        The figure of these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import WeightDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier(30, tol=0.01, random_state=0).fit(X / 16, y)
    >>> WeightDisplay.from_estimator(model, n_units=25)
    WeightDisplay(n_units=30, shape=(8, 8))
    >>> WeightDisplay.compute_from_estimator(model).images.shape
    (30, 8, 8)
    """

    def __init__(self, images: Array) -> None:
        self.images = images

    def _facts(self) -> dict[str, Any]:
        n_units, height, width = self.images.shape
        return {"n_units": n_units, "shape": (height, width)}

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        shape: tuple[int, int] | None = None,
        ax: Any = None,
        n_units: int = 100,
    ) -> Self:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The model, fitted to images: each feature is a pixel, in the order of the rows.
        shape : tuple of int, default=None
            The height and the width of an image; None for a square.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        n_units : int, default=100
            The largest number of units to draw; the first ones are drawn.

        Returns
        -------
        display : WeightDisplay
            The display, with ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            As for `compute_from_estimator`, or if `ax` or `n_units` is wrong.
        """
        check_drawing(cls, "from_estimator", ax)
        return cls.compute_from_estimator(estimator, shape=shape).plot(ax, n_units=n_units)

    @classmethod
    def compute_from_estimator(
        cls, estimator: Any, *, shape: tuple[int, int] | None = None
    ) -> Self:
        """Read the weights of a fitted network; draw nothing.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The model, fitted to images: each feature is a pixel, in the order of the rows.
        shape : tuple of int, default=None
            The height and the width of an image; None for a square.

        Returns
        -------
        display : WeightDisplay
            The display with the numbers, which `plot` draws.

        Raises
        ------
        ValueError
            If the number of features is not the number of pixels of such an image.
        """
        weights = network_of(estimator).coefs_[0]
        n_pixels = len(weights)
        height, width = (math.isqrt(n_pixels),) * 2 if shape is None else shape
        if height * width != n_pixels:
            raise ValueError(
                f"shape must be (height, width) with height * width = {n_pixels}, the number of "
                f"features, got {shape!r}{' and no square number' if shape is None else ''}."
            )
        return cls(weights.T.reshape(-1, height, width).copy())

    def plot(self, ax: Any = None, *, n_units: int = 100) -> Self:
        """Draw the units side by side, on one scale: red is positive, blue negative.

        Parameters
        ----------
        ax : Axes, default=None
            The axes to draw on; None for a new figure.
        n_units : int, default=100
            The largest number of units to draw; the first ones are drawn.

        Returns
        -------
        self : WeightDisplay
            The display itself.
        """
        COUNT.check("n_units", n_units)
        ax = axes_or_new(self, ax)
        tiles = _mosaic(self.images[:n_units])
        # The colour scale is clipped, so that a few large weights do not make all others pale.
        limit = float(np.nanpercentile(np.abs(tiles), 99.5)) or 1.0
        image = ax.imshow(tiles, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        ax.set_axis_off()
        ax.figure.colorbar(image, ax=ax, shrink=0.7, label="weight", extend="both")
        return finish(self, ax)


def _mosaic(images: Array) -> Array:
    """Return one image of all units in a nearly square grid, with a pixel of NaN between them."""
    count, height, width = images.shape
    n_columns = math.ceil(math.sqrt(count * height / width))
    n_rows = -(-count // n_columns)
    tiles = np.full((n_rows * (height + 1) - 1, n_columns * (width + 1) - 1), np.nan)
    for i, image in enumerate(images):
        top, left = i // n_columns * (height + 1), i % n_columns * (width + 1)
        tiles[top : top + height, left : left + width] = image
    return tiles
