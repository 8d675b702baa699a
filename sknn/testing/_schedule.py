"""The check of a schedule."""

from dataclasses import replace

from sknn.schedules import Progress, Schedule
from sknn.testing._common import check_strategy, check_unchanged, expect


def _check_metrics(instance: Schedule) -> None:
    """Check that the same metrics, epoch by epoch, give the same rates, and rates that are safe."""
    rates: list[list[float]] = []
    for _ in range(2):
        progress = Progress(total_steps=1000, steps_per_epoch=10)
        rates.append([])
        for epoch in range(100):
            rates[-1].append(instance(0.1, progress))
            progress.step += 10
            progress.epoch += 1
            instance.after_epoch(1.0 if epoch % 3 else 1.0 / (epoch + 1), progress)
    expect(rates[0] == rates[1], f"the same metrics gave rates {rates[0]}, then {rates[1]}")
    lowest = min(rates[0])
    expect(0 < lowest < float("inf"), f"after 100 metrics a rate was {lowest}, expected positive")


def check_schedule(instance: Schedule) -> None:
    """Check that a schedule keeps its promises along a run of 100 epochs.

    Parameters
    ----------
    instance : Schedule
        Rates must be positive and finite, the same for the same progress, and in proportion to
        the initial rate unless a parameter `minimum` bounds them.

    Raises
    ------
    AssertionError
        If a promise is broken; the message shows what was expected and what was found.

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
        )
        original = replace(progress)
        rate = instance(0.1, progress)
        expect(type(rate) is float, f"the rate is a {type(rate).__name__}, expected a float")
        expect(
            0 < rate < float("inf"),
            f"the rate at step {step} is {rate}, expected a positive finite number",
        )
        expect(progress == original, f"progress became {progress}, expected {original}")
        again = instance(0.1, progress)
        expect(again == rate, f"the same progress gives {again}, then {rate}: expected equal")
        if "minimum" not in instance.get_params():
            double = instance(0.2, progress)
            expect(
                abs(double - 2 * rate) <= 1e-9 * rate,
                f"twice the initial rate gives {double}, expected {2 * rate}",
            )
    _check_metrics(instance)
    check_unchanged(instance, before)
