"""Activations: torch's values, derivatives, extreme inputs, and the in-place contract."""

import json
import pickle
import warnings
from dataclasses import dataclass
from math import tau

import common
import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPRegressor
from sknn.activations import ACTIVATIONS, Activation, PReLU, Sigmoid, Softmax
from sknn.losses import Increasing

GOLDEN = json.loads((common.GOLDEN / "activations.json").read_text())
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


def scratch_for(activation, z):
    """Return scratch as a network gives it, with the parameters that the activation has."""
    scratch = activation.scratch(z)
    start = activation.initial_parameters(z.shape[-2])
    if start is not None:
        scratch.parameters = start.astype(z.dtype)
        scratch.gradient = np.full_like(scratch.parameters, np.nan)
    return scratch


def apply(activation, z, delta):
    """Return what `forward` and `backward` make of z and delta, in the memory a network gives."""
    z, delta = z.copy(), delta.copy()
    a = np.full_like(z, np.nan) if activation.needs_z else z
    scratch = scratch_for(activation, z)
    activation.forward(z, a, scratch)
    result = a.copy()
    activation.backward(delta, z, a, scratch)
    return result, delta


def lost_digits(case, dtype):
    """Return how far rounding on the way to `a` may take it from the exact value."""
    limits, name = np.finfo(dtype), case["activation"]
    if name == "softmax" and dtype == np.float32:
        return limits.eps  # rounding z - max(z) costs small probabilities some of their digits
    if name == "tanh_shrink":
        return limits.eps * np.abs(Z)  # z - tanh(z) cancels for small z, in torch as well
    if name == "gelu" and case["hyperparameters"] and dtype == np.float32:
        # The exponent u of the gate is rounded: relative to u, which is an absolute error of it.
        u = 1.6 * np.abs(Z) * (1 + 0.05 * Z**2)
        return limits.tiny + limits.eps * u * np.abs(case["a"]) * (Z < 0)
    return limits.tiny


def assert_close(values, expected, rtol, atol):
    """Compare as NumPy's assert_allclose does, which takes no array of tolerances."""
    expected = np.array(expected)
    excess = np.abs(values - expected) - (rtol * np.abs(expected) + atol)
    assert excess.max() <= 0, f"at z = {Z.flat[excess.argmax()]}"


def normal(seed, shape, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@EVERY_ACTIVATION
def test_torch_has_computed_it(name):
    assert name in {case["activation"] for case in GOLDEN["cases"]}


@EVERY_CASE
def test_agrees_with_torch(case):
    activation = ACTIVATIONS[case["activation"]](**case["hyperparameters"])
    a, delta = apply(activation, np.minimum(Z, case["largest"]), DELTA)
    assert_close(a, case["a"], 1e-12, lost_digits(case, np.float64))
    # Where a nears 1, derivatives such as 1 - a^2 cancel: they are exact to a few ulps of 1.
    np.testing.assert_allclose(delta, case["backward"], rtol=1e-12, atol=2e-15)


@EVERY_CASE
def test_float32_is_as_exact_as_it_can_be(case):
    activation = ACTIVATIONS[case["activation"]](**case["hyperparameters"])
    z = np.minimum(Z, case["largest"]).astype(np.float32)
    a, delta = apply(activation, z, DELTA.astype(np.float32))
    limits = np.finfo(np.float32)
    assert a.dtype == delta.dtype == np.float32
    assert_close(a, case["a"], 4 * limits.eps, lost_digits(case, np.float32))
    # The slope of the tanh GELU's exponent, 7 at z = 5, multiplies what 1 minus the gate rounds.
    ulps = 10 if case["activation"] == "gelu" and case["hyperparameters"] else 8
    bound = ulps * limits.eps
    np.testing.assert_allclose(delta, case["backward"], rtol=bound, atol=bound)


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
    if name == "exponential":
        values = np.minimum(values, 80)  # e^100 is finite, but beyond float32
    z = np.stack([values, np.roll(values, 1), values[::-1]])
    a, delta = apply(ACTIVATIONS[name](), z, np.ones_like(z))
    assert np.isfinite(a).all()
    assert np.isfinite(delta).all()


@BOTH_DTYPES
@EVERY_ACTIVATION
def test_memory_contract(name, dtype):
    activation, z = ACTIVATIONS[name](), normal(0, (3, 5), dtype)
    before, a = z.copy(), np.full_like(z, np.nan)
    activation.forward(z, a, scratch_for(activation, z))
    np.testing.assert_array_equal(z, before)
    if not activation.needs_z:
        activation.forward(z, z, scratch_for(activation, z))
        np.testing.assert_array_equal(z, a)


@EVERY_ACTIVATION
def test_scratch_carries_nothing_from_batch_to_batch(name):
    activation, first, second = ACTIVATIONS[name](), normal(0, (3, 5)), normal(1, (3, 5))
    used = scratch_for(activation, first)
    for z in (first.copy(), second.copy()):  # `backward` may overwrite them
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


# Both follow from mean 0 and variance 1; Klambauer et al. 2017, equation 14.
SELU_SLOPE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [
        ("relu", [-2, 0, 3], [0, 0, 1]),
        ("leaky_relu", [-2, 0, 3], [0.01, 0.01, 1]),
        ("identity", [-2, 0, 3], [1, 1, 1]),
        ("sigmoid", [-1e4, 0, 1e4], [0, 0.25, 0]),
        ("tanh", [-1e4, 0, 1e4], [0, 1, 0]),
        ("softsign", [-1, 0, 1], [0.25, 1, 0.25]),
        ("log_sigmoid", [-1e4, 0, 1e4], [1, 0.5, 0]),
        ("softplus", [-1e4, 0, 1e4], [0, 0.5, 1]),
        ("squareplus", [-1.5, 0, 1.5], [0.2, 0.5, 0.8]),
        ("hard_sigmoid", [-3, 0, 3], [0, 1 / 6, 0]),
        ("hard_tanh", [-1, 0, 1], [0, 1, 0]),
        ("hard_silu", [-3, 0, 3], [0, 0.5, 1]),
        ("relu6", [0, 3, 6], [0, 1, 0]),
        ("threshold", [-2, 0, 3], [0, 0, 1]),
        ("elu", [-1e4, 0, 3], [0, 1, 1]),
        ("celu", [-1e4, 0, 3], [0, 1, 1]),
        ("selu", [-1e4, 0, 3], [0, SELU_SLOPE * SELU_ALPHA, SELU_SLOPE]),
        ("exponential", [-1e4, 0, np.log(2)], [0, 1, 2]),
        ("gelu", [-1e4, 0, 1e4], [0, 0.5, 1]),
        ("silu", [-1e4, 0, 1e4], [0, 0.5, 1]),
        ("mish", [-1e4, 0, 1e4], [0, 0.6, 1]),
        ("hard_shrink", [-0.5, 0.5, 0.75], [0, 0, 1]),
        ("soft_shrink", [-0.5, 0.5, 0.75], [0, 0, 1]),
        ("tanh_shrink", [-1e4, 0, 1e4], [1, 0, 1]),
    ],
)
def test_derivatives_at_the_kink_and_beyond(name, z, expected):
    z = np.array([z], np.float64)
    derivative = apply(ACTIVATIONS[name](), z, np.ones_like(z))[1]
    np.testing.assert_allclose(derivative, [expected], rtol=4e-16, atol=0)


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


TAILS = {
    "log_sigmoid": (30, lambda z: -np.exp(-z), lambda z: np.exp(-z)),
    "softplus": (-30, np.exp, np.exp),
    "silu": (-30, lambda z: z * np.exp(z), lambda z: (1 + z) * np.exp(z)),
    "mish": (-30, lambda z: z * np.exp(z), lambda z: (1 + z) * np.exp(z)),
    "squareplus": (-1e7, lambda z: -1 / z, lambda z: 1 / z**2),
    "gelu": (-30, lambda z: z * ndtr(z), lambda z: ndtr(z) + z * np.exp(-(z**2) / 2) / tau**0.5),
}


@pytest.mark.parametrize("name", TAILS)
def test_tails_keep_their_digits(name):
    at, value, derivative = TAILS[name]
    z = np.full((1, 1), at, np.float64)
    a, delta = apply(ACTIVATIONS[name](), z, np.ones_like(z))
    np.testing.assert_allclose(a, value(z), rtol=1e-12)  # the next terms are below e^-30
    np.testing.assert_allclose(delta, derivative(z), rtol=1e-12)
    assert a != 0
    assert delta != 0


@pytest.mark.parametrize(
    ("name", "hyperparameters", "message"),
    [
        ("elu", {"alpha": 0}, r"activation__alpha must be a number in \(0, inf\), got 0\."),
        ("celu", {"alpha": -1}, r"activation__alpha must be a number in \(0, inf\), got -1\."),
        ("softplus", {"beta": 0}, r"activation__beta must be a number in \(0, inf\), got 0\."),
        ("squareplus", {"b": 0}, r"activation__b must be a number in \(0, inf\), got 0\."),
        ("hard_shrink", {"threshold": -1}, r"activation__threshold must be .* got -1\."),
        ("soft_shrink", {"threshold": -1}, r"activation__threshold must be .* got -1\."),
        ("threshold", {"value": np.inf}, r"activation__value must be .* got inf\."),
        ("gelu", {"approximate": "erf"}, r"activation__approximate must be one of .* got 'erf'\."),
        (
            "hard_tanh",
            {"min_value": 1.0},
            r"^activation__min_value must be below activation__max_value, got 1\.0 >= 1\.0\.$",
        ),
    ],
)
def test_hyperparameters_are_checked(name, hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        ACTIVATIONS[name](**hyperparameters).check("activation")


# ---------------------------------------------------------------- activation(z), derivative(z)

ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]
EVERY_ELEMENTWISE = pytest.mark.parametrize("name", ELEMENTWISE)


@BOTH_DTYPES
@EVERY_CASE
def test_call_and_derivative_agree_with_torch(case, dtype):
    activation = ACTIVATIONS[case["activation"]](**case["hyperparameters"])
    z, eps = np.minimum(Z, case["largest"]).astype(dtype), np.finfo(dtype).eps
    a = activation(z)
    assert a.dtype == dtype
    assert_close(a, case["a"], max(1e-12, 4 * eps), lost_digits(case, dtype))
    if case["activation"] == "softmax":
        return
    derivative = activation.derivative(z)
    assert derivative.dtype == dtype
    bound = max(1e-12, 10 * eps)
    np.testing.assert_allclose(derivative * DELTA, case["backward"], rtol=bound, atol=10 * eps)


@BOTH_DTYPES
@EVERY_ELEMENTWISE
def test_derivative_is_the_limit_of_differences(name, dtype):
    activation, step = ACTIVATIONS[name](), 1e-6
    z = normal(0, (6, 40), dtype)
    z[np.abs(np.abs(z) - 0.5) < 0.01] = z[np.abs(z) < 0.01] = 2  # not at the kinks
    z[np.abs(np.abs(z) - 1) < 0.01] = 2
    wide = z.astype(np.float64)
    expected = (activation(wide + step) - activation(wide - step)) / (2 * step)
    bound = 1e-9 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(activation.derivative(z), expected, rtol=0, atol=max(bound, 1e-8))


@pytest.mark.parametrize("shape", [(), (1,), (7,), (0,), (3, 4), (1, 7), (2, 3, 4)])
@BOTH_DTYPES
@EVERY_ELEMENTWISE
def test_any_shape_gives_new_numbers_of_that_shape(name, dtype, shape):
    activation, z = ACTIVATIONS[name](), np.asarray(normal(3, shape, dtype))
    before = z.copy()
    for function in (activation, activation.derivative):
        result = function(z)
        assert result.shape == shape
        assert result.dtype == dtype
        assert not np.shares_memory(result, z)
        flat = [function(number) for number in z.ravel()]
        np.testing.assert_allclose(result.ravel(), flat, rtol=4 * np.finfo(dtype).eps)
        np.testing.assert_array_equal(z, before)


def test_other_numbers_become_float64_and_memory_may_have_any_order():
    assert type(Sigmoid()(0)) is np.float64
    for z in ([0, 1], np.array([False, True]), np.array([0, 1], np.float16), (0.0, 1.0)):
        assert Sigmoid()(z).dtype == Sigmoid().derivative(z).dtype == np.float64
    z = normal(0, (6, 8))
    for view in (z[::2, ::3], z.T, np.asfortranarray(z)):
        np.testing.assert_array_equal(Sigmoid()(view), Sigmoid()(view.copy(order="C")))
    z.flags.writeable = False
    assert Sigmoid().derivative(z).flags.writeable


@pytest.mark.parametrize("z", [["a"], [1j], [None], np.array(["2020-01-01"], "M8[D]")], ids=str)
def test_what_is_no_number_is_refused(z):
    for function in (Sigmoid(), Sigmoid().derivative):
        with pytest.raises(TypeError, match=r"^z must be real numbers, got "):
            function(z)


def test_a_vector_is_one_sample():
    z = normal(0, 4)
    expected = np.exp(z) / np.exp(z).sum()
    np.testing.assert_allclose(Softmax()(z), expected, rtol=1e-15)
    np.testing.assert_allclose(Softmax()(np.stack([z, -z], axis=1))[:, 0], expected, rtol=1e-15)
    np.testing.assert_allclose(Increasing()([1.0, 0.0]), [1, 1 + np.log(2)])


def test_parameters_are_those_at_the_start_or_those_given():
    z, slopes = np.array([[-1.0, 2.0], [-3.0, -4.0]]), np.array([0.5, -2.0])
    np.testing.assert_array_equal(PReLU()(z), [[-0.25, 2], [-0.75, -1]])
    np.testing.assert_array_equal(PReLU(0.5)(z[0]), [-0.5, 2])
    np.testing.assert_array_equal(PReLU()(z, slopes), [[-0.5, 2], [6, 8]])
    np.testing.assert_array_equal(PReLU().derivative(z, slopes), [[0.5, 1], [-2, -2]])
    single = PReLU()(z.astype(np.float32), parameters=slopes)
    assert single.dtype == np.float32


@dataclass(repr=False, eq=False)
class CumulativeSum(Activation):
    def forward(self, z, a, scratch):
        np.cumsum(z, axis=-2, out=a)

    def backward(self, delta, z, a, scratch):
        delta[...] = np.cumsum(delta[..., ::-1, :], axis=-2)[..., ::-1, :]


@dataclass(repr=False, eq=False)
class Swapped(Activation):
    """The units in pairs, the first of each gated by the second, and the second as it is."""

    needs_z = True

    def forward(self, z, a, scratch):
        np.multiply(z[..., ::2, :], z[..., 1::2, :], out=a[..., ::2, :])
        a[..., 1::2, :] = z[..., 1::2, :]

    def backward(self, delta, z, a, scratch):
        delta[..., 1::2, :] += delta[..., ::2, :] * z[..., ::2, :]
        delta[..., ::2, :] *= z[..., 1::2, :]


@dataclass(repr=False, eq=False)
class Centred(Activation):
    """What couples samples: the mean over them is taken away."""

    def forward(self, z, a, scratch):
        np.subtract(z, z.mean(axis=-1, keepdims=True), out=a)

    def backward(self, delta, z, a, scratch):
        np.subtract(delta, delta.mean(axis=-1, keepdims=True), out=delta)


@pytest.mark.parametrize("z", [np.zeros((2, 3)), np.array([[1e4], [0.0]]), np.zeros(2)])
@pytest.mark.parametrize(
    "activation", [Softmax(), Increasing(), CumulativeSum(), Swapped(), Centred()], ids=repr
)
def test_no_derivative_where_units_are_coupled(activation, z):
    assert not activation.is_elementwise(2)
    with pytest.raises(TypeError) as caught:
        activation.derivative(z)
    assert str(caught.value).startswith(f"{activation!r} has no elementwise derivative: ")


@EVERY_ELEMENTWISE
def test_all_others_are_elementwise(name):
    assert all(ACTIVATIONS[name]().is_elementwise(n_units) for n_units in (1, 2, 300))


def test_a_link_needs_no_backward_but_a_derivative_does():
    @dataclass(repr=False, eq=False)
    class Squared(Activation):
        def forward(self, z, a, scratch):
            np.multiply(z, z, out=a)

    assert Squared()(3.0) == 9
    with pytest.raises(NotImplementedError, match="Squared has no backward pass"):
        Squared().derivative(3.0)


# ---------------------------------------------------------------- learnable activations


@BOTH_DTYPES
def test_prelu_gradient_of_its_slopes_is_torchs_sum(dtype):
    prelu, z, delta = ACTIVATIONS["prelu"](), normal(0, (4, 50), dtype), normal(1, (4, 50), dtype)
    expected = (delta.astype(float) * np.minimum(z, 0)).sum(axis=1)
    scratch, a = scratch_for(prelu, z), np.empty_like(z)
    prelu.forward(z, a, scratch)
    prelu.backward(delta, z, a, scratch)
    assert scratch.gradient.dtype == dtype
    np.testing.assert_allclose(scratch.gradient, expected, rtol=40 * np.finfo(dtype).eps)


def test_prelu_slopes_are_parameters_of_the_network():
    X = normal(0, (200, 3))
    model = MLPRegressor((8, 5), "prelu", alpha=0.0, random_state=0, max_iter=30)
    model.set_params(n_iter_no_change=30, warm_start=True)
    penalized = clone(model).set_params(alpha=1e6, optimizer="sgd", learning_rate_init=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, np.abs(X[:, 0]))
        penalized.fit(X, np.abs(X[:, 0]))
    slopes = [
        model._model.network.parameters["activation_0"],
        model._model.network.parameters["activation_1"],
    ]
    assert [len(each) for each in slopes] == [8, 5]
    assert all((each != 0.25).all() for each in slopes)
    np.testing.assert_allclose(penalized._model.network.parameters["activation_0"], 0.25, rtol=1e-9)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    hidden = X
    for i in range(2):
        z = hidden @ model.coefs_[i] + model.intercepts_[i]
        hidden = np.maximum(z, 0) + slopes[i] * np.minimum(z, 0)
    expected = hidden @ model.coefs_[2] + model.intercepts_[2]
    np.testing.assert_allclose(model.predict(X), expected[:, 0], rtol=1e-10)
    with pytest.raises(ValueError, match="activation='relu' has other learnable parameters"):
        model.set_params(activation="relu").fit(X, X[:, 0])
