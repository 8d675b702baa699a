"""The piecewise linear encoding: closed forms, weights, missing values, scikit-learn's checks."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn import MLPRegressor
from sknn.preprocessing import PiecewiseLinearEncoder
from sknn.preprocessing._bin_edges import bin_edges

RNG = np.random.default_rng(0)


@parametrize_with_checks(
    [
        PiecewiseLinearEncoder(),
        PiecewiseLinearEncoder(n_bins=5),
        PiecewiseLinearEncoder(n_bins=3, include_linear=False),
    ]
)
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # skipped checks
        check(estimator)


def encode(x, n_bins, **params):
    x = np.asarray(x)[:, np.newaxis]
    encoder = PiecewiseLinearEncoder(n_bins, include_linear=False, **params).fit(x)
    return encoder, encoder.transform(x)


def raw(x, edges):
    """Return the encoding before centring and scaling, by np.interp."""
    unit = np.eye(len(edges))
    cumulative = [np.interp(x, edges, unit[t:].sum(axis=0)) for t in range(1, len(edges))]
    return np.array(cumulative).T


@pytest.mark.parametrize("n_bins", [1, 2, 7, 30])
def test_bins_are_interpolations_centred_and_of_total_variance_one(n_bins):
    x = RNG.gamma(1.0, size=500)
    encoder, encoded = encode(x, n_bins)
    (edges,) = encoder.edges_
    assert len(edges) == n_bins + 1
    expected = raw(x, edges)
    expected -= expected.mean(axis=0)
    expected /= np.sqrt(expected.var(axis=0).sum())
    assert_allclose(encoded, expected, atol=1e-12)


def test_a_linear_model_of_the_bins_is_any_function_linear_between_the_edges():
    x = RNG.uniform(size=400)
    encoder, encoded = encode(x, 6)
    y = np.interp(x, encoder.edges_[0], RNG.normal(size=7))
    assert_allclose(LinearRegression().fit(encoded, y).predict(encoded), y, atol=1e-10)


def test_beyond_the_outer_edges_bins_stay_as_at_them():
    encoder, _ = encode(np.arange(10.0), 4)
    inside, outside = encoder.transform([[0.0], [9.0]]), encoder.transform([[-50.0], [99.0]])
    assert_array_equal(inside, outside)


def test_the_linear_column_is_the_robust_formula():
    x = np.array([0.0, 1.0, 2.0, 3.0, 100.0])
    z = (x - 2) / 2
    encoded = PiecewiseLinearEncoder(1).fit_transform(x[:, np.newaxis])
    assert_allclose(encoded[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-14)


# ---------------------------------------------------------------- edges


def test_few_distinct_values_have_an_edge_each():
    encoder, _ = encode(np.repeat([3.0, 1.0, 7.0], [50, 1, 2]), 5)
    assert_array_equal(encoder.edges_[0], [1, 3, 7])


def test_without_heavy_values_edges_are_quantiles():
    x = RNG.permutation(np.arange(101.0))
    assert_array_equal(encode(x, 4)[0].edges_[0], np.quantile(x, np.linspace(0, 1, 5)))


def test_a_heavy_value_has_an_edge_and_leaves_the_others_to_the_rest():
    """Plain quantiles would spend three of five edges on the zeros."""
    x = np.concatenate([np.zeros(100), np.arange(1.0, 61.0)])
    assert_array_equal(encode(x, 4)[0].edges_[0], [0, 1, 20, 40, 60])


def test_a_heavy_value_that_shows_only_without_a_heavier_one_is_found():
    values = np.arange(30.0)
    weights = np.ones(30)
    weights[3], weights[7] = 1000, 30
    edges = bin_edges(values, weights, 5)
    assert {3.0, 7.0} <= set(edges)
    assert len(edges) == 6


@pytest.mark.parametrize("n_bins", [1, 2, 3, 8])
def test_there_are_never_more_bins_than_asked_for(n_bins):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = np.round(rng.gamma(0.3, 5, size=200), rng.integers(0, 3))
        (edges,) = encode(x, n_bins)[0].edges_
        assert 2 <= len(edges) <= n_bins + 1
        assert (np.diff(edges) > 0).all()
        assert edges[0] == x.min()
        assert edges[-1] == x.max()


@pytest.mark.parametrize(
    ("shape", "n_bins"), [((2000, 1), 64), ((400, 3), 25), ((4000, 100), 20), ((60, 2), 0)]
)
def test_the_automatic_number_of_bins(shape, n_bins):
    encoder = PiecewiseLinearEncoder().fit(RNG.normal(size=shape))
    assert {max(len(edges) - 1, 0) for edges in encoder.edges_} == {n_bins}


# ---------------------------------------------------------------- weights, missing values


@pytest.mark.parametrize("n_bins", ["auto", 6])
def test_a_weight_of_two_is_the_row_twice_and_of_zero_no_row(n_bins):
    X = np.round(RNG.gamma(1, size=(300, 2)), 1)
    X[::11, 1] = np.nan
    weight = RNG.integers(0, 4, size=300)
    weighted = PiecewiseLinearEncoder(n_bins).fit(X, sample_weight=weight)
    repeated = PiecewiseLinearEncoder(n_bins).fit(np.repeat(X, weight, axis=0))
    assert_allclose(weighted.transform(X), repeated.transform(X), atol=1e-12)


def test_weights_scaled_down_do_not_look_like_few_rows():
    X = RNG.normal(size=(640, 1))
    small = PiecewiseLinearEncoder().fit(X, sample_weight=np.full(640, 1e-6))
    assert_allclose(small.edges_[0], PiecewiseLinearEncoder().fit(X).edges_[0])


def test_missing_values_have_a_column_and_are_the_mean_in_the_others():
    x = np.array([[np.nan], [0.0], [1.0], [2.0]])
    encoder = PiecewiseLinearEncoder(2).fit(x)
    assert list(encoder.get_feature_names_out(["a"])) == [
        *("a_linear", "a_bin_0", "a_bin_1", "a_missing")
    ]
    encoded = encoder.transform(x)
    assert_array_equal(encoded[0], [0, 0, 0, 1])
    assert_array_equal(encoded[1:, -1], 0)
    assert_allclose(encoded[1:, 1:3].mean(axis=0), 0, atol=1e-15)


def test_a_value_missing_only_later_is_the_mean():
    encoder = PiecewiseLinearEncoder(2).fit([[0.0], [1.0], [2.0]])
    assert_array_equal(encoder.transform([[np.nan]]), [[0, 0, 0]])


@pytest.mark.parametrize("values", [[np.nan, np.nan], [3.0, 3.0], [3.0, np.nan]])
def test_a_column_without_information_is_zero_and_finite(values):
    X = np.array([values, [0.0, 1.0]]).T
    encoded = PiecewiseLinearEncoder(2).fit_transform(X)
    assert_array_equal(encoded[:, 0], 0)
    assert np.isfinite(encoded).all()


# ---------------------------------------------------------------- dtype, inverse, conventions


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept_and_float32_is_as_exact_as_it_can_be(dtype):
    X = (1e4 + RNG.normal(size=(300, 2))).astype(dtype)
    encoded = PiecewiseLinearEncoder(8).fit_transform(X)
    assert encoded.dtype == dtype
    exact = PiecewiseLinearEncoder(8).fit_transform(X.astype(np.float64))
    assert_allclose(encoded, exact, atol=1e-5 if dtype == np.float32 else 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_numbers_do_not_overflow(dtype):
    largest = np.finfo(dtype).max
    X = np.array([[-largest], [-1.0], [0.0], [1.0], [largest]], dtype)
    encoded = PiecewiseLinearEncoder(3).fit_transform(X)
    assert np.isfinite(encoded).all()


@pytest.mark.parametrize("include_linear", [True, False])
def test_inverse(include_linear):
    X = RNG.gamma(1, size=(200, 2))
    X[::7, 0] = np.nan
    encoder = PiecewiseLinearEncoder(5, include_linear=include_linear).fit(X)
    assert_allclose(encoder.inverse_transform(encoder.transform(X)), X, rtol=1e-9)
    beyond = encoder.inverse_transform(encoder.transform([[-9.0, 99.0]]))
    assert_allclose(beyond, [[np.nanmin(X[:, 0]), X[:, 1].max()]])


def test_inverse_without_bins_goes_through_the_linear_column():
    X = RNG.normal(size=(20, 2))
    encoder = PiecewiseLinearEncoder().fit(X)
    assert_allclose(encoder.inverse_transform(encoder.transform(X)), X, rtol=1e-9)
    nothing = clone(encoder).set_params(include_linear=False).fit(X)
    encoded = nothing.transform(X)
    with pytest.raises(ValueError, match=r"^column 0 cannot be inverted: it has no bins"):
        nothing.inverse_transform(encoded)


def test_names_and_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"age": [1.0, 2.0, 3.0], "fare": [0.0, 0.0, 5.0]})
    encoder = PiecewiseLinearEncoder(2).set_output(transform="pandas").fit(frame)
    assert list(encoder.transform(frame)) == [
        *("age_linear", "age_bin_0", "age_bin_1", "fare_linear", "fare_bin_0")
    ]


@pytest.mark.parametrize("n_bins", [0, -1, 2.5, True, "many", None])
def test_a_wrong_number_of_bins_is_named(n_bins):
    with pytest.raises(ValueError, match="n_bins must be 'auto' or an integer"):
        PiecewiseLinearEncoder(n_bins).fit([[0.0], [1.0]])


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="include_linear must be True or False, got 'no'"):
        PiecewiseLinearEncoder(include_linear="no").fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match="infinity"):
        PiecewiseLinearEncoder().fit([[np.inf], [1.0]])
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        PiecewiseLinearEncoder().fit(sparse.csr_array(np.eye(3)))
    with pytest.raises(ValueError, match="at least one"):
        PiecewiseLinearEncoder().fit([[0.0], [1.0]], sample_weight=[0, 0])
    encoder = PiecewiseLinearEncoder(2).fit([[0.0], [1.0], [2.0]])
    with pytest.raises(ValueError, match="X must have 3 columns, got shape"):
        encoder.inverse_transform([[0.0]])


def test_a_network_learns_a_threshold_that_it_misses_without():
    X = RNG.uniform(size=(600, 1))
    y = (X[:, 0] > 0.61).astype(float) - (X[:, 0] > 0.67)
    network = MLPRegressor(32, max_iter=60, random_state=0)
    plain = make_pipeline(PiecewiseLinearEncoder(1), network).fit(X, y).score(X, y)
    encoded = make_pipeline(PiecewiseLinearEncoder(32), network).fit(X, y).score(X, y)
    assert plain < 0.5
    assert encoded > 0.8
    assert make_pipeline(PiecewiseLinearEncoder(32), Ridge(1e-3)).fit(X, y).score(X, y) > 0.8
