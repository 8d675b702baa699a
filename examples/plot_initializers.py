"""
==========================
The initializer experiment
==========================

The initializer determines whether a deep network can learn. This example compares weights from N(0,
1), N(0, 0.1²), Xavier and He in ten layers of a hundred units.
"""

# sphinx_gallery_thumbnail_number = 3
import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier
from sknn.initializers import HeNormal, Normal, XavierNormal
from sknn.inspection import ActivationDisplay, LossCurveDisplay, initialization_report

X, y = load_digits(return_X_y=True)
X = StandardScaler().fit_transform(X)

# %%
# The first figure shows ten sigmoid layers. With N(0, 1), half of the activations are saturated.
# With the other initializers few are saturated, but another problem appears. The standard deviation
# on the right, which measures how much the rows differ, shrinks with each layer until all rows look
# alike.

sigmoid = MLPClassifier((100,) * 10, activation="sigmoid", random_state=0)
ActivationDisplay.from_initializers(sigmoid, X)

# %%
# The second figure shows ten ReLU layers. N(0, 1) multiplies the signals by seven in each layer.
# N(0, 0.1²) and Xavier shrink them. He's initializer was designed for ReLU and keeps their size.

relu = MLPClassifier((100,) * 10, random_state=0)
ActivationDisplay.from_initializers(relu, X)

# %%
# The same numbers are available as a table, without a plot. Print the first and the last layer:

table = initialization_report(relu, X)
for name, layer, std in zip(table["network"], table["layer"], table["std"], strict=True):
    if layer in ("layer_0", "layer_9"):
        print(f"{name:16} {layer}  std {std:8.2g}")

# %%
# Finally, train the ReLU network with stochastic gradient descent and compare the training losses.
# With N(0, 1), training diverges, and ``fit`` raises an error that names the layer.

models = {}
for init in (Normal(), Normal(std=0.1), XavierNormal(), HeNormal()):
    model = MLPClassifier(
        (100,) * 10, init=init, optimizer="sgd", learning_rate_init=0.1, max_iter=10, random_state=0
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # ten epochs are enough here
            models[repr(init)] = model.fit(X, y)
    except ValueError as error:
        print(f"{init}: {str(error).split(':')[0]}")
LossCurveDisplay.from_estimator(models)
plt.show()
