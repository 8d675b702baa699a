"""What a fit warns of, at most one a fit, and the error of training that diverges.

Each kind of warning can be silenced, or made an error, alone. All but `BatchSizeWarning` and
`InterruptedWarning` are `TrainingWarning`, and so scikit-learn's ``ConvergenceWarning``.

Examples
--------
>>> import warnings
>>> from sknn.exceptions import NotConvergedWarning
>>> warnings.simplefilter("ignore", NotConvergedWarning)
"""

from sklearn.exceptions import ConvergenceWarning


class TrainingWarning(ConvergenceWarning):  # type: ignore[misc]  # no types there
    """Base of the warnings that training could have gone better."""


class NotConvergedWarning(TrainingWarning):
    """Training reached its limit while the loss was still falling or rising."""


class FeatureScaleWarning(TrainingWarning):
    """Features are far from each other's scale, or from 1."""


class TargetScaleWarning(TrainingWarning):
    """The targets of a regression are far from unit scale."""


class IdenticalUnitsWarning(TrainingWarning):
    """All units of a layer have the same weights and the same gradient, and are worth one."""


class DeadUnitsWarning(TrainingWarning):
    """Half of a layer's rectifiers or more are constant, and get no gradient any more."""


class SaturatedUnitsWarning(TrainingWarning):
    """Most activations of a layer are at an end of their range, and pass little gradient on."""


class VanishingGradientWarning(TrainingWarning):
    """A layer's gradient is so much smaller than the output layer's that it hardly learns."""


class ExplodingGradientWarning(TrainingWarning):
    """The loss was far above that of a constant, or a layer's gradient far above the output's."""


class BatchSizeWarning(UserWarning):
    """`batch_size` is larger than the number of rows to train on, and was clipped to it."""


class InterruptedWarning(UserWarning):
    """Training was interrupted with Ctrl-C, and the weights so far were kept."""


__all__ = [
    "BatchSizeWarning",
    "DeadUnitsWarning",
    "ExplodingGradientWarning",
    "FeatureScaleWarning",
    "IdenticalUnitsWarning",
    "InterruptedWarning",
    "NotConvergedWarning",
    "SaturatedUnitsWarning",
    "TargetScaleWarning",
    "TrainingWarning",
    "VanishingGradientWarning",
]


class DivergedError(ValueError):
    """Training diverged: a loss, a gradient or a weight became NaN or infinite.

    The message names the epoch, the layer and the likeliest cause.
    """
