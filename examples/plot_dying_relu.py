"""
=======================
Dying ReLU and its cure
=======================

A ReLU unit that is zero for every row has no gradient, so it no longer changes: it is dead. Steps
that are too long kill units. To prevent this, use a smaller rate, or an activation that has a
gradient on both sides of zero.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknn import MLPClassifier
from sknn.inspection import ActivationDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

# %%
# The first variant has a rate that is far too high, and the other three are possible cures. Each
# call of ``partial_fit`` is one epoch. After each epoch, the code counts the hidden units whose
# derivative is zero for every training row. ``max_norm`` bounds the weights, so that no fit
# diverges.

VARIANTS = {
    "ReLU, rate 1.2": {"activation": "relu", "learning_rate_init": 1.2},
    "ReLU, rate 0.1": {"activation": "relu", "learning_rate_init": 0.1},
    "leaky ReLU, rate 1.2": {"activation": "leaky_relu", "learning_rate_init": 1.2},
    "ReLU, rate 1.2, clipped": {
        "activation": "relu",
        "learning_rate_init": 1.2,
        "clip_norm": 0.3,
    },
}

dead, models = {}, {}
for name, params in VARIANTS.items():
    model = MLPClassifier(
        (60, 60), optimizer="sgd", batch_size=50, max_norm=3, random_state=0, **params
    )
    dead[name] = []
    for _ in range(15):
        model.partial_fit(X_train, y_train, classes=range(10))
        shares = ActivationDisplay.compute_from_estimator(model, X_train).table["dead"]
        dead[name].append(100 * sum(shares) / len(shares))
    models[name] = model
    accuracy = model.score(X_test, y_test)
    print(f"{name:24} {dead[name][-1]:5.1f} % dead, test accuracy {accuracy:.3f}")

# %%
# The figure shows the dead units by epoch. A dead unit in the first layer stays dead, because it
# has no gradient. A dead unit in the second layer may recover when the layer below changes. A unit
# with leaky ReLU cannot die, but the rate is still too high. Clipping is the better cure.

figure, ax = plt.subplots(layout="constrained")
for name, shares in dead.items():
    ax.plot(range(1, len(shares) + 1), shares, marker="o", markersize=3, label=name)
ax.set(xlabel="epoch", ylabel="dead hidden units (%)", ylim=(-2, 100))
ax.legend()

# %%
# The last figure compares the layers of the first and the third network after training. With leaky
# ReLU, the outputs of units are rarely zero, and their derivatives are never zero.

figure, axes = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
for ax, name in zip(axes, ["ReLU, rate 1.2", "leaky ReLU, rate 1.2"], strict=True):
    ActivationDisplay.from_estimator(models[name], X_train, ax=ax)
    ax.set_title(name)
plt.show()
