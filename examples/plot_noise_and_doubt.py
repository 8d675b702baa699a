"""
===============
Noise and doubt
===============

A network with ``loss="gaussian"`` predicts the noise of y. Predictions with dropout masks, or an
ensemble of networks, show the doubt of the model. The noise is a property of the data. The doubt
decreases with more rows, and is large where there are none.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.preprocessing import StandardScaler

from sknn import MLPRegressor
from sknn.inspection import PredictionIntervalDisplay
from sknn.uncertainty import predict_uncertainty

# %%
# The noise grows with x, and there are no rows between -0.7 and 0.7.

rng = np.random.default_rng(0)
x = rng.uniform(-2, 2, size=(800, 1))
x = x[np.abs(x[:, 0]) > 0.7]
y = 20 * np.sin(2 * x[:, 0]) + (5 + 2 * x[:, 0]) * rng.normal(size=len(x))

# %%
# Two models give several votes for each row: a network with dropout, and five networks with
# different seeds.

params = {
    "hidden_layer_sizes": (50, 50),
    "activation": "leaky_relu",
    "loss": "gaussian",
    "max_iter": 200,
    "learning_rate_init": 0.002,
    "learning_rate": "cosine",
    "n_iter_no_change": 200,
}


def scaled(**more):
    """Return a network on scaled targets."""
    return TransformedTargetRegressor(MLPRegressor(**params, **more), transformer=StandardScaler())


with_dropout = scaled(dropout=0.1, random_state=0).fit(x, y)
ensemble = BaggingRegressor(scaled(), 5, bootstrap=False, random_state=0).fit(x, y)

# %%
# The inner band shows the doubt about the mean. The outer band includes the noise.

figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
models = {"Monte-Carlo dropout": with_dropout, "five networks": ensemble}
for ax, (name, model) in zip(axes, models.items(), strict=True):
    PredictionIntervalDisplay.from_estimator(model, x, y, ax=ax)
    ax.set_title(name)
plt.show()

# %%
# The standard deviation of the noise is 2 at the left point and 8 at the right point. There are no
# rows near the middle point, and the doubt of five networks is large there. The doubt from dropout
# depends on the dropout rate instead. It is nearly the same everywhere. At the left point it also
# makes the predicted noise too large.

for name, model in models.items():
    for place in (-1.5, 0.0, 1.5):
        found = predict_uncertainty(model, [[place]])
        print(f"{name}, x = {place}: ", end="")
        print(f"noise {found.noise_std[0]:.1f}, doubt {found.votes_std[0]:.1f}")
