"""The networks that displays inspect: fitted networks, or networks before the first step."""

from typing import Any

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array

from sknn._core.typing import FLOATS
from sknn._network.network import Network
from sknn.estimators import BaseMLP
from sknn.estimators.internals import (
    check_inputs,
    fitted_model,
    initial_network,
    read_batch_size,
    read_optimizer,
    read_settings,
)
from sknn.optimizers import Minimizer

# A network and inputs in the form that it takes.
NetworkOnData = tuple[Network, Any]


def network_of(estimator: Any, takes_steps: bool = False, what: str = "") -> BaseMLP:
    """Return an estimator of sknn, or the one at the end of a Pipeline.

    Raise a ValueError if there is none, or if `takes_steps` and its optimizer is a minimizer.
    """
    network = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(network, BaseMLP):
        bases = [base.__module__ for base in type(network).__mro__]
        way = "; sknn.compat.convert makes one of a fitted model of scikit-learn's kind"
        raise ValueError(
            "estimator must be an MLPClassifier or an MLPRegressor of sknn, or a Pipeline that "
            f"ends in one, got {estimator!r}"
            f"{way if any('sklearn.neural_network' in base for base in bases) else ''}."
        )
    if takes_steps and isinstance(read_optimizer(network.optimizer), Minimizer):
        raise ValueError(f"optimizer={network.optimizer!r} has no {what}: it runs its own loop.")
    return network


def inputs_of(estimator: Any, X: Any, y: Any = None) -> Any:
    """Return the inputs of the network: X, transformed by the preceding steps of a Pipeline.

    If the steps are not fitted, copies of them are fitted to X and y.
    """
    if not isinstance(estimator, Pipeline) or len(estimator) < 2:
        return X
    before = estimator[:-1]
    try:
        return before.transform(X)
    except NotFittedError:
        return clone(before).fit_transform(X, y)


def batch_size(estimator: BaseMLP, n_samples: int) -> int:
    """Return the number of rows in a step of a fit."""
    is_full = read_optimizer(estimator.optimizer).full_batch
    return n_samples if is_full else read_batch_size(estimator.batch_size, n_samples)


def fitted_network(estimator: BaseMLP, X: Any) -> NetworkOnData:
    """Return the network of a fitted estimator, and X in the form that the network takes."""
    network = fitted_model(estimator).network
    return network, check_inputs(estimator, X, network.dtype)


def untrained_network(estimator: BaseMLP, X: Any, init: Any) -> NetworkOnData:
    """Return the network from which a fit to X would start, with an arbitrary output layer.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator, which is not changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs.
    init : str or Initializer
        The initializer of the weights.
    """
    copy = clone(estimator).set_params(init=init)
    settings = read_settings(copy)
    X = check_array(X, dtype=settings.dtype or FLOATS, accept_sparse="csr", order="C")
    return initial_network(settings, X, copy.random_state), X


def some_rows(X: Any, most: int) -> Any:
    """Return at most `most` rows of X, evenly spaced."""
    return X[:: -(-X.shape[0] // most)]
