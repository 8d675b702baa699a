"""
================
Dropout on MNIST
================

Dropout drops random hidden units during training, so no unit can rely on particular other units.
This has two effects. The gap between training and test error becomes smaller, and each feature
becomes meaningful by itself (figure 7 of Srivastava et al., JMLR 15, 2014).

To use MNIST, pass the path of an .npz file with its ``X`` and ``y`` as an argument. Without one,
the example uses scikit-learn's small digits.
"""

import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn import MLPClassifier, MLPRegressor
from sknn.initializers import Normal
from sknn.inspection import WeightDisplay

if sys.argv[1:]:
    with np.load(sys.argv[1]) as data:
        X, y = data["X"][:10_000] / np.float32(255), data["y"][:10_000]
else:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.8, random_state=0)

# %%
# The figure shows the errors on training and test rows after each epoch, without and with dropout.
# There are few training rows, so a network without dropout soon memorizes all of them. On MNIST,
# dropout lowers the test error from 8.6 % to 7.0 %. On the small digits the difference is slight.

STEPS = {"optimizer": "momentum", "batch_size": 50, "learning_rate_init": 0.02, "random_state": 0}
figure, ax = plt.subplots(layout="constrained")
for color, dropout in (("C0", 0.0), ("C1", 0.5)):
    model = MLPClassifier(300, dropout=dropout, **STEPS)
    errors = []
    for _ in range(60):
        model.partial_fit(X_train, y_train, classes=np.unique(y))
        scores = model.score(X_train, y_train), model.score(X_test, y_test)
        errors.append([100 - 100 * score for score in scores])
    training, test = np.transpose(errors)
    ax.plot(training, ":", color=color, label=f"dropout {dropout}, training")
    ax.plot(test, color=color, label=f"dropout {dropout}, test")
    print(f"dropout {dropout}: error {training[-1]:.2f} % in training, {test[-1]:.2f} % in test")
ax.set(xlabel="epoch", ylabel="error (%)", ylim=(0, 20))
ax.legend()

# %%
# To show co-adaptation as in the paper, train an autoencoder with one hidden layer of ReLU units.
# Without dropout, most units are active for every image. They correct each other's mistakes, and a
# single unit has no clear meaning. With dropout, the units detect strokes (spots in the small
# images), and few of them are active.

X_train = X[:5000]
figure, axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
for ax, dropout in zip(axes, (0.0, 0.5), strict=True):
    model = MLPRegressor(64, dropout=dropout, init=Normal(std=0.01), **STEPS)
    model.set_params(learning_rate_init=0.005, max_iter=200_000 // len(X_train))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # enough to see the features
        model.fit(X_train, X_train)
    WeightDisplay.from_estimator(model, ax=ax)
    active = (model.activations(X_train)[0] > 0).mean()
    ax.set_title(f"dropout {dropout}: {active:.0%} of units active for an image")
plt.show()
