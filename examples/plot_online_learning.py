"""
================================
Online learning with partial_fit
================================

In online learning, batches arrive as a stream, and each one is seen once. ``partial_fit`` takes a
step with a batch and continues from the current weights. Halfway through this stream the data
change, and the network adapts.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier

# %%
# The models first predict each batch of 200 rows and then learn from it. After batch 80 the order
# of the features is reversed, so everything learned before is wrong.

N_BATCHES, SIZE = 160, 200
X, y = make_classification(
    N_BATCHES * SIZE,
    n_features=10,
    n_informative=6,
    n_classes=3,
    n_clusters_per_class=3,
    class_sep=1.5,
    random_state=0,
)
X[len(X) // 2 :] = X[len(X) // 2 :, ::-1]

MODELS = {
    "MLPClassifier, adam": MLPClassifier((50,), learning_rate_init=0.01, random_state=0),
    "MLPClassifier, sgd": MLPClassifier((50,), optimizer="sgd", random_state=0),
    "SGDClassifier (linear)": SGDClassifier(loss="log_loss", random_state=0),
}
scaler, accuracy = StandardScaler(), {name: [] for name in MODELS}
for start in range(0, len(X), SIZE):
    rows = slice(start, start + SIZE)
    batch = scaler.partial_fit(X[rows]).transform(X[rows])
    for name, model in MODELS.items():
        if start:
            accuracy[name].append(model.score(batch, y[rows]))
        model.partial_fit(batch, y[rows], classes=[0, 1, 2])

# %%
# The figure shows the accuracy on each new batch, as a moving average over ten batches.

figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for name, scores in accuracy.items():
    smooth = np.convolve(scores, np.full(10, 0.1), mode="valid")
    ax.plot(np.arange(10, len(scores) + 1), smooth, label=name)
    print(f"{name:24} {np.mean(scores[-50:]):.3f} over the last 50 batches")
ax.axvline(N_BATCHES / 2, color="0.6", linestyle="--")
ax.annotate("the features change", (N_BATCHES / 2 + 2, 0.41), color="0.4")
ax.set(xlabel="batch", ylabel="accuracy before learning from it", ylim=(0.35, 1))
ax.legend(loc="lower right")

# %%
# ``t_`` is the number of rows that a network has learned from. A copy of the network, also a
# pickled one, continues with bit-for-bit identical results.

print(f"{MODELS['MLPClassifier, adam'].t_:,.0f} rows seen")
plt.show()
