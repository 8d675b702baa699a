"""The checks of `sknn.testing` pass for every registered part, and fail for broken ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from sknn.activations import ACTIVATIONS, Tanh
from sknn.initializers import INITIALIZERS, Normal, XavierNormal
from sknn.losses import LOSSES
from sknn.optimizers import GD, LBFGS, OPTIMIZERS, ElementwiseOptimizer
from sknn.schedules import SCHEDULES, Constant
from sknn.testing import (
    check_activation,
    check_initializer,
    check_loss,
    check_optimizer,
    check_schedule,
)

CHECKS = [
    (check_activation, ACTIVATIONS),
    (check_initializer, INITIALIZERS),
    (check_loss, LOSSES),
    (check_optimizer, OPTIMIZERS),
    (check_schedule, SCHEDULES),
]


@pytest.mark.parametrize(
    ("check", "member"),
    [
        pytest.param(check, member, id=f"{check.__name__}-{name}")
        for check, family in CHECKS
        for name, member in family.items()
    ],
)
def test_registered_parts_pass(check, member):
    check(member())


@dataclass(repr=False, eq=False)
class WrongDerivative(Tanh):
    def backward(self, delta, z, a, scratch):
        np.multiply(delta, a, out=delta)


@dataclass(repr=False, eq=False)
class Allocates(Tanh):
    def forward(self, z, a, scratch):
        a[...] = np.tanh(z)


@dataclass(repr=False, eq=False)
class WritesZ(Tanh):
    needs_z = True

    def forward(self, z, a, scratch):
        np.tanh(z, out=a)
        z += 1


@dataclass(repr=False, eq=False)
class CarriesState(Tanh):
    def forward(self, z, a, scratch):
        super().forward(z, a, scratch)
        self.calls = getattr(self, "calls", 0) + 1


@dataclass(repr=False, eq=False)
class NotFinite(Tanh):
    def forward(self, z, a, scratch):
        super().forward(z, a, scratch)
        a[0, 0] = np.inf


@dataclass(repr=False, eq=False)
class NotReproducible(Normal):
    def sample(self, shape, fan_in, fan_out, random_state):
        return np.random.RandomState().normal(size=shape)


@dataclass(repr=False, eq=False)
class SinglePrecision(Normal):
    def sample(self, shape, fan_in, fan_out, random_state):
        return super().sample(shape, fan_in, fan_out, random_state).astype(np.float32)


@dataclass(repr=False, eq=False)
class WrongVariance(XavierNormal):
    def sample(self, shape, fan_in, fan_out, random_state):
        return 2 * super().sample(shape, fan_in, fan_out, random_state)


@dataclass(repr=False, eq=False)
class WrongShape(Normal):
    def sample(self, shape, fan_in, fan_out, random_state):
        return super().sample((3,), fan_in, fan_out, random_state)


@dataclass(repr=False, eq=False)
class WrongSign(LOSSES["squared_error"]):
    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        super().value_and_gradient(raw_prediction, y_true, value, gradient, scratch)
        np.negative(gradient, out=gradient)


@dataclass(repr=False, eq=False)
class WritesTargets(LOSSES["squared_error"]):
    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        super().value_and_gradient(raw_prediction, y_true, value, gradient, scratch)
        y_true += 1


@dataclass(repr=False, eq=False)
class Widens(LOSSES["squared_error"]):
    def value(self, raw_prediction, y_true):
        return super().value(raw_prediction, y_true).astype(np.float64)


@dataclass(repr=False, eq=False)
class Climbs(GD):
    def update(self, params, grad, state, learning_rate):
        super().update(params, grad, state, -learning_rate)


@dataclass(repr=False, eq=False)
class AllocatingDescent(GD):
    def update(self, params, grad, state, learning_rate):
        params -= learning_rate * grad


@dataclass(repr=False, eq=False)
class MovesItsStart(LBFGS):
    def minimize(self, value_and_gradient, params, callback, max_iter, tol):
        settled = super().minimize(value_and_gradient, params, callback, max_iter, tol)
        params[:] = 0
        return settled


@dataclass(repr=False, eq=False)
class MutatesProgress(Constant):
    def __call__(self, learning_rate_init, progress):
        progress.step += 1
        return learning_rate_init


@dataclass(repr=False, eq=False)
class Negative(Constant):
    def __call__(self, learning_rate_init, progress):
        return -learning_rate_init


@dataclass(repr=False, eq=False)
class NumPyRate(Constant):
    def __call__(self, learning_rate_init, progress):
        return np.float64(learning_rate_init)


@dataclass(repr=False, eq=False)
class Unproportional(Constant):
    def __call__(self, learning_rate_init, progress):
        return learning_rate_init**2


@dataclass(repr=False, eq=False)
class NeverStops(LBFGS):
    def minimize(self, value_and_gradient, params, callback, max_iter, tol):
        for number in range(30):
            callback(params * (0.9 ** (number + 1)))
        return True


@dataclass(repr=False, eq=False)
class RemembersInScratch(Tanh):
    def scratch(self, z):
        return np.zeros(1, z.dtype)

    def forward(self, z, a, scratch):
        super().forward(z, a, None)
        a += scratch
        scratch += 0.5


@dataclass(repr=False, eq=False)
class NoLeadingAxis(Tanh):
    def forward(self, z, a, scratch):
        super().forward(z, a, scratch)
        if a.ndim == 3:
            a[0] = 0


@dataclass(repr=False, eq=False)
class OverflowsBackward(Tanh):
    needs_z = True

    def backward(self, delta, z, a, scratch):
        with np.errstate(all="ignore"):
            np.cosh(z, out=z)
            np.multiply(z, z, out=z)
            np.divide(z, z, out=z)  # 1, or of infinities not a number
        np.multiply(a, a, out=a)
        np.subtract(1, a, out=a)
        np.multiply(delta, a, out=delta)
        np.multiply(delta, z, out=delta)


@dataclass(repr=False, eq=False)
class WrongSlopes(ACTIVATIONS["prelu"]):
    def backward(self, delta, z, a, scratch):
        super().backward(delta, z, a, scratch)
        scratch.gradient *= 2


@dataclass(repr=False, eq=False)
class IgnoresSeed(Normal):
    def sample(self, shape, fan_in, fan_out, random_state):
        return super().sample(shape, fan_in, fan_out, np.random.RandomState(7))


@dataclass(repr=False, eq=False)
class AllocatingLoss(LOSSES["squared_error"]):
    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        gradient[...] = raw_prediction - y_true
        value[...] = (gradient**2).sum(axis=0) / 2


@dataclass(repr=False, eq=False)
class OverflowingLoss(LOSSES["log_cosh"]):
    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        super().value_and_gradient(raw_prediction.copy(), y_true, value, gradient, scratch)
        np.add(value, 0 * raw_prediction[0] ** 10, out=value)  # 1e40 is finite in float64 only


@dataclass(repr=False, eq=False)
class UnfusedLoss(LOSSES["squared_error"]):
    def value(self, raw_prediction, y_true):
        return super().value(raw_prediction, y_true) + 1


@dataclass(repr=False, eq=False)
class NotAnActivation(LOSSES["squared_error"]):
    def link(self, target):
        return np.exp


@dataclass(repr=False, eq=False)
class NotFiniteAtRest(GD):
    def update(self, params, grad, state, learning_rate):
        size = float(np.dot(grad, grad))
        if size:
            super().update(params, grad, state, learning_rate)
        else:
            params.fill(np.nan)


@dataclass(repr=False, eq=False)
class ForgetsInAPickle(OPTIMIZERS["momentum"]):
    def init(self, params, layout=None):
        return Fickle(super().init(params, layout))

    def update(self, params, grad, state, learning_rate):
        super().update(params, grad, state.inner, learning_rate)


class Fickle:
    def __init__(self, inner):
        self.inner = inner

    def __setstate__(self, kept):
        self.inner = kept["inner"]
        self.inner.slots[0].fill(0)


@dataclass(repr=False, eq=False)
class LearnsFromMetrics(Constant):
    def __call__(self, learning_rate_init, progress):
        return learning_rate_init if progress.plateaus < 5 else 0.0

    def after_epoch(self, metric, progress):
        progress.plateaus += 1


@dataclass(repr=False, eq=False)
class SharesItsState(Constant):
    shared: ClassVar = []

    def init(self):
        return self.shared

    def __call__(self, learning_rate_init, progress):
        return learning_rate_init / (1 + len(progress.state))

    def after_epoch(self, metric, progress):
        progress.state.append(metric)


@dataclass(repr=False, eq=False)
class CountsCalls(SharesItsState):
    def init(self):
        return []

    def __call__(self, learning_rate_init, progress):
        progress.state.append(0)
        return learning_rate_init


@dataclass(repr=False, eq=False)
class KeepsAFunction(SharesItsState):
    def init(self):
        return [lambda: 0]


@dataclass(repr=False, eq=False)
class ForgetfulState(SharesItsState):
    def init(self):
        return Forgetful()


class Forgetful(list):
    def __reduce__(self):
        return Forgetful, ()


@dataclass(repr=False, eq=False)
class Normalized(ElementwiseOptimizer):
    def rule(self, params, grad, scratch, learning_rate):
        np.multiply(grad, learning_rate / (np.linalg.norm(grad) + 1e-9), out=grad)
        np.subtract(params, grad, out=params)


@pytest.mark.parametrize(("check", "family"), CHECKS)
def test_a_class_is_refused_in_words(check, family):
    member = next(iter(family.values()))
    with pytest.raises(AssertionError, match=rf"pass an instance, {member.__name__}\(\)"):
        check(member)


@pytest.mark.parametrize(
    ("check", "broken", "message"),
    [
        (check_activation, WrongDerivative, r"derivative along .* finite differences give"),
        (check_activation, Allocates, r"allocated \d+ bytes, expected under"),
        (check_activation, WritesZ, r"forward changed z by .*, expected 0"),
        (check_activation, CarriesState, "holds no state"),
        (check_activation, NotFinite, "not finite"),
        (check_activation, RemembersInScratch, "depends on the previous batch: .*, expected 0"),
        (check_activation, NoLeadingAxis, "leading axis differs by .*, expected 0"),
        (check_activation, OverflowsBackward, "(?s)backward at .* expected finite"),
        (check_activation, WrongSlopes, r"derivative along .* finite differences give"),
        (check_initializer, IgnoresSeed, "draws with two seeds differ by 0.0"),
        (check_loss, AllocatingLoss, r"value_and_gradient of regression .* allocated \d+ bytes"),
        (
            check_loss,
            OverflowingLoss,
            r"value at .* 1e4 is \[nan\] in float32, expected",
        ),
        (check_loss, UnfusedLoss, "value_and_gradient and value differ by .*, expected 0"),
        (check_loss, NotAnActivation, "link returned .*, expected an Activation"),
        (check_optimizer, NotFiniteAtRest, "after a zero gradient params is"),
        (check_optimizer, ForgetsInAPickle, "after a pickle of the state steps differ by"),
        (check_schedule, LearnsFromMetrics, "after 100 metrics a rate was 0.0"),
        (check_initializer, NotReproducible, "two draws with one seed differ"),
        (check_initializer, SinglePrecision, "dtype float32, expected float64"),
        (check_initializer, WrongVariance, r"variance is 0.01\d+, expected 0.004"),
        (check_initializer, WrongShape, r"shape \(3,\), expected \(30, 20\)"),
        (check_loss, WrongSign, r"derivative along .* finite differences give"),
        (check_loss, WritesTargets, r"the loss changed y_true by .*, expected 0"),
        (check_loss, Widens, "value has dtype float64, expected float32"),
        (check_optimizer, Climbs, r"quadratic is .* expected under"),
        (check_optimizer, AllocatingDescent, r"update in float32 allocated \d+ bytes"),
        (check_optimizer, Normalized, "a chunk and of all parameters differ by .*, expected 0"),
        (check_optimizer, MovesItsStart, "minimize changed the start"),
        (check_optimizer, NeverStops, "the callback 30 times, expected 1 to 20"),
        (check_schedule, Unproportional, "twice the initial rate gives .*, expected"),
        (check_schedule, MutatesProgress, "progress became"),
        (check_schedule, CountsCalls, "progress became"),
        (check_schedule, SharesItsState, "init must return a new state"),
        (check_schedule, KeepsAFunction, "progress.state cannot be pickled"),
        (check_schedule, ForgetfulState, "after a pickle of the state the rates are"),
        (check_schedule, Negative, "the rate at step 0 is -0.1"),
        (check_schedule, NumPyRate, "the rate is a float64, expected a float"),
    ],
)
def test_broken_parts_fail(check, broken, message):
    with pytest.raises(AssertionError, match=message):
        check(broken())
