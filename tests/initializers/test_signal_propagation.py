"""Signal propagation of standard normal inputs through ten layers of 512 units.

Theory is that of wide layers: pre-activations are N(0, q), and ``q = fan_in Var(w) E[a^2]`` over
the layer below. The figures of a layer of n units scatter around it like a chi-squared's.
"""

import math
from functools import cache

import numpy as np
import pytest
from scipy.special import expit, ndtri

from sknn._network.architecture import Architecture
from sknn._network.layers import Activate, Drop, Masks
from sknn._network.network import Network
from sknn.activations import ACTIVATIONS, Identity
from sknn.dropout import AlphaDropout, Dropout
from sknn.initializers import INITIALIZERS, Auto, Normal, Zeros

N_UNITS, N_LAYERS, N_SAMPLES = 512, 10, 1024
NORMAL = ndtri((np.arange(100_000) + 0.5) / 100_000)  # E[f(Z)] is f(NORMAL).mean()


@cache
def activations_of(activation, init):
    """Return the ten layers' activations, of shape (layers, units, samples)."""
    hidden, sizes = [ACTIVATIONS[activation]()] * N_LAYERS, (N_UNITS,) * (N_LAYERS + 1)
    architecture = Architecture((*sizes, 1), hidden, Identity(), [Dropout(0.0)] * (N_LAYERS + 1))
    initializer = INITIALIZERS[init]() if isinstance(init, str) else Normal(std=init)
    network = Network.initialize(
        architecture, initializer, Zeros(), np.random.RandomState(0), np.dtype(np.float64)
    )
    compiled = network.compile(N_SAMPLES, is_sparse=False)
    inputs = np.random.default_rng(0).standard_normal((N_SAMPLES, N_UNITS))
    compiled.inputs.load(inputs, slice(0, N_SAMPLES))
    compiled.forward()
    return np.stack([layer.a for layer in compiled.layers if isinstance(layer, Activate)])


def pre_activation_variances(function, scale):
    """Return theory's q of each layer, for weights of variance ``scale / fan_in``."""
    variances = [scale]
    while len(variances) < N_LAYERS:
        signal = function(math.sqrt(variances[-1]) * NORMAL)
        variances.append(scale * np.mean(signal**2))
    return variances


def mean_squares(activation, init):
    return np.mean(activations_of(activation, init) ** 2, axis=(1, 2))


def log_band(fluctuation):
    """Three standard deviations of the log mean square, of variance `fluctuation` / n a layer."""
    return 3 * np.sqrt(fluctuation * np.arange(1, N_LAYERS + 1) / N_UNITS)


@pytest.mark.parametrize("init", ["he_normal", "he_uniform"])
def test_he_keeps_the_signal_of_rectifiers(init):
    # Var(w) = 2 / n makes up for the half that ReLU cuts off: E[z^2] = 2 E[a^2] stays 2. A unit
    # contributes a^2 with E[a^4] / E[a^2]^2 - 1 = 5, the fluctuation.
    assert (abs(np.log(mean_squares("relu", init))) < log_band(5)).all()


@pytest.mark.parametrize("init", ["xavier_normal", "xavier_uniform", "orthogonal"])
def test_xavier_keeps_the_signal_of_linear_layers(init):
    # Var(w) = 1 / n, and a normal z has E[z^4] / E[z^2]^2 - 1 = 2. Orthogonal layers are rotations.
    squares = np.log(mean_squares("identity", init))
    assert (abs(squares) < log_band(2)).all()
    if init == "orthogonal":
        np.testing.assert_allclose(squares, squares[0], atol=1e-12)


def test_xavier_halves_the_signal_of_rectifiers():
    # The half that ReLU cuts off is not made up for: E[a^2] = 2^-l at layer l.
    expected = -np.log(2) * np.arange(1, N_LAYERS + 1)
    assert (abs(np.log(mean_squares("relu", "xavier_normal")) - expected) < log_band(5)).all()


@pytest.mark.parametrize("init", ["xavier_normal", "xavier_uniform"])
def test_tanh_with_xavier_decays_slowly(init):
    stds = activations_of("tanh", init).std(axis=(1, 2))
    assert (np.diff(stds) < 0).all()
    # At q = 1 the slope of tanh is what decays: like 1 / sqrt(2 l), not like a power of l.
    last = pre_activation_variances(np.tanh, 1)[-1]
    expected = math.sqrt(np.mean(np.tanh(math.sqrt(last) * NORMAL) ** 2))
    assert stds[-1] == pytest.approx(expected, rel=0.15)
    assert 0.15 < stds[-1] < 0.3


def share_between(values, low, high):
    return float(np.mean((values > low) & (values < high)))


def test_unit_normal_weights_saturate_sigmoids():
    a = activations_of("sigmoid", 1.0)
    for layer, variance in enumerate(pre_activation_variances(expit, N_UNITS)):
        share = 1 - share_between(a[layer], 0.01, 0.99)
        expected = 1 - share_between(expit(math.sqrt(variance) * NORMAL), 0.01, 0.99)
        # z has a standard deviation of 23 in layer 1 and 15 above, and |z| > 4.6 is saturated.
        assert share == pytest.approx(expected, abs=0.05)
        assert share > 0.7


def test_small_normal_weights_collapse_sigmoids_to_the_middle():
    a = activations_of("sigmoid", 0.1)
    last = pre_activation_variances(expit, 0.01 * N_UNITS)[-1]
    expected = share_between(expit(math.sqrt(last) * NORMAL), 0.1, 0.9)
    # z of the last layer is N(0, 1.58): 92 % of its activations are within 0.5 +- 0.4.
    assert share_between(a[-1], 0.1, 0.9) == pytest.approx(expected, abs=0.05)
    assert share_between(a[-1], 0.1, 0.9) > 0.85


def test_small_normal_weights_make_all_samples_alike_to_sigmoids():
    spread = activations_of("sigmoid", 0.1).std(axis=2).mean(axis=1)
    # A layer multiplies the variance between samples by 512 Var(w) E[sigmoid'(z)^2], about 0.2.
    variances = pre_activation_variances(expit, 0.01 * N_UNITS)
    signals = [expit(math.sqrt(variance) * NORMAL) for variance in variances]
    factors = [0.01 * N_UNITS * np.mean((a * (1 - a)) ** 2) for a in signals]
    expected = math.sqrt(math.prod(factors[1:]))
    assert spread[-1] / spread[0] == pytest.approx(expected, rel=0.3)
    assert spread[-1] < 1e-3 < 0.1 < spread[0]


def test_unit_normal_weights_keep_samples_apart():
    assert activations_of("sigmoid", 1.0).std(axis=2).mean(axis=1)[-1] > 0.1


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_selu_with_alpha_dropout_keeps_mean_0_and_variance_1(rate):
    # The fixed point of Klambauer et al., section 2: the network normalizes itself, dropout or not.
    hidden, sizes = [ACTIVATIONS["selu"]()] * N_LAYERS, (N_UNITS,) * (N_LAYERS + 1)
    dropouts = [Dropout(0.0), *[AlphaDropout(rate)] * N_LAYERS]
    architecture = Architecture((*sizes, 1), hidden, Identity(), dropouts)
    network = Network.initialize(
        architecture, Auto(), Zeros(), np.random.RandomState(0), np.dtype(np.float64)
    )
    compiled = network.compile(N_SAMPLES, False, network.parameters.copy(), Masks(1))
    inputs = np.random.default_rng(0).standard_normal((N_SAMPLES, N_UNITS))
    compiled.inputs.load(inputs, slice(0, N_SAMPLES))
    compiled.forward()
    kind = Drop if rate else Activate
    outputs = [layer.output[:-1] for layer in compiled.layers if isinstance(layer, kind)]
    assert len(outputs) == N_LAYERS
    assert max(abs(a.mean()) for a in outputs) < 0.1
    assert all(0.85 < a.var() < 1.15 for a in outputs)
