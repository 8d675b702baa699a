"""
=====================
Calibration and doubt
=====================

The probabilities of a network that overfits are too close to 0 and 1. This example compares them
with those of three remedies: the mean of many predictions with dropout (Monte-Carlo dropout), the
mean of five networks, and temperature scaling.
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
# The classes overlap, and the networks train long enough to memorize some of the rows.

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
# The reliability diagram comes from scikit-learn. A curve on the diagonal means that 70 % of the
# rows with a predicted probability of 0.7 are positive. scikit-learn 1.8 and newer can also fit a
# temperature to rows that were set aside.

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
# The second question is whether the doubt of a model is large where the model is wrong. The curve
# shows the error of the rows that remain when the most doubtful rows are set aside. A temperature
# does not change the order of the rows, so its curve is that of one network.

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
for name, predicted in probabilities.items():
    doubt = 1 - predicted.max(axis=1)
    labels = predicted.argmax(axis=1)
    RejectionCurveDisplay.from_predictions(y_test, labels, doubt, name=name, ax=ax)
plt.show()

# %%
# The mutual information of the votes measures the doubt of the model alone. Here it orders the rows
# worse than the total uncertainty, because most errors are where the classes overlap. There the
# votes agree that the class is uncertain.

for kind in ("predictive_entropy", "mutual_information"):
    display = RejectionCurveDisplay.compute_from_estimator(thinned, X_test, y_test, doubt=kind)
    print(f"{kind}: area {display.area:.3f}")
