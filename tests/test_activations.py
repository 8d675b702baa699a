"""Activations: torch's values, derivatives, extreme inputs, and the in-place contract."""

import json
from pathlib import Path

import numpy as np
import pytest

from sknn.activations import ACTIVATIONS

GOLDEN = json.loads((Path(__file__).parent / "golden" / "activations.json").read_text())
Z, DELTA = np.array(GOLDEN["z"]), np.array(GOLDEN["delta"])

BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
EVERY_ACTIVATION = pytest.mark.parametrize("name", ACTIVATIONS)
EVERY_CASE = pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id="-".join([case["activation"], *case["hyperparameters"]]))
        for case in GOLDEN["cases"]
    ],
)


def apply(activation, z, delta):
    """Return what `forward` and `backward` make of z and delta, in the memory a network gives."""
    z, delta = z.copy(), delta.copy()
    a = np.full_like(z, np.nan) if activation.needs_z else z
    scratch = activation.scratch(z)
    activation.forward(z, a, scratch)
    result = a.copy()
    activation.backward(delta, z, a, scratch)
    return result, delta


def normal(seed, shape, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@EVERY_ACTIVATION
def test_torch_has_computed_it(name):
    assert name in {case["activation"] for case in GOLDEN["cases"]}


@EVERY_CASE
def test_agrees_with_torch(case):
    activation = ACTIVATIONS[case["activation"]](**case["hyperparameters"])
    a, delta = apply(activation, Z, DELTA)
    np.testing.assert_allclose(a, case["a"], rtol=1e-12)
    # Where a nears 1, derivatives such as 1 - a^2 cancel: they are exact to a few ulps of 1.
    np.testing.assert_allclose(delta, case["backward"], rtol=1e-12, atol=2e-15)


@EVERY_CASE
def test_float32_is_as_exact_as_it_can_be(case):
    activation = ACTIVATIONS[case["activation"]](**case["hyperparameters"])
    a, delta = apply(activation, Z.astype(np.float32), DELTA.astype(np.float32))
    limits = np.finfo(np.float32)
    assert a.dtype == delta.dtype == np.float32
    # Rounding z - max(z) costs small probabilities some of their digits.
    atol = limits.eps if case["activation"] == "softmax" else limits.tiny
    np.testing.assert_allclose(a, case["a"], rtol=4 * limits.eps, atol=atol)
    np.testing.assert_allclose(delta, case["backward"], rtol=8 * limits.eps, atol=8 * limits.eps)


@EVERY_ACTIVATION
def test_backward_is_the_derivative(name):
    activation, step = ACTIVATIONS[name](), 1e-6
    z, weights = normal(0, (6, 40)), normal(1, (6, 40))
    gradient = apply(activation, z, weights)[1]
    for seed in range(2, 7):
        direction = normal(seed, z.shape)
        above, below = (
            np.sum(weights * apply(activation, z + sign * step * direction, weights)[0])
            for sign in (1, -1)
        )
        # The difference quotient is exact to about step^2 plus eps / step.
        assert np.sum(gradient * direction) == pytest.approx((above - below) / (2 * step), abs=1e-7)


@BOTH_DTYPES
@EVERY_ACTIVATION
def test_extreme_inputs_stay_finite(name, dtype):
    tiny, largest = np.finfo(dtype).smallest_subnormal, dtype(1e4)
    values = np.array([-largest, largest, 0, -tiny, tiny, -1, 1, -100, 100], dtype)
    z = np.stack([values, np.roll(values, 1), values[::-1]])
    a, delta = apply(ACTIVATIONS[name](), z, np.ones_like(z))
    assert np.isfinite(a).all()
    assert np.isfinite(delta).all()


@BOTH_DTYPES
@EVERY_ACTIVATION
def test_memory_contract(name, dtype):
    activation, z = ACTIVATIONS[name](), normal(0, (3, 5), dtype)
    before, a = z.copy(), np.full_like(z, np.nan)
    activation.forward(z, a, activation.scratch(z))
    np.testing.assert_array_equal(z, before)
    if not activation.needs_z:
        activation.forward(z, z, activation.scratch(z))
        np.testing.assert_array_equal(z, a)


@EVERY_ACTIVATION
def test_scratch_carries_nothing_from_batch_to_batch(name):
    activation, first, second = ACTIVATIONS[name](), normal(0, (3, 5)), normal(1, (3, 5))
    used = activation.scratch(first)
    for z in (first, second):
        a, delta = z.copy(), np.ones_like(z)
        activation.forward(z, a, used)
        expected = a.copy()
        activation.backward(delta, z, a, used)
    np.testing.assert_array_equal(expected, apply(activation, second, delta)[0])
    np.testing.assert_array_equal(delta, apply(activation, second, np.ones_like(second))[1])


@BOTH_DTYPES
@EVERY_ACTIVATION
def test_a_leading_axis_is_one_network_a_member(name, dtype):
    activation = ACTIVATIONS[name]()
    z, weights = normal(0, (4, 3, 5), dtype), normal(1, (4, 3, 5), dtype)
    a, delta = apply(activation, z, weights)
    for member in range(4):
        alone = apply(activation, z[member], weights[member])
        np.testing.assert_allclose(a[member], alone[0], rtol=4 * np.finfo(dtype).eps)
        np.testing.assert_allclose(delta[member], alone[1], rtol=1e-5, atol=np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [
        ("relu", [-2, 0, 3], [0, 0, 1]),
        ("leaky_relu", [-2, 0, 3], [0.01, 0.01, 1]),
        ("identity", [-2, 0, 3], [1, 1, 1]),
        ("sigmoid", [-1e4, 0, 1e4], [0, 0.25, 0]),
        ("tanh", [-1e4, 0, 1e4], [0, 1, 0]),
    ],
)
def test_derivatives_at_the_kink_and_beyond(name, z, expected):
    z = np.array([z], np.float64)
    np.testing.assert_array_equal(apply(ACTIVATIONS[name](), z, np.ones_like(z))[1], [expected])


def test_softmax_sums_to_one_and_ignores_shifts():
    softmax, z = ACTIVATIONS["softmax"](), normal(0, (5, 7))
    a, delta = apply(softmax, z, np.ones_like(z))
    np.testing.assert_allclose(a.sum(axis=0), 1, rtol=1e-15)
    assert (a > 0).all()
    np.testing.assert_allclose(apply(softmax, z + 300, delta)[0], a, rtol=1e-12)
    np.testing.assert_allclose(delta, 0, atol=2e-16)


@pytest.mark.parametrize("slope", [-0.1, 1, 1.5])
def test_leaky_relu_checks_its_slope(slope):
    with pytest.raises(ValueError, match=r"activation__negative_slope must be a number in \[0, 1"):
        ACTIVATIONS["leaky_relu"](slope).check("activation")
