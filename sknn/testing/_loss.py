"""The check of a loss's contract."""

from typing import Any

import numpy as np

from sknn._core.typing import Array
from sknn.activations import Activation
from sknn.losses import BINARY, MULTICLASS, REGRESSION, Loss
from sknn.testing._common import (
    check_allocates_nothing,
    check_derivative,
    check_strategy,
    check_unchanged,
    expect,
)


def _targets(target: str, shape: tuple[int, int], random_state: Any) -> Array:
    """Draw targets of a kind; targets of regression are positive."""
    if target == MULTICLASS:
        return np.asarray(random_state.randint(shape[0], size=shape[1]))
    if target == REGRESSION:
        return np.asarray(random_state.uniform(0.5, 3, size=shape))
    return np.asarray(random_state.randint(2, size=shape).astype(float))


def _both(loss: Loss, raw: Array, y_true: Array) -> tuple[Array, Array]:
    raw = raw.copy()
    value, gradient = np.empty_like(raw[0]), np.empty_like(raw)
    loss.value_and_gradient(raw, y_true, value, gradient, loss.scratch(raw))
    return value, gradient


def _check_loss_on(loss: Loss, target: str, random_state: Any) -> None:
    n_targets = 1 if target == BINARY else 3
    n_outputs = getattr(loss, "n_outputs", lambda n: n)(n_targets)
    y_float = _targets(target, (n_targets, 50), random_state)
    for dtype in (np.float32, np.float64):
        raw = random_state.normal(size=(n_outputs, 50)).astype(dtype)
        y_true = y_float if target == MULTICLASS else y_float.astype(dtype)
        original = y_true.copy()
        value, gradient = loss.value(raw.copy(), y_true), loss.gradient(raw.copy(), y_true)
        fused = _both(loss, raw, y_true)
        difference = float(np.abs(np.subtract(y_true, original)).max())
        expect(difference == 0, f"the loss changed y_true by {difference}, expected 0")
        expect(value.shape == (50,), f"value has shape {value.shape}, expected (50,)")
        expect(
            gradient.shape == raw.shape,
            f"gradient has shape {gradient.shape}, expected {raw.shape}",
        )
        for name, part, other in (("value", value, fused[0]), ("gradient", gradient, fused[1])):
            expect(part.dtype == dtype, f"{name} has dtype {part.dtype}, expected {raw.dtype}")
            apart = float(np.abs(part - other).max())
            expect(apart < 1e-4, f"value_and_gradient and {name} differ by {apart}, expected 0")
    check_derivative(lambda point: loss.value(point.copy(), y_true), gradient, raw, random_state)
    link = loss.link(target)
    expect(isinstance(link, Activation), f"link returned {link!r}, expected an Activation")


def _check_memory(loss: Loss, target: str, random_state: Any) -> None:
    """Check that, after a first call, an overridden `value_and_gradient` allocates no arrays."""
    if type(loss).value_and_gradient is Loss.value_and_gradient:
        return
    n_targets = 1 if target == BINARY else 3
    y_true = _targets(target, (n_targets, 50_000), random_state)
    n_outputs = getattr(loss, "n_outputs", lambda n: n)(n_targets)
    raw = random_state.normal(size=(n_outputs, 50_000))
    value, gradient, scratch = np.empty(50_000), np.empty_like(raw), loss.scratch(raw)
    check_allocates_nothing(
        f"value_and_gradient of {target} targets",
        lambda: loss.value_and_gradient(raw, y_true, value, gradient, scratch),
        "the result of scratch(raw_prediction)",
    )


def _check_extremes(loss: Loss, target: str, random_state: Any) -> None:
    """Check that losses of raw predictions of 1e4 are finite in float32 if they are in float64."""
    n_targets = 1 if target == BINARY else 3
    n_outputs = getattr(loss, "n_outputs", lambda n: n)(n_targets)
    raw = np.resize(np.array([1e4, -1e4, 0.0, -1e4]), (n_outputs, 51))
    y_true = _targets(target, (n_targets, 51), random_state)
    single = y_true if target == MULTICLASS else y_true.astype(np.float32)
    with np.errstate(all="ignore"):
        exact = _both(loss, raw, y_true)
        in_single = _both(loss, raw.astype(np.float32), single)
    for name, part, expected in zip(("value", "gradient"), in_single, exact, strict=True):
        lost = np.isfinite(expected) & ~np.isfinite(part)
        expect(
            not lost.any(),
            f"{name} at raw predictions of 1e4 is {part[lost][:1]} in float32, expected "
            f"{expected[lost][:1]} as in float64",
        )


def check_loss(instance: Loss) -> None:
    """Check that a loss follows the contract of `Loss`, for each kind of target that it supports.

    Parameters
    ----------
    instance : Loss
        The loss. The check covers shapes, dtypes, the gradient, the link, extreme values and
        memory.

    Raises
    ------
    AssertionError
        If the loss breaks the contract. The message shows the expected and the actual value.

    Examples
    --------
    >>> from sknn.losses import SquaredError
    >>> from sknn.testing import check_loss
    >>> check_loss(SquaredError())
    """
    before = check_strategy(instance, Loss)
    expect(instance.targets, f"targets is {instance.targets}, expected at least one kind")
    for check in (_check_loss_on, _check_extremes, _check_memory):
        for target in sorted(instance.targets):
            check(instance, target, np.random.RandomState(0))
    check_unchanged(instance, before)
