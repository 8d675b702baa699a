"""The silence of workers: how long the scheduler has not heard from them."""

import time
from typing import Any, Final, final

import dask
from dask.utils import parse_timedelta
from distributed import Client

# The longest silence of a worker, and the longest time for the data of a lost worker to come back.
PATIENCE: Final = "60s"


def patience() -> float:
    """Return the seconds after which a silent worker or lost data end a fit."""
    return float(parse_timedelta(dask.config.get("sknn.patience", PATIENCE)))


@final
class Pulse:
    """The heartbeats of workers, as the scheduler sees them and by the clock of this process.

    Parameters
    ----------
    client : Client
        The client of the cluster.
    limit : float
        The seconds of silence after which a worker counts as frozen.
    """

    def __init__(self, client: Client, limit: float) -> None:
        self._client, self._limit = client, limit
        self._last: dict[str, tuple[Any, float]] = {}

    def is_present(self, worker: str) -> bool:
        """Tell whether a worker is in the cluster; raise a TimeoutError if it is frozen."""
        heartbeat = self._client.scheduler_info()["workers"].get(worker, {}).get("last_seen")
        if heartbeat is None:
            return False
        now = time.monotonic()
        last, since = self._last.get(worker, (None, now))
        self._last[worker] = (heartbeat, since if heartbeat == last else now)
        if heartbeat == last and now - since > self._limit:
            raise TimeoutError(
                f"worker {worker} has not answered for {self._limit:g} s. Restart it; its data "
                "will then be computed again. dask.config.set({'sknn.patience': ...}) sets the "
                "limit."
            )
        return True

    def check_busy(self) -> None:
        """Raise a TimeoutError if a worker that has tasks to compute is frozen."""
        for worker, tasks in self._client.processing().items():
            if tasks:
                self.is_present(worker)
