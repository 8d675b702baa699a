"""How a signal passes through the layers: activations, and which units let no gradient through."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from sknn._core.table import Table
from sknn._core.typing import Array
from sknn._network.layers import Activate, run
from sknn._network.network import Workspace
from sknn.activations import Activation
from sknn.inspection._networks import Network, some_rows

# A unit with a derivative below this is saturated: a sigmoid's output within 0.01 of 0 or 1.
SATURATED: Final = 0.01
# The most rows that are looked at.
ROWS: Final = 1000


@dataclass(frozen=True)
class Signal:
    """What one hidden layer makes of the rows.

    Attributes
    ----------
    activation : Activation
        The rule.
    a : ndarray of shape (n_rows, n_units)
        Activations.
    slopes : ndarray of shape (n_rows, n_units)
        Their derivatives with respect to the same unit's pre-activation.
    """

    activation: Activation
    a: Array
    slopes: Array

    def statistics(self) -> dict[str, float]:
        """Return mean, standard deviation over the rows, and shares of saturated and dead units."""
        flat = np.abs(self.slopes) < SATURATED
        wide = self.a.astype(np.float64)
        return {
            "mean": float(wide.mean()),
            "std": float(np.sqrt(wide.var(axis=0).mean())),
            "saturated": float(flat.mean()),
            "dead": float(flat.all(axis=0).mean()),
        }


def signals(network: Network) -> list[Signal]:
    """Return the signal of each hidden layer, of up to 1000 rows at equal distances."""
    architecture, parameters, X = network
    X = some_rows(X, ROWS)
    workspace = Workspace(architecture, parameters, X.shape[0], sparse.issparse(X))
    workspace.inputs.load(X, slice(0, X.shape[0]))
    found = []
    with np.errstate(over="ignore", invalid="ignore"):  # an unfit initializer may overflow
        for stage in workspace.stages:
            if isinstance(stage, Activate):
                own = getattr(stage.scratch, "parameters", None)
                slopes = derivatives(stage.activation, stage.z, own)
                run(stage.forward)
                found.append(Signal(stage.activation, stage.a.T.copy(), slopes.T))
            else:
                run(stage.forward)
    if not found:
        raise ValueError("This network has no hidden layer to look at.")
    return found


def derivatives(activation: Activation, z: Array, parameters: Array | None = None) -> Array:
    """Return the diagonal of an activation's Jacobian.

    Parameters
    ----------
    activation : Activation
        The rule.
    z : ndarray of shape (units, n_samples)
        Pre-activations; not changed.
    parameters : ndarray of shape (n_parameters,), optional
        The activation's own.

    Returns
    -------
    derivatives : ndarray of shape (units, n_samples)
        ``da_j / dz_j``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.activations import Sigmoid, Softmax
    >>> from sknn.inspection._signals import derivatives
    >>> z = np.zeros((2, 1))
    >>> derivatives(Sigmoid(), z).ravel(), derivatives(Softmax(), z).ravel()
    (array([0.25, 0.25]), array([0.25, 0.25]))
    """

    def backward(delta: Array) -> Array:
        own_z = z.copy()
        a = np.empty_like(z) if activation.needs_z else own_z
        scratch: Any = activation.scratch(own_z)
        if parameters is not None:
            scratch.parameters, scratch.gradient = parameters, np.empty_like(parameters)
        activation.forward(own_z, a, scratch)
        activation.backward(delta, own_z, a, scratch)
        return delta

    signs = np.ones_like(z)
    signs[::2] = -1
    diagonal = backward(np.ones_like(z))
    if np.allclose(backward(signs.copy()) * signs, diagonal, atol=1e-6, equal_nan=True):
        return diagonal  # each unit depends on itself alone
    for unit in range(len(z)):
        delta = np.zeros_like(z)
        delta[unit] = 1
        diagonal[unit] = backward(delta)[unit]
    return diagonal


def table(signals_of: dict[str, list[Signal]]) -> Table:
    """Return the statistics of every layer of every network, by its label."""
    rows = [
        {"network": label, "layer": f"layer_{i}", "activation": repr(signal.activation)}
        | signal.statistics()
        for label, found in signals_of.items()
        for i, signal in enumerate(found)
    ]
    return Table({name: [row[name] for row in rows] for name in rows[0]})
