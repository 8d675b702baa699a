"""The votes of networks and ensembles, also inside scikit-learn's meta-estimators."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted

from sknn._core.typing import Array
from sknn.estimators import BaseMLP
from sknn.estimators.internals import (
    check_deviation,
    has_dropout,
    prediction_and_noise,
    predicts_noise,
)
from sknn.uncertainty._summaries import (
    ClassUncertainty,
    RegressionUncertainty,
    class_uncertainty,
    regression_uncertainty,
)
from sknn.uncertainty._units import in_units_of_y

# The default number of votes of a single network.
_N_PASSES: Final = 100

# Votes, and the standard deviations of the noise that they predict, or None.
_Votes = tuple[Array, Array | None]


def predict_votes(
    model: Any,
    X: Any,
    n_passes: int | None = None,
    *,
    return_std: bool = False,
    random_state: Any = 0,
) -> Any:
    """Return the votes of a network with dropout or of an ensemble, in the units of y.

    Parameters
    ----------
    model : estimator
        A fitted network with dropout, or a fitted ``BaggingClassifier`` or ``BaggingRegressor`` of
        networks. Each may be inside a Pipeline, TransformedTargetRegressor, GridSearchCV or
        RandomizedSearchCV.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs.
    n_passes : int or None, default=None
        The number of passes with dropout, for each network. None means 100 passes for a single
        network, and one pass without dropout for each member of an ensemble.
    return_std : bool, default=False
        Whether to return the standard deviation of the noise that each vote predicts as well. It
        needs networks with ``loss="gaussian"``.
    random_state : int, RandomState or None, default=0
        The random state that draws the dropout masks.

    Returns
    -------
    votes : ndarray of shape (n_votes, n_samples), (n_votes, n_samples, n_outputs) or \
(n_votes, n_samples, n_classes)
        The predictions of a regressor, or the probabilities of a classifier.
    votes_std : ndarray of the shape of votes
        The standard deviations of the noise; returned only with ``return_std=True``.

    Raises
    ------
    ValueError
        If a single network has no dropout, or if `return_std` is set and a network does not predict
        the noise.
    TypeError
        If the estimator is of a type that has no votes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import BaggingClassifier
    >>> from sknn import MLPClassifier
    >>> from sknn.uncertainty import class_uncertainty, predict_votes
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier(20, "tanh", max_iter=20, tol=0.1)
    >>> ensemble = BaggingClassifier(
    ...     network, 5, bootstrap=False, random_state=0
    ... ).fit(X, y)
    >>> votes = predict_votes(ensemble, X)
    >>> votes.shape
    (5, 150, 3)
    >>> class_uncertainty(votes).mutual_information.shape
    (150,)
    """
    poll = _Poll(n_passes, check_random_state(random_state), with_noise=return_std)
    votes, noise = poll.ask(model, X)
    if not return_std:
        return votes
    if noise is None:
        raise ValueError(
            f"return_std=True needs networks with loss='gaussian'; {type(model).__name__} "
            "predicts no noise."
        )
    return votes, noise


def predict_mean_std(
    model: Any, X: Any, n_passes: int | None = None, *, random_state: Any = 0
) -> tuple[Array, Array]:
    """Return the mean and the standard deviation of a regressor's predictions, in the units of y.

    It also works where ``predict(X, return_std=True)`` does not: for ensembles, and for models
    inside a ``TransformedTargetRegressor`` or a Pipeline.

    Parameters
    ----------
    model : estimator
        A fitted regressor, as for `predict_votes`. A network with ``loss="gaussian"`` may be
        without dropout; its standard deviation is then the noise alone.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs.
    n_passes : int or None, default=None
        The number of passes with dropout, as for `predict_votes`.
    random_state : int, RandomState or None, default=0
        The random state that draws the dropout masks.

    Returns
    -------
    mean, std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The mean of the votes, and the standard deviation of y around it. The latter covers the
        spread of the votes and, with ``loss="gaussian"``, the noise.

    Examples
    --------
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn import MLPRegressor
    >>> from sknn.uncertainty import predict_mean_std
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = MLPRegressor(30, loss="gaussian", dropout=0.1, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), network)
    >>> model = TransformedTargetRegressor(
    ...     pipeline, transformer=StandardScaler()
    ... ).fit(X, y)
    >>> mean, std = predict_mean_std(model, X)
    >>> print(
    ...     f"{std.mean().round(-1):.0f}, while the standard deviation",
    ...     f"of y is {y.std():.0f}",
    ... )
    50, while the standard deviation of y is 77
    """
    if is_classifier(model):
        raise TypeError(
            "predict_mean_std needs a regressor; for a classifier use predict_uncertainty."
        )
    uncertainty = predict_uncertainty(model, X, n_passes, random_state=random_state)
    assert isinstance(uncertainty, RegressionUncertainty)
    return uncertainty.mean, uncertainty.std


def predict_uncertainty(
    model: Any, X: Any, n_passes: int | None = None, *, random_state: Any = 0
) -> ClassUncertainty | RegressionUncertainty:
    """Return the uncertainty of each prediction, split into noise and doubt, in the units of y.

    Parameters
    ----------
    model : estimator
        A fitted model, as for `predict_votes`. A regressor with ``loss="gaussian"`` may be without
        dropout; its standard deviation is then the noise alone.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs.
    n_passes : int or None, default=None
        The number of passes with dropout, as for `predict_votes`.
    random_state : int, RandomState or None, default=0
        The random state that draws the dropout masks.

    Returns
    -------
    uncertainty : ClassUncertainty or RegressionUncertainty
        The entropies of a classifier, or the mean and the standard deviations of a regressor.

    Raises
    ------
    ValueError
        If a single network has neither dropout nor ``loss="gaussian"``, or if the predictions of
        its loss are not means, so that they have no standard deviation.
    TypeError
        If the estimator is of a type that has no votes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.uncertainty import predict_uncertainty
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(
    ...     50, dropout=0.5, max_iter=50, tol=0.1, random_state=0
    ... ).fit(X, y)
    >>> predict_uncertainty(model, X, n_passes=20).mutual_information.shape
    (150,)
    """
    if is_classifier(model):
        votes = predict_votes(model, X, n_passes, random_state=random_state)
        return class_uncertainty(votes)
    random_state = check_random_state(random_state)
    poll = _Poll(n_passes, random_state, with_noise=True, needs_deviation=True)
    return regression_uncertainty(*poll.ask(model, X))


@dataclass
class _Poll:
    """The settings with which votes are collected from networks and ensembles.

    Attributes
    ----------
    n_passes : int or None
        The number of passes with dropout, as for `predict_votes`.
    random_state : RandomState
        The random state that draws the dropout masks of all networks in turn.
    with_noise : bool
        Whether to collect the standard deviation of the noise from networks that predict it.
    needs_deviation : bool
        Whether predictions must be means with a standard deviation. The noise alone then suffices.
    """

    n_passes: int | None
    random_state: np.random.RandomState
    with_noise: bool
    needs_deviation: bool = False

    def ask(self, model: Any, X: Any, *, is_member: bool = False) -> _Votes:
        """Return the votes of an estimator, which may be a member of an ensemble."""
        check_is_fitted(model)
        if isinstance(model, BaseMLP):
            return self._of_network(model, X, is_member)
        if isinstance(model, Pipeline):
            for _, step in model.steps[:-1]:
                X = X if step in (None, "passthrough") else step.transform(X)
            return self.ask(model.steps[-1][1], X, is_member=is_member)
        if isinstance(model, TransformedTargetRegressor):
            votes = self.ask(model.regressor_, X, is_member=is_member)
            return in_units_of_y(model, *votes)
        if isinstance(model, (GridSearchCV, RandomizedSearchCV)):
            return self.ask(model.best_estimator_, X, is_member=is_member)
        if isinstance(model, (BaggingClassifier, BaggingRegressor)):
            return self._of_ensemble(model, X)
        if is_member and self.n_passes is None:
            return _plain(model, X)[np.newaxis], None
        raise TypeError(
            f"{type(model).__name__} has no votes: pass a network with dropout, a "
            "BaggingClassifier or a BaggingRegressor of networks, alone or inside a Pipeline, "
            "TransformedTargetRegressor, GridSearchCV or RandomizedSearchCV."
        )

    def _of_network(self, model: Any, X: Any, is_member: bool) -> _Votes:
        if self.needs_deviation:
            check_deviation(model)
        with_noise = self.with_noise and predicts_noise(model)
        is_enough = self.needs_deviation and with_noise and not has_dropout(model)
        if is_enough or (is_member and self.n_passes is None):
            if not with_noise:
                return _plain(model, X)[np.newaxis], None
            prediction, noise = prediction_and_noise(model, X)
            return prediction[np.newaxis], noise[np.newaxis]
        n_passes = _N_PASSES if self.n_passes is None else self.n_passes
        if with_noise:
            votes, noise = model.predict_votes(
                X, n_passes, return_std=True, random_state=self.random_state
            )
            return votes, noise
        return model.predict_votes(X, n_passes, random_state=self.random_state), None

    def _of_ensemble(self, model: Any, X: Any) -> _Votes:
        X = check_array(X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False)
        members = zip(model.estimators_, model.estimators_features_, strict=True)
        parts = []
        for member, features in members:
            votes, noise = self.ask(member, X[:, features], is_member=True)
            if is_classifier(model):
                votes = _all_classes(votes, member.classes_, model.n_classes_)
            parts.append((votes, noise))
        noises = [noise for _, noise in parts if noise is not None]
        together = np.concatenate([votes for votes, _ in parts])
        return together, np.concatenate(noises) if len(noises) == len(parts) else None


def _plain(model: Any, X: Any) -> Array:
    """Return the prediction of a model without dropout; for a classifier, the probabilities."""
    ask: Callable[[Any], Array] = model.predict_proba if is_classifier(model) else model.predict
    return ask(X)


def _all_classes(votes: Array, codes: Array, n_classes: int) -> Array:
    """Return the votes of a member with a column for every class of the ensemble.

    A member may have been trained on rows that do not contain all classes.
    """
    if len(codes) == n_classes:
        return votes
    filled = np.zeros((*votes.shape[:2], n_classes), votes.dtype)
    filled[:, :, codes] = votes
    return filled
