"""
===================
Paths of optimizers
===================

Optimizers differ in the way they go. Two functions of two parameters show how, and then the plane
of a real network's loss.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sknn import MLPClassifier
from sknn.inspection import OptimizerPathDisplay
from sknn.optimizers import Momentum

# %%
# A ravine, 20 times steeper across than along. The rate that is right along it is too long across
# it, so plain gradient steps oscillate. Momentum adds up what successive steps agree on: it takes
# a rate six times smaller across, and is as fast along. Adam scales each direction for itself.

figure, axes = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
for ax, optimizer, rate in zip(
    axes, ["sgd", Momentum(momentum=0.8), "adam"], [0.096, 0.015, 0.1], strict=True
):
    OptimizerPathDisplay.from_surface("ravine", optimizer, learning_rate=rate, n_steps=60, ax=ax)

# %%
# Rosenbrock's valley is bent. All find its floor at once; along the floor the gradient is small.
# L-BFGS, which learns the curvature, is at the minimum in some 40 iterations.

figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
OptimizerPathDisplay.from_surface(
    "rosenbrock",
    ["sgd", "momentum", "adam", "lbfgs"],
    learning_rate=[0.001, 0.0005, 0.02, 1.0],
    n_steps=200,
    ax=ax,
)

# %%
# A network has thousands of parameters. Its paths are drawn in the plane that holds most of their
# movement (the first two principal components of the weights after each epoch), over the loss
# in that plane.

X, y = load_digits(return_X_y=True)
model = MLPClassifier(30, max_iter=25, init="xavier_uniform", random_state=0)
display = OptimizerPathDisplay.from_estimator(
    model, X / 16, y, ["sgd", "momentum", "adam"], learning_rate=[0.1, 0.02, 0.005]
)
print(f"{display.explained_variance_ratio:.0%} of the movement is in this plane")
for name, values in display.values.items():
    print(f"{name:10} loss {values[0]:.3f} before, {values[-1]:.3f} after 25 epochs")
plt.show()
