"""Shuffling in blocks reads each part of the data about once and gives exact results."""

from collections import OrderedDict, defaultdict

import numpy as np
import pytest
from common import changes, problem, state, through_file
from scipy import sparse

import sknn
from sknn._training import shuffling
from sknn._training.shuffling import WINDOW, rows_per_block, shuffle_blocks
from sknn.callbacks import Checkpoint, EpochCallback, training_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def n_reads(order, block_size, n_cached):
    """Return how often a block is read if the last `n_cached` blocks in use are in memory."""
    cache, count = OrderedDict(), 0
    for block in order // block_size:
        count += block not in cache
        cache[block] = None
        cache.move_to_end(block)
        if len(cache) > n_cached:
            cache.popitem(last=False)
    return count


@pytest.mark.parametrize("n_samples", [100_000, 100_030])
def test_each_block_is_read_about_once(n_samples):
    random_state, order = np.random.RandomState(0), np.arange(n_samples)
    n_blocks = -(-n_samples // 100)
    for _ in range(3):
        shuffle_blocks(order, 100, random_state)
        assert np.array_equal(np.sort(order), np.arange(n_samples))
        reads = n_reads(order, 100, n_cached=WINDOW + 1)
        assert n_blocks <= reads <= n_blocks + n_samples // (100 * WINDOW)
    random_state.shuffle(order)
    assert n_reads(order, 100, n_cached=WINDOW + 1) > 50 * n_blocks  # a plain shuffle


def test_a_window_holds_whole_blocks_from_everywhere():
    order = np.random.RandomState(1).permutation(1_000 * 10)
    shuffle_blocks(order, 10, np.random.RandomState(0))
    first = order[: WINDOW * 10]
    blocks = np.unique(first // 10)
    assert len(blocks) == WINDOW
    assert blocks.max() - blocks.min() > 900
    assert abs(np.corrcoef(first, np.arange(first.size))[0, 1]) < 0.1


def test_rows_that_are_left_out_stay_out():
    rows = np.flatnonzero(np.random.RandomState(0).rand(5_000) < 0.9)
    order = np.random.RandomState(1).permutation(rows)
    shuffle_blocks(order, 7, np.random.RandomState(2))
    assert np.array_equal(np.sort(order), rows)


@pytest.mark.parametrize("block_size", [1, 2])
def test_few_blocks_are_shuffled_as_a_whole(block_size):
    """Each of the 24 orders of 4 rows comes as often as any other, within four deviations."""
    random_state, counts = np.random.RandomState(0), defaultdict(int)
    for _ in range(24 * 400):
        order = np.arange(4)
        shuffle_blocks(order, block_size, random_state)
        counts[tuple(order)] += 1
    assert len(counts) == 24
    assert all(abs(count - 400) < 4 * 20 for count in counts.values())


def test_size_of_a_block():
    assert rows_per_block(np.zeros((5, 1024), np.float32)) == 256
    assert rows_per_block(np.zeros((5, 1024))) == 128
    assert rows_per_block(np.zeros((2, 2**21))) == 1
    X = sparse.random_array((1000, 5000), density=0.01, format="csr", dtype=np.float32, rng=0)
    assert rows_per_block(X) == 2**20 // (50 * (4 + 4))
    assert rows_per_block(sparse.csr_array((3, 4))) >= 1


# ---------------------------------------------------------------- fits


class KilledError(Exception):
    pass


class Kill(EpochCallback):
    def after_epoch(self, estimator):
        if training_of(estimator).progress.epoch == 2:
            raise KilledError


@pytest.fixture
def small_blocks(monkeypatch):
    """Let blocks have 4 rows of 48 bytes, and windows 2 blocks."""
    monkeypatch.setattr(shuffling, "BLOCK_BYTES", 4 * 48)
    monkeypatch.setattr(shuffling, "WINDOW", 2)


def test_blocks_do_not_depend_on_the_size_of_sparse_indices():
    X = sparse.csr_array(np.tile(np.arange(5, dtype=np.float32), (50, 4)))
    wide = X.copy()
    wide.indices, wide.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    assert rows_per_block(X) == rows_per_block(wide)


def make(**params):
    cls, X, y = problem("multiclass")
    params = {"shuffle": "blocks", "batch_size": 8, "max_iter": 5, "random_state": 0} | params
    return cls(6, **params), X, y


def test_a_fit_follows_the_order(small_blocks):
    model, X, y = make(max_iter=1)
    model.fit(X, y)
    order = model._model.training.order
    assert sorted(order) == list(range(len(X)))
    for start in range(0, len(X), 8):
        assert len(set(order[start : start + 8] // 4)) == 2
    in_order = make(max_iter=1, shuffle=False)[0].fit(X[order], y[order])
    assert np.array_equal(in_order.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_is_repeated_resumed_saved_and_continued(early_stopping, small_blocks, tmp_path):
    params = {"early_stopping": early_stopping, "scoring": "accuracy"}
    whole, X, y = make(**params)
    whole.fit(X, y)
    assert changes(state(whole), state(make(**params)[0].fit(X, y))) == []
    killed = make(**params)[0].set_callbacks(Checkpoint(tmp_path / "a.npz"), Kill())
    with pytest.raises(KilledError):
        killed.fit(X, y)
    resumed = sknn.load(tmp_path / "a.npz").resume(X, y)
    assert changes(state(whole), state(resumed)) == []
    assert resumed.shuffle == "blocks"
    loaded = through_file(whole.set_params(warm_start=True), tmp_path, training_state=True)
    assert changes(state(whole.fit(X, y)), state(loaded.fit(X, y))) == []


def test_resume_refuses_another_shuffle(tmp_path):
    model, X, y = make()
    model.set_callbacks(Checkpoint(tmp_path / "a.npz"), Kill())
    with pytest.raises(KilledError):
        model.fit(X, y)
    middle = sknn.load(tmp_path / "a.npz").set_params(shuffle=True)
    with pytest.raises(ValueError, match=r"shuffle=True \(it began with blocks\)"):
        middle.resume(X, y)
