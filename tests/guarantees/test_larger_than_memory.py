"""A fit on a memory-mapped array takes little memory, and has the bits of a fit in memory."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from common import changes, problem, state

from sknn._training import mapped
from sknn._training.data import DataSet
from sknn._training.mapped import is_mapped, take_rows
from sknn.estimators._checks import replace_extremes

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# A file of 300 MB, of which early stopping sets 10 % aside. Few rows are written, so the file
# takes little room on the disk. Prints the growth of memory that belongs to no file, in MB.
FIT = """
import sys, threading, time, warnings
import numpy as np
from sknn import MLPClassifier

def anonymous():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024

path, early_stopping, shuffle = sys.argv[1], sys.argv[2] == "True", sys.argv[3]
warnings.simplefilter("ignore")
X = np.memmap(path, np.float32, "w+", shape=(25_000, 3_000))
X[::1000] = np.random.default_rng(0).standard_normal((25, 3_000))
y = np.arange(len(X)) % 3
model = MLPClassifier(
    4, max_iter=1, batch_size=500, early_stopping=early_stopping, random_state=0,
    shuffle=shuffle if shuffle == "blocks" else True,
)
model.fit(X[:2000].copy(), y[:2000])
before = peak = anonymous()
done = threading.Event()

def watch():
    global peak
    while not done.is_set():
        peak = max(peak, anonymous())
        time.sleep(0.002)

watcher = threading.Thread(target=watch)
watcher.start()
model.fit(X, y)
done.set()
watcher.join()
print(peak - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("early_stopping", "shuffle"), [(False, "rows"), (True, "rows"), (True, "blocks")]
)
def test_memory_of_a_fit(early_stopping, shuffle, tmp_path):
    command = [sys.executable, "-c", FIT, tmp_path / "X", str(early_stopping), shuffle]
    result = subprocess.run(command, capture_output=True, timeout=600, check=True)
    assert float(result.stdout) < 16  # MB


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
@pytest.mark.parametrize("shuffle", [True, "blocks"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits_as_in_memory(dtype, shuffle, scoring, monkeypatch, tmp_path):
    monkeypatch.setattr(mapped, "MAPPED", 0)
    monkeypatch.setattr(mapped, "_COPIED", 100)  # a few rows at a time
    cls, X, y = problem("multiclass", dtype=dtype)
    file = np.memmap(tmp_path / "X", dtype, "w+", shape=X.shape)
    file[...] = X
    models = [
        cls(6, early_stopping=True, scoring=scoring, shuffle=shuffle, max_iter=9, random_state=0)
        for _ in range(2)
    ]
    weight = np.arange(1, len(X) + 1)
    models[0].fit(X, y, weight)
    models[1].fit(file, y, weight)
    assert changes(state(models[0]), state(models[1])) == []


def test_rows_of_a_mapped_array_are_mapped(monkeypatch, tmp_path):
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(50, 3))
    X[...] = np.random.default_rng(0).standard_normal(X.shape)
    rows = np.random.default_rng(1).permutation(50)[:20]
    assert not is_mapped(take_rows(X, rows))  # a small one
    monkeypatch.setattr(mapped, "MAPPED", 0)
    taken = take_rows(np.asarray(X), rows)
    assert is_mapped(taken)
    assert np.array_equal(taken, X[rows])
    assert not is_mapped(take_rows(np.array(X), rows))


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="needs Linux")
def test_a_full_disk_is_an_error_and_not_a_killed_process(monkeypatch, tmp_path):
    reserved = []

    def refuse(descriptor, start, n_bytes):
        reserved.append(n_bytes)
        raise OSError(errno.ENOSPC, "No space left on device")

    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(50, 3))
    monkeypatch.setattr(mapped, "MAPPED", 0)
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError, match="No space left"):
        take_rows(X, np.arange(20))
    assert reserved == [20 * 3 * 4]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="needs Linux")
@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EPERM])
def test_rows_are_copied_where_space_cannot_be_reserved(code, monkeypatch, tmp_path):
    def refuse(descriptor, start, n_bytes):
        raise OSError(code, os.strerror(code))

    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(50, 3))
    X[...] = np.random.default_rng(0).standard_normal(X.shape)
    monkeypatch.setattr(mapped, "MAPPED", 0)
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    taken = take_rows(X, np.arange(20))
    assert is_mapped(taken)
    assert np.array_equal(taken, X[:20])


def test_a_mapped_array_stays_mapped_if_rows_without_weight_are_extreme(monkeypatch, tmp_path):
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(50, 3))
    X[...] = np.random.default_rng(0).standard_normal(X.shape)
    X[3] = 1e30
    weight = np.ones(50, np.float32)
    weight[3] = 0
    monkeypatch.setattr(mapped, "MAPPED", 0)
    data, _ = replace_extremes(DataSet(np.asarray(X), np.zeros((50, 1)), weight), np.zeros(50))
    assert is_mapped(data.X)
    assert np.abs(data.X).max() < 10
    assert np.array_equal(np.delete(data.X, 3, 0), np.delete(X, 3, 0))
