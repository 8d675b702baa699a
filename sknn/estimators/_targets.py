"""Targets: what a fit learns about y, how it encodes y, and how it decodes predictions.

The kinds of targets are ``"binary"`` (two classes, one output), ``"multiclass"`` (one output for
each class), ``"multilabel"`` (one output for each label) and ``"regression"``. A single class is
``"multiclass"``, with a softmax over one output.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sknn._core.strategy import NOT_NEGATIVE
from sknn._core.typing import Array
from sknn._training.data import DataSet
from sknn.activations import Activation
from sknn.estimators._checks import check_regression_targets, normalize_weights
from sknn.losses import BINARY, MULTICLASS, MULTILABEL, REGRESSION, Loss

# Weights below this share of the largest one count as zero. Its reciprocal does not overflow.
_NEGLIGIBLE: Final = 1e-290


def learn_targets(estimator: Any, y: Array, classes: Any, loss: Loss) -> "Targets":
    """Return the targets that a first fit learns from y.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator, which is a classifier or a regressor.
    y : ndarray of shape (n_samples,) or (n_samples, n_columns)
        The targets.
    classes : array-like or None
        The classes that the call passes.
    loss : Loss
        The loss.
    """
    if REGRESSION in estimator.targets:
        return RegressionTargets.learn(y, loss)
    return ClassTargets.learn(y, classes)


def encode_rows(
    estimator: Any, targets: "Targets", X: Any, y: Array, weight: Array | None, suffix: str = ""
) -> DataSet:
    """Return the data set of checked inputs, targets and weights, encoded for the network.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator, whose `class_weight` is read if it has one.
    targets : Targets
        The targets that encode y.
    X, y, weight
        Checked inputs, targets and weights.
    suffix : str, default=""
        The end of the argument names in errors, such as ``"_val"``.
    """
    encoded = targets.encode(y, X.dtype, f"y{suffix}")
    weight = targets.weigh(getattr(estimator, "class_weight", None), y, weight)
    name = f"sample_weight{suffix} times class_weight"
    return DataSet(X, encoded, normalize_weights(weight, X.dtype, name))


class Targets(ABC):
    """What a fit learned about y.

    Attributes
    ----------
    kind : str
        A kind of target that a loss may serve: ``"binary"``, ``"multiclass"``, ``"multilabel"`` or
        ``"regression"``.
    n_outputs : int
        Units of the output layer.
    """

    kind: str
    n_outputs: int

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """The fitted attributes of the estimator that describe the targets."""

    @abstractmethod
    def continued(self, y: Array, classes: Any, loss: Loss, *, is_part: bool) -> "Targets":
        """Return the targets with which training continues.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_columns)
            The targets of this call.
        classes : array-like or None
            The classes that the call passes.
        loss : Loss
            The loss of this call.
        is_part : bool
            Whether y may lack some of the classes, as in ``partial_fit``.

        Raises
        ------
        ValueError
            If y is of another kind or has other classes.
        """

    @abstractmethod
    def encode(self, y: Array, dtype: np.dtype[Any], name: str) -> Array:
        """Return y in the form that losses take after transposing; errors call it `name`.

        Returns
        -------
        encoded : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class codes if `kind` is ``"multiclass"``; numbers of the given dtype otherwise.
        """

    @property
    @abstractmethod
    def n_columns(self) -> int | None:
        """The number of columns that ``predict`` returns; None for a vector."""

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The dtype that ``predict`` returns; None for the dtype of the network."""
        return None

    @abstractmethod
    def decode(self, raw_prediction: Array, link: Activation) -> Array:
        """Return the predictions of ``predict`` for a chunk of rows.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_outputs, n_rows)
            The raw predictions of the rows.
        link : Activation
            Turns raw predictions into predictions.
        """

    def strata(self, encoded: Array) -> Array | None:
        """Return the classes by which a split of the rows is stratified; None if there are none."""
        return None

    def weigh(self, class_weight: Any, y: Array, weight: Array | None) -> Array | None:
        """Return the weight of each row, of shape (n_samples,), times that of its class."""
        return weight


@final
@dataclass(frozen=True)
class RegressionTargets(Targets):
    """Numbers.

    Attributes
    ----------
    loss : Loss
        The loss; some losses predict several columns for one target.
    n_outputs : int
        Units of the output layer.
    is_vector : bool
        Whether y is of shape (n_samples,).
    """

    loss: Loss
    n_outputs: int
    is_vector: bool
    kind: str = REGRESSION

    @classmethod
    def learn(cls, y: Array, loss: Loss) -> "RegressionTargets":
        """Return the targets of y."""
        return cls(loss, loss.n_outputs(1 if y.ndim == 1 else y.shape[1]), y.ndim == 1)

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    @property
    def predicts_vector(self) -> bool:
        """Whether predictions are of shape (n_samples,)."""
        return self.is_vector and not self.loss.predicts_columns

    def continued(self, y: Array, classes: Any, loss: Loss, *, is_part: bool) -> "Targets":
        return self.learn(y, loss)  # the number of outputs is checked with the layers

    def encode(self, y: Array, dtype: np.dtype[Any], name: str) -> Array:
        encoded = check_regression_targets(y, dtype, name)
        if self.loss.n_outputs(encoded.shape[1]) != self.n_outputs:
            raise ValueError(f"{name} has {encoded.shape[1]} outputs, y has {self.n_predictions}.")
        self.loss.check_targets(encoded, name)
        return encoded

    @property
    def n_predictions(self) -> int:
        return self.loss.n_predictions(self.n_outputs)

    @property
    def n_columns(self) -> int | None:
        return None if self.predicts_vector else self.n_predictions

    def decode(self, raw_prediction: Array, link: Activation) -> Array:
        prediction: Array = link(raw_prediction)[: self.n_predictions].T
        return prediction[:, 0] if self.predicts_vector else prediction


@final
@dataclass(frozen=True)
class ClassTargets(Targets):
    """Classes, or labels of which a row may have several.

    Attributes
    ----------
    kind : str
        ``"binary"``, ``"multiclass"`` or ``"multilabel"``.
    classes : ndarray of shape (n_classes,)
        The sorted classes; the numbers of the columns if ``kind`` is ``"multilabel"``.
    n_outputs : int
        Units of the output layer.
    """

    kind: str
    classes: Array
    n_outputs: int

    @classmethod
    def of(cls, kind: str, classes: Array) -> "ClassTargets":
        """Return the targets of a kind with the given classes."""
        return cls(kind, classes, 1 if kind == BINARY else len(classes))

    @classmethod
    def learn(cls, y: Array, classes: Any) -> "ClassTargets":
        """Return the targets of y with the classes that are passed, or else those in y."""
        if _kind(y) == MULTILABEL:
            if classes is not None and len(np.unique(classes)) != y.shape[1]:
                raise ValueError(
                    f"classes={classes!r} must name the {y.shape[1]} columns of labels of y."
                )
            return cls.of(MULTILABEL, np.arange(y.shape[1]))
        classes = np.unique(y if classes is None else np.asarray(classes))
        return cls.of(BINARY if len(classes) == 2 else MULTICLASS, classes)

    @property
    def attributes(self) -> dict[str, Any]:
        return {"classes_": self.classes}

    def continued(self, y: Array, classes: Any, loss: Loss, *, is_part: bool) -> "ClassTargets":
        is_multilabel = self.kind == MULTILABEL
        known = classes is None or np.array_equal(np.unique(classes), self.classes)
        if not (is_multilabel or known):
            raise ValueError(
                f"classes={classes!r} differs from the classes of the first call, {self.classes}."
            )
        kind = _kind(y)
        if (kind == MULTILABEL) != is_multilabel:
            raise ValueError(f"y is {kind}, and the fitted network's targets are {self.kind}.")
        if not (is_part or is_multilabel) and len(np.unique(y)) < len(self.classes):
            raise ValueError(
                "warm_start continues with the same classes as the previous call to fit, "
                f"{self.classes}; y has only {np.unique(y)}. Use partial_fit for a part of them."
            )
        return self

    def encode(self, y: Array, dtype: np.dtype[Any], name: str) -> Array:
        if self.kind == MULTILABEL:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"{name} must have {len(self.classes)} columns of labels, got shape {y.shape}."
                )
            return y.astype(dtype)
        if y.ndim != 1:
            raise ValueError(f"{name} must be of shape (n_samples,), got {y.shape}.")
        unknown = np.setdiff1d(y, self.classes)
        if unknown.size:
            raise ValueError(f"{name} has classes {unknown} that are not among {self.classes}.")
        codes = np.searchsorted(self.classes, y)
        return codes.astype(dtype)[:, np.newaxis] if self.kind == BINARY else codes

    @property
    def n_columns(self) -> int | None:
        return len(self.classes) if self.kind == MULTILABEL else None

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.intp) if self.kind == MULTILABEL else self.classes.dtype

    def decode(self, raw_prediction: Array, link: Activation) -> Array:
        if self.kind == MULTILABEL:
            return raw_prediction.T > 0
        if self.kind == BINARY:
            codes = (raw_prediction[0] > 0) * 1
        else:
            codes = raw_prediction.argmax(axis=0)
        decoded: Array = self.classes[codes]
        return decoded

    def strata(self, encoded: Array) -> Array | None:
        return None if self.kind == MULTILABEL else encoded.ravel()

    def weigh(self, class_weight: Any, y: Array, weight: Array | None) -> Array | None:
        """Return the weight of each row, of shape (n_samples,), times that of its class.

        Balanced weights depend on the weights of the rows: a weight of 2 counts as the row twice.
        """
        if class_weight is None:
            return weight
        if self.kind == MULTILABEL:
            raise ValueError(
                f"class_weight={class_weight!r} has no meaning where a row may have several "
                "labels: set class_weight=None, and weight rows with sample_weight."
            )
        if weight is not None:
            # Only ratios of weights count, and sums and products of large weights would overflow.
            # Division by a power of two is exact.
            weight = np.ldexp(weight, -np.frexp(weight.max())[1])
        if isinstance(class_weight, str) and class_weight == "balanced":
            by_class = _balanced(y, weight, self.classes)
        elif isinstance(class_weight, dict):
            by_class = _from_dict(class_weight, self.classes)
        else:
            raise ValueError(
                "class_weight must be None, 'balanced' or a dict of class to weight, got "
                f"{class_weight!r}."
            )
        by_row: Array = by_class[np.searchsorted(self.classes, y)]
        return by_row if weight is None else by_row * weight


def _balanced(y: Array, weight: Array | None, classes: Array) -> Array:
    if weight is not None:  # leave out classes whose weight is zero or nearly so
        counted = weight > _NEGLIGIBLE * weight.max()
        y, weight = y[counted], weight[counted]
    present = np.unique(y)
    weights = np.ones(len(classes))
    weights[np.searchsorted(classes, present)] = compute_class_weight(
        "balanced", classes=present, y=y, sample_weight=weight
    )
    return weights


def _from_dict(class_weight: dict[Any, float], classes: Array) -> Array:
    indices = {key: _index(key, classes) for key in class_weight}
    unknown = [key for key, index in indices.items() if index is None]
    if unknown:
        raise ValueError(f"class_weight has keys {unknown} that are not among {classes}.")
    if len(set(indices.values())) < len(indices):
        raise ValueError(f"class_weight must have one key for a class, got {class_weight!r}.")
    weights = [1.0] * len(classes)
    for key, index in indices.items():
        weights[index] = class_weight[key]
    if any(weight not in NOT_NEGATIVE for weight in weights) or not any(weights):
        raise ValueError(
            f"class_weight must hold weights of 0 or more, not all 0, got {class_weight!r}."
        )
    return np.array(weights, float)


def _index(key: Any, classes: Array) -> Any:
    """Return the index of a class, or None.

    Keys are compared instead of looked up, because equal dates of different types have different
    hashes.
    """
    try:
        same = np.flatnonzero(classes == key) if np.ndim(key) == 0 else np.empty(0, int)
    except (TypeError, OverflowError):  # neither equal nor different, such as pandas.NA
        return None
    return same[0] if same.size else None


def _kind(y: Array) -> str:
    try:
        with np.errstate(invalid="ignore"):  # type_of_target converts numbers to integers
            kind = str(type_of_target(y, input_name="y"))
            if kind not in (BINARY, MULTICLASS, "multilabel-indicator", "multiclass-multioutput"):
                check_classification_targets(y)  # raises an error that says why
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
