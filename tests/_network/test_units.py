"""Dead and saturated units: one definition, which all warnings and displays use."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from common import load
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, exceptions
from sknn._network.units import units_at
from sknn._training.diagnosis import diagnose
from sknn.activations import ACTIVATIONS, Activation, HardTanh, LeakyReLU, PReLU, Sigmoid, Tanh
from sknn.initializers import Constant, Normal
from sknn.inspection import ActivationDisplay, initialization_report

NORMAL = np.random.default_rng(0).normal(0, 4, (20, 50))
BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@dataclass(repr=False, eq=False)
class OwnReLU(Activation):
    def forward(self, z, a, scratch):
        np.maximum(z, 0, out=a)

    def backward(self, delta, z, a, scratch):
        np.multiply(delta, a > 0, out=delta)


@dataclass(repr=False, eq=False)
class OwnTanh(Activation):
    """LeCun's tanh."""

    def forward(self, z, a, scratch):
        np.multiply(1.7159, np.tanh(z * (2 / 3)), out=a)

    def backward(self, delta, z, a, scratch):
        np.multiply(delta, 1.7159 * 2 / 3 * (1 - (a / 1.7159) ** 2), out=delta)


# ---------------------------------------------------------------- the definition


@BOTH_DTYPES
def test_sigmoid_and_tanh_saturate_alike(dtype):
    # sigmoid(z) = (1 + tanh(z / 2)) / 2, and tanh' <= 0.05 where |z| >= atanh(sqrt(0.95)).
    z = NORMAL.astype(dtype)
    expected = np.mean(np.abs(z) >= 2 * math.atanh(math.sqrt(0.95)))
    assert 0.2 < expected < 0.4
    assert units_at(Sigmoid(), z).saturated == units_at(Tanh(), z / 2).saturated == expected


@pytest.mark.parametrize(
    ("activation", "is_saturated"),
    [
        ("relu", NORMAL <= 0),
        ("relu6", (NORMAL <= 0) | (NORMAL >= 6)),
        ("hard_tanh", np.abs(NORMAL) >= 1),
        ("soft_shrink", np.abs(NORMAL) <= 0.5),
        ("elu", math.log(0.05) >= NORMAL),
        ("exponential", math.log(0.05) >= NORMAL),  # its largest derivative is infinite: of 1
        ("softsign", np.abs(NORMAL) >= math.sqrt(20) - 1),
        ("tanh_shrink", np.abs(NORMAL) <= math.atanh(math.sqrt(0.05))),
        ("identity", np.zeros(50, bool)),
        ("leaky_relu", np.zeros(50, bool)),  # 0.01 is less than 5 %, and no limit of zero
        ("prelu", np.zeros(50, bool)),
    ],
)
@BOTH_DTYPES
def test_saturated_is_at_most_a_twentieth_of_the_steepest(activation, is_saturated, dtype):
    units = units_at(ACTIVATIONS[activation](), NORMAL.astype(dtype))
    assert units.saturated == is_saturated.mean()
    assert (units.saturated > 0) == is_saturated.any()


@BOTH_DTYPES
@pytest.mark.parametrize("activation", ["relu", "relu6", "hard_tanh", "hard_silu", "sigmoid"])
def test_a_dead_unit_has_no_derivative_at_any_row(activation, dtype):
    z = np.array([[-800.0, -900.0], [-800.0, 0.5], [0.5, 0.5], [-8.0, -9.0]], dtype)
    dead = 0.25 if activation == "sigmoid" else 0.5
    assert units_at(ACTIVATIONS[activation](), z).dead == dead


def test_a_learned_slope_decides_for_its_unit():
    z = np.full((4, 3), -1.0)
    slopes = np.array([0.25, 0.01, 1e-4, 0.0])
    units = units_at(PReLU(), z, slopes)
    assert units.saturated == 0.5
    assert units.dead == 0.25


def test_no_number_where_units_are_coupled():
    units = units_at(ACTIVATIONS["softmax"](), NORMAL)
    assert math.isnan(units.dead)
    assert math.isnan(units.saturated)
    assert not units.squashes


def test_which_activations_squash():
    squashing = {name for name, cls in ACTIVATIONS.items() if units_at(cls(), NORMAL).squashes}
    assert squashing == {"sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh"}
    assert units_at(OwnTanh(), NORMAL).squashes
    assert not units_at(OwnReLU(), NORMAL).squashes
    assert not units_at(HardTanh(1.0, 2.0), NORMAL).squashes


def test_users_activations_count_like_the_librarys():
    z = NORMAL.copy()
    z[:5] = -3
    assert units_at(OwnReLU(), z).dead == units_at(ACTIVATIONS["relu"](), z).dead == 0.25
    assert units_at(OwnReLU(), z).saturated == units_at(ACTIVATIONS["relu"](), z).saturated
    # Its steepest derivative is 1.14, so the bound is one of 1.
    slopes = 1.7159 * 2 / 3 * (1 - np.tanh(z * 2 / 3) ** 2)
    assert units_at(OwnTanh(), z).saturated == np.mean(slopes <= 0.05)


# ---------------------------------------------------------------- consumers


def recorded(monkeypatch):
    """Return a list that receives what fits find of their networks."""
    found = []

    def record(*args, **kwargs):
        found.append(diagnose(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr("sknn.estimators._base.diagnose", record)
    return found


HIDDEN = ("relu", "tanh", "sigmoid", OwnTanh(), "prelu", LeakyReLU(), OwnReLU(), "softmax", "relu6")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("std", [0.3, 1.0, 3.0])
@BOTH_DTYPES
def test_warnings_displays_and_report_tell_the_same_numbers(monkeypatch, std, dtype):
    X, y = load("multiclass")
    X, found = X.astype(dtype), recorded(monkeypatch)
    params = {"init": Normal(std=std), "bias_init": "normal", "random_state": 0}
    model = MLPClassifier((25,) * len(HIDDEN), activation=HIDDEN, max_iter=3, **params).fit(X, y)
    table = ActivationDisplay.compute_from_estimator(model, X).table
    for name in ("dead", "saturated"):
        np.testing.assert_array_equal(getattr(found[-1], name), table[name])
    assert 0.1 < table["saturated"][1] < 1
    model.set_params(optimizer="sgd", learning_rate_init=1e-30, alpha=0.0, max_iter=1).fit(X, y)
    report = initialization_report(model, X, init=Normal(std=std))
    for name in ("dead", "saturated"):
        np.testing.assert_array_equal(getattr(found[-1], name), report[name])
    assert not np.array_equal(report["saturated"], table["saturated"], equal_nan=True)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", OwnTanh()], ids=repr)
def test_a_warning_tells_the_displays_share(activation):
    X, y = load("multiclass")
    model = MLPClassifier(50, activation=activation, init=Normal(std=10.0), random_state=0)
    with pytest.warns(exceptions.SaturatedUnitsWarning) as caught:
        model.fit(X, y)
    (share,) = ActivationDisplay.compute_from_estimator(model, X).table["saturated"]
    assert f"has saturated units: {share:.0%} of the activations" in str(caught[0].message)


def test_a_warning_of_dead_units_of_an_activation_of_ones_own():
    X, y = load("multiclass")
    model = MLPClassifier(20, activation=OwnReLU(), bias_init=Constant(-20), random_state=0)
    with pytest.warns(exceptions.DeadUnitsWarning) as caught:
        model.fit(X, y)
    (share,) = ActivationDisplay.compute_from_estimator(model, X).table["dead"]
    assert f"has dead units: {share:.0%} of the units in hidden layer 1" in str(caught[0].message)


@pytest.mark.parametrize("activation", ["relu", "relu6", OwnReLU()], ids=repr)
def test_nothing_is_said_of_rectifiers_that_are_mostly_zero(activation, recwarn):
    X, y = load("multiclass")
    params = {"init": Normal(), "bias_init": Constant(-2), "max_iter": 3, "random_state": 0}
    model = MLPClassifier((30, 30), activation, **params).fit(X, y)
    table = ActivationDisplay.compute_from_estimator(model, X).table
    assert table["saturated"][0] > 0.75
    assert max(table["dead"]) < 0.5
    assert not any("saturated" in str(warning.message) for warning in recwarn)


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_a_panel_shows_a_dash_where_there_is_no_number():
    pytest.importorskip("matplotlib").use("Agg")
    X, y = load("multiclass")
    model = MLPClassifier((6, 5), activation=("softmax", "relu"), max_iter=2).fit(X, y)
    display = ActivationDisplay.from_estimator(model, X)
    notes = [
        label.get_text()
        for child in display.axes_[0].child_axes
        for label in child.get_yticklabels()
    ]
    assert [note.split(", ")[1:] == ["-", "-"] for note in notes] == [True, False]
