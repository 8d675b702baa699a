"""The check of a schedule."""

from dataclasses import replace

from sknn.schedules import Progress, Schedule
from sknn.testing._common import check_strategy, check_unchanged, expect


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
        progress = Progress(step=step, epoch=step // 10, samples=32 * step, total_steps=1000)
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
    check_unchanged(instance, before)
