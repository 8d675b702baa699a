"""Labels of classes: their kind, their codes, the weights of their rows, their probabilities.

A target is ``"binary"`` (two classes, one output), ``"multiclass"`` (one output a class; a single
class is one of these, with a softmax over one output) or ``"multilabel"`` (one output a label).
"""

from typing import Any, Final

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sknn._core.strategy import NOT_NEGATIVE
from sknn._core.typing import Array
from sknn.losses import BINARY, MULTICLASS, MULTILABEL

# A share of the largest weight whose reciprocal is still far from overflow.
_NEXT_TO_NONE: Final = 1e-290


def learn(y: Array, classes: Any) -> tuple[str, Array]:
    """Return the kind of target, and the sorted classes: those given, or those of y."""
    if _kind(y) == MULTILABEL:
        if classes is not None and len(np.unique(classes)) != y.shape[1]:
            raise ValueError(
                f"classes={classes!r} must name the {y.shape[1]} columns of labels of y."
            )
        return MULTILABEL, np.arange(y.shape[1])
    classes = np.unique(y if classes is None else np.asarray(classes))
    return BINARY if len(classes) == 2 else MULTICLASS, classes


def check_same(y: Array, given: Any, target: str, classes: Array) -> None:
    """Raise a ValueError unless training for a target can go on with y and the classes given."""
    known = target == MULTILABEL or given is None or np.array_equal(np.unique(given), classes)
    if not known:
        raise ValueError(
            f"classes={given!r} differs from the classes of the first call, {classes}."
        )
    kind = _kind(y)
    if (kind == MULTILABEL) != (target == MULTILABEL):
        raise ValueError(f"y is {kind}, and the fitted network's targets are {target}.")


def check_complete(y: Array, target: str, classes: Array) -> None:
    """Raise a ValueError unless y has all the classes."""
    if target != MULTILABEL and len(np.unique(y)) < len(classes):
        raise ValueError(
            f"warm_start goes on with the same classes as the previous call to fit, {classes}; y "
            f"has only {np.unique(y)}. Use partial_fit for a part of them."
        )


def encode(y: Array, target: str, classes: Array, dtype: np.dtype[Any], name: str) -> Array:
    """Return labels as the losses want them.

    Returns
    -------
    encoded : ndarray of shape (n_samples,), (n_samples, 1) or (n_samples, n_labels)
        Class codes if multiclass; else 0 and 1, of the given dtype.
    """
    if target == MULTILABEL:
        if y.ndim != 2 or y.shape[1] != len(classes):
            raise ValueError(
                f"{name} must have {len(classes)} columns of labels, got shape {y.shape}."
            )
        return y.astype(dtype)
    if y.ndim != 1:
        raise ValueError(f"{name} must be of shape (n_samples,), got {y.shape}.")
    unknown = np.setdiff1d(y, classes)
    if unknown.size:
        raise ValueError(f"{name} has classes {unknown} that are not among {classes}.")
    codes = np.searchsorted(classes, y)
    return codes.astype(dtype)[:, np.newaxis] if target == BINARY else codes


def weigh(class_weight: Any, y: Array, weight: Array | None, target: str, classes: Array) -> Array:
    """Return the weight of each row's class times its own, of shape (n_samples,).

    A balanced one goes by the rows' own weights: a weight of 2 counts as the row twice.
    """
    if target == MULTILABEL:
        raise ValueError(
            f"class_weight={class_weight!r} has no meaning where a row may have several labels: "
            "set class_weight=None, and weigh rows with sample_weight."
        )
    if weight is not None:
        # Only ratios count, and sums and products of large weights would overflow; a power of two
        # changes no bit.
        weight = np.ldexp(weight, -np.frexp(weight.max())[1])
    if isinstance(class_weight, str) and class_weight == "balanced":
        of_classes = _balanced(y, weight, classes)
    elif isinstance(class_weight, dict):
        of_classes = _from_dict(class_weight, classes)
    else:
        raise ValueError(
            "class_weight must be None, 'balanced' or a dict of class to weight, got "
            f"{class_weight!r}."
        )
    of_rows: Array = of_classes[np.searchsorted(classes, y)]
    return of_rows if weight is None else of_rows * weight


def both_classes(raw_prediction: Array) -> Array:
    """Return raw predictions of both classes, of shape (2, n_rows).

    ``sigmoid(-z)`` is exact where ``1 - sigmoid(z)`` would round to zero.
    """
    return np.concatenate([-raw_prediction, raw_prediction])


def opened(probabilities: Array) -> Array:
    """Move what was rounded to 0 or 1 to the nearest number between them, in place."""
    zero, one = probabilities.dtype.type(0), probabilities.dtype.type(1)
    low, high = np.nextafter(zero, one), np.nextafter(one, zero)
    opened: Array = np.clip(probabilities, low, high, out=probabilities)
    return opened


def _balanced(y: Array, weight: Array | None, classes: Array) -> Array:
    if weight is not None:  # a class without weight, or with next to none, needs none
        counted = weight > _NEXT_TO_NONE * weight.max()
        y, weight = y[counted], weight[counted]
    present = np.unique(y)
    weights = np.ones(len(classes))
    weights[np.searchsorted(classes, present)] = compute_class_weight(
        "balanced", classes=present, y=y, sample_weight=weight
    )
    return weights


def _from_dict(class_weight: dict[Any, float], classes: Array) -> Array:
    places = {key: _place(key, classes) for key in class_weight}
    strange = [key for key, place in places.items() if place is None]
    if strange:
        raise ValueError(f"class_weight has keys {strange} that are not among {classes}.")
    if len(set(places.values())) < len(places):
        raise ValueError(f"class_weight must have one key for a class, got {class_weight!r}.")
    weights = [1.0] * len(classes)
    for key, place in places.items():
        weights[place] = class_weight[key]
    if any(weight not in NOT_NEGATIVE for weight in weights) or not any(weights):
        raise ValueError(
            f"class_weight must hold weights of 0 or more, not all 0, got {class_weight!r}."
        )
    return np.array(weights, float)


def _place(key: Any, classes: Array) -> Any:
    """Return the index of a class, or None.

    Keys are compared and not looked up: equal dates of different types have different hashes.
    """
    try:
        same = np.flatnonzero(classes == key) if np.ndim(key) == 0 else np.empty(0, int)
    except (TypeError, OverflowError):  # neither equal nor different, such as pandas.NA
        return None
    return same[0] if same.size else None


def _kind(y: Array) -> str:
    try:
        with np.errstate(invalid="ignore"):  # it turns numbers into integers
            kind = str(type_of_target(y, input_name="y"))
            if kind not in (BINARY, MULTICLASS, "multilabel-indicator", "multiclass-multioutput"):
                check_classification_targets(y)  # says what is wrong with it
    except TypeError as error:
        raise ValueError(f"y cannot be read as classes: {error}") from None
    if kind == "multilabel-indicator":
        return MULTILABEL
    if y.ndim != 1:
        raise ValueError(
            "y has several columns that are not 0 or 1: give one column of classes, a 0/1 matrix "
            "of labels, or wrap the classifier in MultiOutputClassifier."
        )
    return kind
