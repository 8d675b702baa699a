"""The check of a schedule's contract."""

import pickle
from copy import deepcopy

from sknn.schedules import Progress, Schedule
from sknn.testing._common import check_strategy, check_unchanged, expect


def _run(instance: Schedule, is_pickled: bool = False) -> list[float]:
    """Return the rates of 100 epochs with one metric each; optionally pickle the state halfway."""
    progress = Progress(total_steps=1000, steps_per_epoch=10, state=instance.init())
    rates = []
    for epoch in range(100):
        rates.append(instance(0.1, progress))
        progress.step += 10
        progress.epoch += 1
        instance.after_epoch(1.0 if epoch % 3 else 1.0 / (epoch + 1), progress)
        if is_pickled and epoch == 50:
            progress = _pickled(progress)
    return rates


def _pickled(progress: Progress) -> Progress:
    try:
        return pickle.loads(pickle.dumps(progress))  # type: ignore[no-any-return]
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(
            f"progress.state cannot be pickled: {progress.state!r}: {error}"
        ) from error


def _check_metrics(instance: Schedule) -> None:
    """Check that the same metrics give the same rates, which are positive and finite."""
    rates, again = _run(instance), _run(instance)
    expect(
        rates == again,
        f"the same metrics gave rates {rates}, then {again}: init must return a new state",
    )
    resumed = _run(instance, is_pickled=True)
    expect(
        rates == resumed, f"after a pickle of the state the rates are {resumed}, expected {rates}"
    )
    lowest = min(rates)
    expect(0 < lowest < float("inf"), f"after 100 metrics a rate was {lowest}, expected positive")


def check_schedule(instance: Schedule) -> None:
    """Check that a schedule follows the contract of `Schedule` in a run of 100 epochs.

    Parameters
    ----------
    instance : Schedule
        The schedule. Its rates must be positive, finite and equal for equal progress. They must be
        proportional to the initial rate, unless a parameter `minimum` bounds them. Each call of
        `init` must return a new state that can be pickled. Calling the schedule must not change the
        state.

    Raises
    ------
    AssertionError
        If the schedule breaks the contract. The message shows the expected and the actual value.

    Examples
    --------
    >>> from sknn.schedules import InvScaling
    >>> from sknn.testing import check_schedule
    >>> check_schedule(InvScaling())
    """
    before = check_strategy(instance, Schedule)
    for step in range(1000):
        progress = Progress(
            step=step,
            epoch=step // 10,
            samples=32 * step,
            total_steps=1000,
            steps_per_epoch=10,
            state=instance.init(),
        )
        original = deepcopy(progress)
        rate = instance(0.1, progress)
        expect(type(rate) is float, f"the rate is a {type(rate).__name__}, expected a float")
        expect(
            0 < rate < float("inf"),
            f"the rate at step {step} is {rate}, expected a positive finite number",
        )
        expect(progress == original, f"progress became {progress}, expected {original}")
        again = instance(0.1, progress)
        expect(again == rate, f"equal progress gives {rate}, then {again}: expected equal rates")
        if "minimum" not in instance.get_params():
            double = instance(0.2, progress)
            expect(
                abs(double - 2 * rate) <= 1e-9 * rate,
                f"twice the initial rate gives {double}, expected {2 * rate}",
            )
    _check_metrics(instance)
    check_unchanged(instance, before)
