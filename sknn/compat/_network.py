"""The network of a fitted scikit-learn estimator, as this package represents it."""

from typing import Any, Final

import numpy as np

from sknn._core.parameters import Parameters
from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn.activations import ACTIVATIONS
from sknn.dropout import Dropout

_RENAMED: Final = {"logistic": "sigmoid", "exp": "exponential"}


def network_of(estimator: Any) -> Network:
    """Return the network of a fitted scikit-learn estimator; its parameters are copied."""
    sizes = (estimator.coefs_[0].shape[0], *(coef.shape[1] for coef in estimator.coefs_))
    hidden, link = (
        ACTIVATIONS[_RENAMED.get(name, name)]()
        for name in (estimator.activation, estimator.out_activation_)
    )
    architecture = Architecture(
        sizes, [hidden] * len(sizes[2:]), link, [Dropout(0.0)] * len(sizes[1:])
    )
    layout = architecture.layout()
    parameters = Parameters(layout, np.empty(layout.size, estimator.coefs_[0].dtype))
    layers = zip(architecture.layer_names, estimator.coefs_, estimator.intercepts_, strict=True)
    for name, coef, intercept in layers:
        parameters[name][:-1], parameters[name][-1] = coef, intercept
    return Network(architecture, parameters)


def with_fast_rows(X: Any) -> Any:
    """Return X as CSR or in C order, from which rows are gathered fast."""
    return X.tocsr() if hasattr(X, "tocsr") else np.ascontiguousarray(X)
