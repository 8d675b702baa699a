"""Regularization of the weights: the penalty of each chunk, and bounds on norms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from sknn._core.blas import (
    additions,
    axpy,
    dot,
    has_nonfinite_product,
    inner_products,
    scale,
)
from sknn._core.parameters import Layout
from sknn._core.rounding import multiply_add
from sknn._core.typing import Array


@final
@dataclass(frozen=True)
class Regularization:
    """The penalty ``alpha (l1_ratio sum(|W|) + (1 - l1_ratio) / 2 sum(W^2))`` and two bounds.

    Attributes
    ----------
    alpha : float
        The strength of the penalty, not negative. It does not apply to biases or to the parameters
        of activations.
    l1_ratio : float in [0, 1]
        The share of the absolute values in the penalty.
    max_norm : float or None
        The largest norm of the incoming weights of a hidden unit.
    clip_norm : float or None
        The largest norm of a gradient.
    """

    alpha: float = 0.0
    l1_ratio: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None

    @cached_property
    def l1(self) -> float:
        return self.alpha * self.l1_ratio

    @cached_property
    def l2(self) -> float:
        return self.alpha * (1 - self.l1_ratio)


@final
class Chunk:
    """A chunk of the parameters and of their gradient, small enough for the cache.

    Parameters
    ----------
    layout : Layout
        Distinguishes weights from biases.
    elements : slice
        The elements of the flat vectors that belong to the chunk.
    params, grad : ndarray of shape (layout.size,)
        The flat vectors; the chunk is a view of both.
    """

    def __init__(self, layout: Layout, elements: slice, params: Array, grad: Array) -> None:
        self.elements = elements
        self._params, self._grad = params[elements], grad[elements]
        penalized = layout.penalized(elements)
        self._weights = [(params[weights], grad[weights]) for weights in penalized]
        # The calls are bound to their arrays once, like the layers of a compiled network.
        self._additions = [add for pair in self._weights for add in additions(*pair)]
        self._squares = [square for w, _ in self._weights for square in inner_products(w, w)]
        self._checks = inner_products(self._params, self._grad)

    def add_penalty(self, regularization: Regularization) -> None:
        """Add the gradient of the penalty, ``alpha (l1_ratio sign(W) + (1 - l1_ratio) W)``."""
        l1, l2 = regularization.l1, regularization.l2
        if l2:
            for add in self._additions:
                add(l2)
        if l1:
            for weights, grad in self._weights:
                axpy(l1, self._sign(weights), grad)

    def penalty(self, regularization: Regularization) -> float:
        """Return ``alpha (l1_ratio sum(|W|) + (1 - l1_ratio) / 2 sum(W^2))``."""
        l1, l2 = regularization.l1, regularization.l2
        value = 0.0
        if l2:
            for square in self._squares:
                value += l2 / 2 * float(square())
        if l1:
            for weights, _ in self._weights:
                # The BLAS's asum rounds depending on the address of the memory, so from fit to fit.
                value += l1 * dot(weights, self._sign(weights))
        return value

    def _sign(self, weights: Array) -> Array:
        return np.sign(weights, out=self._scratch[: weights.size])

    @cached_property
    def _scratch(self) -> Array:
        return np.empty_like(self._params)

    def finish_gradient(self, regularization: Regularization) -> bool:
        """Add the gradient of the penalty; return whether a parameter or derivative is not finite.

        Afterwards the chunk is ready for its update.
        """
        self.add_penalty(regularization)
        total = 0.0
        for multiply in self._checks:
            total += float(multiply())
        # A finite sum has only finite terms; a sum that is not finite may have overflowed.
        return not math.isfinite(total) and has_nonfinite_product(self._params, self._grad)


def penalized_gradient(weight: Any, grad: Any, l1: Any, l2: Any) -> Any:
    """Return the derivative of one weight with the penalty: `Chunk.add_penalty` for compilation.

    Examples
    --------
    >>> from sknn._training.penalty import penalized_gradient
    >>> float(penalized_gradient(-2.0, 0.0, 0.5, 0.25))
    -1.0
    """
    return multiply_add(l1, np.sign(weight), multiply_add(l2, weight, grad))


def clip(grad: Array, clip_norm: float) -> None:
    """Scale a gradient of shape (size,) down to the norm `clip_norm` if it is longer, in place.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural
    networks, ICML 2013, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.penalty import clip
    >>> grad = np.array([3.0, 4.0])
    >>> clip(grad, 1.0)
    >>> grad
    array([0.6, 0.8])
    """
    norm = math.sqrt(dot(grad, grad))
    if norm > clip_norm:
        if math.isinf(norm):  # the sum of squares overflowed, not necessarily the norm
            np.divide(grad, float(max(grad.max(), -grad.min())), out=grad)
            norm = math.sqrt(dot(grad, grad))
        scale(clip_norm / norm, grad)


@final
class MaxNorm:
    """A bound on the norm of the incoming weights of each unit.

    Parameters
    ----------
    layers : sequence of ndarray of shape (fan_in, fan_out)
        The weights of the layers, which `apply` scales in place.
    max_norm : float
        The largest norm.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, Dropout: a
    simple way to prevent neural networks from overfitting, JMLR 15, 2014, section 5.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn._training.penalty import MaxNorm
    >>> weights = np.array([[3.0, 0.3], [4.0, 0.4]])
    >>> MaxNorm([weights], 1.0).apply()
    >>> weights
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """

    def __init__(self, layers: Sequence[Array], max_norm: float) -> None:
        self._max_norm = max_norm
        self._layers = [(weights, np.empty_like(weights[0])) for weights in layers]

    def apply(self) -> None:
        """Scale the weights of each unit whose norm is too large."""
        for weights, norms in self._layers:
            np.einsum("ij,ij->j", weights, weights, out=norms)
            np.sqrt(norms, out=norms)
            if norms.max() > self._max_norm:
                np.maximum(norms, self._max_norm, out=norms)
                np.divide(self._max_norm, norms, out=norms)
                np.multiply(weights, norms, out=weights)
