"""Processors' time and bytes of the parts of a training step on a Dask cluster.

Run it as ``python -m tests.benchmarks.dask_parts``. It needs no cluster: everything that a step
does on the client and on a worker runs in this process, with one BLAS thread, except for the
network. For two networks it prints the times of the gradient in the core, of all four partitions on
one worker and of two partitions on one of two workers; of packing and unpacking the messages of a
worker; and the bytes of a step on two workers.
"""

import time
from functools import partial
from types import SimpleNamespace

import numpy as np
from distributed.protocol import to_serialize
from distributed.protocol.core import dumps, loads
from threadpoolctl import threadpool_limits

from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn._training.data import DataSet
from sknn._training.gradients import LocalGradients
from sknn.activations import ReLU
from sknn.dask._gradients import _Batch
from sknn.dask._parts import Part
from sknn.dask._shards import Shards
from sknn.dropout import Dropout
from sknn.estimators.internals import ClassTargets
from sknn.initializers import INITIALIZERS
from sknn.losses import LOSSES

N_ROWS, N_CHUNKS = 16_000, 4
CASES = [((64, 100, 10), (200, 2000, 8000)), ((784, 256, 256, 10), (200, 2000))]


def milliseconds(call, n_calls):
    """Return the least processors' time of a call, over five rounds."""
    times = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(n_calls):
            call()
        times.append((time.process_time() - began) / n_calls)
    return 1e3 * min(times)


def make_network(sizes):
    loss, init = LOSSES["log_loss"](), INITIALIZERS["xavier_uniform"]()
    hidden = len(sizes) - 2
    link, dropouts = loss.link("multiclass"), [Dropout(0.0)] * (hidden + 1)
    architecture = Architecture(sizes, [ReLU()] * hidden, link, dropouts)
    random_state, dtype = np.random.RandomState(0), np.dtype(np.float32)
    return Network.initialize(architecture, init, init, random_state, dtype), loss


def make_shards(numbers, X, y, network, loss):
    """Return the actor of a worker that has some of the partitions."""
    size = N_ROWS // N_CHUNKS
    slices = [slice(number * size, (number + 1) * size) for number in numbers]
    shards = Shards(numbers, *(Part(X[rows], y[rows]) for rows in slices))
    shards.encode(ClassTargets.learn(y, None), dict.fromkeys(numbers), "")
    shards.begin(network, loss, 0)
    return shards


def through_network(messages):
    """Pack and unpack messages."""
    for message in messages:
        loads(dumps(message))


def measure(sizes, batches):
    generator = np.random.default_rng(0)
    network, loss = make_network(sizes)
    X = generator.standard_normal((N_ROWS, sizes[0]), dtype=np.float32)
    y = generator.integers(10, size=N_ROWS)
    local = LocalGradients(network, loss, DataSet(X, y, None), 0)
    one, two = (make_shards(range(n), X, y, network, loss) for n in (4, 2))
    data = SimpleNamespace(edges=np.arange(N_CHUNKS + 1) * (N_ROWS // N_CHUNKS))
    vector = network.parameters.vector.copy()
    for size in batches:
        rows, n_calls = generator.permutation(N_ROWS)[:size], max(2, 1000 // size)
        batch = _Batch(rows, data, vector, 1, float(size))
        alone, shared = batch.plan({"a": [0, 1, 2, 3]})["a"], batch.plan({"a": [0, 1]})["a"]
        result = two.gradients(*shared)
        messages = {"x": [to_serialize(arg) for arg in shared]}, {"x": to_serialize(result)}
        n_bytes = sum(memoryview(frame).nbytes for each in messages for frame in dumps(each))
        times = [
            milliseconds(partial(local.sum, rows, 1), n_calls),
            milliseconds(partial(one.gradients, *alone), n_calls),
            milliseconds(partial(two.gradients, *shared), n_calls),
            milliseconds(partial(through_network, messages), 20),
        ]
        bound = vector.nbytes * (2 + N_CHUNKS)
        print(
            f"{'-'.join(map(str, sizes)):16} {size:5}",
            *(f"{ms:7.2f}" for ms in times),
            f"{2 * n_bytes:10,} {2 * n_bytes / bound:5.2f}",
            flush=True,
        )


if __name__ == "__main__":
    threadpool_limits(1)
    print("network          batch    core  1 worker  1 of 2  messages  bytes  of bound")
    for case in CASES:
        measure(*case)
