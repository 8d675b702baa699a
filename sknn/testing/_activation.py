"""The check of an activation's contract."""

from typing import Any, Final

import numpy as np

from sknn._core.typing import Array
from sknn.activations import Activation
from sknn.testing._common import (
    check_allocates_nothing,
    check_derivative,
    check_strategy,
    check_unchanged,
    expect,
)

# The most frequent causes of a wrong derivative.
_HINT: Final = (
    ". Both must work in place: forward writes into a, backward into delta. If backward reads z, "
    "the class must set needs_z = True; otherwise a overwrites z"
)


def _forward(activation: Activation, z: Array) -> tuple[Array, Array, Any]:
    z = z.copy()
    a = np.full_like(z, np.nan) if activation.needs_z else z
    scratch = activation.scratch(z)
    start = activation.initial_parameters(z.shape[-2])
    if start is not None:
        scratch.parameters = start.astype(z.dtype)
        scratch.gradient = np.zeros_like(scratch.parameters)
    forward: Any = activation.forward  # a user's forward may return a value
    _expect_in_place("forward", "a", a, forward(z, a, scratch))
    return z, a, scratch


def _expect_in_place(method: str, name: str, array: Array, returned: Any) -> None:
    """Check that a method wrote into the given array and did not return another one."""
    expect(
        returned is None or returned is array,
        f"{method} returned a {type(returned).__name__}, expected None: write the result into "
        f"{name}, with out={name} or {name}[...] = ...",
    )


def _check_reuse(activation: Activation, start: Array) -> None:
    """Check that no batch affects the next one, and that leading axes are allowed."""
    expected = _forward(activation, start)[1]
    z, a, scratch = _forward(activation, start[::-1] - 1)
    np.copyto(z, start)
    activation.forward(z, a, scratch)
    apart = np.abs(a - expected).max()
    expect(apart == 0, f"forward depends on the previous batch: {apart} apart, expected 0")
    stacked = _forward(activation, np.stack([start, start]))[1]
    apart = np.abs(stacked - expected).max()
    expect(apart < 1e-12, f"forward with a leading axis differs by {apart}, expected 0")


def _check_extremes(activation: Activation) -> None:
    """Check that values and derivatives are finite; at 1e4, only derivatives of finite values."""
    for dtype, tiny in ((np.float32, 1e-45), (np.float64, 5e-324)):
        for size in (50.0, 1e4):
            far = np.array([[-size, -tiny, 0.0, tiny, size], [size, 1.0, -1.0, 0.0, -size]], dtype)
            with np.errstate(over="ignore"):  # exp(1e4) overflows in both dtypes
                z, a, scratch = _forward(activation, far)
            if size > 50 and not np.isfinite(a).all():
                continue
            output, delta = a.copy(), np.ones_like(far)
            expect(np.isfinite(output).all(), f"forward of {far} is {output}, expected finite")
            activation.backward(delta, z, a, scratch)
            expect(np.isfinite(delta).all(), f"backward at {far} is {delta}, expected finite")


def _check_own_parameters(
    activation: Activation, start: Array, weights: Array, random_state: Any
) -> None:
    """Compare the gradient of an activation's own parameters with finite differences."""
    z, a, scratch = _forward(activation, start)
    parameters = activation.initial_parameters(z.shape[-2])
    if parameters is None:
        return
    activation.backward(weights.copy(), z, a, scratch)

    def value(parameters: Array) -> Array:
        z = start.copy()
        a = np.empty_like(z) if activation.needs_z else z
        scratch = activation.scratch(z)
        scratch.parameters, scratch.gradient = parameters, np.empty_like(parameters)
        activation.forward(z, a, scratch)
        return weights * a

    check_derivative(value, scratch.gradient, parameters, random_state, _HINT)


def _check_values(activation: Activation, start: Array) -> None:
    """Check that values are finite, and that `forward` does not change z if the class needs z."""
    z, a, _ = _forward(activation, start)
    if activation.needs_z:
        difference = np.abs(z - start).max()
        expect(difference == 0, f"forward changed z by {difference}, expected 0")
    expect(
        np.isfinite(a).all(),
        f"forward in {a.dtype} wrote values that are not finite, or did not write all of a",
    )


def _check_memory(activation: Activation, start: Array) -> None:
    """Check that, after a first call, `forward` and `backward` allocate no arrays."""
    z, a, scratch = _forward(activation, start)
    delta = np.ones_like(z)

    def both() -> None:
        np.copyto(z, start)
        activation.forward(z, a, scratch)
        activation.backward(delta, z, a, scratch)

    check_allocates_nothing(f"forward and backward in {z.dtype}", both, "the result of scratch(z)")


def check_activation(instance: Activation) -> None:
    """Check that an activation follows the contract of `Activation`.

    Parameters
    ----------
    instance : Activation
        The activation. The check covers finite values, derivatives, writing in place and, last,
        memory.

    Raises
    ------
    AssertionError
        If the activation breaks the contract. The message shows the expected and the actual value.

    Examples
    --------
    >>> from sknn.activations import Tanh
    >>> from sknn.testing import check_activation
    >>> check_activation(Tanh())
    """
    before = check_strategy(instance, Activation)
    random_state = np.random.RandomState(0)
    many = random_state.normal(size=(200, 1000))
    for dtype in (np.float32, np.float64):
        _check_values(instance, many.astype(dtype))
    start = random_state.normal(size=(4, 5))
    z, a, scratch = _forward(instance, start)
    weights = random_state.normal(size=a.shape)
    delta = weights.copy()
    backward: Any = instance.backward
    _expect_in_place("backward", "delta", delta, backward(delta, z, a, scratch))
    check_derivative(
        lambda point: weights * _forward(instance, point)[1], delta, start, random_state, _HINT
    )
    _check_reuse(instance, start)
    _check_extremes(instance)
    _check_own_parameters(instance, start, weights, random_state)
    check_unchanged(instance, before)
    for dtype in (np.float32, np.float64):  # last: it matters only if results are correct
        _check_memory(instance, many.astype(dtype))
