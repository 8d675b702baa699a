"""Changed hyperparameters: an optimizer takes over the state of its predecessor."""

from copy import deepcopy

import numpy as np
import pytest
from common import problem
from sklearn.base import clone

from sknn._core.parameters import Block, Layout
from sknn.optimizers import OPTIMIZERS, Adam, Lion, Muon

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CHANGED = [
    *(("rmsprop", "rho", 0.9, 0.999), ("adam", "beta_2", 0.9, 0.999)),
    *(
        ("adam", "beta_1", 0.5, 0.99),
        ("adamax", "beta_1", 0.5, 0.99),
        ("nadam", "beta_2", 0.9, 0.99),
    ),
    *(
        ("adan", "beta_1", 0.5, 0.99),
        ("amsgrad", "beta_2", 0.9, 0.999),
        ("radam", "beta_1", 0.5, 0.9),
    ),
    *(("adamw", "beta_1", 0.5, 0.99), ("muon", "beta_2", 0.9, 0.999)),
]


@pytest.mark.parametrize(("optimizer", "name", "before", "after"), CHANGED)
def test_means_outlast_another_beta(optimizer, name, before, after):
    # A gradient that is the same at each step: the mean is that, and steps are as long as before.
    optimizer = clone(OPTIMIZERS[optimizer]()).set_params(**{name: before})
    if hasattr(optimizer, "weight_decay"):
        optimizer.set_params(weight_decay=0.0)
    params, grad = np.zeros(5), np.linspace(-2.0, 2.0, 5)
    state = optimizer.init(params)
    for _ in range(5000):
        optimizer.update(params, grad.copy(), state, 1e-3)
    start = params.copy()
    optimizer.update(params, grad.copy(), state, 1e-3)
    other = clone(optimizer).set_params(**{name: after})
    other.take_over(state, optimizer)
    middle = params.copy()
    other.update(params, grad.copy(), state, 1e-3)
    np.testing.assert_allclose(params - middle, middle - start, rtol=0.02, atol=1e-12)


def test_lion_and_hidden_weights_of_muon_keep_their_means():
    lion, other = Lion(beta_2=0.9), Lion(beta_2=0.99)
    state = lion.init(np.zeros(2))
    state.slots[0][...] = 10.0  # a mean of 1
    other.take_over(state, lion)
    np.testing.assert_allclose(state.slots[0] * (1 - 0.99), 1.0)
    layout = Layout([Block("hidden", (3, 2), 4), Block("last", (3, 1), 2)])
    state = Muon(momentum=0.9).init(np.zeros(9), layout)
    state.slots[0][...] = 10.0
    Muon(momentum=0.5).take_over(state, Muon(momentum=0.9))
    np.testing.assert_allclose(state.slots[0], [2.0] * 4 + [10.0] * 5)


def test_a_warm_start_takes_the_means_over():
    cls, X, y = problem("multiclass")
    model = cls(8, optimizer=Adam(beta_1=0.5), max_iter=3, warm_start=True, random_state=0)
    mean = 0.5 * model.fit(X, y)._model.training.optimizer_state.slots[0]
    model.set_params(optimizer__beta_1=0.0, learning_rate_init=1e-300, max_iter=1)
    model.set_params(optimizer__beta_1=0.9, batch_size=120, alpha=0.0)
    twin = deepcopy(model).set_params(optimizer__beta_1=0.0).fit(X, y)
    gradient = twin._model.training.optimizer_state.slots[0]
    now = model.fit(X, y)._model.training.optimizer_state.slots[0]
    np.testing.assert_allclose(now, 0.9 * mean / 0.1 + gradient, atol=1e-12)
