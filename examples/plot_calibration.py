"""
=====================
Calibration and doubt
=====================

A network that overfits is too sure. This example compares its probabilities with those of the vote
of its thinned networks (Monte-Carlo dropout), of five networks and of a temperature.
"""

import warnings

import matplotlib.pyplot as plt
import sklearn
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sknn import MLPClassifier
from sknn.inspection import RejectionCurveDisplay

# %%
# The classes overlap, and the networks train long enough to learn some of the rows by heart.

shape = {"n_informative": 10, "n_clusters_per_class": 4, "class_sep": 0.8, "flip_y": 0.02}
X, y = make_classification(6000, 20, **shape, random_state=0)
X, X_test, y, y_test = train_test_split(X, y, train_size=2000, random_state=0)
X, X_aside, y, y_aside = train_test_split(X, y, test_size=0.25, random_state=0)
params = {"hidden_layer_sizes": (100, 100), "max_iter": 80, "tol": 0, "random_state": 0}
warnings.filterwarnings("ignore", message=".*before it converged")
plain = MLPClassifier(**params).fit(X, y)
thinned = MLPClassifier(**params, dropout=0.2).fit(X, y)
five = BaggingClassifier(MLPClassifier(**params), 5, bootstrap=False, random_state=0).fit(X, y)

# %%
# The reliability diagram is scikit-learn's. On the diagonal, of the rows with a predicted
# probability of 0.7 a share of 0.7 is positive. scikit-learn 1.8 and newer also find the
# temperature that suits rows set aside.

probabilities = {
    "one network": plain.predict_proba(X_test),
    "vote with dropout": thinned.predict_proba(X_test, n_passes=100),
    "vote of five networks": five.predict_proba(X_test),
}
if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8):
    temperature = CalibratedClassifierCV(FrozenEstimator(plain), method="temperature")
    probabilities["temperature"] = temperature.fit(X_aside, y_aside).predict_proba(X_test)

figure, ax = plt.subplots(figsize=(6, 5), layout="constrained")
for name, predicted in probabilities.items():
    print(f"{name}: log-loss {log_loss(y_test, predicted):.3f}")
    CalibrationDisplay.from_predictions(y_test, predicted[:, 1], n_bins=10, name=name, ax=ax)
plt.show()

# %%
# The second question is whether a model knows where it errs. The curve shows the error of the rows
# that remain when the most doubtful ones are set aside. A temperature leaves their order as it is,
# so its curve is that of one network.

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
for name, predicted in probabilities.items():
    doubt = 1 - predicted.max(axis=1)
    labels = predicted.argmax(axis=1)
    RejectionCurveDisplay.from_predictions(y_test, labels, doubt, name=name, ax=ax)
plt.show()

# %%
# The doubt of the model alone, the mutual information of the votes, orders these rows worse than
# the whole uncertainty: most errors are where the classes overlap, which all thinned networks know.

for kind in ("predictive_entropy", "mutual_information"):
    display = RejectionCurveDisplay.compute_from_estimator(thinned, X_test, y_test, doubt=kind)
    print(f"{kind}: area {display.area:.3f}")
