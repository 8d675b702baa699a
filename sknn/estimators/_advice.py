"""The warning after a fit, at most one: what is wrong, and what to do about it."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator

from sknn import exceptions
from sknn._training.diagnosis import Diagnosis
from sknn._training.loop import INTERRUPTED, MAX_ITER
from sknn._training.state import TrainingState
from sknn.estimators._convergence import Trend
from sknn.estimators._divergence import short
from sknn.optimizers import Minimizer

# The ratio of two scales, or of a scale to 1, above which they are too far apart.
_FAR: Final = 1e3
# If all features are smaller than this, they hardly change the units.
_TINY: Final = 0.01
# A mean of more standard deviations than this hides the variation. (One row in 256 makes 16.)
_OFF_CENTRE: Final = 20.0
# The ratio of the scales of a validation set and X above which they were scaled differently.
_ANOTHER_SCALE: Final = 10.0
# The most distance, in units of their spread, between the medians of y and a y_val of its scale.
_ANOTHER_PLACE: Final = 10.0
# The smallest standard deviation of a target whose squared error a `tol` of 1e-4 resolves.
_SMALL_TARGET: Final = 0.03
# The shares of dead units and of saturated activations in a layer that are worth a warning.
_DEAD, _SATURATED = 0.5, 0.75
# The fewest rows from which units are judged.
_ENOUGH: Final = 30
# A layer's gradient vanishes or explodes below and above these ratios to the output layer's. It has
# not vanished on the way through the layers above the third ratio, to the last hidden layer's.
_VANISHED, _EXPLODED, _FADED = 1e-3, 1e3, 0.1
# The ratio of a loss to that of a constant prediction above which signals have exploded.
_ABSURD: Final = 100.0


@dataclass
class Ending:
    """The end of a call to `fit` or `partial_fit`.

    Attributes
    ----------
    outcome : str
        One of the outcomes in `sknn._training.loop`.
    training : TrainingState
        The training state.
    learning_rate : float
        The learning rate at the start.
    diagnosis : Diagnosis or None
        The measurements; None if only an interruption leads to a warning.
    """

    outcome: str
    training: TrainingState
    learning_rate: float
    diagnosis: Diagnosis | None = None

    @property
    def facts(self) -> Diagnosis:
        assert self.diagnosis is not None
        return self.diagnosis


@dataclass
class _Finding:
    category: type[Warning]
    problem: str
    advice: str


def compose_warning(estimator: BaseEstimator, ending: Ending) -> Warning | None:
    """Return the most helpful warning, or None; it also names all other problems."""
    if ending.outcome == INTERRUPTED:
        finding = _interrupted(estimator)
    elif ending.diagnosis is None:
        return None
    else:
        findings = list(filter(None, (look(estimator, ending) for look in _LOOKS)))
        if not findings:
            return None
        problem = ". It also ".join(finding.problem for finding in findings)
        finding = replace(findings[0], problem=problem)
    return finding.category(f"{type(estimator).__name__} {finding.problem}. {finding.advice}")


def warn(warning: Warning | None, stacklevel: int = 4) -> None:
    """Issue the warning, if there is one."""
    if warning is not None:
        warnings.warn(warning, stacklevel=stacklevel)


def _interrupted(estimator: BaseEstimator) -> _Finding:
    weights = "The best weights so far" if estimator.early_stopping else "The last weights"
    return _Finding(
        exceptions.InterruptedWarning,
        f"was interrupted after {estimator.n_iter_} whole epochs (iterations) of this call",
        f"{weights} were kept; fit with warm_start=True continues from them. To leave a loop of "
        "fits, press Ctrl-C twice within two seconds.",
    )


def _call(estimator: BaseEstimator) -> str:
    """Return the estimator as code for a message, shortened if it is long or not Python."""
    call = " ".join(BaseEstimator.__repr__(estimator).split())  # without the comment about layers
    is_python = " at 0x" not in call  # the repr of most objects, and of a RandomState
    return call if len(call) < 70 and is_python else f"{type(estimator).__name__}(...)"


def _features(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    problem = _unscaled(ending.facts)
    if problem is None:
        return None
    scaler = _scaler(ending.facts)
    return _Finding(
        exceptions.FeatureScaleWarning,
        problem,
        f"Scale X:\n\n"
        f"    from sklearn.pipeline import make_pipeline\n"
        f"    from sklearn.preprocessing import {scaler}\n"
        f"    model = make_pipeline({scaler}(), {_call(estimator)})",
    )


def _unscaled(diagnosis: Diagnosis) -> str | None:
    smallest, largest = diagnosis.feature_scales
    if largest > _FAR * min(smallest, 1.0):
        return (
            f"got features of sizes from {short(smallest)} to {short(largest)} (root mean square), "
            "too far from each other or from 1 for one learning rate"
        )
    if largest < _TINY:
        return (
            f"got features of sizes up to {short(largest)} (root mean square), too small to "
            "affect the units"
        )
    if diagnosis.feature_offset > _OFF_CENTRE:
        return (
            f"got a feature whose mean is {short(diagnosis.feature_offset)} times its standard "
            "deviation, so that its variation has little effect"
        )
    return None


def _validation_features(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    scale = ending.facts.validation_scale
    if 1 / _ANOTHER_SCALE <= scale <= _ANOTHER_SCALE:
        return None
    return _Finding(
        exceptions.FeatureScaleWarning,
        f"got an X_val whose features vary {short(scale)} times as much as those of X (median), "
        "so the validation used data of another scale",
        "Pass scaler.transform(X_val), or in a Pipeline enable metadata routing and set "
        "transform_input=['X_val'].",
    )


def _validation_target(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    scale, offset = ending.facts.validation_target
    if not 1 / _ANOTHER_SCALE <= scale <= _ANOTHER_SCALE:
        problem = f"that varies {short(scale)} times as much as y"
    elif offset > _ANOTHER_PLACE:
        problem = f"whose median differs from that of y by {short(offset)} times its spread"
    else:
        return None
    return _Finding(
        exceptions.TargetScaleWarning,
        f"got a y_val {problem}, so the validation used targets of another scale",
        "Transform y_val like y, because TransformedTargetRegressor does not: fit its "
        "transformer to y, and pass transformer.transform(y_val.reshape(-1, 1)).ravel().",
    )


def _target(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    scales = ending.facts.target_scales
    if estimator._model.loss.positive_targets or not scales:
        return None
    if scales[0] >= _SMALL_TARGET and scales[-1] <= _FAR:
        return None
    far = scales[0] if scales[0] < _SMALL_TARGET else scales[-1]
    return _Finding(
        exceptions.TargetScaleWarning,
        f"got targets y with a standard deviation of {short(far)}, but tol and the default rates "
        "are chosen for a standard deviation near 1",
        f"Scale y:\n\n"
        f"    from sklearn.compose import TransformedTargetRegressor\n"
        f"    from sklearn.preprocessing import StandardScaler\n"
        f"    model = TransformedTargetRegressor(\n"
        f"        {_call(estimator)}, transformer=StandardScaler()\n"
        f"    )",
    )


def _exploding(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    problem = _explosion(ending.facts, ending.training)
    if problem is None:
        return None
    ways = [f"lower learning_rate_init (now {ending.learning_rate:g})", "set clip_norm=1"]
    if _runs_by_itself(estimator):
        ways = ["scale X and y"]
    if estimator.init != "auto":
        ways.insert(0, "use init='auto'")
    *first, last = ways
    advice = f"{', '.join([*first, f'or {last}'])}." if first else f"{last}."
    advice = advice[0].upper() + advice[1:]
    return _Finding(exceptions.ExplodingGradientWarning, problem, advice)


def _explosion(diagnosis: Diagnosis, training: TrainingState) -> str | None:
    measured = len(training.penalties)  # a model converted from scikit-learn's has a longer curve
    curve = np.subtract(training.loss_curve[-measured:], training.penalties)
    if 0 < diagnosis.baseline < math.inf and curve.max() > _ABSURD * diagnosis.baseline:
        epoch, times = int(curve.argmax()), short(float(curve.max()) / diagnosis.baseline)
        return (
            f"had a loss of {short(curve.max())} in epoch {epoch + 1}, {times} times that of a "
            f"constant prediction, with a gradient of norm {short(training.gradient_norms[epoch])}"
            ": signals explode on their way through the layers"
        )
    ratios = _ratios(diagnosis)
    if ratios and max(ratios) > _EXPLODED:
        return (
            f"has an exploding gradient: that of {_layer(ratios, max)} is {short(max(ratios))} "
            "times the output layer's"
        )
    return None


def _identical(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    alike = ending.facts.alike
    if not any(alike):
        return None
    layer = alike.index(True) + 1
    return _Finding(
        exceptions.IdenticalUnitsWarning,
        f"has identical units: all units of hidden layer {layer} have the same weights, biases and "
        "gradients, so they act as a single unit",
        f"Use a random init, such as 'auto' (now {estimator.init!r}). If init is already random, "
        f"use a smaller alpha (now {estimator.alpha:g}).",
    )


def _dead(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    shares = ending.facts.dead
    if ending.facts.n_rows < _ENOUGH or not any(share >= _DEAD for share in shares):
        return None
    worst = int(np.nanargmax(shares))
    lower = f"lower learning_rate_init (now {ending.learning_rate:g})"
    ways = ["scale X" if _runs_by_itself(estimator) else lower]
    for name in ("init", "bias_init"):
        if getattr(estimator, name) != "auto":
            ways.insert(0, f"use {name}='auto'")
    return _Finding(
        exceptions.DeadUnitsWarning,
        f"has dead units: {shares[worst]:.0%} of the units in hidden layer {worst + 1} have a "
        f"derivative of zero on all of {ending.facts.n_rows} rows, so they get no gradient",
        f"To avoid it, {', '.join(ways)}, or use activation='leaky_relu'.",
    )


def _saturated(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    # Half of the units of a healthy ReLU layer are saturated.
    pairs = zip(ending.facts.saturated, ending.facts.squashing, strict=True)
    shares = [share if squashes else math.nan for share, squashes in pairs]
    # The last of several layers may be saturated because the predictions are certain.
    counted = shares[: max(1, len(shares) - 1)]
    if ending.facts.n_rows < _ENOUGH or not any(share >= _SATURATED for share in counted):
        return None
    worst = int(np.nanargmax(counted))
    return _Finding(
        exceptions.SaturatedUnitsWarning,
        f"has saturated units: {shares[worst]:.0%} of the activations of hidden layer {worst + 1} "
        f"on {ending.facts.n_rows} rows are at a limit of their range, where the gradient is small",
        "To avoid it, scale X, keep init='auto', lower learning_rate_init, or use "
        "activation='relu'.",
    )


def _vanishing(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    ratios, curve = _ratios(ending.facts), ending.training.loss_curve
    # A gradient of exactly zero has other causes: output weights of zero, or dead units.
    if not ratios or not 0 < min(ratios) < _VANISHED or curve[-1] < curve[0] / 2:
        return None
    # While the output weights are small, as at the start, all hidden layers have small gradients.
    if min(ratios) > _FADED * ratios[-1]:
        return None
    return _Finding(
        exceptions.VanishingGradientWarning,
        f"has a vanishing gradient: that of {_layer(ratios, min)} is {min(ratios):.2g} of the "
        f"output layer's, and the loss has barely fallen, to {curve[-1]:.4g}",
        "Use activation='relu' or 'selu', keep init='auto', or use fewer layers.",
    )


def _unconverged(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    if ending.outcome != MAX_ITER:
        return None
    training, n_iter = ending.training, estimator.n_iter_
    validated = estimator.early_stopping and training.validation_loss_curve
    curve = training.validation_loss_curve if validated else training.loss_curve
    curve = curve[-n_iter:] if n_iter else curve[-1:]
    # A validation loss is too noisy for a forecast.
    trend = Trend.of(curve, math.inf if validated else estimator.tol)
    if not trend.still_moves():
        return None
    limit = estimator.max_iter
    end = f"reached max_iter={limit}" if n_iter >= limit else f"gave up after {n_iter} iterations"
    description = trend.describe("validation loss" if validated else "loss")
    return _Finding(
        exceptions.NotConvergedWarning,
        f"{end} before it converged{description}",
        _more_or_less(estimator, ending, trend.change),
    )


def _more_or_less(estimator: BaseEstimator, ending: Ending, change: float) -> str:
    """Return the advice for a loss that still moves."""
    if _runs_by_itself(estimator):
        return f"Raise max_iter, for example to {5 * estimator.max_iter}{_or_scale(ending.facts)}."
    if change < 0:
        return (
            f"Lower learning_rate_init (now {ending.learning_rate:g}), or let it decay, with "
            "learning_rate='adaptive' or 'cosine'."
        )
    return (
        f"Raise max_iter, for example to {5 * estimator.max_iter}, or learning_rate_init (now "
        f"{ending.learning_rate:g}){_or_scale(ending.facts)}."
    )


def _or_scale(diagnosis: Diagnosis) -> str:
    if diagnosis.is_scaled:
        return ""
    if diagnosis.shared_maximum:  # pixels: a scaler would magnify those that are mostly zero
        return f", or divide X by {diagnosis.shared_maximum:g}"
    return f", or scale X with {_scaler(diagnosis)}"


def _scaler(diagnosis: Diagnosis) -> str:
    return "MaxAbsScaler" if diagnosis.is_sparse else "StandardScaler"


def _batch_size(estimator: BaseEstimator, ending: Ending) -> _Finding | None:
    n_rows, optimizer = ending.training.n_training, estimator.optimizer_
    ignored = isinstance(optimizer, Minimizer) or optimizer.full_batch
    if ignored or isinstance(estimator.batch_size, str) or estimator.batch_size <= n_rows:
        return None
    return _Finding(
        exceptions.BatchSizeWarning,
        f"got batch_size={estimator.batch_size}, larger than the {n_rows} rows to train on, and "
        f"clipped it to {n_rows}",
        f"Set batch_size='auto' or {n_rows}, or optimizer='gd' for steps that take all rows.",
    )


def _runs_by_itself(estimator: BaseEstimator) -> bool:
    return isinstance(estimator.optimizer_, Minimizer)


def _ratios(diagnosis: Diagnosis) -> list[float]:
    """Return the ratios of the hidden layers' gradients to the output layer's, if that is not 0."""
    *hidden, output = diagnosis.gradients
    return [norm / output for norm in hidden] if 0 < output < math.inf else []


def _layer(ratios: list[float], choose: Callable[[Any], float]) -> str:
    return f"hidden layer {ratios.index(choose(ratios)) + 1} of {len(ratios)}"


# In this order, so that causes come before their symptoms.
_LOOKS: Final = (
    *(_features, _validation_features, _validation_target, _target, _exploding, _identical),
    *(_dead, _saturated, _vanishing, _unconverged, _batch_size),
)
