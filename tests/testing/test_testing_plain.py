"""`sknn.testing` on classes in plain NumPy: correctness precedes memory, in clear messages."""

from dataclasses import dataclass

import numpy as np
import pytest
from test_testing import AllocatingDescent, AllocatingLoss

from sknn.activations import Activation
from sknn.losses import LOSSES
from sknn.optimizers import GD
from sknn.testing import check_activation, check_loss, check_optimizer


@dataclass(repr=False, eq=False)
class Bent(Activation):
    """a = sqrt(z^2 + 1) - 1 + z, in plain NumPy, as one writes it first: it allocates."""

    needs_z = True

    def forward(self, z, a, scratch):
        a[...] = np.sqrt(z * z + 1) - 1 + z

    def backward(self, delta, z, a, scratch):
        delta *= z / np.sqrt(z * z + 1) + 1


@dataclass(repr=False, eq=False)
class BentWrongly(Bent):
    def backward(self, delta, z, a, scratch):
        delta *= z / (2 * np.sqrt(z * z + 1)) + 1


@dataclass(repr=False, eq=False)
class BentReturned(Bent):
    def forward(self, z, a, scratch):
        return np.sqrt(z * z + 1) - 1 + z


@dataclass(repr=False, eq=False)
class BentBackReturned(Bent):
    def backward(self, delta, z, a, scratch):
        return delta * (z / np.sqrt(z * z + 1) + 1)


@dataclass(repr=False, eq=False)
class BentNowhere(Bent):
    def forward(self, z, a, scratch):
        a = np.sqrt(z * z + 1) - 1 + z  # noqa: F841


@dataclass(repr=False, eq=False)
class BentWithoutZ(Bent):
    needs_z = False


@dataclass(repr=False, eq=False)
class AllocatingAscent(GD):
    def update(self, params, grad, state, learning_rate):
        params += learning_rate * grad


@dataclass(repr=False, eq=False)
class RebindsParams(GD):
    def update(self, params, grad, state, learning_rate):
        params = params - learning_rate * grad


@dataclass(repr=False, eq=False)
class AllocatingWrongSign(LOSSES["squared_error"]):
    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        gradient[...] = y_true - raw_prediction
        value[...] = (gradient**2).sum(axis=0) / 2

    def gradient(self, raw_prediction, y_true):
        return y_true - raw_prediction


ALLOCATES = "(?s)allocated .* in place, .*out=a.*, and keep other arrays in "


@pytest.mark.parametrize(
    ("check", "broken", "message"),
    [
        (check_activation, Bent, ALLOCATES + r"the result of scratch\(z\)"),
        (check_activation, BentWrongly, "derivative along direction"),
        (check_activation, BentReturned, "forward returned a ndarray, expected None: .* out=a"),
        (check_activation, BentBackReturned, "backward returned a ndarray, .* out=delta"),
        (check_activation, BentNowhere, "did not write all of a"),
        (check_activation, BentWithoutZ, "derivative along .* the class must set needs_z = True"),
        (check_optimizer, AllocatingDescent, ALLOCATES + "the state that init returns"),
        (check_optimizer, AllocatingAscent, "quadratic is .* expected under"),
        (check_optimizer, RebindsParams, "changed no parameter: .* out=params"),
        (check_loss, AllocatingLoss, ALLOCATES + r"the result of scratch\(raw_prediction\)"),
        (check_loss, AllocatingWrongSign, "derivative along direction"),
    ],
)
def test_memory_is_checked_last_and_messages_say_what_to_do(check, broken, message):
    with pytest.raises(AssertionError, match=message):
        check(broken())
