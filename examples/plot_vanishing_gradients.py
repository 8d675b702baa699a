"""
============================
Vanishing gradients by depth
============================

Going down through a layer, a gradient is multiplied by its weights and by the derivative of its
activation. The sigmoid's derivative is at most 1/4, so the deeper a sigmoid network is, the less
its first layers learn. With ReLU and He's initializer the norms stay alike.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sknn import MLPClassifier
from sknn.inspection import GradientDisplay

X, y = load_digits(return_X_y=True)
X = X / 16


def gradients(activation, depth):
    model = MLPClassifier((40,) * depth, activation, max_iter=5, random_state=0)
    return GradientDisplay.from_estimator(model, X, y)


# %%
# The norm of each layer's gradient in ten-layer networks, by epoch.

figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
for ax, activation in zip(axes, ["sigmoid", "relu"], strict=True):
    gradients(activation, 10).plot(ax)
    ax.set_title(f"10 layers of {activation}")
axes[0].get_legend().remove()
axes[1].set_ylabel("")

# %%
# The first layer's norm as a share of the output layer's, in the first epoch, by depth.

depths = (1, 2, 4, 6, 8, 10)
figure, ax = plt.subplots(layout="constrained")
for activation in ("sigmoid", "tanh", "selu", "relu"):
    norms = [gradients(activation, depth).gradient_norms[0] for depth in depths]
    ax.plot(depths, [first[0] / first[-1] for first in norms], marker="o", label=activation)
ax.set(
    xlabel="hidden layers",
    ylabel="gradient norm, first layer / output layer",
    yscale="log",
)
ax.legend()
plt.show()
