"""Signals in the layers: statistics, and networks before training."""

import numpy as np
import pytest
from common import problem
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline

from sknn import MLPClassifier, MLPRegressor
from sknn.activations import LeakyReLU
from sknn.initializers import INITIALIZERS, Normal
from sknn.inspection import ActivationDisplay, initialization_report
from sknn.inspection._networks import untrained_network

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def column(table, name, network):
    chosen = zip(table[name], table["network"], strict=True)
    return np.array([value for value, label in chosen if label == network])


# ------------------------------------------------------------------- before training


@pytest.mark.parametrize("init", INITIALIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_untrained_network_is_the_one_a_fit_starts_from(init, dtype):
    params = {"init": init, "dtype": dtype, "random_state": 3, "hidden_layer_sizes": (7, 5)}
    cls, X, y = problem("multiclass")
    still = {"optimizer": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
    if dtype == "float32":
        still["learning_rate_init"] = 1e-40
    expected = cls(**params, **still).fit(X, y)
    network, _ = untrained_network(cls(**params), X, init)
    for block, weights, biases in zip(
        network.blocks[:2], expected.coefs_, expected.intercepts_, strict=False
    ):
        np.testing.assert_allclose(block[:-1], weights, rtol=0, atol=1e-35)
        np.testing.assert_allclose(block[-1], biases, rtol=0, atol=1e-35)


def test_a_report_changes_nothing_and_repeats_itself(digits):
    state = np.random.RandomState(0)
    model = MLPClassifier((20, 20), random_state=state)
    first, second = (repr(initialization_report(model, digits[0])) for _ in range(2))
    assert first == second
    assert state.randint(1 << 30) == np.random.RandomState(0).randint(1 << 30)
    assert not hasattr(model, "n_features_in_")


def test_statistics_are_their_definitions(digits):
    X, y = digits[0][:900], digits[1][:900]
    model = MLPClassifier((30, 20), activation=("relu", "tanh"), max_iter=15, random_state=0)
    model.fit(X, y)
    display = ActivationDisplay.compute_from_estimator(model, X)
    relu, tanh = model.activations(X)[:2]
    for found, expected in zip(display.activations["fitted"], (relu, tanh), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    table = display.table
    flat = [relu == 0, 1 - tanh**2 <= 0.05]
    np.testing.assert_allclose(table["mean"], [relu.mean(), tanh.mean()])
    np.testing.assert_allclose(
        table["std"], [np.sqrt(a.var(axis=0).mean()) for a in (relu, tanh)], rtol=1e-10
    )
    np.testing.assert_allclose(table["saturated"], [each.mean() for each in flat])
    np.testing.assert_allclose(table["dead"], [(relu == 0).all(axis=0).mean(), 0])
    assert table["activation"] == ["ReLU()", "Tanh()"]


def test_dead_units_are_counted(digits):
    X, y = digits[0][:900], digits[1][:900]
    model = MLPClassifier(40, max_iter=1, random_state=0).fit(X, y)
    model.intercepts_[0][:10] = -100
    before = (model.activations(X)[0][:, 10:] == 0).all(axis=0).sum()
    (dead,) = ActivationDisplay.compute_from_estimator(model, X).table["dead"]
    assert dead == (10 + before) / 40


def test_ten_sigmoid_layers_saturate_or_fade(digits):
    table = initialization_report(
        MLPClassifier((100,) * 10, activation="sigmoid", random_state=0), digits[0]
    )
    assert (column(table, "saturated", "normal")[1:] > 0.3).all()
    for faded in ("Normal(std=0.1)", "xavier_normal", "he_normal"):
        std = column(table, "std", faded)
        assert (std[1:] < 0.5 * std[:-1]).all()
        assert column(table, "saturated", faded).max() == 0


def test_ten_relu_layers_explode_fade_or_keep_their_size(digits):
    table = initialization_report(MLPClassifier((200,) * 10, random_state=0), digits[0])
    ratios = {name: column(table, "std", name) for name in dict.fromkeys(table["network"])}
    growth = {name: (std[-1] / std[0]) ** (1 / 9) for name, std in ratios.items()}
    # In theory sqrt(fan_in / 2) times the standard deviation of a weight.
    assert growth["normal"] == pytest.approx(10, rel=0.15)
    assert growth["Normal(std=0.1)"] == pytest.approx(1, rel=0.15)
    assert growth["xavier_normal"] == pytest.approx(0.5**0.5, rel=0.15)
    assert growth["he_normal"] == pytest.approx(1, rel=0.15)


def test_initializers_go_by_name_or_by_what_they_are(digits):
    model = MLPRegressor(5, random_state=0)
    init = ["auto", Normal(), Normal(std=2), "orthogonal"]
    table = initialization_report(model, digits[0], init=init)
    assert table["network"] == ["auto", "normal", "Normal(std=2)", "orthogonal"]
    assert initialization_report(model, digits[0], init="lsuv")["network"] == ["lsuv"]


def test_signals_that_overflow_are_shown_as_they_are():
    X = np.full((20, 3), 1e30, np.float32)
    model = MLPClassifier((50,) * 4, random_state=0)
    table = initialization_report(model, X, init=Normal(std=100.0))
    assert not np.isfinite(table["std"][-1])


def test_sparse_and_many_rows(digits):
    X = digits[0]
    model = MLPClassifier((9, 8), activation=("prelu", LeakyReLU(0.2)), random_state=0)
    dense = initialization_report(model, X)
    thin = initialization_report(model, sparse.csr_matrix(X))
    np.testing.assert_allclose(dense["std"], thin["std"], rtol=1e-10)
    shown = ActivationDisplay.compute_from_initializers(model, X, init="auto").activations["auto"]
    assert [each.shape for each in shown] == [(899, 9), (899, 8)]


# ------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("make", "params", "message"),
    [
        (lambda: make_pipeline(PCA()), {}, "^estimator must be an MLPClassifier or"),
        (lambda: MLPClassifier(()), {}, "no hidden layer to look at"),
        (MLPClassifier, {"init": "he"}, "^init='he' is not known"),
        (MLPClassifier, {"init": ["auto", Normal(std=-1)]}, r"^init__std must be a number in"),
        (lambda: MLPClassifier(alpha=-1), {}, "^alpha must be"),
    ],
)
def test_bad_input_of_a_report(digits, make, params, message):
    with pytest.raises(ValueError, match=message):
        initialization_report(make(), digits[0], **params)


def test_a_display_of_a_fitted_network_wants_one(digits):
    with pytest.raises(NotFittedError):
        ActivationDisplay.compute_from_estimator(MLPClassifier(), digits[0])
    with pytest.raises(ValueError, match=r"^estimator must be an MLPClassifier"):
        ActivationDisplay.compute_from_estimator("mlp", digits[0])
