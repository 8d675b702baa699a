"""
=================================
Activations and their derivatives
=================================

In the backward pass, a layer multiplies the gradient by the derivative of its activation. Where
the derivative is near zero, the unit is saturated, and the layers below it stop learning.
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
# An activation can be called like a function, and ``derivative`` computes its derivative:

print("sigmoid   ", ACTIVATIONS["sigmoid"]()([-1.0, 0.0, 1.0]).round(3))
print("derivative", ACTIVATIONS["sigmoid"]().derivative([-1.0, 0.0, 1.0]).round(3))

# %%
# The derivative of the sigmoid is at most 1/4, so ten sigmoid layers shrink a gradient by a factor
# of a million or more. The derivative of ReLU is 1 for half of the inputs.

z = np.linspace(-6, 6, 601)
figure, ax = plt.subplots(layout="constrained")
for color, name in (("C0", "sigmoid"), ("C1", "relu")):
    activation = ACTIVATIONS[name]()
    ax.plot(z, activation(z), color=color, label=name)
    ax.plot(z, activation.derivative(z), "--", color=color, label=f"{name}, derivative")
ax.set(xlabel="z", ylim=(-0.1, 2))
ax.legend()

# %%
# The next figure shows sixteen activations. In the grey regions the derivative is below 0.01.

figure, grid = plt.subplots(4, 4, figsize=(11, 9), sharex=True, layout="constrained")
for ax, name in zip(grid.flat, NAMES, strict=True):
    activation = ACTIVATIONS[name]()
    value, derivative = activation(z), activation.derivative(z)
    ax.axhline(0, color="0.7", linewidth=0.8)
    ax.plot(z, value, label="activation")
    ax.plot(z, derivative, "--", label="derivative")
    flat = np.abs(derivative) < 0.01
    ax.fill_between(z, 0, 1, where=flat, color="0.9", transform=ax.get_xaxis_transform(), zorder=0)
    ax.set_title(f"{name}: at most {derivative.max():.2f}", fontsize="medium")
    ax.set_ylim(max(-3, value.min() - 0.3), min(4, max(1.2, value.max() + 0.3)))
grid[0, 0].legend(fontsize="small", loc="upper left")
for ax in grid[-1]:
    ax.set_xlabel("z")
plt.show()
