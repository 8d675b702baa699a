"""The size of the gradient of each layer during training."""

from typing import Any, Self

import numpy as np

from sknn._core.parameters import Layout
from sknn._core.typing import Array
from sknn.estimators.internals import fitted_model
from sknn.inspection._display import Display
from sknn.inspection._networks import inputs_of, network_of
from sknn.inspection._plotting import axes_or_new, check_drawing, colors, finish
from sknn.inspection._recording import record


class GradientDisplay(Display):
    """The norm of the loss's gradient with respect to each layer's weights and biases, by epoch.

    Create one with `from_estimator`, which draws, or with `compute_from_estimator`, which does
    not. If the norms of the first layers are many times smaller than those of the last layers,
    gradients vanish on the way back, and the first layers barely learn.

    Parameters
    ----------
    gradient_norms : ndarray of shape (n_epochs, n_layers)
        The mean of the norms over the steps of each epoch.
    layer_names : list of str
        The layers, from the first to the output.

    Attributes
    ----------
    ax_ : Axes
        The axes of the last plot.
    figure_ : Figure
        The figure of these axes.

    References
    ----------
    Y. Bengio, P. Simard and P. Frasconi, Learning long-term dependencies with gradient descent is
    difficult, IEEE Transactions on Neural Networks 5, 1994; X. Glorot and Y. Bengio,
    Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import GradientDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(
    ...     (20,) * 8, activation="sigmoid", max_iter=3, random_state=0
    ... )
    >>> GradientDisplay.from_estimator(model, X, y)
    GradientDisplay(n_epochs=3, n_layers=9)
    >>> norms = GradientDisplay.compute_from_estimator(model, X, y).gradient_norms
    >>> print(f"first layer {norms[-1, 0]:.0e}, output layer {norms[-1, -1]:.0e}")
    first layer 2e-07, output layer 1e-02
    """

    def __init__(self, gradient_norms: Array, layer_names: list[str]) -> None:
        self.gradient_norms = gradient_norms
        self.layer_names = layer_names

    def _facts(self) -> dict[str, Any]:
        n_epochs, n_layers = self.gradient_norms.shape
        return {"n_epochs": n_epochs, "n_layers": n_layers}

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, ax: Any = None) -> Self:
        """Train a copy of an estimator, and draw the norms of its gradients.

        The copy is trained without the weight penalty, as `compute_from_estimator` says.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The estimator, fitted or not, which is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs, as for `compute_from_estimator`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        ax : Axes, default=None
            The axes to draw on; None for a new figure.

        Returns
        -------
        display : GradientDisplay
            The display, with ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            As for `compute_from_estimator`, or if `ax` is not an Axes.
        """
        check_drawing(cls, "from_estimator", ax)
        return cls.compute_from_estimator(estimator, X, y).plot(ax)

    @classmethod
    def compute_from_estimator(cls, estimator: Any, X: Any, y: Any) -> Self:
        """Train a copy of an estimator, and record the norms of its gradients; draw nothing.

        The copy is trained like a fit, for `max_iter` epochs or until it converges, but with
        ``alpha=0``. So the norms are those of the loss, without the weight penalty, which would
        hide small norms. They are measured after `clip_norm` is applied.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            The estimator, fitted or not, which is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs as for its `fit`. The other steps of a Pipeline transform them; steps that are
            not fitted are copied and fitted to X and y.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        Returns
        -------
        display : GradientDisplay
            The display with the numbers, which `plot` draws.

        Raises
        ------
        ValueError
            If the estimator is of another type, its optimizer is ``"lbfgs"``, or as for its `fit`.
        """
        network = network_of(estimator, takes_steps=True, what="steps to record")
        X = inputs_of(estimator, X, y)
        model, records = record(network, X, y, _layer_norms, alpha=0.0)
        # Batches without weight take no step, so epochs may differ by a few steps.
        epochs = np.array_split(np.array(records), model.n_iter_)
        norms = np.array([epoch.mean(axis=0) for epoch in epochs])
        return cls(norms, fitted_model(model).network.architecture.layer_names)

    def plot(self, ax: Any = None) -> Self:
        """Draw a line for each layer, from dark (the first) to light (the output).

        Parameters
        ----------
        ax : Axes, default=None
            The axes to draw on; None for a new figure.

        Returns
        -------
        self : GradientDisplay
            The display itself.
        """
        ax = axes_or_new(self, ax)
        epochs = np.arange(1, len(self.gradient_norms) + 1)
        shades = colors(len(self.layer_names))
        for name, norms, shade in zip(self.layer_names, self.gradient_norms.T, shades, strict=True):
            ax.plot(epochs, norms, color=shade, label=name, marker="o", markersize=3)
        ax.set(xlabel="epoch", ylabel="norm of the gradient", yscale="log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
        return finish(self, ax)


def _layer_norms(params: Array, grad: Array, layout: Layout) -> list[float]:
    blocks = layout.views(grad)
    return [
        float(np.linalg.norm(block.astype(np.float64)))
        for name, block in blocks.items()
        if name.startswith("layer_")
    ]
