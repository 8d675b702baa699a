"""The paths of optimizers on a surface, or on the plane of a network's loss."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from sknn._core.strategy import COUNT, POSITIVE, unknown
from sknn._core.typing import Array
from sknn.estimators.internals import read_optimizer
from sknn.inspection._display import Display
from sknn.inspection._networks import inputs_of, network_of
from sknn.inspection._plane import loss_plane
from sknn.inspection._plotting import axes_or_new, check_drawing, colors, finish
from sknn.inspection._surfaces import SURFACES, Surface
from sknn.optimizers import Minimizer

_GRID = 101


class OptimizerPathDisplay(Display):
    """The paths of optimizers from one start, over contours of the function that they minimize.

    Create one with `from_surface` (a function of two parameters) or `from_estimator` (the plane
    that contains most of the movement of a network's weights), which draw, or with
    `compute_from_surface` or `compute_from_estimator`, which do not.

    Parameters
    ----------
    paths : dict of str to ndarray of shape (n_points, 2)
        The points of each optimizer's path, from the start on, by the label of the optimizer.
    values : dict of str to ndarray of shape (n_points,)
        The values of the minimized function at these points.
    grid : tuple of ndarray
        Three arrays for the contours: x of shape (n_x,), y of shape (n_y,), and the values, of
        shape (n_y, n_x).
    minimum : tuple of float or None, default=None
        The position of the minimum, if known.
    explained_variance_ratio : float or None, default=None
        For a network, the share of the weights' movement that lies in the plane.

    Attributes
    ----------
    ax_ : Axes
        The axes of the last plot.
    figure_ : Figure
        The figure of these axes.

    References
    ----------
    H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein, Visualizing the loss landscape of neural
    nets, NeurIPS 2018, section 7, for the plane by principal components.

    Examples
    --------
    >>> from sknn.inspection import OptimizerPathDisplay
    >>> OptimizerPathDisplay.from_surface(
    ...     "ravine", ["sgd", "momentum"], learning_rate=[0.095, 0.02], n_steps=50
    ... )
    OptimizerPathDisplay(n_points={'sgd': 51, 'momentum': 51}, minimum=(0.0, 0.0))
    >>> display = OptimizerPathDisplay.compute_from_surface(
    ...     "ravine", "sgd", learning_rate=0.095
    ... )
    >>> display.paths["sgd"].shape
    (101, 2)
    """

    def __init__(
        self,
        paths: dict[str, Array],
        values: dict[str, Array],
        grid: tuple[Array, Array, Array],
        minimum: tuple[float, float] | None = None,
        explained_variance_ratio: float | None = None,
    ) -> None:
        self.paths, self.values, self.grid, self.minimum = paths, values, grid, minimum
        self.explained_variance_ratio = explained_variance_ratio

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"n_points": {name: len(path) for name, path in self.paths.items()}}
        if self.minimum is not None:
            facts["minimum"] = self.minimum
        if self.explained_variance_ratio is not None:
            facts["explained_variance_ratio"] = round(self.explained_variance_ratio, 3)
        return facts

    @classmethod
    def from_surface(
        cls,
        surface: Any,
        optimizers: Any,
        *,
        learning_rate: Any,
        n_steps: int = 100,
        ax: Any = None,
    ) -> Self:
        """Draw the paths of optimizers that descend a function of two parameters.

        Parameters
        ----------
        surface : {"ravine", "rosenbrock", "saddle"} or Surface
            The function.
        optimizers : str, Optimizer, sequence of them, or mapping of str to them
            Names in `sknn.optimizers.OPTIMIZERS` or instances. The keys of a mapping are the
            labels. Otherwise, equal labels are numbered.
        learning_rate : float or sequence of float
            The learning rate, positive, one for all optimizers or one for each. ``"lbfgs"`` does
            not use its rate.
        n_steps : int, default=100
            The number of steps of each optimizer. A path ends before its first point that is not
            finite.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.

        Returns
        -------
        display : OptimizerPathDisplay
            The display, with ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            As for `compute_from_surface`, or if `ax` is not an Axes.
        """
        check_drawing(cls, "from_surface", ax)
        return cls.compute_from_surface(
            surface, optimizers, learning_rate=learning_rate, n_steps=n_steps
        ).plot(ax)

    @classmethod
    def compute_from_surface(
        cls,
        surface: Any,
        optimizers: Any,
        *,
        learning_rate: Any,
        n_steps: int = 100,
    ) -> Self:
        """Let optimizers descend a function of two parameters; draw nothing.

        Parameters
        ----------
        surface : {"ravine", "rosenbrock", "saddle"} or Surface
            The function.
        optimizers : str, Optimizer, sequence of them, or mapping of str to them
            Names in `sknn.optimizers.OPTIMIZERS` or instances. The keys of a mapping are the
            labels. Otherwise, equal labels are numbered.
        learning_rate : float or sequence of float
            The learning rate, positive, one for all optimizers or one for each. ``"lbfgs"`` does
            not use its rate.
        n_steps : int, default=100
            The number of steps of each optimizer. A path ends before its first point that is not
            finite.

        Returns
        -------
        display : OptimizerPathDisplay
            The display with the numbers, which `plot` draws.

        Raises
        ------
        ValueError
            If a name is unknown, a number is out of its range, or the number of rates is wrong.
        """
        if isinstance(surface, str):
            if surface not in SURFACES:
                raise unknown("surface", surface, list(SURFACES), ", or a Surface")
            surface = SURFACES[surface]
        COUNT.check("n_steps", n_steps)
        named = _named(optimizers)
        rates = _rates(learning_rate, len(named))
        paths = {
            label: _descend(surface, read_optimizer(optimizer), rate, n_steps)
            for (label, optimizer), rate in zip(named.items(), rates, strict=True)
        }
        (left, right), (bottom, top) = surface.x_limits, surface.y_limits
        x, y = np.linspace(left, right, _GRID), np.linspace(bottom, top, _GRID)
        values = {label: surface.value(*path.T) for label, path in paths.items()}
        grid = (x, y, surface.value(*np.meshgrid(x, y)))
        return cls(paths, values, grid, surface.minimum)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        optimizers: Any,
        *,
        learning_rate: Any = "auto",
        grid_size: int = 25,
        ax: Any = None,
    ) -> Self:
        """Train a copy of an estimator with each optimizer, and draw the paths of the weights.

        The points and the plane are those that `compute_from_estimator` describes.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The estimator, fitted or not, which is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs, as for `compute_from_estimator`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        optimizers : str, Optimizer, sequence of them, or mapping of str to them
            As for `from_surface`, but all must take steps.
        learning_rate : float, "auto" or sequence of them, default="auto"
            The learning rate, one for all optimizers or one for each.
        grid_size : int, default=25
            The number of grid points along an axis, at least 2. The loss is computed at each
            point.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.

        Returns
        -------
        display : OptimizerPathDisplay
            The display, with ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            As for `compute_from_estimator`, or if `ax` is not an Axes.
        """
        check_drawing(cls, "from_estimator", ax)
        return cls.compute_from_estimator(
            estimator, X, y, optimizers, learning_rate=learning_rate, grid_size=grid_size
        ).plot(ax)

    @classmethod
    def compute_from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        optimizers: Any,
        *,
        learning_rate: Any = "auto",
        grid_size: int = 25,
    ) -> Self:
        """Train a copy of an estimator with each optimizer; draw nothing.

        All copies start from the same weights. The points of a path are the weights before training
        and after each epoch; `early_stopping` is ignored. The plane goes through the mean of all
        points, along their first two principal components. The contours show the training loss in
        the plane, without the weight penalty.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The estimator, fitted or not, which is not changed. Its `max_iter` is the largest number
            of epochs, and its `random_state` should be an integer, so that all copies start from
            the same weights.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs as for its `fit`. The other steps of a Pipeline transform them; steps that are
            not fitted are copied and fitted to X and y.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        optimizers : str, Optimizer, sequence of them, or mapping of str to them
            As for `from_surface`, but all must take steps.
        learning_rate : float, "auto" or sequence of them, default="auto"
            The learning rate, one for all optimizers or one for each.
        grid_size : int, default=25
            The number of grid points along an axis, at least 2. The loss is computed at each
            point.

        Returns
        -------
        display : OptimizerPathDisplay
            The display with the numbers, which `plot` draws.

        Raises
        ------
        ValueError
            If the estimator is of another type, an optimizer is ``"lbfgs"``, a number is out of
            its range, or as for the estimator's `fit`.
        """
        network, named = network_of(estimator), _named(optimizers)
        rates = _per_optimizer(learning_rate, len(named))
        X = inputs_of(estimator, X, y)
        paths, values, grid, explained = loss_plane(network, X, y, named, rates, grid_size)
        return cls(paths, values, grid, explained_variance_ratio=explained)

    def plot(self, ax: Any = None) -> Self:
        """Draw contours, and on them a line for each optimizer.

        Parameters
        ----------
        ax : Axes, default=None
            The axes to draw on; None for a new figure.

        Returns
        -------
        self : OptimizerPathDisplay
            The display itself.
        """
        ax = axes_or_new(self, ax)
        x, y, values = self.grid
        levels = _levels(values)
        ax.contourf(x, y, values, levels, colors=colors(len(levels) - 1, "Greys", 0.55))
        ax.contour(x, y, values, levels, colors="0.6", linewidths=0.5, linestyles="solid")
        for i, (label, path) in enumerate(self.paths.items()):
            ax.plot(*path.T, ".-", color=f"C{i}", label=label, markersize=4, linewidth=1.2)
            ax.plot(*path[-1], "o", color=f"C{i}", markersize=7, markeredgecolor="white")
        start = next(iter(self.paths.values()))[0]
        ax.plot(*start, "ks", markersize=6, label="start")
        if self.minimum is not None:
            ax.plot(*self.minimum, "k*", markersize=11, label="minimum")
        ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
        if self.explained_variance_ratio is not None:
            ax.set(xlabel="first principal component", ylabel="second principal component")
        ax.legend(fontsize="small")
        return finish(self, ax)


def _named(optimizers: Any) -> dict[str, Any]:
    """Return optimizers by label; equal labels are numbered."""
    single = isinstance(optimizers, str) or not isinstance(optimizers, Sequence | Mapping)
    if not single and not optimizers:
        raise ValueError(f"optimizers must hold at least one optimizer, got {optimizers!r}.")
    if isinstance(optimizers, Mapping):
        return dict(optimizers)
    every = [optimizers] if single else list(optimizers)
    labels = [optimizer if isinstance(optimizer, str) else repr(optimizer) for optimizer in every]
    numbers = [labels[: i + 1].count(label) for i, label in enumerate(labels)]
    return {
        label if number == 1 else f"{label} {number}": optimizer
        for label, number, optimizer in zip(labels, numbers, every, strict=True)
    }


def _per_optimizer(rate: Any, count: int) -> list[Any]:
    rates = [rate] * count if isinstance(rate, str) or np.ndim(rate) == 0 else list(rate)
    if len(rates) != count:
        raise ValueError(
            f"learning_rate must be one rate, or one for each of the {count} optimizers; got "
            f"{len(rates)}: {rate!r}."
        )
    return rates


def _rates(rate: Any, count: int) -> list[float]:
    rates = _per_optimizer(rate, count)
    for rate in rates:
        POSITIVE.check("learning_rate", rate)
    return [float(rate) for rate in rates]


def _descend(surface: Surface, optimizer: Any, rate: float, n_steps: int) -> Array:
    """Return the points of a path, from the start on."""
    params = np.array(surface.start, float)
    points = [params.copy()]

    def record(point: Array) -> bool:
        points.append(point.copy())
        return not np.isfinite(point).all()

    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(optimizer, Minimizer):

            def value_and_gradient(point: Array) -> tuple[float, Array]:
                return float(surface.value(*point)), np.array(surface.gradient(*point))

            optimizer.minimize(value_and_gradient, params, record, n_steps, 0.0)
        else:
            state = optimizer.init(params)
            for _ in range(n_steps):
                grad = np.array(surface.gradient(*params), float)
                optimizer.update(params, grad, state, rate)
                if record(params):
                    break
    path = np.array(points)
    finite: Array = path[np.isfinite(path).all(axis=1)]
    return finite


def _levels(values: Array) -> Array:
    """Return levels of contours that are dense near the smallest value."""
    low, high = float(values.min()), float(np.percentile(values, 95))
    gap = high - low or 1.0
    levels = low + gap * np.linspace(0, 1, 14) ** 2.5
    return np.append(levels, max(float(values.max()), high + gap))
