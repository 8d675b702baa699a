"""
============================
Vanishing gradients by depth
============================

In the backward pass, each layer multiplies the gradient by its weights and by the derivative of
its activation. The derivative of the sigmoid is at most 1/4, so the deeper a sigmoid network is,
the less its first layers learn. With ReLU and He's initializer, the norms stay similar in all
layers.
"""

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sknn import MLPClassifier
from sknn.inspection import GradientDisplay

X, y = load_digits(return_X_y=True)
X = X / 16


def network(activation, depth):
    return MLPClassifier((40,) * depth, activation, max_iter=5, random_state=0)


# %%
# The first figure shows the gradient norm of each layer in networks of ten layers, by epoch.

figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
for ax, activation in zip(axes, ["sigmoid", "relu"], strict=True):
    GradientDisplay.from_estimator(network(activation, 10), X, y, ax=ax)
    ax.set_title(f"10 layers of {activation}")
axes[0].get_legend().remove()
axes[1].set_ylabel("")

# %%
# The second figure shows the norm of the first layer divided by that of the output layer, in the
# first epoch, for networks of different depths. It needs only the numbers, which
# ``compute_from_estimator`` returns without drawing a figure.

depths = (1, 2, 4, 6, 8, 10)
figure, ax = plt.subplots(layout="constrained")
for activation in ("sigmoid", "tanh", "selu", "relu"):
    shares = []
    for depth in depths:
        display = GradientDisplay.compute_from_estimator(network(activation, depth), X, y)
        norms = display.gradient_norms[0]
        shares.append(norms[0] / norms[-1])
    ax.plot(depths, shares, marker="o", label=activation)
ax.set(
    xlabel="hidden layers",
    ylabel="gradient norm, first layer / output layer",
    yscale="log",
)
ax.legend()
plt.show()
