"""One cluster of two worker processes for all tests of this folder. All waits have a time limit."""

import pytest

# Seconds after which a connection, a worker or a result is given up.
PATIENCE = 120
SETTINGS = {
    # The scheduler may move a task, with its partition, to an idle worker.
    "distributed.scheduler.work-stealing": False,
    "distributed.comm.timeouts.connect": f"{PATIENCE}s",
    "distributed.comm.timeouts.tcp": f"{PATIENCE}s",
}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Return a running `LocalCluster`: two processes of one thread, with one BLAS thread each."""
    import dask
    from distributed import LocalCluster

    settings = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": ":0",
        "local_directory": str(tmp_path_factory.mktemp("dask")),
    }
    with dask.config.set(SETTINGS), LocalCluster(**settings) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    """Return a client of the cluster, which must have two workers and be free of tasks after it."""
    from distributed import Client

    with Client(cluster, timeout=PATIENCE) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        yield client
