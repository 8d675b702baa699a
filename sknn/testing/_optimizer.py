"""The check of an optimizer's contract."""

import pickle
from typing import Any

import numpy as np
from scipy.optimize import rosen, rosen_der

from sknn._core.parameters import Block, Layout
from sknn._core.typing import Array
from sknn.optimizers import ElementwiseOptimizer, Minimizer, Optimizer
from sknn.testing._common import (
    check_allocates_nothing,
    check_strategy,
    check_unchanged,
    expect,
)


def _quadratic(point: Array) -> tuple[float, Array]:
    return 0.5 * float(point @ point), point.copy()


def _rosenbrock(point: Array) -> tuple[float, Array]:
    return float(rosen(point)), np.asarray(rosen_der(point))


def _layout(fan_in: int, width: int) -> Layout:
    return Layout(
        [
            Block("first", (fan_in + 1, width), fan_in * width),
            Block("second", (width + 1, 1), width),
        ]
    )


def _check_minimizer(instance: Minimizer) -> None:
    for name, function, fill in (("quadratic", _quadratic, 1.0), ("Rosenbrock", _rosenbrock, 0.5)):
        start = np.full(10, fill)
        reached: list[Array] = []

        def note(point: Array, reached: list[Array] = reached) -> bool:
            reached.append(point.copy())
            return len(reached) == 20

        instance.minimize(function, start, note, 200, 1e-12)
        moved = np.abs(start - fill).max()
        expect(moved == 0, f"minimize changed the start by {moved}, expected 0")
        expect(
            1 <= len(reached) <= 20,
            f"minimize called the callback {len(reached)} times, expected 1 to 20: stop when it "
            "returns True",
        )
        last, first = function(reached[-1])[0], function(start)[0]
        expect(last < first, f"{name} is {last} after minimize, expected under {first}")


def _check_rosenbrock(instance: Optimizer) -> None:
    layout = _layout(4, 3)
    params = np.full(layout.size, 0.5)
    state = instance.init(params, layout)
    first = _rosenbrock(params)[0]
    for _ in range(100):
        instance.update(params, _rosenbrock(params)[1], state, 1e-4)
    last = _rosenbrock(params)[0]
    expect(last < first, f"Rosenbrock is {last} after 100 steps, expected under {first}")


def _check_memory(instance: Optimizer, dtype: Any, learning_rate: float) -> None:
    layout = _layout(399, 500)
    params = np.ones(layout.size, dtype)
    grad, state = np.ones_like(params), instance.init(params, layout)
    check_allocates_nothing(
        f"update in {params.dtype}",
        lambda: instance.update(params, grad, state, learning_rate),
        "the state that init returns",
    )


def _check_updates(instance: Optimizer, dtype: Any, learning_rate: float) -> None:
    layout = _layout(4, 3)
    params = np.ones(layout.size, dtype)
    state = instance.init(params, layout)
    for _ in range(50):
        instance.update(params, params.copy(), state, learning_rate)
    expect(
        (params != 1).any(),
        "50 steps changed no parameter: update must write into params, in place, with out=params "
        "or params -= ...",
    )
    last, start = float(params @ params) / 2, layout.size / 2
    expect(last < start, f"the quadratic is {last} after 50 steps, expected under {start}")
    twin, twin_state = params.copy(), pickle.loads(pickle.dumps(state))
    instance.update(params, params.copy(), state, learning_rate)
    instance.update(twin, twin.copy(), twin_state, learning_rate)
    difference = float(np.abs(params - twin).max())
    expect(difference == 0, f"after a pickle of the state steps differ by {difference}, expected 0")
    instance.update(params, np.zeros_like(params), state, learning_rate)
    expect(np.isfinite(params).all(), f"after a zero gradient params is {params}, expected finite")


def _check_elementwise(instance: ElementwiseOptimizer, learning_rate: float) -> None:
    """Check that the update of a parameter does not depend on other parameters.

    A fit updates the parameters in chunks.
    """
    start = np.linspace(-1, 1, 40)
    moved = []
    for size in (40, 7):
        params = start[:size].copy()
        state = instance.init(params)
        for step in range(3):
            grad = start[:size] + 0.1 * step
            coefficients = instance.begin_update(state, learning_rate)
            operands = instance.operands(slice(0, size), params, grad, state)
            instance.rule(*operands, *coefficients)
        moved.append(params[:7] - start[:7])
    difference = float(np.abs(moved[0] - moved[1]).max())
    expect(
        difference <= 1e-6 * float(np.abs(moved[0]).max()),
        f"updates of a chunk and of all parameters differ by {difference}, expected 0: rule gets "
        "one chunk of the parameters. Subclass Optimizer for a rule that needs all of them",
    )


def _check_zeros(instance: ElementwiseOptimizer, learning_rate: float) -> None:
    """Check that a rule with ``skips_zeros=True`` does not change elements with a zero gradient."""
    if not instance.leaves_zero_gradients():
        return
    params = np.linspace(-1, 1, 40)
    state = instance.init(params)
    instance.update(params, params.copy(), state, learning_rate)
    before = [values[:20].copy() for values in (params, *state.slots)]
    instance.update(params, np.where(np.arange(40) < 20, 0, params), state, learning_rate)
    after = [values[:20] for values in (params, *state.slots)]
    moved = max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))
    expect(
        moved == 0,
        f"rule changes an element with a zero gradient, or its slot, by {moved}, expected 0 with "
        "skips_zeros=True",
    )


def _check_element(instance: ElementwiseOptimizer, learning_rate: float) -> None:
    """Check that `element`, if the optimizer has it, computes the same as `rule`."""
    params = np.linspace(-1, 1, 40)
    elements, grad = params.copy(), np.empty_like(params)
    state, twin = instance.init(params), instance.init(elements)
    (group,) = instance.bind(elements, grad, twin, at_once=False).groups
    rule = group.element_rule() if group.element_rule else None
    if rule is None:
        return
    for step in range(3):
        grad[...] = np.linspace(-1, 1, 40) + 0.1 * step
        numbers = (*instance.begin_update(twin, learning_rate), *rule.constants)
        arrays = rule.params, *rule.slots
        for i in range(40):
            param, *slots = (array[i] for array in arrays)
            values = rule.function(param, grad[i], *slots, *numbers)
            expect(
                len(values) == len(arrays),
                f"element returned {len(values)} numbers, expected {len(arrays)}: the new values "
                "of the parameter and of each slot",
            )
            for array, value in zip(arrays, values, strict=True):
                array[i] = value
        coefficients = instance.begin_update(state, learning_rate)
        instance.rule(*instance.operands(slice(0, 40), params, grad, state), *coefficients)
    difference = float(np.abs(elements - params).max())
    expect(difference <= 1e-12, f"updates of element and rule differ by {difference}, expected 0")


def check_optimizer(instance: Optimizer | Minimizer, learning_rate: float = 1e-3) -> None:
    """Check that an optimizer follows the contract of `Optimizer` or `Minimizer`.

    Parameters
    ----------
    instance : Optimizer or Minimizer
        The optimizer. The check covers descent on two functions, pickled states and, last, memory.
        For an element-wise rule it also covers independence of the parameters, `skips_zeros`, and
        agreement of `element` and `rule`.
    learning_rate : float, default=1e-3
        The learning rate of the steps. It has no effect on a `Minimizer`.

    Raises
    ------
    AssertionError
        If the optimizer breaks the contract. The message shows the expected and the actual value.

    Examples
    --------
    >>> from sknn.optimizers import Adam
    >>> from sknn.testing import check_optimizer
    >>> check_optimizer(Adam())
    """
    before = check_strategy(instance, (Optimizer, Minimizer))
    if isinstance(instance, Minimizer):
        _check_minimizer(instance)
    else:
        for dtype in (np.float32, np.float64):
            _check_updates(instance, dtype, learning_rate)
        _check_rosenbrock(instance)
        if isinstance(instance, ElementwiseOptimizer) and instance.updates_by_chunk():
            _check_elementwise(instance, learning_rate)
            _check_zeros(instance, learning_rate)

            _check_element(instance, learning_rate)
    check_unchanged(instance, before)
    if isinstance(instance, Optimizer):
        for dtype in (np.float32, np.float64):  # last: it matters only if results are correct
            _check_memory(instance, dtype, learning_rate)
