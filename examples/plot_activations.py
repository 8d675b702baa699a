"""
=================================
Activations and their derivatives
=================================

A layer passes its gradient on times the derivative of its activation. Where that is near zero,
a unit is saturated, and what lies below it learns no more.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.activations import ACTIVATIONS

NAMES = [
    *("sigmoid", "tanh", "softsign", "hard_sigmoid"),
    *("relu", "leaky_relu", "relu6", "softplus"),
    *("elu", "selu", "gelu", "silu"),
    *("mish", "hard_silu", "soft_shrink", "log_sigmoid"),
]


# %%
# ``forward`` computes an activation, and ``backward`` multiplies a gradient by its derivative,
# both in place. So a gradient of ones becomes the derivative.


def value_and_derivative(name, z):
    activation, z = ACTIVATIONS[name](), z.copy()
    scratch = activation.scratch(z)
    a = np.empty_like(z) if activation.needs_z else z
    activation.forward(z, a, scratch)
    value, derivative = a.copy(), np.ones_like(z)
    activation.backward(derivative, z, a, scratch)
    return value[0], derivative[0]


# %%
# Grey is where the derivative is below 0.01. The sigmoid's derivative is never above 1/4, so ten
# sigmoid layers shrink a gradient by a million or more. That of ReLU is 1 for half of the inputs.

z = np.linspace(-6, 6, 601)[np.newaxis]
figure, grid = plt.subplots(4, 4, figsize=(11, 9), sharex=True, layout="constrained")
for ax, name in zip(grid.flat, NAMES, strict=True):
    value, derivative = value_and_derivative(name, z)
    ax.axhline(0, color="0.7", linewidth=0.8)
    ax.plot(z[0], value, label="activation")
    ax.plot(z[0], derivative, "--", label="derivative")
    saturated = np.abs(derivative) < 0.01
    ax.fill_between(
        z[0], 0, 1, where=saturated, color="0.9", transform=ax.get_xaxis_transform(), zorder=0
    )
    ax.set_title(f"{name}: at most {derivative.max():.2f}", fontsize="medium")
    ax.set_ylim(max(-3, value.min() - 0.3), min(4, max(1.2, value.max() + 0.3)))
grid[0, 0].legend(fontsize="small", loc="upper left")
for ax in grid[-1]:
    ax.set_xlabel("z")
plt.show()
