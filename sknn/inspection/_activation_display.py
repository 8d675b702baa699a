"""The distribution of activations in each layer."""

import math
from typing import Any, Self

import numpy as np

from sknn._core.table import Table
from sknn._core.typing import Array
from sknn.inspection._display import Display
from sknn.inspection._initialization import CLASSICS, untrained_signals
from sknn.inspection._networks import fitted_network, inputs_of, network_of
from sknn.inspection._plotting import check_drawing, colors, row_of_axes
from sknn.inspection._signals import signals, table

_BINS = 80
# If the spreads of layers differ by more than this, the scale is linear only near zero.
_SPREAD = 20.0


class ActivationDisplay(Display):
    """The distribution of activations in each hidden layer, of one or several networks.

    Create one with `from_estimator` (a fitted network) or `from_initializers` (networks before
    training), which draw, or with `compute_from_estimator` or `compute_from_initializers`, which
    do not.

    Parameters
    ----------
    activations : dict of str to list of ndarray of shape (n_rows, n_units)
        The activations of each hidden layer of each network, by the label of the network.
    table : Table
        The statistics of the activations, as in `initialization_report`.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_networks,)
        The axes of the last plot, one for each network.
    figure_ : Figure
        The figure of these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import ActivationDisplay
    >>> model = MLPClassifier((50,) * 10, activation="sigmoid", random_state=0)
    >>> X = load_digits().data / 16
    >>> ActivationDisplay.from_initializers(
    ...     model, X, init=["normal", "xavier_normal"]
    ... )
    ActivationDisplay(networks=['normal', 'xavier_normal'], n_layers=10)
    >>> display = ActivationDisplay.compute_from_initializers(model, X)
    >>> list(display.activations)
    ['normal', 'Normal(std=0.1)', 'xavier_normal', 'he_normal']
    >>> len(display.table["saturated"])
    40
    """

    def __init__(self, activations: dict[str, list[Array]], table: Table) -> None:
        self.activations = activations
        self.table = table

    def _facts(self) -> dict[str, Any]:
        return {"networks": list(self.activations), "n_layers": self._depth()}

    def _depth(self) -> int:
        return max(map(len, self.activations.values()), default=0)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, *, ax: Any = None) -> Self:
        """Draw the activations of a fitted network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The fitted model.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs as for its `predict`; up to 1000 rows of them are used.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.

        Returns
        -------
        display : ActivationDisplay
            The display, with ``axes_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If the estimator is of another type or has no hidden layer, or `ax` is not an Axes.
        """
        check_drawing(cls, "from_estimator", ax, several=True)
        return cls.compute_from_estimator(estimator, X).plot(ax)

    @classmethod
    def compute_from_estimator(cls, estimator: Any, X: Any) -> Self:
        """Compute the activations of a fitted network; draw nothing.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The fitted model.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs as for its `predict`; up to 1000 rows of them are used.

        Returns
        -------
        display : ActivationDisplay
            The display with the numbers, which `plot` draws.
        """
        network = network_of(estimator)
        network.summary()  # raises an error if it is not fitted
        X = inputs_of(estimator, X)
        signals_of = {"fitted": signals(fitted_network(network, X))}
        return cls({"fitted": [signal.a for signal in signals_of["fitted"]]}, table(signals_of))

    @classmethod
    def from_initializers(
        cls, estimator: Any, X: Any, y: Any = None, *, init: Any = CLASSICS, ax: Any = None
    ) -> Self:
        """Draw the activations of networks before training, one for each initializer.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The estimator, fitted or not; its learned parameters are not used.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs; up to 1000 rows of them are used.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets, if steps of a Pipeline have to be fitted and need them.
        init : str, Initializer or sequence of them, default=N(0, 1), N(0, 0.1^2), Xavier and He
            The initializers of the weights, one network for each.
        ax : Axes or sequence of Axes, default=None
            The axes to draw on, one for each network; None for a new figure.

        Returns
        -------
        display : ActivationDisplay
            The display, with ``axes_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If the estimator is of another type or has no hidden layer, a parameter is wrong, or
            `ax` is not one Axes for each network.
        """
        check_drawing(cls, "from_initializers", ax, several=True)
        return cls.compute_from_initializers(estimator, X, y, init=init).plot(ax)

    @classmethod
    def compute_from_initializers(
        cls, estimator: Any, X: Any, y: Any = None, *, init: Any = CLASSICS
    ) -> Self:
        """Compute the activations of networks before training; draw nothing.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The estimator, fitted or not; its learned parameters are not used.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs; up to 1000 rows of them are used.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets, if steps of a Pipeline have to be fitted and need them.
        init : str, Initializer or sequence of them, default=N(0, 1), N(0, 0.1^2), Xavier and He
            The initializers of the weights, one network for each.

        Returns
        -------
        display : ActivationDisplay
            The display with the numbers, which `plot` draws.
        """
        signals_of = untrained_signals(estimator, X, y, init)
        arrays = {label: [signal.a for signal in layers] for label, layers in signals_of.items()}
        return cls(arrays, table(signals_of))

    def plot(self, ax: Any = None) -> Self:
        """Draw a panel for each network: a histogram for each layer, the first on top.

        The height of a histogram is the square root of the share, so that a peak at zero does not
        hide the rest. The numbers of `table` are on the right.

        Parameters
        ----------
        ax : Axes or sequence of Axes, default=None
            The axes to draw on, one for each network; None for a new figure.

        Returns
        -------
        self : ActivationDisplay
            The display itself.
        """
        size = (3.8, 1.2 + 0.45 * self._depth())
        panels = row_of_axes(self, ax, len(self.activations), size)
        columns = (self.table[name] for name in ("std", "saturated", "dead"))
        rows = zip(*columns, strict=True)
        for panel, (label, layers) in zip(panels, self.activations.items(), strict=True):
            _ridges(panel, layers)
            notes = [_note(*next(rows)) for _ in layers]
            right = panel.secondary_yaxis("right")
            right.set_yticks(range(len(layers)), notes)
            right.tick_params(length=0, labelsize="small")
            panel.set(title=label, xlabel="activation")
        panels[0].set_ylabel("hidden layer")
        right.set_ylabel("std, saturated, dead")
        self.axes_, self.figure_ = np.array(panels, dtype=object), panels[0].figure
        return self


def _note(std: float, saturated: float, dead: float) -> str:
    shares = ("-" if math.isnan(share) else f"{share:.0%}" for share in (saturated, dead))
    return ", ".join([f"{std:.1g}", *shares])


def _ridges(ax: Any, layers: list[Array]) -> None:
    """Draw a histogram above each layer's line."""
    edges, width = _bins(layers)
    if width:
        ax.set_xscale("asinh", linear_width=width)
        ax.set_xticks(_ticks(edges, width))
        ax.set_xticks([], minor=True)
    for i, (a, color) in enumerate(zip(layers, colors(len(layers)), strict=True)):
        counts = np.histogram(a, edges)[0]
        heights = 0.9 * np.sqrt(counts / max(1, counts.max()))
        ax.stairs(i - heights, edges, baseline=i, fill=True, color=color, alpha=0.85)
        ax.axhline(i, color="0.8", linewidth=0.6, zorder=0)
    ax.set_yticks(range(len(layers)), [str(i) for i in range(len(layers))])
    ax.set_ylim(len(layers) - 0.5, -1.1)


def _bins(layers: list[Array]) -> tuple[Array, float]:
    """Return the edges of bins for all layers, and the limit of the linear scale (or 0)."""
    finite = [a[np.isfinite(a)].astype(np.float64) for a in layers]
    low = min((float(a.min()) for a in finite if a.size), default=0.0)
    high = max((float(a.max()) for a in finite if a.size), default=1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    reach = [max(abs(float(a.min())), abs(float(a.max()))) for a in finite if a.size]
    width = min((length for length in reach if length > 0), default=1.0)
    if max(reach, default=0.0) <= _SPREAD * width:
        return np.linspace(low, high, _BINS + 1), 0.0
    even = np.linspace(np.arcsinh(low / width), np.arcsinh(high / width), _BINS + 1)
    return width * np.sinh(even), width


def _ticks(edges: Array, width: float) -> list[float]:
    """Return zero and a few powers of ten beyond the linear part of the scale."""
    powers = [10.0**k for k in range(-300, 300) if 3 * width < 10.0**k < np.abs(edges).max()]
    powers = powers[:: -(-len(powers) // 4)] if powers else []
    ticks = [*(-power for power in powers), 0.0, *powers]
    return [tick for tick in ticks if edges[0] <= tick <= edges[-1]]
