"""
==========
Quickstart
==========

Fit a network, look at what it predicts, at how it was trained, and at its layers.
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
# A network is an estimator like any other: it goes into a Pipeline, behind a scaler. Each part
# of it is a parameter, by name or as an instance.

X, y = make_moons(1000, noise=0.25, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

model = make_pipeline(
    StandardScaler(),
    MLPClassifier((30, 15), activation="silu", learning_rate_init=0.01, random_state=0),
)
model.fit(X_train, y_train)
print(f"test accuracy: {model.score(X_test, y_test):.3f}")

# %%
# In a notebook a model is a diagram, which unfolds into its parts and their parameters.

model

# %%
# Its layers, and how many parameters they have.

print(model[-1].summary())

# %%
# The probability of the second class, and the training loss.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
DecisionBoundaryDisplay.from_estimator(
    model, X, response_method="predict_proba", cmap="RdBu_r", ax=left, levels=20, alpha=0.7
)
left.scatter(*X_test.T, c=y_test, cmap="RdBu_r", edgecolor="white", s=25)
left.set(title="probability of the second class", xlabel="feature 0", ylabel="feature 1")
LossCurveDisplay.from_estimator(model, ax=right)
right.set_title("training loss")
plt.show()

# %%
# The last hidden layer is a transformer: here it makes two moons into features in which another
# model needs no more than a line.

hidden = model[-1].to_transformer()
features = hidden.transform(model[0].transform(X_test))
print(f"{features.shape[1]} features: {', '.join(hidden.get_feature_names_out()[:3])}, ...")
