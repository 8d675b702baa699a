"""Checks that your own activations, losses, optimizers and other strategies follow their contracts.

Call a check in a test. It raises an AssertionError that shows the expected and the actual value.
"""

from sknn.testing._activation import check_activation
from sknn.testing._initializer import check_initializer
from sknn.testing._loss import check_loss
from sknn.testing._optimizer import check_optimizer
from sknn.testing._schedule import check_schedule

__all__ = [
    "check_activation",
    "check_initializer",
    "check_loss",
    "check_optimizer",
    "check_schedule",
]
