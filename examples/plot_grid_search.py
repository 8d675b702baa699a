"""
=========================================
A search over optimizers and initializers
=========================================

Every part of a network is a parameter of the estimator, so ``GridSearchCV`` can search over
optimizers and initializers as well as over numbers. The parameters of a part are named
``<part>__<parameter>``.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# The grid names optimizers and initializers. Ten epochs are enough to compare them.

grid = {
    "mlp__optimizer": ["sgd", "momentum", "rmsprop", "adam", "nadam"],
    "mlp__init": ["normal", "xavier_uniform", "he_normal", "orthogonal"],
}
mlp = MLPClassifier((50, 50), max_iter=10, random_state=0)
pipeline = Pipeline([("scale", StandardScaler()), ("mlp", mlp)])
search = GridSearchCV(pipeline, grid, cv=3)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    search.fit(X_train, y_train)
print("best:", *search.best_params_.values(), f"test accuracy {search.score(X_test, y_test):.3f}")

# %%
# The figure shows the cross-validated accuracy of each pair.

optimizers, inits = grid["mlp__optimizer"], grid["mlp__init"]
accuracy = np.empty((len(optimizers), len(inits)))
results = search.cv_results_
for params, score in zip(results["params"], results["mean_test_score"], strict=True):
    row = optimizers.index(params["mlp__optimizer"])
    accuracy[row, inits.index(params["mlp__init"])] = score

figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
image = ax.imshow(accuracy, cmap="viridis", vmin=0.5, vmax=1.0, aspect="auto")
for (row, column), value in np.ndenumerate(accuracy):
    color = "black" if value > 0.8 else "white"
    ax.text(column, row, f"{value:.3f}", ha="center", va="center", color=color)
ax.set_xticks(range(len(inits)), inits)
ax.set_yticks(range(len(optimizers)), optimizers)
figure.colorbar(image, label="accuracy", extend="min")

# %%
# A second search tries values for the momentum. The optimizer is given by name, and setting one of
# its hyperparameters turns the name into an instance.

narrow = GridSearchCV(
    pipeline.set_params(mlp__optimizer="momentum", mlp__init="he_normal"),
    {"mlp__optimizer__momentum": [0.5, 0.8, 0.9, 0.95]},
    cv=3,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    narrow.fit(X_train, y_train)
for params, score in zip(
    narrow.cv_results_["params"], narrow.cv_results_["mean_test_score"], strict=True
):
    print(f"momentum {params['mlp__optimizer__momentum']}: accuracy {score:.3f}")
plt.show()
