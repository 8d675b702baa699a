"""
===============================
SGD, momentum and Adam on MNIST
===============================

This example compares three optimizers on handwritten digits, each with a learning rate chosen for
it. To use MNIST, pass the path of an .npz file with its ``X`` and ``y`` as an argument. Without
one, the example uses scikit-learn's small digits.
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
# Each fit sets a tenth of the training rows aside to monitor the loss on rows that it does not
# train on. With ``n_iter_no_change=inf`` this loss never stops a fit.

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
# Momentum and Adam reach in a few epochs the loss that plain gradient descent reaches in twenty. If
# the validation loss (dashed) rises while the training loss keeps falling, the network memorizes
# its rows.

LossCurveDisplay.from_estimator(models)

# %%
# The weights of units in the first layer show the patterns that these units respond to.

WeightDisplay.from_estimator(models["adam"], n_units=36)
plt.show()
