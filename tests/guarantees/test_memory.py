"""Steps after the first allocate no arrays, and predictions need bounded memory."""

import tracemalloc

import numpy as np
import pytest
from common import STEP_TAKING
from scipy import sparse

from sknn import MLPClassifier, MLPRegressor
from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn._training.data import DataSet
from sknn._training.engine import Engine
from sknn._training.gradients import LocalGradients
from sknn._training.penalty import Regularization
from sknn.activations import ACTIVATIONS
from sknn.dropout import Dropout
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES
from sknn.optimizers import OPTIMIZERS

KINDS = ("binary", "multiclass", "multilabel", "regression")
BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SIZES = [(50, 50), (2000, 50), (50, 1000), (1000, 200)]  # rows of a batch, units of a layer
# What a step may allocate: NumPy's buffer for a mixed-type pass (8192 elements), a chunk's views.
CONSTANT = 150_000
# So many outputs that an array of raw predictions is larger than that.
WIDE = {"size": (1000, 50), "n_outputs": 100}


def peak(call):
    """Return the memory that a call needs at most, in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def warm_step(kind="multiclass", optimizer="adam", size=(1000, 200), **params):
    """Return a function that takes a step like one taken before."""
    n_rows, n_units = size
    n_outputs = 1 if kind == "binary" else params.get("n_outputs", 10)
    dtype = params.get("dtype", np.float32)
    generator = np.random.default_rng(0)
    X = generator.standard_normal((2 * n_rows, 40)).astype(dtype)
    y = generator.integers(2, size=(2 * n_rows, n_outputs)).astype(dtype)
    y = y.sum(axis=1).astype(np.intp) % n_outputs if kind == "multiclass" else y
    y = y + 1 if kind == "regression" else y  # the gamma loss wants positive targets
    weight = np.full(2 * n_rows, 2, dtype) if params.get("weighted") else None
    loss = params.get("loss", "squared_error" if kind == "regression" else "log_loss")
    loss = LOSSES.get(loss, loss)()
    activation = ACTIVATIONS[params.get("activation", "relu")]()
    dropouts = [Dropout(params.get("dropout", 0.0))] * 3
    architecture = Architecture(
        (40, n_units, n_units, loss.n_outputs(n_outputs)),
        [activation] * 2,
        loss.link(kind),
        dropouts,
    )
    init = INITIALIZERS["xavier_uniform"](), INITIALIZERS["zeros"]()
    network = Network.initialize(architecture, *init, np.random.RandomState(0), np.dtype(dtype))
    parameters = network.parameters
    source = LocalGradients(network, loss, DataSet(X, y, weight), 0)
    engine = Engine(source, Regularization(0.01))
    rule = OPTIMIZERS[optimizer]()
    engine.bind(rule, rule.init(parameters.vector, parameters.layout))
    at = generator.permutation(2 * n_rows)[:n_rows]

    def step():
        engine.step(at, 1e-4, 1)

    step()
    return step


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("params", [{}, {"dropout": 0.3, "weighted": True}], ids=["plain", "all"])
@BOTH_DTYPES
def test_step_of_any_size(size, params, dtype):
    assert peak(warm_step(size=size, dtype=dtype, **params)) < CONSTANT


@pytest.mark.parametrize("params", [{}, {"dropout": 0.3, "weighted": True}], ids=["plain", "all"])
def test_large_step_in_shares(params):
    assert peak(warm_step(size=(60_000, 10), **params)) < CONSTANT


def test_steps_of_many_sizes_keep_a_bounded_memory():
    """Batches of a chunk of a larger data set differ in size from step to step."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((4000, 784), dtype=np.float32)
    y = generator.integers(10, size=4000)
    architecture = Architecture(
        (784, 256, 256, 10),
        [ACTIVATIONS["relu"]()] * 2,
        LOSSES["log_loss"]().link("multiclass"),
        [Dropout(0.0)] * 3,
    )
    init = INITIALIZERS["xavier_uniform"]()
    random_state, dtype = np.random.RandomState(0), np.dtype(np.float32)
    network = Network.initialize(architecture, init, init, random_state, dtype)
    source = LocalGradients(network, LOSSES["log_loss"](), DataSet(X, y, None), 0)

    def step(size):
        source.sum(generator.permutation(4000)[:size], 0)

    workspace = peak(lambda: step(2001))
    assert workspace > 1e7
    assert peak(lambda: [step(size) for size in range(2002, 2022)]) < 5 * workspace


@pytest.mark.parametrize("activation", ACTIVATIONS)
@BOTH_DTYPES
def test_step_with_every_activation(activation, dtype):
    assert peak(warm_step(activation=activation, dtype=dtype)) < CONSTANT


@pytest.mark.parametrize("optimizer", STEP_TAKING)
@BOTH_DTYPES
def test_step_with_every_optimizer(optimizer, dtype):
    assert peak(warm_step(optimizer=optimizer, dtype=dtype)) < CONSTANT


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("kind", KINDS)
def test_step_with_every_kind_of_target(kind, dropout, weighted):
    assert peak(warm_step(kind, **WIDE, dropout=dropout, weighted=weighted)) < CONSTANT


@pytest.mark.parametrize(
    ("loss", "kind"),
    [(name, kind) for name, each in LOSSES.items() for kind in sorted(each.targets)],
)
@BOTH_DTYPES
def test_step_with_every_loss_and_dtype(loss, kind, dtype):
    assert peak(warm_step(kind, **WIDE, loss=loss, dtype=dtype)) < CONSTANT


def test_what_a_loss_allocates_is_seen():
    class Allocates(LOSSES["squared_error"]):
        def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
            value.fill(0)
            gradient[...] = raw_prediction - y_true

    assert peak(warm_step("regression", **WIDE, loss=Allocates)) > CONSTANT


def test_the_measure_sees_what_a_cold_step_allocates():
    assert peak(lambda: warm_step()) > 10 * CONSTANT


# ---------------------------------------------------------------- prediction

# A chunk of 304 rows, whatever the number of rows: less than one output of 100,000 rows needs.
BOUNDED = 300_000
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


@pytest.fixture(scope="module")
def million():
    return np.random.default_rng(0).standard_normal((1_000_000, 4), dtype=np.float32)


def fitted(kind, X, dtype="float32"):
    y = (X > 0).astype(int)
    targets = {"binary": y[:, 0], "multiclass": y[:, 0] + y[:, 1], "multilabel": y[:, :3]}
    cls = MLPRegressor if kind == "regression" else MLPClassifier
    model = cls((50,), max_iter=1, n_iter_no_change=1, random_state=0, dtype=dtype)
    if kind == "regression":
        return model.partial_fit(X, X[:, 0])
    return model.partial_fit(X, targets[kind], classes=range(2 if kind == "binary" else 3))


CASES = [(kind, method) for kind in KINDS[:3] for method in METHODS] + [("regression", "predict")]


def needed_beside_the_result(predict, X):
    results = []
    return peak(lambda: results.append(predict(X))) - results[0].nbytes


@pytest.mark.parametrize("kind", KINDS)
def test_prediction_of_a_million_rows(kind, million):
    model = fitted(kind, million[:200])
    assert needed_beside_the_result(model.predict, million) < BOUNDED


@pytest.mark.parametrize(("kind", "method"), CASES)
def test_every_kind_of_prediction(kind, method, million):
    model = fitted(kind, million[:200])
    assert needed_beside_the_result(getattr(model, method), million[:100_000]) < BOUNDED


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_prediction_of_sparse_rows(kind, million):
    model, X = fitted(kind, million[:200]), sparse.csr_array(million[:100_000])
    assert needed_beside_the_result(model.predict, X) < BOUNDED


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_prediction_in_another_dtype(kind, million):
    model = fitted(kind, million[:200], "float64")
    assert needed_beside_the_result(model.predict, million[:100_000]) < BOUNDED


@pytest.mark.parametrize("scoring", ["loss", None])
def test_validation_needs_no_memory_for_all_rows(scoring, million):
    rows = million[:400]
    params = {"early_stopping": True, "max_iter": 1, "n_iter_no_change": 1, "scoring": scoring}
    model = MLPRegressor(50, **params, tol=0.0, random_state=0, optimizer="gd")
    held = million[:200_000]

    def fit():
        with pytest.warns(UserWarning, match="max_iter"):
            model.fit(rows, rows[:, 0], X_val=held, y_val=held[:, 0])

    assert peak(fit) < 4 * held[:, 0].nbytes  # copies of y_val; 50 activations a row are more
