"""Schedules: closed forms, and what they make of a real fit."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier
from sknn.optimizers import SGD
from sknn.schedules import SCHEDULES, Adaptive, Constant, InvScaling, Progress


class Recorder(SGD):
    """Gradient descent that notes the rate of each step."""

    rates: ClassVar[list[float]] = []

    def coefficients(self, step, learning_rate):
        self.rates.append(learning_rate)
        return super().coefficients(step, learning_rate)


def fit(learning_rate, **params):
    """Fit to eight rows, one step an epoch, and return the rates and the model."""
    Recorder.rates.clear()
    X = np.linspace(-1, 1, 8)[:, np.newaxis]
    model = MLPClassifier(4, optimizer=Recorder(), learning_rate=learning_rate, random_state=0)
    model.set_params(learning_rate_init=0.1, **params).fit(X, X.ravel() > 0)
    return list(Recorder.rates), model


@pytest.mark.parametrize("name", SCHEDULES)
def test_starts_at_the_initial_rate(name):
    assert SCHEDULES[name]()(0.3, Progress(total_steps=100)) == 0.3


@pytest.mark.parametrize("name", SCHEDULES)
def test_rate_is_a_positive_float(name):
    progress = Progress(step=70, epoch=7, samples=7000, plateaus=2, total_steps=100)
    rate = SCHEDULES[name]()(1, progress)
    assert 0 < rate <= 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_is_a_pure_function(name):
    schedule, progress = SCHEDULES[name](), Progress(epoch=3, plateaus=1)
    first = schedule(0.1, progress)
    schedule(0.5, Progress(epoch=9))
    assert schedule(0.1, progress) == first
    assert progress == Progress(epoch=3, plateaus=1)


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        (Constant(), Progress(step=9, epoch=9, samples=9, plateaus=9), 0.1),
        (InvScaling(), Progress(epoch=24), 0.02),
        (InvScaling(1.0), Progress(epoch=9), 0.01),
        (InvScaling(0), Progress(epoch=9), 0.1),
        (InvScaling(), Progress(step=99, samples=99, plateaus=9), 0.1),
        (Adaptive(), Progress(plateaus=3), 0.0008),
        (Adaptive(divisor=10), Progress(plateaus=2), 0.001),
        (Adaptive(), Progress(step=99, epoch=99, samples=99), 0.1),
    ],
)
def test_closed_forms(schedule, progress, expected):
    assert schedule(0.1, progress) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("schedule", "plateaus", "goes_on"),
    [
        (Constant(), 0, False),
        (InvScaling(), 0, False),
        (Adaptive(minimum=0.02), 0, True),
        (Adaptive(minimum=0.02), 1, False),  # 0.1 / 5 is no more than the minimum
        (Adaptive(minimum=0.019), 1, True),
        (Adaptive(minimum=0.1), 0, False),
    ],
)
def test_who_outlasts_a_plateau(schedule, plateaus, goes_on):
    assert schedule.outlasts_plateau(0.1, Progress(plateaus=plateaus)) is goes_on


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (InvScaling(-0.1), "power_t"),
        (Adaptive(divisor=1), "divisor"),
        (Adaptive(divisor=0.5), "divisor"),
        (Adaptive(minimum=0), "minimum"),
    ],
)
def test_ranges(schedule, field):
    with pytest.raises(ValueError, match=f"learning_rate__{field} must be a number in"):
        schedule.check("learning_rate")


# With this tolerance no epoch but the first improves, so patience is two epochs a plateau.
FLAT = {"tol": 10, "n_iter_no_change": 2, "max_iter": 100}


def test_constant_stops_at_the_first_plateau():
    assert fit("constant", **FLAT)[0] == [0.1] * 3


def test_adaptive_goes_on_through_plateaus_and_stops_at_the_minimum():
    rates, model = fit(Adaptive(divisor=10, minimum=0.001), **FLAT)
    np.testing.assert_allclose(rates, [0.1] * 3 + [0.01] * 2 + [0.001] * 2, rtol=1e-12)
    assert model.n_iter_ == len(rates)


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_adaptive_keeps_its_rate_while_the_loss_falls():
    rates, model = fit("adaptive", tol=0, max_iter=20)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert rates == [0.1] * 20


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_invscaling_counts_epochs_not_steps():
    rates, _ = fit("invscaling", batch_size=4, max_iter=3)
    np.testing.assert_allclose(rates, 0.1 / np.sqrt([1, 1, 2, 2, 3, 3]), rtol=1e-14)
