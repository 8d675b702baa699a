"""Any valid estimator predicts finite values, or raises a clear error and does not change.

``--hypothesis-profile=thorough --hypothesis-show-statistics`` tries many more cases, and prints
how many.
"""

from fractions import Fraction

import numpy as np
import pytest
from drawing import Case, cases, hostile_cases, spoilt_cases
from examining import examine
from hypothesis import event, given
from scipy import sparse
from sklearn.base import clone

from sknn import MLPClassifier, MLPRegressor
from sknn.activations import LeakyReLU, Softplus, SoftShrink
from sknn.initializers import Normal, Uniform
from sknn.optimizers import Rprop
from sknn.schedules import Adaptive, InvScaling, Progress

pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.TrainingWarning")


@given(cases())
def test_legal_parameters(case):
    event(examine(case))


@given(spoilt_cases())
def test_parameters_that_are_hardly_legal(case):
    event(examine(case))


@given(hostile_cases())
def test_hostile_data(case):
    event(examine(case))


# ---------------------------------------------------------------- regressions

INPUTS = np.random.default_rng(0).normal(size=(40, 3))
CODES, VALUES = np.arange(40) % 3, INPUTS[:, 0] ** 2
FOUND = {
    "power beyond all floats": MLPRegressor(learning_rate=InvScaling(power_t=1e5)),
    "divisor": MLPRegressor(learning_rate=Adaptive(1e300, 1e-320), tol=1e9, n_iter_no_change=1),
    "penalty": MLPClassifier(alpha=1e308),
    "weights": MLPRegressor(init=Normal(std=1e308), dtype="float32"),
    "step": MLPRegressor(optimizer=Rprop(minimum_step=np.float32(1e-6), maximum_step=1e308)),
    "interval": MLPRegressor(init=Uniform(np.float32(-0.05), 1.7e308)),
    "slope": MLPRegressor(activation=Softplus(beta=1.2e308)),
    "threshold": MLPRegressor(activation=SoftShrink(threshold=1e308), dtype="float32"),
    "class weight": MLPClassifier(class_weight={0: 1e100}),
    "balanced": MLPClassifier(class_weight="balanced"),
    "fraction": MLPClassifier(activation=LeakyReLU(Fraction(1, 100))),
    "validation": MLPRegressor(
        learning_rate_init=1e308, early_stopping=True, scoring="r2", optimizer="sgd"
    ),
    "last step": MLPRegressor(learning_rate_init=1e307, optimizer="sgd", max_iter=1, alpha=0.0),
}


@pytest.mark.parametrize("found", FOUND)
def test_found_and_mended(found):
    model = clone(FOUND[found]).set_params(random_state=0, hidden_layer_sizes=(5, 4))
    y = CODES if isinstance(model, MLPClassifier) else VALUES
    weights = {
        "class weight": {"sample_weight": 1e250 * (1 + CODES)},
        "balanced": {"sample_weight": np.where(CODES == 0, 1e-310, 1.7e308)},
    }.get(found, {})
    examine(Case(model, INPUTS, y, weights))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alpha": 1e308}, r"epoch 1: the penalty is not .* alpha=1e\+308 is too large a penalty"),
        (
            {"optimizer": "sgd", "learning_rate_init": 1e307, "max_iter": 1, "alpha": 0.0},
            "epoch 1: a prediction after it is not finite.*learning_rate_init below",
        ),
        (
            {"init": Normal(std=1e308)},
            "epoch 1: a parameter of layer_0 is not finite",
        ),
        ({"max_iter": 10**400}, "^max_iter must be an integer"),
        ({"alpha": 10**400}, "^alpha must be a number"),
        ({"dtype": np.array([])}, r"^dtype must be None, 'float32' or 'float64', got array"),
    ],
)
def test_what_is_said_of_it(params, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**{"random_state": 0} | params).fit(INPUTS, VALUES)


def test_parameters_are_read_before_the_validation_set():
    with pytest.raises(ValueError, match=r"^early_stopping must be True or False, got array"):
        MLPRegressor(early_stopping=np.array([])).fit(INPUTS, VALUES, X_val=INPUTS, y_val=VALUES)


@pytest.mark.parametrize("model", [MLPRegressor(), MLPClassifier(), MLPRegressor(loss="poisson")])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
def test_predictions_that_are_not_finite_are_refused(model, wrap):
    y = CODES if isinstance(model, MLPClassifier) else VALUES
    model = clone(model).set_params(max_iter=1, tol=1e9, n_iter_no_change=1, init="normal")
    model.fit(INPUTS, y)
    far = INPUTS.copy()
    far[-1] = 1e308
    with pytest.raises(ValueError, match=r"^X has values up to 1e\+308 for which predictions are"):
        model.predict(wrap(far))


def test_rates_beyond_all_floats():
    assert InvScaling(power_t=1e5)(0.1, Progress(epoch=1)) == 0
    assert Adaptive(divisor=1e200)(0.1, Progress(plateaus=2)) == 0
    assert not Adaptive(divisor=1e200).outlasts_plateau(0.1, Progress(plateaus=2))
