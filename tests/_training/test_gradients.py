"""The gradient of the whole network, against differences of an objective computed by NumPy."""

import itertools
from dataclasses import dataclass, field

import numpy as np
import pytest
from common import problem
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, log_expit, log_softmax, softmax

from sknn._network.architecture import Architecture
from sknn._network.network import TILE, Network
from sknn._training.data import DataSet, even_slices
from sknn._training.engine import Engine
from sknn._training.gradients import (
    FEWEST,
    KEPT_WORKSPACES,
    MOST,
    MOST_SPARSE,
    LocalGradients,
    share_size,
)
from sknn._training.penalty import Regularization
from sknn.activations import ACTIVATIONS
from sknn.dropout import Dropout
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES
from sknn.optimizers import Optimizer

KINDS = ("binary", "multiclass", "multilabel", "regression", "multioutput")
HIDDEN = (7, 5)


@dataclass(repr=False, eq=False)
class Probe(Optimizer):
    """Keeps the gradients it is given, and takes no step."""

    seen: list = field(default_factory=list)

    def init(self, params, layout=None):
        return None

    def update(self, params, grad, state, learning_rate):
        self.seen.append(grad.copy())


def make_rows(kind, weighted=False, is_sparse=False, n_samples=40):
    _, X, y = problem(kind, n_samples)
    if kind != "multiclass":
        y = y.astype(float).reshape(len(y), -1)
    weight = np.random.default_rng(1).integers(0, 4, len(y)) / 2 if weighted else None
    return DataSet(sparse.csr_array(np.where(abs(X) < 0.5, 0, X)) if is_sparse else X, y, weight)


def make_engine(kind, rows, activation="tanh", dropout=0.0, alpha=0.0, seed=3):
    n_outputs = 3 if kind == "multiclass" else rows.y.shape[1]
    target = kind if kind in ("binary", "multiclass", "multilabel") else "regression"
    loss = LOSSES["squared_error" if target == "regression" else "log_loss"]()
    architecture = Architecture(
        (rows.X.shape[1], *HIDDEN, n_outputs),
        [ACTIVATIONS[activation]() for _ in HIDDEN],
        loss.link(target),
        [Dropout(dropout) for _ in range(len(HIDDEN) + 1)],
    )
    # exp(exp(z)) overflows with weights of order 1.
    normal = INITIALIZERS["normal"](std=0.2 if activation == "exponential" else 1.0)
    random_state = np.random.RandomState(0)
    network = Network.initialize(architecture, normal, normal, random_state, rows.X.dtype)
    return Engine(LocalGradients(network, loss, rows, seed), Regularization(alpha))


def step_gradient(engine, at, count=0):
    """Return the mean loss of a step, penalty included, and its gradient."""
    probe = Probe()
    engine.bind(probe, None)
    loss, weight = engine.step(at, 0.1, count)
    return loss / weight + engine.penalty(), probe.seen[0]


def assert_gradient_is_slope(objective, vector, gradient, n_directions=3, step=1e-5):
    generator, origin = np.random.default_rng(2), vector.copy()
    for _ in range(n_directions):
        direction = generator.standard_normal(vector.size)
        direction /= np.linalg.norm(direction)
        values = []
        for sign in (1, -1):
            vector[...] = origin + sign * step * direction
            values.append(objective())
        vector[...] = origin
        slope = (values[0] - values[1]) / (2 * step)
        assert gradient @ direction == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_of_a_step(kind, activation, dropout, weighted):
    check_step(make_engine(kind, make_rows(kind, weighted), activation, dropout))


@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_with_penalty_and_sparse_inputs(kind, dropout, alpha, is_sparse):
    check_step(make_engine(kind, make_rows(kind, True, is_sparse), "relu", dropout, alpha))


def check_step(engine):
    at = np.random.default_rng(5).permutation(len(engine.source.data))[:30]
    _, gradient = step_gradient(engine, at, count=4)
    assert np.linalg.norm(gradient) > 1e-3
    vector = engine.parameters.vector
    assert_gradient_is_slope(lambda: step_gradient(engine, at, count=4)[0], vector, gradient)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_of_all_rows_share_by_share(kind, dropout):
    rows = make_rows(kind, n_samples=100)
    repeats = -(-(2 * MOST + 100) // len(rows))
    rows = DataSet(np.tile(rows.X, (repeats, 1)), np.concatenate([rows.y] * repeats), None)
    engine = make_engine(kind, rows, dropout=dropout, alpha=0.1)
    vector = engine.parameters.vector
    everything = slice(0, len(rows))
    gradient = engine.objective(vector, everything)[1].copy()

    def objective():
        return engine.objective(vector, everything)[0]

    assert_gradient_is_slope(objective, vector, gradient)


def large_engine(kind, weighted, is_sparse, share, dropout=0.0):
    """Return an engine of 1,500 rows of which 700 and more are taken in shares, or whole."""
    rows = make_rows(kind, weighted, is_sparse, n_samples=100)
    at = np.arange(1500) % 100
    weight = None if rows.weight is None else np.where(np.arange(1500) < 600, 0, rows.weight[at])
    engine = make_engine(kind, DataSet(rows.X[at], rows.y[at], weight), dropout=dropout, alpha=0.1)
    engine.source._share_size = share
    return engine


@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_shares_of_a_mini_batch_add_up_to_it(kind, weighted, is_sparse):
    # Without shuffling the first share has no weight at all.
    shuffled, in_order = np.random.default_rng(0).permutation(1500)[:1200], np.arange(1500)[:1100]
    for at in (shuffled, in_order, slice(0, 1100), slice(430, 1500)):
        whole, shared = (large_engine(kind, weighted, is_sparse, share) for share in (5000, 400))
        expected, gradient = step_gradient(whole, at)
        found, sum_of_shares = step_gradient(shared, at)
        assert found == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(sum_of_shares, gradient, rtol=1e-10, atol=1e-14)
        assert {size for size, _ in shared.source._batches} != {
            size for size, _ in whole.source._batches
        }


def test_a_batch_in_shares_without_weight_is_skipped():
    engine = large_engine("multiclass", True, False, 100)
    probe = Probe()
    engine.bind(probe, None)
    assert engine.step(np.arange(500), 1.0, 1) == (0.0, 0.0)
    assert probe.seen == []


def test_each_share_has_its_own_dropout_masks():
    engine = large_engine("regression", False, False, 112, dropout=0.5)
    once = np.arange(112)
    alone, again, twice = (
        step_gradient(engine, at, count=4)[1] for at in (once, once, np.tile(once, 2))
    )
    np.testing.assert_array_equal(alone, again)
    assert np.abs(twice - alone).max() > 1e-3


def test_each_chunk_of_the_data_has_its_own_dropout_masks():
    def gradient(chunk):
        engine = large_engine("regression", False, False, 5000, dropout=0.5)
        local = engine.source
        source = LocalGradients(engine.network, local.loss, local.data, 3, chunk)
        source.sum(np.arange(100), 4)
        return source.gradient.vector

    np.testing.assert_array_equal(gradient(1), gradient(1))
    assert np.abs(gradient(1) - gradient(0)).max() > 1e-3


def test_workspaces_that_come_back_give_the_same_bits():
    """Workspaces for batches of many sizes are dropped, and made again when they are needed."""
    engine = large_engine("multiclass", True, False, 5000, dropout=0.5)
    source, sizes = engine.source, [1100, 50, *range(1000, 1050), 1100, 50]
    at = np.random.default_rng(0).permutation(1500)
    found = []
    for size in sizes:
        sums = source.sum(at[:size], 4)
        found.append((sums, source.gradient.vector.tobytes()))
    assert len(source._batches) <= KEPT_WORKSPACES
    assert (found[-2], found[-1]) == (found[0], found[1])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 3000), min_size=2, max_size=4),
    st.integers(1, 100_000),
    st.sampled_from(["f", "d"]),
    st.booleans(),
)
def test_shares_are_about_even_and_bounded(layer_sizes, n_samples, dtype, is_sparse):
    size = sum((n + 1) * m for n, m in itertools.pairwise(layer_sizes))
    share = share_size(tuple(layer_sizes), np.empty(size, dtype), is_sparse)
    assert FEWEST <= share <= (MOST_SPARSE if is_sparse else MOST)
    parts = list(even_slices(n_samples, share))
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == n_samples
    *others, last = (part.stop - part.start for part in parts)
    assert len(set(others)) <= 1
    assert all(other % TILE == 0 for other in others)
    assert not others or others[0] / 2 <= last <= 1.5 * others[0]
    assert max(*others, last, 0) <= 2.25 * share + 2 * TILE


def direct_objective(engine, kind, at, alpha):
    """Return ``sum w l / sum w + alpha / 2 sum W^2`` and its gradient by the textbook."""
    X, y = engine.source.data.X[at], engine.source.data.y[at]
    weight = np.ones(len(y)) if engine.source.data.weight is None else engine.source.data.weight[at]
    blocks = engine.network.blocks
    outputs = [X]
    for block in blocks[:-1]:
        outputs.append(np.tanh(outputs[-1] @ block[:-1] + block[-1]))
    z = outputs[-1] @ blocks[-1][:-1] + blocks[-1][-1]
    if kind == "multiclass":
        value, delta = -log_softmax(z, axis=1)[np.arange(len(y)), y], softmax(z, axis=1)
        delta[np.arange(len(y)), y] -= 1
    elif kind in ("binary", "multilabel"):
        value, delta = -log_expit(np.where(y == 1, z, -z)).sum(axis=1), expit(z) - y
    else:
        value, delta = ((y - z) ** 2 / 2).sum(axis=1), z - y
    delta *= weight[:, None] / weight.sum()
    gradients = []
    for block, output in zip(reversed(blocks), reversed(outputs), strict=True):
        gradients.append(np.vstack([output.T @ delta + alpha * block[:-1], delta.sum(axis=0)]))
        delta = (delta @ block[:-1].T) * (1 - output**2)
    penalty = alpha / 2 * sum((block[:-1] ** 2).sum() for block in blocks)
    gradient = np.concatenate([block.ravel() for block in reversed(gradients)])
    return (weight * value).sum() / weight.sum() + penalty, gradient


@pytest.mark.parametrize("full_batch", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_objective_is_its_definition(kind, weighted, full_batch, monkeypatch):
    monkeypatch.setattr(Probe, "full_batch", full_batch)
    engine = make_engine(kind, make_rows(kind, weighted), alpha=0.3)
    at = np.random.default_rng(5).permutation(40)[:30]
    value, gradient = step_gradient(engine, at)
    expected, expected_gradient = direct_objective(engine, kind, at, alpha=0.3)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_gradient_is_that_of_float64(kind):
    rows = make_rows(kind, weighted=True)
    single = DataSet(rows.X.astype(np.float32), rows.y, rows.weight.astype(np.float32))
    if kind != "multiclass":
        single.y = rows.y.astype(np.float32)
    engines = [make_engine(kind, rows), make_engine(kind, single)]
    engines[0].parameters.vector[...] = engines[1].parameters.vector
    double, single = (step_gradient(engine, slice(0, 40))[1] for engine in engines)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, atol=1e-5 * abs(double).max())


def test_masks_depend_on_the_step_and_the_seed_only():
    rows, at = make_rows("multiclass"), slice(0, 40)

    def gradient(seed, count):
        return step_gradient(make_engine("multiclass", rows, dropout=0.4, seed=seed), at, count)[1]

    np.testing.assert_array_equal(gradient(3, 4), gradient(3, 4))
    assert not np.array_equal(gradient(3, 4), gradient(3, 5))
    assert not np.array_equal(gradient(3, 4), gradient(2, 4))


def test_dropped_unit_gets_no_gradient():
    rows = make_rows("binary", n_samples=1)
    engine = make_engine("binary", rows, activation="sigmoid", dropout=0.5)
    _, gradient = step_gradient(engine, slice(0, 1))
    views = engine.parameters.layout.views(gradient)
    below, above = views["layer_1"], views["layer_2"]
    dropped = above[:-1, 0] == 0
    assert 0 < dropped.sum() < dropped.size
    np.testing.assert_array_equal(below[:, dropped], 0)
    assert (below[-1, ~dropped] != 0).all()
