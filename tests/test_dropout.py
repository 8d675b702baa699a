"""Dropout: the distribution and the source of the masks, and their effect on a network."""

import math

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, MLPRegressor
from sknn._core.parameters import Parameters
from sknn._network.architecture import Architecture
from sknn._network.layers import Drop, Inputs, Masks, Memory
from sknn._network.network import Network
from sknn.activations import Identity, Tanh
from sknn.dropout import AlphaDropout, Dropout
from sknn.initializers import INITIALIZERS

BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
RATES = pytest.mark.parametrize("rate", [0, 0.1, 0.5, 0.8])
SIZES = (6, 8, 2)


def draw(rate=0.5, shape=(100, 400), dtype=np.float64, generator=None):
    mask = np.empty(shape, dtype)
    generator = generator or np.random.Generator(np.random.Philox(0))
    Dropout(rate).draw(mask, np.empty(shape, np.float32), generator)
    return mask


def architecture(activation, input_rate, rate):
    return Architecture(SIZES, [activation], Identity(), [Dropout(input_rate), Dropout(rate)])


def network_of(architecture, dtype=np.float64):
    init = INITIALIZERS["xavier_uniform"]()
    biases = INITIALIZERS["normal"]()
    random_state = np.random.RandomState(0)
    return Network.initialize(architecture, init, biases, random_state, np.dtype(dtype))


def compiled_for(X, activation=None, input_rate=0.3, rate=0.5, seed=0):
    """Return a network compiled for training, loaded with all rows, after its forward pass."""
    network = network_of(architecture(activation or Identity(), input_rate, rate), X.dtype)
    parameters = network.parameters
    gradient = Parameters(parameters.layout, np.zeros_like(parameters.vector))
    compiled = network.compile(X.shape[0], sparse.issparse(X), gradient, Masks(seed))
    compiled.inputs.load(X, slice(0, X.shape[0]))
    compiled.forward()
    return compiled


def masks_of(compiled):
    return [layer.mask for layer in compiled.layers if isinstance(layer, Drop)]


def rows(n_samples, seed=0):
    return np.random.default_rng(seed).standard_normal((n_samples, SIZES[0]))


@RATES
def test_expectation_is_one_and_the_share_of_zeros_is_the_rate(rate):
    mask = draw(rate)
    error = math.sqrt(rate * (1 - rate) / mask.size)
    assert np.mean(mask == 0) == pytest.approx(rate, abs=5 * error)
    assert mask.mean() == pytest.approx(1, rel=1e-12, abs=5 * error / (1 - rate))


@BOTH_DTYPES
@RATES
def test_values_are_zero_or_the_inverse_of_what_is_kept(rate, dtype):
    expected = {dtype(0), dtype(1 / (1 - rate))} if rate else {dtype(1)}
    assert set(np.unique(draw(rate, dtype=dtype))) == expected


def test_uniform_may_be_the_mask_itself():
    mask = np.empty((100, 400), np.float32)
    Dropout(0.3).draw(mask, mask, np.random.Generator(np.random.Philox(0)))
    np.testing.assert_array_equal(mask, draw(0.3, dtype=np.float32))


def test_units_and_samples_are_dropped_independently():
    kept = draw(0.5) > 0
    for axis in (0, 1):
        # The share kept of a row or column of n has variance 1 / (4 n).
        shares, n = kept.mean(axis=axis), kept.shape[axis]
        assert shares.var() == pytest.approx(1 / (4 * n), rel=5 * math.sqrt(2 / len(shares)))


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, math.nan, True])
def test_rate_is_checked(rate):
    with pytest.raises(ValueError, match=rf"dropout__rate must be .* \[0, 1\), got {rate}\."):
        Dropout(rate).check("dropout")


def place(seed=3, step=5, part=2, layer=1):
    masks = Masks(seed)
    masks.step, masks.share = step, part
    return masks, layer


def test_masks_are_a_pure_function_of_their_place():
    masks, layer = place()
    first = draw(generator=masks.generator(layer))
    draw(shape=(3, 7), generator=masks.generator(layer + 1))
    np.testing.assert_array_equal(draw(generator=masks.generator(layer)), first)
    masks, layer = place()
    np.testing.assert_array_equal(draw(generator=masks.generator(layer)), first)


@pytest.mark.parametrize("other", [{"seed": 4}, {"step": 6}, {"part": 3}, {"layer": 0}])
def test_another_place_has_another_mask(other):
    (masks, layer), (elsewhere, other_layer) = place(), place(**other)
    first = draw(generator=masks.generator(layer))
    second = draw(generator=elsewhere.generator(other_layer))
    # Independent fair coins agree half of the time.
    assert np.mean(first == second) == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(first.size))


@pytest.mark.parametrize("following", [{"step": 6}, {"part": 3}, {"layer": 2}])
def test_a_long_stream_does_not_reach_the_next_place(following):
    (masks, layer), (elsewhere, other_layer) = place(), place(**following)
    long = draw(shape=(1, 10_000), generator=masks.generator(layer))[0]
    start = draw(shape=(1, 50), generator=elsewhere.generator(other_layer))[0]
    windows = np.lib.stride_tricks.sliding_window_view(long, start.size)
    assert not (windows == start).all(axis=1).any()


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
def test_each_layer_draws_from_a_stream_of_its_own(wrap, monkeypatch):
    original, layers = Masks.generator, []
    monkeypatch.setattr(
        Masks, "generator", lambda masks, layer: layers.append(layer) or original(masks, layer)
    )
    compiled_for(wrap(rows(16)))
    assert layers == [0, 1]


def test_both_dtypes_draw_the_same_pattern():
    single, double = (masks_of(compiled_for(rows(16).astype(t))) for t in (np.float32, np.float64))
    assert len(single) == len(double) == 2
    for one, other in zip(single, double, strict=True):
        assert (one.dtype, other.dtype) == (np.float32, np.float64)
        np.testing.assert_array_equal(one > 0, other > 0)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_expectation_of_a_linear_network_is_the_network_without(is_sparse):
    n_samples = 20_000
    X = np.repeat(rows(1), n_samples, axis=0)
    compiled = compiled_for(sparse.csr_matrix(X) if is_sparse else X)
    network = Network(compiled.architecture, compiled.parameters)
    ((_, expected),) = network.raw_predictions(X[:1])
    outputs = compiled.raw_prediction
    errors = 5 * outputs.std(axis=1) / math.sqrt(n_samples)
    assert (errors > 0).all()
    assert (abs(outputs.mean(axis=1) - expected[:, 0]) < errors).all()


def test_a_dropped_unit_gets_no_gradient():
    compiled = compiled_for(rows(1), Tanh(), input_rate=0.5, rate=0.5)
    inputs, hidden = (mask[:, 0] > 0 for mask in masks_of(compiled))
    compiled.delta[...] = 1
    compiled.backward()
    first, last = compiled.gradient["layer_0"], compiled.gradient["layer_1"]
    assert 0 < inputs.sum() < inputs.size
    assert 0 < hidden.sum() < hidden.size
    np.testing.assert_array_equal(first[:-1] != 0, np.outer(inputs, hidden))
    np.testing.assert_array_equal(first[-1] != 0, hidden)
    np.testing.assert_array_equal(last[:-1] != 0, np.repeat(hidden[:, np.newaxis], 2, axis=1))
    np.testing.assert_array_equal(last[-1], 1)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_gradient_is_the_derivative_under_one_mask(is_sparse):
    X = sparse.csr_matrix(rows(5)) if is_sparse else rows(5)
    compiled = compiled_for(X, Tanh())
    compiled.delta[...] = 1
    compiled.backward()
    vector, gradient = compiled.parameters.vector, compiled.gradient.vector
    direction, step = np.random.default_rng(1).standard_normal(vector.size), 1e-6
    sums = []
    for sign in (1, -2):  # the second is from where the first one went
        vector += sign * step * direction
        compiled.inputs.load(X, slice(0, 5))
        sums.append(compiled.forward().sum())
    assert gradient @ direction == pytest.approx((sums[0] - sums[1]) / (2 * step), rel=1e-6)


def test_nothing_is_dropped_without_masks():
    X = rows(10)
    dropping, plain = architecture(Tanh(), 0.5, 0.5), architecture(Tanh(), 0, 0)
    network = network_of(plain)
    ((_, first),) = Network(dropping, network.parameters).raw_predictions(X)
    ((_, second),) = network.raw_predictions(X)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("rate", [0.0, Dropout(0)])
def test_a_rate_of_zero_adds_no_stage(rate):
    assert not masks_of(compiled_for(rows(3), input_rate=0, rate=0))
    X, y = rows(20), np.arange(20) % 2
    with_zero = MLPClassifier(4, dropout=rate, random_state=0).partial_fit(X, y, [0, 1])
    without = MLPClassifier(4, random_state=0).partial_fit(X, y, [0, 1])
    np.testing.assert_array_equal(with_zero.coefs_[0], without.coefs_[0])


def test_predictions_of_an_estimator_drop_nothing():
    X = rows(30)
    model = MLPRegressor(8, activation="tanh", dropout=0.5, input_dropout=0.5, random_state=0)
    model.partial_fit(X, X[:, 0])
    (first, last), (first_bias, last_bias) = model.coefs_, model.intercepts_
    expected = np.tanh(X @ first + first_bias) @ last + last_bias
    np.testing.assert_allclose(model.predict(X), expected.ravel(), rtol=1e-12, atol=1e-14)


def test_sparse_inputs_lose_stored_elements_only():
    X = sparse.random(50, 40, 0.3, format="csr", random_state=0)
    inputs = Inputs(40, 50, np.dtype(np.float64), True, Memory(np.dtype(float)))
    before = X.copy()
    inputs.load(X, slice(0, 50))
    inputs.drop(Dropout(0.5), Masks(0).generator(0))
    factors = inputs.rows.data / before.data
    assert set(np.unique(factors)) == {0.0, 2.0}
    assert np.mean(factors == 0) == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(X.nnz))
    np.testing.assert_array_equal(X.toarray(), before.toarray())


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.03), ("gd", 1.0)])
@pytest.mark.parametrize("shuffle", [True, False])
def test_fits_sparse_inputs_and_leaves_them_alone(optimizer, rate, shuffle):
    dense = rows(100) * (rows(100, seed=1) > 0)
    X, y = sparse.csr_matrix(dense), (dense[:, 0] - dense[:, 1] > 0).astype(int)
    model = MLPClassifier(16, optimizer=optimizer, shuffle=shuffle, random_state=0)
    model.set_params(input_dropout=0.2, dropout=0.2, learning_rate_init=rate, max_iter=200)
    assert model.fit(X, y).score(X, y) > 0.85
    np.testing.assert_array_equal(X.toarray(), dense)


# ---------------------------------------------------------------- alpha dropout


@BOTH_DTYPES
@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_alpha_dropout_keeps_mean_and_variance(rate, dtype):
    a = np.random.default_rng(1).standard_normal((400, 1000)).astype(dtype)
    mask, out = np.empty_like(a), np.empty_like(a)
    dropout = AlphaDropout(rate)
    dropout.draw(mask, np.empty(a.shape, np.float32), np.random.Generator(np.random.Philox(0)))
    dropout.forward(a, mask, out)
    assert out.dtype == dtype
    assert out.mean() == pytest.approx(0, abs=0.01)
    assert out.var() == pytest.approx(1, abs=0.02)
    # Dropped units all take one value, the one that SELU's limit is mapped to.
    assert np.ptp(out[mask == 0]) == 0
    assert np.mean(mask == 0) == pytest.approx(rate, abs=0.005)


def test_alpha_dropout_has_the_papers_constants():
    limit, rate = -1.0507009873554805 * 1.6732632423543772, 0.2
    gain = ((1 - rate) * (1 + rate * limit**2)) ** -0.5
    a, mask, out = np.array([[0.7, 0.7]]), np.array([[gain, 0.0]]), np.empty((1, 2))
    AlphaDropout(rate).forward(a, mask, out)
    shift = -gain * rate * limit
    np.testing.assert_allclose(out, [[gain * 0.7 + shift, gain * limit + shift]], rtol=1e-14)


def test_alpha_dropout_gradient_is_that_of_its_forward():
    a, mask = np.random.default_rng(0).standard_normal((2, 3, 5))
    mask, step = AlphaDropout(0.3).gain * (mask > 0), 1e-6
    above, below, delta = np.empty_like(a), np.empty_like(a), np.ones_like(a)
    AlphaDropout(0.3).forward(a + step, mask, above)
    AlphaDropout(0.3).forward(a - step, mask, below)
    AlphaDropout(0.3).backward(delta, mask)
    np.testing.assert_allclose(delta, (above - below) / (2 * step), atol=1e-8)


def test_alpha_dropout_fits_and_refuses_sparse_inputs():
    X = rows(60)
    y = (X[:, 0] > 0).astype(int)
    model = MLPClassifier(8, dropout=AlphaDropout(0.1), input_dropout=AlphaDropout(0.1))
    model.set_params(random_state=0, max_iter=5, n_iter_no_change=5)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    with pytest.raises(ValueError, match=r"input_dropout=AlphaDropout\(rate=0.1\) replaces zeros"):
        model.fit(sparse.csr_array(X), y)
