"""Tables of the pages on scale: orders of rows, reads of a file, and the memory of fits.

Run it as ``python tests/benchmarks/scale.py TABLE [--data DIRECTORY]``, with a TABLE of

- ``shuffles``: what a shuffle in blocks does to learning, where the file is sorted by class;
- ``reads``: how much of a file an epoch reads if the memory holds a quarter of it;
- ``memory``: peak memory of fits on a memory-mapped file, and on a Parquet file in batches.

``shuffles`` reads ``letter.npz`` from DIRECTORY. ``memory`` needs Linux and pyarrow, and a few
hundred MB of temporary files. A limit of one BLAS thread is the caller's (``OMP_NUM_THREADS=1``).
"""

import argparse
import tempfile
import threading
import time
import warnings
from collections import OrderedDict
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss

from sknn import MLPClassifier, MLPRegressor
from sknn._training import shuffling

MB = 2**20


def shuffles(directory):
    """Print the test loss on letter for orders of the rows (docs/scale.md)."""
    archive = np.load(directory / "letter.npz")
    rows = archive["test_idx"][0]
    is_training = np.ones(len(archive["y"]), bool)
    is_training[rows] = False
    X = archive["X"].astype(np.float32)
    X = (X - X[is_training].mean(axis=0)) / X[is_training].std(axis=0)
    y = archive["y"]
    by_class = np.argsort(y[is_training], kind="stable")
    at_random = np.random.default_rng(0).permutation(len(by_class))
    print("| `shuffle` | order of the file | windows | test log-loss | test accuracy, % |")
    print("|---|---|---|---|---|")
    ways = [("True", "sorted", 1), ("False", "sorted", 1)]
    ways += [("blocks", "sorted", n) for n in (2, 4, 16)]
    ways += [("blocks", "random", 16), ("False", "random", 1)]
    for name, file_order, n_windows in ways:
        order = by_class if file_order == "sorted" else at_random
        X_train, y_train = X[is_training][order], y[is_training][order]
        shuffle = name if name == "blocks" else name == "True"
        n_blocks = n_windows * shuffling.WINDOW
        shuffling.BLOCK_BYTES = X_train.nbytes // n_blocks
        losses, accuracies = [], []
        for seed in range(5):
            model = MLPClassifier(100, shuffle=shuffle, max_iter=20, random_state=seed)
            model.fit(X_train, y_train)
            losses.append(log_loss(y[~is_training], model.predict_proba(X[~is_training])))
            accuracies.append(100 * model.score(X[~is_training], y[~is_training]))
        loss = f"{np.mean(losses):.3f} ± {np.std(losses, ddof=1):.3f}"
        accuracy = f"{np.mean(accuracies):.1f} ± {np.std(accuracies, ddof=1):.1f}"
        print(f"| {name} | {file_order} | {n_windows} | {loss} | {accuracy} |", flush=True)


def n_pages_read(order, row_bytes, n_cached):
    """Return how many pages of 4 kB are read if the last `n_cached` ones in use are in memory."""
    cache, count = OrderedDict(), 0
    for row in order.tolist():
        for page in range(row * row_bytes // 4096, ((row + 1) * row_bytes - 1) // 4096 + 1):
            if page in cache:
                cache.move_to_end(page)
                continue
            count += 1
            cache[page] = None
            if len(cache) > n_cached:
                cache.popitem(last=False)
    return count


def reads():
    """Print what an epoch reads of a file if a quarter fits into memory (docs/scale.md)."""
    n_samples, row_bytes = 1_200_000, 784 * 4
    n_pages = n_samples * row_bytes // 4096
    block = 2**20 // row_bytes
    print(f"A file of {n_samples * row_bytes / MB:.0f} MB")
    print("| shuffle | read in the second epoch, times the file |\n|---|---|")
    for name in ("True", "blocks", "False"):
        random_state, orders = np.random.RandomState(0), []
        for _ in range(2):
            order = np.arange(n_samples)
            if name == "True":
                random_state.shuffle(order)
            elif name == "blocks":
                shuffling.shuffle_blocks(order, block, random_state)
            orders.append(order)
        first = n_pages_read(orders[0], row_bytes, n_pages // 4)
        both = n_pages_read(np.concatenate(orders), row_bytes, n_pages // 4)
        print(f"| {name} | {(both - first) / n_pages:.2f} |", flush=True)


def anonymous():
    """Return the memory of this process that belongs to no file, in MB."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024


def growth(call):
    """Return by how much the memory grows at most during a call, in MB, and the call's seconds."""
    before = peak = anonymous()
    done = threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.002):
            peak = max(peak, anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    call()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    return peak - before, seconds


def fit_parquet(path, model, columns, pre_buffer):
    """Train one epoch on the batches of a Parquet file."""
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path, pre_buffer=pre_buffer)
    for batch in file.iter_batches(10_000):
        frame = batch.to_pandas()
        model.partial_fit(frame[columns], frame["y"])


def write_parquet(path, n_groups, columns):
    """Write a file of `n_groups` groups of 100,000 rows."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet

    generator, writer = np.random.default_rng(0), None
    for _ in range(n_groups):
        frame = pd.DataFrame(
            generator.standard_normal((100_000, len(columns)), dtype=np.float32), columns=columns
        )
        frame["y"] = frame["x0"] * frame["x1"]
        table = pa.Table.from_pandas(frame)
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def memory():
    """Print the peak memory of fits on files (docs/scale.md, docs/how_to/larger_than_memory.md)."""
    print("| fit | size of the data, MB | growth of memory, MB | s |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "X")
        X = np.memmap(path, np.float32, "w+", shape=(300_000, 784))
        for start in range(0, len(X), 10_000):
            X[start : start + 10_000] = np.random.default_rng(start).random((10_000, 784))
        y = np.arange(len(X)) % 10
        fixed = {"max_iter": 1, "random_state": 0}
        stopping = {"early_stopping": True}
        for params in ({}, stopping, stopping | {"shuffle": "blocks"}):
            model = MLPClassifier(20, **params, **fixed).fit(X[:5000].copy(), y[:5000])
            grown, seconds = growth(partial(model.fit, X, y))
            print(f"| memmap {params} | {X.nbytes / MB:.0f} | {grown:.0f} | {seconds:.1f} |")
        del X
        path.unlink()
        parquet(Path(directory))


def parquet(directory):
    """Print the peak memory of fits on Parquet files."""
    import pyarrow as pa

    columns = [f"x{i}" for i in range(20)]
    for n_groups in (1, 5, 20):
        write_parquet(directory / f"{n_groups}.parquet", n_groups, columns)
    model = MLPRegressor(20, random_state=0)
    fit_parquet(directory / "1.parquet", model, columns, False)  # imports, thread pools
    for n_groups, pre_buffer in ((5, False), (20, False), (20, True)):
        pa.default_memory_pool().release_unused()
        size = n_groups * 100_000 * 21 * 4 / MB
        path = directory / f"{n_groups}.parquet"
        grown, seconds = growth(partial(fit_parquet, path, model, columns, pre_buffer))
        print(f"| Parquet, {pre_buffer=} | {size:.0f} | {grown:.0f} | {seconds:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=["shuffles", "reads", "memory"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # fits of an epoch converge to nothing
    if arguments.table == "shuffles":
        shuffles(arguments.data)
    else:
        {"reads": reads, "memory": memory}[arguments.table]()


if __name__ == "__main__":
    main()
