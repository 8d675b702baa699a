"""Checks of a part's promises, for those who write their own; nothing else imports this.

Each check raises an AssertionError that says what was expected and what was found.
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
