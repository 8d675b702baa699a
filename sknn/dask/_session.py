"""The partitions of a data set on the workers, their actors, and the recovery of lost workers."""

import contextlib
import gc
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from typing import Any, Final, final

import dask
from distributed import Actor, Client, futures_of, wait
from distributed.client import Future

from sknn.dask._parts import Summary, read_part, summarize
from sknn.dask._pulse import Pulse, patience
from sknn.dask._shards import Shards

# Seconds between two checks of the workers while waiting for a result.
_INTERVAL: Final = 1.0
# Seconds after which actors that have not started are created again.
_PLACING: Final = 10.0
# Seconds for the first connection to a worker. If it fails, calls go through the scheduler.
_CONNECTING: Final = 5.0
# The largest number of attempts of one call.
_ATTEMPTS: Final = 8

# A function from the partitions of each worker to the arguments of each worker that is called.
Plan = Callable[[Mapping[str, list[int]]], Mapping[str, tuple[Any, ...]]]


class _LostError(Exception):
    """A worker, its actor or its data are lost; a new attempt may succeed."""


def to_each(*args: Any) -> Plan:
    """Return a plan that calls each worker with the same arguments."""
    return lambda placement: dict.fromkeys(placement, args)


@final
class Session:
    """The partitions of one data set, which one actor per worker holds.

    If a worker is lost, the scheduler computes its partitions again on other workers. The session
    then creates new actors, repeats the preparing calls of the old actors, and repeats the last
    call.

    Parameters
    ----------
    client : Client
        The client of the cluster.
    X, y : list of delayed objects
        The partitions.
    dtype : dtype
        The dtype of the network.
    suffix : str
        The end of the argument names in errors, such as ``"_val"``.
    """

    def __init__(self, client: Client, X: list[Any], y: list[Any], dtype: Any, suffix: str) -> None:
        self._client, self._suffix, self._patience = client, suffix, patience()
        self._pulse = Pulse(client, self._patience)
        self._actors: dict[str, Actor] = {}
        self._actor_futures: list[Future] = []
        self._placement: dict[str, list[int]] = {}
        self._preparations: list[tuple[str, Plan]] = []
        self._checksums: dict[int, int] = {}
        self._direct, self._was_reached = _direct_client(client), False
        self._parts: list[Future] = [None] * len(X)
        self._read(X, y, dtype)

    def _read(self, X: list[Any], y: list[Any], dtype: Any) -> None:
        """Start to read the partitions, if possible on the workers that hold the inputs."""
        read = dask.delayed(read_part, pure=False)
        by_home: dict[str | None, list[int]] = {}
        for number, home in enumerate(_homes(self._client, X)):
            by_home.setdefault(home, []).append(number)
        for home, numbers in by_home.items():
            delayed = [read(X[i], y[i], i, dtype, self._suffix) for i in numbers]
            workers = {} if home is None else {"workers": [home], "allow_other_workers": True}
            futures = self._client.compute(delayed, **workers)
            for number, future in zip(numbers, futures, strict=True):
                self._parts[number] = future

    def summaries(self, has_classes: bool) -> list[Summary]:
        """Wait until all partitions are read, and return their summaries.

        Raises
        ------
        ValueError
            If a partition is invalid. The message names it.
        RuntimeError
            If a partition cannot be computed.
        """
        self._wait(self._parts)
        self._check_parts()
        holders, futures = self._client.who_has(self._parts), []
        for part in self._parts:
            workers = sorted(holders.get(part.key, ()))
            where = {"workers": workers, "allow_other_workers": True} if workers else {}
            future = self._client.submit(summarize, part, has_classes, pure=False, **where)
            futures.append(future)
        self._wait(futures)
        self._check_parts()
        summaries: list[Summary] = self._client.gather(futures)
        return summaries

    def _wait(self, futures: list[Future]) -> None:
        """Wait for tasks, as long as the workers that compute them send heartbeats."""
        while True:
            try:
                wait(futures, timeout=min(_INTERVAL, self._patience))
                return
            except TimeoutError:
                self._pulse.check_busy()
            except CancelledError:
                return

    def _check_parts(self) -> None:
        """Raise an error that names the first partition that is missing."""
        for number, part in enumerate(self._parts):
            if part.status == "finished":
                continue
            what = f"partition {number} of X{self._suffix} and y{self._suffix}"
            if part.status == "error":
                error = part.exception(timeout=self._patience)
                if isinstance(error, ValueError) and str(error).startswith("partition"):
                    raise error
                raise RuntimeError(
                    f"{what} cannot be computed: {type(error).__name__}: {error}"
                ) from error
            raise RuntimeError(
                f"{what} is lost: its worker left the cluster, and the partition could not be "
                "computed again in time. Load the data with tasks, because data from "
                "client.scatter cannot be computed again."
            )

    # ---------------------------------------------------------------- calls

    def prepare(self, method: str, plan: Plan) -> dict[str, Any]:
        """Call a method now, and again on each actor that replaces a lost one."""
        results = self.call(method, plan)
        self._preparations.append((method, plan))
        return results

    def encode(self, plan: Plan) -> dict[int, int]:
        """Encode targets and weights on all workers; return the checksum of each partition."""
        self._checksums = _merge(self.prepare("encode", plan))
        return self._checksums

    def call(self, method: str, plan: Plan) -> dict[str, Any]:
        """Call a method of all actors in parallel, and return the results by worker.

        The call is repeated if a worker is lost during it.

        Parameters
        ----------
        method : str
            The name of a method of `Shards`.
        plan : callable
            ``plan(placement)`` returns the arguments of each worker to call. `placement` contains
            the partitions of each worker.

        Raises
        ------
        TimeoutError
            If a worker does not answer in time. The message names it.
        RuntimeError
            If lost data cannot be computed again. The message names the partition.
        """
        lost: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                if not self._actors:
                    self._make_actors()
                    for preparation in self._preparations:
                        self._check_unchanged(preparation, self._call_once(*preparation))
                return self._call_once(method, plan)
            except _LostError as error:
                lost = error
                self._release_actors()
        raise RuntimeError(f"workers were lost {_ATTEMPTS} times during one call: {lost}") from lost

    def _call_once(self, method: str, plan: Plan) -> dict[str, Any]:
        results = {}
        calls = plan(self._placement)
        try:
            futures = {
                worker: self._actors[worker].perform(method, *args)
                for worker, args in calls.items()
            }
        except (OSError, RuntimeError) as error:
            raise _LostError(error) from error
        for worker, future in futures.items():
            is_fine, result = self._result(worker, future)
            if not is_fine:
                raise result
            results[worker] = result
        return results

    def _result(self, worker: str, future: Any) -> Any:
        """Wait for the result of an actor, as long as its worker sends heartbeats."""
        while True:
            try:
                return future.result(timeout=min(_INTERVAL, self._patience))
            except Exception as error:
                if future.done() or not isinstance(error, TimeoutError):
                    raise _LostError(f"worker {worker}: {error!r}") from error
            if not self._pulse.is_present(worker):
                raise _LostError(f"worker {worker} has left the cluster")

    def _check_unchanged(self, preparation: tuple[str, Plan], results: dict[str, Any]) -> None:
        if preparation[0] != "encode":
            return
        for number, checksum in _merge(results).items():
            if checksum != self._checksums[number]:
                raise RuntimeError(
                    f"partition {number} of X{self._suffix} and y{self._suffix} has changed: its "
                    "worker was lost, and its tasks returned other values when they were "
                    "computed again. Make the tasks deterministic, for example with seeds, or "
                    "store the data."
                )

    # ---------------------------------------------------------------- actors

    def _make_actors(self) -> None:
        """Create an actor on each worker with partitions, within a time limit."""
        end = time.monotonic() + self._patience
        while True:
            try:
                self._await_parts(max(end - time.monotonic(), 0.1))
                self._place()
                return
            except (_LostError, OSError, RuntimeError) as error:
                self._release_actors()
                if isinstance(error, TimeoutError) or not isinstance(error, _LostError):
                    raise
                if time.monotonic() > end:
                    raise TimeoutError(
                        f"the workers with the data have not answered for {self._patience:g} s: "
                        f"{error}"
                    ) from error
                time.sleep(0.1)

    def _await_parts(self, timeout: float) -> None:
        with contextlib.suppress(TimeoutError, CancelledError):
            wait(self._parts, timeout=timeout)
        self._check_parts()

    def _place(self) -> None:
        """Create an actor for the partitions that each worker holds now."""
        holders = self._client.who_has(self._parts)
        present = self._client.scheduler_info()["workers"]
        placement: dict[str, list[int]] = {}
        for number, part in enumerate(self._parts):
            workers = sorted(worker for worker in holders.get(part.key, ()) if worker in present)
            if not workers:
                raise _LostError(f"no worker holds partition {number}")
            placement.setdefault(workers[0], []).append(number)
        futures = {
            worker: self._client.submit(
                Shards,
                numbers,
                *(self._parts[number] for number in numbers),
                actor=True,
                workers=[worker],
                pure=False,
            )
            for worker, numbers in placement.items()
        }
        self._actor_futures = list(futures.values())
        try:
            wait(self._actor_futures, timeout=min(_PLACING, self._patience))
        except TimeoutError:
            waiting = [worker for worker, future in futures.items() if not future.done()]
            raise _LostError(f"no answer from {', '.join(waiting)}") from None
        if any(future.status != "finished" for future in self._actor_futures):
            raise _LostError("an actor could not be created")
        self._placement = placement
        self._actors = self._handles(futures, self._direct or self._client)
        if self._direct is not None and not self._is_reachable():
            self._direct.close(timeout=5)
            self._direct = None
            self._actors = self._handles(futures, self._client)

    def _handles(self, futures: dict[str, Future], client: Client) -> dict[str, Actor]:
        """Return handles to actors that send their calls through a client."""
        with client.as_current():
            return {worker: Actor(Shards, worker, future.key) for worker, future in futures.items()}

    def _is_reachable(self) -> bool:
        """Return whether this process can connect to all workers."""
        if not self._was_reached:
            answers = [actor.perform("is_ready") for actor in self._actors.values()]
            try:
                self._was_reached = all(answer.result(timeout=_CONNECTING)[0] for answer in answers)
            except (OSError, RuntimeError, KeyError):
                return False
        return self._was_reached

    def _release_actors(self) -> None:
        self._actors = {}
        for future in self._actor_futures:
            future.release()
        self._actor_futures = []

    def close(self) -> None:
        """Release everything on the cluster."""
        self._release_actors()
        for part in self._parts:
            part.release()
        self._parts = []
        if self._direct is not None:
            self._direct.close(timeout=5)
        # Errors of lost workers refer to actors in cycles, and actors keep their tasks.
        gc.collect()


def _homes(client: Client, parts: list[Any]) -> list[str | None]:
    """Return a worker that holds each partition in memory, or None if it must be computed."""
    futures = [futures_of(part) for part in parts]
    present = [future for several in futures for future in several if future.client is client]
    holders = client.who_has(present) if present else {}
    homes = [sorted(holders.get(several[0].key, ())) if several else [] for several in futures]
    return [workers[0] if workers else None for workers in homes]


def _direct_client(client: Client) -> Client | None:
    """Return a client that calls workers directly, or None if it cannot connect to them."""
    try:
        direct = Client(
            client.scheduler.address,
            security=client.security,
            direct_to_workers=True,
            set_as_default=False,
            timeout=5,
        )
    except (OSError, ValueError):
        return None
    return direct


def _merge(results: Mapping[str, Mapping[int, Any]]) -> dict[int, Any]:
    """Return the results of all workers by partition."""
    return {number: value for part in results.values() for number, value in part.items()}
