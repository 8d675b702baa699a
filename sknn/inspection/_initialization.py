"""A table of the effect of initializers on a network before its first step."""

from collections.abc import Sequence
from typing import Any, Final

from sknn._core.strategy import registered_name
from sknn._core.table import Table
from sknn.initializers import INITIALIZERS, HeNormal, Initializer, Normal, XavierNormal
from sknn.inspection._networks import inputs_of, network_of, untrained_network
from sknn.inspection._signals import Signal, signals, table

# N(0, 1), N(0, 0.1^2), Xavier and He.
CLASSICS: Final = (Normal(), Normal(std=0.1), XavierNormal(), HeNormal())


def initialization_report(estimator: Any, X: Any, y: Any = None, *, init: Any = CLASSICS) -> Table:
    """Report the activations that initializers give in each hidden layer, before any training.

    The activations of a layer should be similar to those of the layer before it. If their standard
    deviation halves in each layer, signals fade and gradients vanish; if it doubles, they explode.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
        The estimator, fitted or not, which is not changed. Its layers, activations and random
        state are used.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs as for its `fit`, of which up to 1000 rows are used. The other steps of a Pipeline
        transform them; steps that are not fitted are copied and fitted to X and y.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets, if steps of a Pipeline have to be fitted and need them.
    init : str, Initializer or sequence of them, default=N(0, 1), N(0, 0.1^2), Xavier and He
        The initializers of the weights.

    Returns
    -------
    table : Table
        One row for each initializer and hidden layer: ``network`` (the initializer), ``layer``,
        ``activation``, ``mean`` of the activations, ``std`` over the rows (root mean square over
        the units), ``saturated`` (the share of activations whose derivative is at most 5 % of the
        activation's largest derivative, or of 1 if the largest is above 1) and ``dead`` (the share
        of units whose derivative is zero for every row). In a healthy ReLU layer half of the
        activations are saturated, and no unit is dead. An activation whose derivative is nowhere
        close to zero, such as leaky ReLU, does not saturate. Both columns are NaN for
        `sknn.activations.Softmax`, which has no elementwise derivative.

    Raises
    ------
    ValueError
        If the estimator is of another type, has no hidden layer, or has a wrong parameter.

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, section 4.2.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import initialization_report
    >>> model = MLPClassifier((100, 100), activation="tanh", random_state=0)
    >>> initialization_report(
    ...     model, load_digits().data / 16, init=["normal", "xavier_normal"]
    ... )
    network        layer    activation     mean    std  saturated  dead
    normal         layer_0  Tanh()      -0.0629  0.576      0.585     0
    normal         layer_1  Tanh()      -0.0511  0.722      0.808     0
    xavier_normal  layer_0  Tanh()      -0.0334  0.204          0     0
    xavier_normal  layer_1  Tanh()      -0.0445  0.183          0     0
    """
    return table(untrained_signals(estimator, X, y, init))


def untrained_signals(estimator: Any, X: Any, y: Any, init: Any) -> dict[str, list[Signal]]:
    """Return the signals of each initializer, by its name."""
    network, X = network_of(estimator), inputs_of(estimator, X, y)
    several = isinstance(init, Sequence) and not isinstance(init, str)
    if several and not init:
        raise ValueError(f"init must hold at least one initializer, got {init!r}.")
    return {
        _label(initializer): signals(untrained_network(network, X, initializer))
        for initializer in (init if several else [init])
    }


def _label(init: Any) -> str:
    if not isinstance(init, Initializer):
        return str(init)
    is_default = repr(init) == repr(type(init)())
    return registered_name(init, INITIALIZERS) if is_default else repr(init)
