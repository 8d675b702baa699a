"""The warnings of a fit, and the error for training that diverges.

A fit issues at most one warning. Each class of warning can be ignored, or turned into an error,
separately. All classes except `BatchSizeWarning` and `InterruptedWarning` are subclasses of
`TrainingWarning`, which is a ``ConvergenceWarning`` of scikit-learn.

Examples
--------
>>> import warnings
>>> from sknn.exceptions import NotConvergedWarning
>>> warnings.simplefilter("ignore", NotConvergedWarning)
"""

from sklearn.exceptions import ConvergenceWarning


class TrainingWarning(ConvergenceWarning):  # type: ignore[misc]  # no types there
    """Base of the warnings about problems of training."""


class NotConvergedWarning(TrainingWarning):
    """Training reached its limit while the loss was still falling or rising."""


class FeatureScaleWarning(TrainingWarning):
    """The scales of the features differ too much from each other or from 1."""


class TargetScaleWarning(TrainingWarning):
    """The targets of a regression are far from unit scale."""


class IdenticalUnitsWarning(TrainingWarning):
    """All units of a layer have the same weights and gradients, so they act as a single unit."""


class DeadUnitsWarning(TrainingWarning):
    """At least half of the rectifiers of a layer are constant, so they get no gradient."""


class SaturatedUnitsWarning(TrainingWarning):
    """Most activations of a layer are at a limit of their range, where the gradient is small."""


class VanishingGradientWarning(TrainingWarning):
    """A layer's gradient is so much smaller than the output layer's that it barely learns."""


class ExplodingGradientWarning(TrainingWarning):
    """The loss was far above that of a constant, or a gradient far above the output layer's."""


class BatchSizeWarning(UserWarning):
    """`batch_size` exceeded the number of training rows and was reduced to it."""


class InterruptedWarning(UserWarning):
    """Ctrl-C interrupted training, and the estimator kept the weights so far."""


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

    The message names the epoch, the layer and the most likely cause.
    """
