"""
==================
Imbalanced classes
==================

One row in fifty is of the class that matters. Weights of classes, or the focal loss, move a
network's attention to it; a threshold of one's own does as much for plain probabilities.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import PrecisionRecallDisplay, balanced_accuracy_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier
from sknn.losses import Focal

X, y = make_classification(
    8000,
    n_features=12,
    n_informative=8,
    n_clusters_per_class=3,
    weights=[0.98],
    flip_y=0.0,
    class_sep=1.2,
    random_state=2,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# ``class_weight="balanced"`` multiplies the loss of a row by the inverse of its class's share. The
# focal loss makes rows count less that are well classified. Both move probabilities away from
# frequencies, so that their threshold of 1/2 finds more of the rare class.

VARIANTS = {
    "plain": {},
    "class_weight='balanced'": {"class_weight": "balanced"},
    "class_weight={1: 10}": {"class_weight": {0: 1, 1: 10}},
    "focal loss": {"loss": Focal(gamma=2.0)},
}
models = {}
for name, params in VARIANTS.items():
    mlp = MLPClassifier((40,), learning_rate_init=0.003, max_iter=40, random_state=0, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models[name] = make_pipeline(StandardScaler(), mlp).fit(X_train, y_train)

# %%
# Recall and balanced accuracy at the threshold of 1/2, and for the plain network also at one that
# is the share of the rare class.

predictions = {name: model.predict(X_test) for name, model in models.items()}
shares = models["plain"].predict_proba(X_test)[:, 1]
predictions["plain, threshold 0.02"] = (shares > y_train.mean()).astype(int)
for name, predicted in predictions.items():
    recall = recall_score(y_test, predicted)
    print(
        f"{name:24} recall {recall:.2f}, precision "
        f"{(y_test[predicted == 1]).mean():.2f}, balanced accuracy "
        f"{balanced_accuracy_score(y_test, predicted):.3f}"
    )

# %%
# The curves show that all know about as much: what differs is where the threshold puts them.

figure, ax = plt.subplots(layout="constrained")
for (name, model), marker in zip(models.items(), "osD^", strict=True):
    display = PrecisionRecallDisplay.from_estimator(model, X_test, y_test, ax=ax, name=name)
    predicted = predictions[name]
    point = recall_score(y_test, predicted), np.mean(y_test[predicted == 1])
    ax.plot(*point, marker, color=display.line_.get_color(), markersize=9)
ax.set_title("large marks: the threshold of 1/2")
plt.show()
