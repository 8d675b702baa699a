"""The signal in each hidden layer: activations, and dead and saturated units."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from sknn._core.table import Table
from sknn._core.typing import Array
from sknn._network.layers import Activate
from sknn._network.units import Units, hidden_units
from sknn.activations import Activation
from sknn.inspection._networks import NetworkOnData, some_rows

# The largest number of rows that displays use.
ROWS: Final = 1000


@dataclass(frozen=True)
class Signal:
    """The activations and units of one hidden layer on a sample of rows.

    Attributes
    ----------
    activation : Activation
        The activation of the layer.
    a : ndarray of shape (n_rows, n_units)
        The activations of the units.
    units : Units
        Dead and saturated units.
    """

    activation: Activation
    a: Array
    units: Units

    def statistics(self) -> dict[str, float]:
        """Return mean, standard deviation over the rows, and shares of saturated and dead units."""
        wide = self.a.astype(np.float64)
        return {
            "mean": float(wide.mean()),
            "std": float(np.sqrt(wide.var(axis=0).mean())),
            "saturated": self.units.saturated,
            "dead": self.units.dead,
        }


def signals(network_on_data: NetworkOnData) -> list[Signal]:
    """Return the signal in each hidden layer for at most `ROWS` rows, evenly spaced."""
    network, X = network_on_data
    X = some_rows(X, ROWS)
    compiled = network.compile(X.shape[0], sparse.issparse(X))
    compiled.inputs.load(X, slice(0, X.shape[0]))
    with np.errstate(over="ignore", invalid="ignore"):  # an unfit initializer may overflow
        units = hidden_units(compiled)
    layers = [layer for layer in compiled.layers if isinstance(layer, Activate)]
    if not layers:
        raise ValueError("This network has no hidden layer to look at.")
    return [
        Signal(layer.activation, layer.a.T.copy(), its_units)
        for layer, its_units in zip(layers, units, strict=True)
    ]


def table(signals_of: dict[str, list[Signal]]) -> Table:
    """Return a table of the statistics of each layer of each network, by label."""
    rows = [
        {"network": label, "layer": f"layer_{i}", "activation": repr(signal.activation)}
        | signal.statistics()
        for label, layers in signals_of.items()
        for i, signal in enumerate(layers)
    ]
    return Table({name: [row[name] for row in rows] for name in rows[0]})
