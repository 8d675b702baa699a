"""Detection of workers that do not answer."""

import time
from typing import Any, Final, final

import dask
from dask.utils import parse_timedelta
from distributed import Client

# The time limit for a worker to answer, and for the data of a lost worker to be computed again.
PATIENCE: Final = "60s"


def patience() -> float:
    """Return the time limit in seconds after which silent workers or lost data end a fit."""
    return float(parse_timedelta(dask.config.get("sknn.patience", PATIENCE)))


@final
class Pulse:
    """The heartbeats of workers, which the scheduler reports and the clock of this process times.

    Parameters
    ----------
    client : Client
        The client of the cluster.
    limit : float
        The seconds without a heartbeat after which a worker counts as frozen.
    """

    def __init__(self, client: Client, limit: float) -> None:
        self._client, self._limit = client, limit
        self._last: dict[str, tuple[Any, float]] = {}

    def is_present(self, worker: str) -> bool:
        """Return whether a worker is in the cluster; raise a TimeoutError if it is frozen."""
        heartbeat = self._client.scheduler_info()["workers"].get(worker, {}).get("last_seen")
        if heartbeat is None:
            return False
        now = time.monotonic()
        last, since = self._last.get(worker, (None, now))
        self._last[worker] = (heartbeat, since if heartbeat == last else now)
        if heartbeat == last and now - since > self._limit:
            raise TimeoutError(
                f"worker {worker} has not answered for {self._limit:g} s. Restart the worker, "
                "and Dask will compute its data again. To change the time limit, call "
                "dask.config.set({'sknn.patience': '5 minutes'}), for example."
            )
        return True

    def check_busy(self) -> None:
        """Raise a TimeoutError if a worker with unfinished tasks is frozen."""
        for worker, tasks in self._client.processing().items():
            if tasks:
                self.is_present(worker)
