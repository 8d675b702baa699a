"""Functions that several checks use."""

import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Final

from sklearn.base import clone

from sknn._core.strategy import Strategy
from sknn._core.typing import Array

# The bytes that a call may allocate after the first one: small objects and NumPy's own buffers.
_ALLOWANCE: Final = 100_000
_DIRECTIONS: Final = 20


def expect(condition: Any, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def check_strategy(
    instance: Any, base: type[Strategy] | tuple[type[Strategy], ...]
) -> dict[str, Any]:
    """Check the contract of all strategies; return the attributes, to compare them after use."""
    if isinstance(instance, type):
        raise AssertionError(f"pass an instance, {instance.__name__}(), not the class")
    name = type(instance).__name__
    expect(isinstance(instance, base), f"{name} must be an instance of {base}")
    expect(is_dataclass(instance), f"{name} must be a dataclass, and it is not")
    instance.check(name)
    params = instance.get_params()
    try:
        unpickled = pickle.loads(pickle.dumps(instance))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(f"{name} cannot be pickled: {error}") from error
    for how, twin in (("clone", clone(instance)), ("pickle", unpickled)):
        twin_params = twin.get_params()
        expect(
            repr(twin_params) == repr(params),
            f"after {how} the parameters are {twin_params}, expected {params}",
        )
    expect(name in repr(instance), f"repr is {instance!r}, expected it to contain {name}")
    return dict(vars(instance))


def check_unchanged(instance: Any, before: dict[str, Any]) -> None:
    after = vars(instance)
    expect(
        repr(after) == repr(before),
        f"use changed the attributes to {after}, expected {before}: a strategy holds no state, so "
        "keep it in the object that init or scratch returns",
    )


def _allocated(call: Callable[[], Any]) -> int:
    """Return the peak memory that a second call allocates, in bytes."""
    call()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def check_allocates_nothing(what: str, call: Callable[[], Any], place: str) -> None:
    n_bytes = _allocated(call)
    expect(
        n_bytes < _ALLOWANCE,
        f"{what} allocated {n_bytes} bytes, expected under {_ALLOWANCE}: compute in place, "
        f"as in np.multiply(a, b, out=a), and keep other arrays in {place}",
    )


def check_derivative(
    value: Callable[[Array], Array],
    gradient: Array,
    point: Array,
    random_state: Any,
    hint: str = "",
) -> None:
    """Compare a gradient with central differences; one direction in five may hit a kink."""
    wrong = []
    for number in range(_DIRECTIONS):
        direction = random_state.normal(size=point.shape)
        expected = float(
            (value(point + 1e-6 * direction) - value(point - 1e-6 * direction)).sum() / 2e-6
        )
        measured = float((gradient * direction).sum())
        if not abs(measured - expected) <= 1e-4 * (1 + abs(expected)):
            wrong.append((number, measured, expected))
    if len(wrong) > _DIRECTIONS // 5:
        number, measured, expected = wrong[0]
        raise AssertionError(
            f"derivative along direction {number}: backward or gradient gives {measured:.6g}, but "
            f"finite differences give {expected:.6g}{hint}"
        )
