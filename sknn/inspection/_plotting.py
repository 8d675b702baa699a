"""What all displays share: matplotlib, imported when something is drawn, and axes."""

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def pyplot() -> Any:
    """Return ``matplotlib.pyplot``, or say how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("Plots need matplotlib: pip install matplotlib.") from None
    return plt


def axes_or_new(ax: Any) -> Any:
    """Return the axes to draw on: the user's, or those of a new figure."""
    plt = pyplot()
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def row_of_axes(ax: Any, count: int, size: tuple[float, float]) -> list[Any]:
    """Return axes side by side: the user's, or those of a new figure.

    Parameters
    ----------
    ax : Axes, sequence of Axes or None
        The user's.
    count : int
        How many there must be.
    size : tuple of float
        Width of one in a new figure, and height, in inches.

    Raises
    ------
    ValueError
        If the user's are too few or too many.
    """
    plt = pyplot()
    if ax is None:
        figsize = (size[0] * count, size[1])
        grid = plt.subplots(1, count, figsize=figsize, squeeze=False, layout="constrained")[1]
        return list(grid[0])
    given = list(ax.ravel() if hasattr(ax, "ravel") else ax if isinstance(ax, Sequence) else [ax])
    if len(given) != count:
        raise ValueError(f"ax must be {count} axes here, one for each panel; got {len(given)}.")
    return given


def colors(count: int, name: str = "viridis", end: float = 0.9) -> list[Any]:
    """Return colours of a map in its order, up to a share of it."""
    palette = pyplot().get_cmap(name)
    return [palette(end * i / max(1, count - 1)) for i in range(count)]


def finish(display: T, ax: Any) -> T:
    """Keep what was drawn on as attributes, as scikit-learn's displays do; return the display."""
    first = ax[0] if isinstance(ax, list) else ax
    display.ax_, display.figure_ = ax, first.figure  # type: ignore[attr-defined]
    return display
