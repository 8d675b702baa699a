"""The forecast of a loss curve, on curves whose continuation is known in closed form."""

import numpy as np
import pytest

from sknn.estimators._convergence import Trend, expected_fall

EPOCHS = np.arange(1, 401)


@pytest.mark.parametrize("floor", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("power", [0.1, 0.5, 1.0, 2.0])
def test_a_power_law_with_a_floor_is_forecast(power, floor):
    curve = floor + 2.0 * EPOCHS**-power
    fall = curve[179:200].mean() - curve[359:400].mean()
    assert expected_fall(curve[:200]) == pytest.approx(fall, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_noise_changes_a_forecast_little(seed):
    noise = np.random.default_rng(seed).normal(scale=0.02, size=200)
    curve = 0.2 + 2.0 * EPOCHS[:200] ** -0.5
    assert expected_fall(curve * (1 + noise)) == pytest.approx(expected_fall(curve), rel=0.6)
    assert Trend.of(curve * (1 + noise), 1e-4).still_moves()


def test_a_loss_that_no_longer_falls_is_expected_to_stay():
    for curve in (np.ones(200), 1 + EPOCHS[:200] / 1e4, 1 + np.exp(-EPOCHS[:200] / 5.0)):
        assert expected_fall(curve) == pytest.approx(0, abs=1e-3)
        assert Trend.of(curve, 1e-4).forecast == 0


@pytest.mark.parametrize("rate", [0.002, 0.01, 0.03])
def test_an_exponential_decay_is_not_expected_to_fall_faster(rate):
    curve = np.exp(-rate * EPOCHS)
    fall = curve[179:200].mean() - curve[359:400].mean()
    assert expected_fall(curve[:200]) <= 1.1 * fall
    assert Trend.of(curve[:200], 0.0).forecast < 1


def test_falls_that_grow_are_expected_once_more_at_most():
    curve = np.concatenate([np.full(100, 2.0), np.linspace(2, 1.9, 100)])
    assert expected_fall(curve) == pytest.approx(2 - curve[180:].mean())


def test_a_negative_loss_is_expected_to_fall_by_the_last_fall():
    curve = np.concatenate([np.ones(100), np.linspace(1, -1.5, 100)])
    assert expected_fall(curve) == pytest.approx(1 - curve[180:].mean())


@pytest.mark.parametrize(("floor", "moves"), [(0.1, True), (2.0, False)])
def test_a_fall_of_a_tenth_counts(floor, moves):
    """As many epochs again lower ``0.1 + t^-0.5`` by 12 %, and ``2 + t^-0.5`` by 1 %."""
    trend = Trend.of(floor + EPOCHS[:200] ** -0.5, tol=0.0)
    truth = 1 - (floor + 400**-0.5) / (floor + 200**-0.5)
    assert trend.forecast == pytest.approx(truth, abs=0.02)
    assert trend.still_moves() == moves


def test_a_fall_of_less_than_tol_an_epoch_does_not_count():
    curve = 0.01 + EPOCHS[:200] ** -1.0
    fall = expected_fall(curve)
    assert Trend.of(curve, 0.9 * fall / 200).still_moves()
    assert not Trend.of(curve, 1.1 * fall / 200).still_moves()


@pytest.mark.parametrize("curve", [[1.0], [1.0, 0.9], [1.0, 0.9, 0.8], [2.0, 1.0, 0.5, -1.0]])
def test_short_curves_and_negative_losses_have_no_forecast(curve):
    assert Trend.of(curve, 0.0).forecast == 0
