"""
=========================
An activation of your own
=========================

An activation is a dataclass with two methods. ``forward`` computes the output ``a`` from the input
``z``. ``backward`` turns the gradient with respect to ``a`` into the gradient with respect to
``z``. Both work in place. This example implements the sine of Sitzmann et al. (Implicit neural
representations with periodic activation functions, NeurIPS 2020). A network with this activation
learns a signal that is hard to learn with ReLU.
"""

from dataclasses import dataclass
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPRegressor, Range
from sknn.activations import Activation
from sknn.testing import check_activation

# %%
# ``needs_z`` keeps ``z`` for ``backward``. Without it, ``a`` would overwrite ``z``.


@dataclass(repr=False, eq=False)
class Sine(Activation):
    """a = sin(frequency z)."""

    frequency: float = 1.0
    needs_z = True
    ranges: ClassVar[dict[str, Range]] = {"frequency": Range(0, closed="neither")}

    def forward(self, z, a, scratch):
        np.multiply(z, self.frequency, out=a)
        np.sin(a, out=a)

    def backward(self, delta, z, a, scratch):
        np.multiply(z, self.frequency, out=z)
        np.cos(z, out=z)
        np.multiply(delta, z, out=delta)
        np.multiply(delta, self.frequency, out=delta)


# %%
# Among other checks, ``sknn.testing`` compares ``backward`` with finite differences.

check_activation(Sine(3.0))

# %%
# The frequency of the signal rises from left to right. Three networks of the same size, with
# different activations, are fitted to 300 points of it. The lines show their predictions, one above
# the other.

x = np.linspace(-1, 1, 300)[:, np.newaxis]
y = np.sin(4 * np.pi * (x[:, 0] + 1.2) ** 2)
fine = np.linspace(-1, 1, 1000)[:, np.newaxis]

figure, ax = plt.subplots(figsize=(9, 6), layout="constrained")
for shift, activation in zip((5, 2.5, 0), ["relu", "tanh", Sine(10.0)], strict=True):
    model = MLPRegressor(
        (60, 60),
        activation=activation,
        learning_rate_init=0.003,
        batch_size=50,
        max_iter=300,
        n_iter_no_change=300,
        learning_rate="cosine",
        random_state=0,
    ).fit(x, y)
    print(f"{activation!s:22} R² = {model.score(x, y):.2f}")
    ax.plot(x[:, 0], y + shift, ".", color="0.7", markersize=4)
    ax.plot(fine[:, 0], model.predict(fine) + shift, label=str(activation))
ax.set(xlabel="x", yticks=[])
ax.legend(loc="upper left")
plt.show()
