"""Fits on a cluster: results depend on the partitions, and not on their placement."""

import os
import subprocess
import sys

import numpy as np
import pytest
from common import KINDS, ROOT, changes, problem, state

pytest.importorskip("distributed")
import pandas as pd
from dask import array, dataframe
from distributed import wait

from conftest import PATIENCE
from sknn.callbacks import Checkpoint, EpochCallback, training_of
from sknn.dask import DaskMLPClassifier, DaskMLPRegressor
from sknn.dask._tree import add_up, whole_subtrees

pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.NotConvergedWarning")

DASK = {"MLPClassifier": DaskMLPClassifier, "MLPRegressor": DaskMLPRegressor}
# Checksums of distributed data are of their chunks.
OF_DATA = (".checksum", ".criterion", ".validation")


def both(kind, n_samples=120, dtype=np.float64, **params):
    """Return an estimator of the core, one for workers, and their data."""
    cls, X, y = problem(kind, n_samples, dtype)
    params = {"hidden_layer_sizes": 8, "max_iter": 4, "batch_size": 32, "random_state": 0} | params
    return cls(**params), DASK[cls.__name__](**params), X, y


def chunked(values, size):
    return array.from_array(values, chunks=(size, *values.shape[1:]))


def differences(core, distributed):
    paths = changes(state(core), state(distributed.to_local()))
    return [path for path in paths if not any(name in path for name in OF_DATA)]


CASES = {
    "plain": {},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1, "averaging": "ema"},
    "early stopping": {"early_stopping": True},
    "score": {"early_stopping": True, "scoring": None, "validation_fraction": 0.3},
    "gd": {"optimizer": "gd"},
    "lbfgs": {"optimizer": "lbfgs"},
    "no shuffle": {"shuffle": False, "optimizer": "momentum", "max_norm": 1.0, "clip_norm": 0.5},
    "calibrated": {"init": "lsuv"},
}


@pytest.mark.parametrize("params", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_one_chunk_gives_the_bits_of_the_core(kind, params, client):
    core, distributed, X, y = both(kind, **params)
    core.fit(X, y)
    distributed.fit(chunked(X, len(X)), chunked(y, len(y)))
    assert differences(core, distributed) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_kind_of_target_with_weights(kind, dtype, client):
    core, distributed, X, y = both(kind, dtype=dtype, early_stopping=True)
    weight = np.random.default_rng(0).random(len(X))
    weight[:7] = 0
    X[3] = 1e30  # a row without weight
    core.fit(X, y, sample_weight=weight)
    distributed.fit(chunked(X, 120), chunked(y, 120), sample_weight=chunked(weight, 120))
    assert differences(core, distributed) == []


@pytest.mark.parametrize("weight", ["balanced", {0: 1, 1: 3, 2: 0.5}])
def test_class_weights(weight, client):
    core, distributed, X, y = both("multiclass", class_weight=weight)
    core.fit(X, y)
    assert differences(core, distributed.fit(chunked(X, 120), chunked(y, 120))) == []


def test_batches_in_shares(client):
    core, distributed, X, y = both("regression", dropout=0.2, batch_size=3000, max_iter=2)
    X, y = np.tile(X, (60, 1)), np.tile(y, 60)
    core.fit(X, y)
    assert differences(core, distributed.fit(chunked(X, 7200), chunked(y, 7200))) == []


# ---------------------------------------------------------------- several chunks


@pytest.mark.parametrize("params", [{}, {"optimizer": "gd"}, {"optimizer": "lbfgs"}])
@pytest.mark.parametrize("weighted", [False, True])
def test_several_chunks_give_the_same_fit_up_to_rounding(weighted, params, client):
    core, distributed, X, y = both("multiclass", max_iter=10, early_stopping=True, **params)
    weight = np.random.default_rng(0).random(len(X)) if weighted else None
    core.fit(X, y, sample_weight=weight)
    distributed.fit(chunked(X, 17), chunked(y, 17), sample_weight=weight)
    np.testing.assert_allclose(core.loss_curve_, distributed.loss_curve_, rtol=1e-9)
    for expected, found in zip(core.coefs_, distributed.coefs_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_each_chunk_draws_its_own_dropout_masks(client):
    _, distributed, X, y = both("regression", dropout=0.5, optimizer="gd", max_iter=3)
    X[60:], y[60:] = X[:60], y[:60]
    halves = distributed.fit(chunked(X, 60), chunked(y, 60)).loss_
    core, _, X, y = both("regression", dropout=0.5, optimizer="gd", max_iter=3)
    assert abs(halves - core.fit(X[:60], y[:60]).loss_) > 1e-6


def placed(client, values, size, places):
    """Return a collection in memory, with chunk i on the worker ``places[i]``."""
    workers = sorted(client.scheduler_info()["workers"])
    slices = [values[i : i + size] for i in range(0, len(values), size)]
    parts = [
        client.submit(np.copy, part, workers=[workers[place]], pure=False)
        for part, place in zip(slices, places, strict=True)
    ]
    wait(parts, timeout=PATIENCE)
    chunks = [
        array.from_delayed(part, shape=values.shape, dtype=values.dtype)
        for part, values in zip(parts, slices, strict=True)
    ]
    return array.concatenate(chunks)


def numbers_of_partitions(client):
    """Return the number of partitions that the fit holds on each worker, sorted."""
    numbers = client.run(
        lambda dask_worker: sum(len(actor._parts) for actor in dask_worker.state.actors.values())
    )
    return sorted(numbers.values())


def test_the_chunks_define_the_bits_and_the_workers_do_not(client):
    _, distributed, X, y = both("multiclass", dtype=np.float32, dropout=0.2, max_iter=6)
    states = []

    class Watch(EpochCallback):
        def after_epoch(self, estimator):
            self.seen = numbers_of_partitions(client)
            return False

    watch = Watch()
    distributed.set_callbacks(watch)
    for places in ([0] * 8, [0, 1] * 4, [0] * 4 + [1] * 4, [1, 0, 0, 0, 0, 1, 0, 1]):
        X_placed, y_placed = (placed(client, values, 16, places) for values in (X, y))
        states.append(state(distributed.fit(X_placed, y_placed).to_local()))
        assert watch.seen == sorted([places.count(0), places.count(1)])  # data stay where they are
    assert all(changes(states[0], other) == [] for other in states[1:])


def test_sums_have_the_order_of_the_tree():
    generator, n = np.random.default_rng(0), 13
    values = generator.standard_normal(n).astype(np.float32) * 10.0 ** generator.integers(-3, 3, n)

    def total(owners):
        present = [owner is not None for owner in owners]

        def leaf(start, stop):
            return values[start] if stop - start == 1 and present[start] else None

        found = {
            (start, stop): add_up(start, stop, leaf, np.add)
            for start, stop, _ in whole_subtrees(owners)
        }
        return add_up(0, n, lambda *subtree: found.get(subtree), np.add)

    for missing in (set(), {0, 7}, {3, 4, 5, 12}):
        totals = {
            total([None if i in missing else int(generator.integers(3)) for i in range(n)])
            for _ in range(50)
        }
        assert len(totals) == 1
        assert totals.pop() == pytest.approx(
            sum(v for i, v in enumerate(values) if i not in missing)
        )


# ---------------------------------------------------------------- collections


def test_frames_with_unknown_sizes_and_empty_partitions(client):
    core, distributed, X, y = both("multiclass")
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]).assign(y=y)
    rows = (frame.index < 30) | (frame.index > 70)
    lazy = dataframe.from_pandas(frame.assign(kept=rows), npartitions=5)
    lazy = lazy[lazy["kept"]].drop(columns="kept")  # empties a partition
    distributed.fit(lazy.drop(columns="y"), lazy["y"])
    core.fit(frame[rows].drop(columns="y"), y[rows])
    assert list(distributed.feature_names_in_) == list(core.feature_names_in_)
    np.testing.assert_allclose(core.loss_curve_, distributed.loss_curve_, rtol=1e-9)
    predicted = distributed.predict(lazy.drop(columns="y"))
    assert isinstance(predicted, array.Array)
    expected = distributed.to_local().predict(frame[rows].drop(columns="y"))
    np.testing.assert_array_equal(predicted.compute(), expected)
    with pytest.raises(ValueError, match="feature names"):
        distributed.fit(lazy.drop(columns="y"), lazy["y"]).predict(
            lazy.drop(columns="y").rename(columns={"x0": "other"})
        ).compute()


def test_unknown_chunk_sizes_of_arrays(client):
    core, distributed, X, y = both("regression")
    lazy, targets = chunked(X, 40), chunked(y, 40)
    keep = lazy[:, 0] > -1
    distributed.fit(lazy[keep], targets[keep])
    core.fit(X[X[:, 0] > -1], y[X[:, 0] > -1])
    np.testing.assert_allclose(core.loss_curve_, distributed.loss_curve_, rtol=1e-9)


def test_classes_come_from_all_partitions(client):
    core, distributed, X, y = both("multiclass")
    order = np.argsort(y, kind="stable")
    X, y = X[order], np.array(["red", "green", "blue"])[y[order]]
    distributed.fit(chunked(X, 20), chunked(y, 20))
    assert list(distributed.classes_) == ["blue", "green", "red"]
    np.testing.assert_allclose(core.fit(X, y).loss_curve_, distributed.loss_curve_, rtol=1e-9)
    predicted = distributed.predict(chunked(X, 20))
    assert predicted.chunks == ((20,) * 6,)
    np.testing.assert_array_equal(predicted.compute(), distributed.predict(X))


def test_integers_and_mixed_dtypes_are_converted_as_by_the_core(client):
    core, distributed, X, y = both("multiclass")
    X = np.round(10 * X).astype(np.int32)
    core.fit(X, y)
    assert differences(core, distributed.fit(chunked(X, 120), chunked(y, 120))) == []
    frame = dataframe.from_pandas(pd.DataFrame({"a": X[:, 0], "b": X[:, 1].astype("f4")}))
    targets = dataframe.from_pandas(pd.Series(y))
    assert distributed.fit(frame, targets).coefs_[0].dtype == np.float64


# ---------------------------------------------------------------- validation, callbacks, resuming


@pytest.mark.parametrize("scoring", ["loss", None, "neg_log_loss"])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_validation_set(scoring, lazy, client):
    core, distributed, X, y = both("multiclass", scoring=scoring, early_stopping=True)
    X_val, y_val = X[::3].copy(), y[::3].copy()
    core.fit(X, y, X_val=X_val, y_val=y_val)
    if lazy:
        X_val, y_val = chunked(X_val, 40), chunked(y_val, 40)
    distributed.fit(chunked(X, 120), chunked(y, 120), X_val=X_val, y_val=y_val)
    assert differences(core, distributed) == []


def test_scores_of_several_chunks_are_of_all_rows(client):
    core, distributed, X, y = both("regression", scoring="r2", early_stopping=True)
    core.fit(X, y)
    distributed.fit(chunked(X, 16), chunked(y, 16))
    np.testing.assert_allclose(core.validation_scores_, distributed.validation_scores_, rtol=1e-9)


def test_warm_start(client):
    core, distributed, X, y = both("multiclass", warm_start=True)
    core.fit(X, y).fit(X, y)
    lazy = chunked(X, 120), chunked(y, 120)
    assert differences(core, distributed.fit(*lazy).fit(*lazy)) == []


def test_a_checkpoint_is_resumed_to_the_same_bits(client, tmp_path):
    _, distributed, X, y = both("multiclass", dropout=0.2, max_iter=6, early_stopping=True)
    lazy = chunked(X, 32), chunked(y, 32)
    checkpoint = Checkpoint(tmp_path / "model.npz", every=4)
    distributed.set_callbacks(checkpoint).fit(*lazy)
    import sknn

    middle = sknn.load(tmp_path / "model.npz")
    assert middle.n_iter_ == 4
    resumed = DaskMLPClassifier.from_local(middle).resume(*lazy)
    assert changes(state(distributed.to_local()), state(resumed.to_local())) == []
    with pytest.raises(ValueError, match="values, by a checksum"):
        DaskMLPClassifier.from_local(middle).resume(lazy[0] + 1, lazy[1])


def test_callbacks_stop_a_fit_and_see_the_core(client):
    class Stop(EpochCallback):
        def after_epoch(self, estimator):
            seen.append(type(estimator).__name__)
            return training_of(estimator).progress.epoch == 2

    seen = []
    _, distributed, X, y = both("multiclass")
    distributed.set_callbacks(Stop()).fit(chunked(X, 50), chunked(y, 50))
    assert distributed.n_iter_ == 2
    assert seen == ["MLPClassifier"] * 2


# ---------------------------------------------------------------- the core


def test_the_core_does_not_import_dask():
    code = (
        "import sknn, sys; X = [[0.0], [1.0]] * 20; y = [0, 1] * 20\n"
        "sknn.MLPClassifier(max_iter=1, n_iter_no_change=1).fit(X, y)\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('dask', 'distributed')]"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, env=environment, timeout=300
    )
