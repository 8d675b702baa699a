"""
===================
Quantile regression
===================

With the pinball loss, a network predicts quantiles instead of the mean. Two quantiles form an
interval that is wide where the data are noisy. If one network predicts several quantiles, they
share the hidden layers and do not cross.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from sknn import MLPRegressor
from sknn.losses import Quantile

# %%
# The noise grows with x and is skewed, so its mean is not its median.

rng = np.random.default_rng(0)
x = rng.uniform(0, 4, size=(3000, 1))
y = np.sin(2 * x[:, 0]) + (0.1 + 0.3 * x[:, 0]) * (rng.gamma(2.0, 0.5, size=3000) - 0.7)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)

# %%
# One network predicts three quantile levels, and another one predicts the mean.

LEVELS = (0.05, 0.5, 0.95)
params = {
    "hidden_layer_sizes": (50, 50),
    "activation": "silu",
    "learning_rate": "cosine",
    "learning_rate_init": 0.01,
    "max_iter": 60,
    "n_iter_no_change": 60,
    "random_state": 0,
}
quantiles = MLPRegressor(loss=Quantile(LEVELS), **params).fit(x_train, y_train)
mean = MLPRegressor(**params).fit(x_train, y_train)

# %%
# On new rows, the share of targets below each predicted quantile should equal its level.

predicted = quantiles.predict(x_test)
for level, below in zip(LEVELS, (y_test[:, np.newaxis] < predicted).mean(axis=0), strict=True):
    print(f"level {level:.2f}: {below:.3f} of the test rows are below")
print(f"the quantiles cross in {(np.diff(predicted, axis=1) < 0).sum()} rows")

# %%
# The band contains about nine of ten rows at every x.

grid = np.linspace(0, 4, 300)[:, np.newaxis]
low, median, high = quantiles.predict(grid).T
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
ax.plot(x_test[:, 0], y_test, ".", color="0.75", markersize=4, label="test rows")
ax.fill_between(grid[:, 0], low, high, alpha=0.25, label="from 5 % to 95 %")
ax.plot(grid[:, 0], median, label="median")
ax.plot(grid[:, 0], mean.predict(grid), "--", label="mean")
ax.set(xlabel="x", ylabel="y")
ax.legend(loc="upper left")
plt.show()
