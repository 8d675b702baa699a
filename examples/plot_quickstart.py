"""
==========
Quickstart
==========

Fit a network, plot its predictions and its training loss, and inspect its layers.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier
from sknn.inspection import LossCurveDisplay

# %%
# A network is a scikit-learn estimator, so it can follow a scaler in a Pipeline. Each part of the
# network is a parameter, which you set by name or with an instance.

X, y = make_moons(1000, noise=0.25, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

model = make_pipeline(
    StandardScaler(),
    MLPClassifier((30, 15), activation="silu", learning_rate_init=0.01, random_state=0),
)
model.fit(X_train, y_train)
print(f"test accuracy: {model.score(X_test, y_test):.3f}")

# %%
# A notebook shows the model as a diagram that unfolds into its parts and their parameters.

model

# %%
# ``summary`` lists the layers and the number of their parameters.

print(model[-1].summary())

# %%
# The first figure shows the probability of the second class, and the test rows.

figure, ax = plt.subplots(layout="constrained")
DecisionBoundaryDisplay.from_estimator(
    model, X, response_method="predict_proba", cmap="RdBu_r", ax=ax, levels=20, alpha=0.7
)
ax.scatter(*X_test.T, c=y_test, cmap="RdBu_r", edgecolor="white", s=25)
ax.set(title="probability of the second class", xlabel="feature 0", ylabel="feature 1")
plt.show()

# %%
# The second figure shows the training loss by epoch.

LossCurveDisplay.from_estimator(model)
plt.show()

# %%
# ``to_transformer`` turns the last hidden layer into a transformer. Here its features separate the
# two moons so well that a linear model is enough.

hidden = model[-1].to_transformer()
features = hidden.transform(model[0].transform(X_test))
print(f"{features.shape[1]} features: {', '.join(hidden.get_feature_names_out()[:3])}, ...")
