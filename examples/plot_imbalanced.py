"""
==================
Imbalanced classes
==================

One row in fifty belongs to the class that matters. Class weights or the focal loss make a network
pay more attention to this class. A lower decision threshold has the same effect without them.
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
# ``class_weight="balanced"`` weights each row in inverse proportion to the share of its class. The
# focal loss gives less weight to rows that are already well classified. Both raise the predicted
# probability of the rare class, so a threshold of 1/2 finds more of its rows.

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
# Compute recall, precision and balanced accuracy at a threshold of 1/2. For the plain network,
# also use the share of the rare class as the threshold.

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
# The curves of all models are similar. They differ in the point that the threshold selects.

figure, ax = plt.subplots(layout="constrained")
for (name, model), marker in zip(models.items(), "osD^", strict=True):
    display = PrecisionRecallDisplay.from_estimator(model, X_test, y_test, ax=ax, name=name)
    predicted = predictions[name]
    point = recall_score(y_test, predicted), np.mean(y_test[predicted == 1])
    ax.plot(*point, marker, color=display.line_.get_color(), markersize=9)
ax.set_title("large marks: the threshold of 1/2")
plt.show()
