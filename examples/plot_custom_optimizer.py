"""
========================
An optimizer of your own
========================

An optimizer is a dataclass with hyperparameters and a rule that updates the parameters in place.
This one is PowerSign (Bello et al., Neural optimizer search with reinforcement learning, ICML
2017). Its steps are longer if the sign of the gradient agrees with that of its running mean.
"""

from dataclasses import dataclass
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from sknn import MLPClassifier, Range
from sknn.inspection import LossCurveDisplay, OptimizerPathDisplay
from sknn.optimizers import ElementwiseOptimizer
from sknn.testing import check_optimizer

# %%
# The state has ``n_slots`` vectors. They start at zero and keep their values between steps. The
# rule receives a chunk of each vector and the learning rate. It may overwrite ``grad``.


@dataclass(repr=False, eq=False)
class PowerSign(ElementwiseOptimizer):
    """params -= learning_rate base^(sign(grad) sign(mean)) grad."""

    beta: float = 0.9
    base: float = 2.0
    n_slots = 1
    ranges: ClassVar[dict[str, Range]] = {
        "beta": Range(0, 1, "left"),
        "base": Range(1, closed="neither"),
    }

    def default_learning_rate(self, loss):
        return 0.1

    def rule(self, params, grad, scratch, mean, learning_rate):
        np.multiply(mean, self.beta, out=mean)
        np.multiply(grad, 1 - self.beta, out=scratch)
        np.add(mean, scratch, out=mean)
        np.multiply(grad, mean, out=scratch)
        np.sign(scratch, out=scratch)
        np.power(self.base, scratch, out=scratch)
        np.multiply(scratch, grad, out=scratch)
        np.multiply(scratch, learning_rate, out=scratch)
        np.subtract(params, scratch, out=params)


# %%
# ``sknn.testing`` checks the contract of an optimizer. The new optimizer then works like a
# built-in one, here on a function of two parameters.

check_optimizer(PowerSign())

OptimizerPathDisplay.from_surface("ravine", ["sgd", PowerSign()], learning_rate=0.03, n_steps=60)

# %%
# In a network, compare it with plain gradient descent at the same rate:

X, y = load_digits(return_X_y=True)
model = MLPClassifier(50, learning_rate_init=0.1, max_iter=200, tol=1e-2, random_state=0)
models = {
    "sgd": clone(model).set_params(optimizer="sgd").fit(X / 16, y),
    "power-sign": model.set_params(optimizer=PowerSign()).fit(X / 16, y),
}
LossCurveDisplay.from_estimator(models)

search = GridSearchCV(model, {"optimizer__base": [1.5, 2.0, 4.0]}, cv=3).fit(X / 16, y)
for base, score in zip((1.5, 2.0, 4.0), search.cv_results_["mean_test_score"], strict=True):
    print(f"base {base}: accuracy {score:.3f}")
plt.show()
