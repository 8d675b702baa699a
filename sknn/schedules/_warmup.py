"""A linear warmup before another schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sknn import schedules
from sknn._core.strategy import COUNT, Range, resolve
from sknn.schedules._base import Progress, Schedule


@dataclass(repr=False, eq=False)
class Warmup(Schedule):
    """Multiply the rate of another schedule by a factor that rises linearly to 1.

    After ``n`` batches the factor is
    ``start_factor + (1 - start_factor) min(1, n / (n_epochs steps_per_epoch))``. It multiplies the
    rate of `schedule`. A warm start does not warm up again.

    Use it if the first steps at the full rate do harm, as with large rates and deep networks.

    Parameters
    ----------
    schedule : str or Schedule, default="constant"
        The other schedule: a name in `sknn.schedules.SCHEDULES` or an instance. Its own
        parameters are ``learning_rate__schedule__power_t`` and the like.
    n_epochs : int, default=5
        The number of epochs until the factor is 1, at least 1.
    start_factor : float in (0, 1], default=0.1
        The factor of the first step.

    References
    ----------
    P. Goyal and others, Accurate, large minibatch SGD: training ImageNet in 1 hour, 2017, section
    2.2.

    Examples
    --------
    >>> from sknn.schedules import Progress, Warmup
    >>> Warmup(n_epochs=2, start_factor=0.5)(
    ...     1.0, Progress(step=10, steps_per_epoch=10)
    ... )
    0.75
    """

    schedule: Any = "constant"
    n_epochs: int = 5
    start_factor: float = 0.1

    ranges: ClassVar[Mapping[str, Range]] = {
        "n_epochs": COUNT,
        "start_factor": Range(0, 1, "right"),
    }

    def set_params(self, **params: Any) -> "Warmup":
        """Set parameters, also those of the other schedule, even if it was given by name.

        Parameters
        ----------
        **params : dict
            Parameters, ``<parameter>`` or ``schedule__<its parameter>``.

        Returns
        -------
        self : Warmup
            The schedule itself.
        """
        if "schedule" in params:
            self.schedule = params.pop("schedule")
        if isinstance(self.schedule, str) and any(key.startswith("schedule__") for key in params):
            self.schedule = self._inner
        super().set_params(**params)
        return self

    def check(self, name: str) -> None:
        super().check(name)
        self._resolve(f"{name}__schedule").check(f"{name}__schedule")

    def _resolve(self, name: str) -> Schedule:
        return resolve(name, self.schedule, schedules.SCHEDULES, (Schedule,))

    @property
    def _inner(self) -> Schedule:
        return self._resolve("schedule")

    def init(self) -> Any:
        return self._inner.init()

    def __call__(self, learning_rate_init: float, progress: Progress) -> float:
        done = min(1.0, progress.batches / max(1, self.n_epochs * progress.steps_per_epoch))
        factor = self.start_factor + (1 - self.start_factor) * done
        return float(factor * self._inner(learning_rate_init, progress))

    def outlasts_plateau(self, learning_rate_init: float, progress: Progress) -> bool:
        return self._inner.outlasts_plateau(learning_rate_init, progress)

    @property
    def knows_end(self) -> bool:
        return self._inner.knows_end

    def after_epoch(self, metric: float, progress: Progress) -> None:
        self._inner.after_epoch(metric, progress)
