"""
===================
Paths of optimizers
===================

Optimizers take different paths to a minimum. This example draws these paths on two functions of
two parameters, and then in a plane through the loss of a real network.
"""

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sknn import MLPClassifier
from sknn.inspection import OptimizerPathDisplay
from sknn.optimizers import Momentum

# %%
# The first function is a ravine that is 20 times steeper across than along. A rate that is right
# along the ravine is too high across it, so plain gradient descent oscillates. Momentum accumulates
# the direction in which successive steps agree. So it can use a rate six times smaller, which is
# right for the steep direction, and is still as fast along the ravine. Adam scales each direction
# separately.

figure, axes = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
for ax, optimizer, rate in zip(
    axes, ["sgd", Momentum(momentum=0.8), "adam"], [0.096, 0.015, 0.1], strict=True
):
    OptimizerPathDisplay.from_surface("ravine", optimizer, learning_rate=rate, n_steps=60, ax=ax)

# %%
# Rosenbrock's function has a curved valley. All optimizers reach its floor at once, but along the
# floor the gradient is small. L-BFGS estimates the curvature and reaches the minimum in about 40
# iterations.

figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
OptimizerPathDisplay.from_surface(
    "rosenbrock",
    ["sgd", "momentum", "adam", "lbfgs"],
    learning_rate=[0.001, 0.0005, 0.02, 1.0],
    n_steps=200,
    ax=ax,
)

# %%
# A network has thousands of parameters. Its paths are drawn over the loss in the plane that
# contains most of their movement. The plane is spanned by the first two principal components of
# the weights after each epoch.

X, y = load_digits(return_X_y=True)
model = MLPClassifier(30, max_iter=25, init="xavier_uniform", random_state=0)
display = OptimizerPathDisplay.from_estimator(
    model, X / 16, y, ["sgd", "momentum", "adam"], learning_rate=[0.1, 0.02, 0.005]
)
print(f"{display.explained_variance_ratio:.0%} of the movement is in this plane")
for name, values in display.values.items():
    print(f"{name:10} loss {values[0]:.3f} before, {values[-1]:.3f} after 25 epochs")
plt.show()
