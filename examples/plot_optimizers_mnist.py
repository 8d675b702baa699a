"""
===============================
SGD, momentum and Adam on MNIST
===============================

Three optimizers, each at a rate that suits it, on handwritten digits. Give the path of an .npz
file with ``X`` and ``y`` of MNIST as an argument to use it; without one, scikit-learn's small
digits stand in for it.
"""

import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn import MLPClassifier
from sknn.inspection import LossCurveDisplay, WeightDisplay

if sys.argv[1:]:
    with np.load(sys.argv[1]) as data:
        X, y = data["X"][:20_000] / np.float32(255), data["y"][:20_000]
else:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)

# %%
# A tenth of the training rows is set aside in each fit, to watch the loss on rows that are not
# trained on; with ``n_iter_no_change=inf`` it stops nothing.

RATES = {"sgd": 0.1, "momentum": 0.03, "adam": 0.003}
models = {}
for optimizer, rate in RATES.items():
    model = MLPClassifier(
        (100, 50),
        optimizer=optimizer,
        learning_rate_init=rate,
        batch_size=100,
        max_iter=20,
        early_stopping=True,
        n_iter_no_change=float("inf"),
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 20 epochs are enough to compare
        models[optimizer] = model.fit(X_train, y_train)
    print(f"{optimizer:10} test accuracy {model.score(X_test, y_test):.4f}")

# %%
# Momentum and Adam need a few epochs for what takes plain steps twenty. Where the validation loss
# (dashed) rises while the training loss goes on falling, a network learns its rows by heart.

LossCurveDisplay.from_estimator(models)

# %%
# What the first layer's units look for.

WeightDisplay.from_estimator(models["adam"], n_units=36)
plt.show()
