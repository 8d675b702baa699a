"""What initializers do to a network before its first step, as a table."""

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
    """Tell what initializers make of X in each hidden layer, before any training.

    A layer should be like the one before it: with a standard deviation that halves at each
    layer, inputs fade and gradients vanish; with one that doubles, they explode.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
        Fitted or not. Its layers, activations and random state are used; it is not changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs as for its `fit`; up to 1000 rows of them are used. The other steps of a Pipeline
        transform them: as they are fitted, or fitted to X and y on a copy.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets, for steps of a Pipeline that are to be fitted and need them.
    init : str, Initializer or sequence of them, default=N(0, 1), N(0, 0.1^2), Xavier and He
        Where weights start.

    Returns
    -------
    table : Table
        One row for each initializer and hidden layer: ``network`` (the initializer), ``layer``,
        ``activation``, ``mean`` of the activations, ``std`` over the rows (root mean square over
        the units), ``saturated`` (the share of activations whose derivative is at most 5 % of the
        largest that the activation has, or of 1 if that is larger) and ``dead`` (the share of
        units whose derivative is zero for every row). Half of the activations of a healthy ReLU
        layer are saturated, none of its units is dead. An activation whose derivative has no
        zeros and no limit of zero, such as leaky ReLU, does not saturate. Both are NaN for
        `sknn.activations.Softmax`, which has no elementwise derivative.

    Raises
    ------
    ValueError
        If the estimator is none of these, has no hidden layer, or has a wrong parameter.

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
    >>> initialization_report(model, load_digits().data / 16, init=["normal", "xavier_normal"])
    network        layer    activation     mean    std  saturated  dead
    normal         layer_0  Tanh()      -0.0629  0.576      0.585     0
    normal         layer_1  Tanh()      -0.0511  0.722      0.808     0
    xavier_normal  layer_0  Tanh()      -0.0334  0.204          0     0
    xavier_normal  layer_1  Tanh()      -0.0445  0.183          0     0
    """
    return table(untrained_signals(estimator, X, y, init))


def untrained_signals(estimator: Any, X: Any, y: Any, init: Any) -> dict[str, list[Signal]]:
    """Return each initializer's signals, by its name."""
    network, X = network_of(estimator), inputs_of(estimator, X, y)
    several = isinstance(init, Sequence) and not isinstance(init, str)
    if several and not init:
        raise ValueError(f"init must hold at least one initializer, got {init!r}.")
    return {
        _label(each): signals(untrained_network(network, X, each))
        for each in (init if several else [init])
    }


def _label(init: Any) -> str:
    if not isinstance(init, Initializer):
        return str(init)
    is_default = repr(init) == repr(type(init)())
    return registered_name(init, INITIALIZERS) if is_default else repr(init)
