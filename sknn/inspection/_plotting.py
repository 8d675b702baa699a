"""Access to matplotlib, which is imported when a display draws, and to axes."""

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def check_drawing(cls: type, constructor: str, ax: Any, *, several: bool = False) -> None:
    """Raise an error if a constructor will not be able to draw, before it computes anything.

    Parameters
    ----------
    cls : type
        The class of the display.
    constructor : str
        The name of the constructor that draws.
    ax : Axes, sequence of Axes or None
        The argument of the constructor.
    several : bool, default=False
        Whether a sequence of axes is allowed.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    ValueError
        If `ax` is neither None nor Axes.
    """
    name = cls.__name__
    _pyplot(
        f"{name}.{constructor}", f" {name}.compute_{constructor} returns the numbers without it."
    )
    if ax is not None:
        for panel in _as_list(ax) if several else [ax]:
            _check_axes(panel)


def axes_or_new(display: Any, ax: Any) -> Any:
    """Return the axes for a display's `plot`: the user's, or those of a new figure."""
    plt = _pyplot(f"{type(display).__name__}.plot")
    if ax is None:
        return plt.subplots(layout="constrained")[1]
    _check_axes(ax)
    return ax


def row_of_axes(display: Any, ax: Any, count: int, size: tuple[float, float]) -> list[Any]:
    """Return axes side by side for a display's `plot`: the user's, or those of a new figure.

    Parameters
    ----------
    display : object
        The display.
    ax : Axes, sequence of Axes or None
        The axes that the user passed.
    count : int
        The number of axes.
    size : tuple of float
        The width and the height of each axes in a new figure, in inches.

    Raises
    ------
    ValueError
        If the user passed too few or too many axes.
    """
    plt = _pyplot(f"{type(display).__name__}.plot")
    if ax is None:
        figsize = (size[0] * count, size[1])
        grid = plt.subplots(1, count, figsize=figsize, squeeze=False, layout="constrained")[1]
        return list(grid[0])
    panels = _as_list(ax)
    if len(panels) != count:
        raise ValueError(f"ax must be {count} axes here, one for each panel; got {len(panels)}.")
    for panel in panels:
        _check_axes(panel)
    return panels


def colors(count: int, name: str = "viridis", end: float = 0.9) -> list[Any]:
    """Return evenly spaced colours of a colour map, from its start to the share `end`."""
    from matplotlib import colormaps

    return [colormaps[name](end * i / max(1, count - 1)) for i in range(count)]


def finish(display: T, ax: Any) -> T:
    """Set the axes and the figure of a display, as in scikit-learn; return the display."""
    display.ax_, display.figure_ = ax, ax.figure  # type: ignore[attr-defined]
    return display


def _pyplot(caller: str, instead: str = "") -> Any:
    """Return ``matplotlib.pyplot``; the error says how to install it and what works without."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib: pip install matplotlib, or install sknn with its extra "
            f'"plot".{instead}'
        ) from error
    return plt


def _as_list(ax: Any) -> list[Any]:
    return list(ax.ravel() if hasattr(ax, "ravel") else ax if isinstance(ax, Sequence) else [ax])


def _check_axes(ax: Any) -> None:
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise ValueError(
            f"ax must be one Axes of matplotlib, or None for a new figure; got a value of type "
            f"{type(ax).__name__}."
        )
