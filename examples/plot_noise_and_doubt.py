"""
===============
Noise and doubt
===============

A network with ``loss="gaussian"`` predicts the noise of y. Dropout that stays on at prediction, or
an ensemble of networks, shows the doubt of the model. The noise is in the data; the doubt shrinks
with more rows, and grows where there are none.
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
# Two models vote: a network with dropout, and five networks with different seeds.

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
# The inner band is the doubt: where the mean may be. The outer band holds the noise as well.

figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
models = {"Monte-Carlo dropout": with_dropout, "five networks": ensemble}
for ax, (name, model) in zip(axes, models.items(), strict=True):
    PredictionIntervalDisplay.from_estimator(model, x, y, ax=ax)
    ax.set_title(name)
plt.show()

# %%
# The noise is 2 at the left place and 8 at the right one, and nobody knows y in the middle. Five
# networks see that. The doubt of dropout follows its rate instead: it is nearly the same
# everywhere, and where the noise is small, it hides the noise.

for name, model in models.items():
    for place in (-1.5, 0.0, 1.5):
        found = predict_uncertainty(model, [[place]])
        print(f"{name}, x = {place}: ", end="")
        print(f"noise {found.noise_std[0]:.1f}, doubt {found.votes_std[0]:.1f}")
