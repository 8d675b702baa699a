"""Summaries of votes: entropies for classes, means and standard deviations for numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr

from sknn._core.typing import Array


@dataclass(frozen=True)
class ClassUncertainty:
    """The uncertainty of a classifier's predictions; entropies are in nats.

    Attributes
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        The mean of the votes.
    predictive_entropy : ndarray of shape (n_samples,)
        The entropy of the mean of the votes: the total uncertainty about the class.
    expected_entropy : ndarray of shape (n_samples,)
        The mean of the votes' entropies: the noise of the classes, which no model can reduce.
    mutual_information : ndarray of shape (n_samples,)
        The difference of the two entropies: the disagreement of the votes, or doubt of the model.

    Examples
    --------
    >>> from sknn.uncertainty import class_uncertainty
    >>> class_uncertainty([[[1.0, 0.0]], [[0.5, 0.5]]]).probabilities
    array([[0.75, 0.25]])
    """

    probabilities: Array
    predictive_entropy: Array
    expected_entropy: Array
    mutual_information: Array


@dataclass(frozen=True)
class RegressionUncertainty:
    """The uncertainty of a regressor's predictions, with ``std^2 = noise_std^2 + votes_std^2``.

    Attributes
    ----------
    mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The mean of the votes.
    std : ndarray of the shape of mean
        The standard deviation of y around the mean: the total uncertainty.
    noise_std : ndarray of the shape of mean, or None
        The standard deviation of the noise in y: the root of the mean variance that the votes
        predict. None if the model does not predict the noise.
    votes_std : ndarray of the shape of mean
        The standard deviation of the votes: the doubt of the model.

    Examples
    --------
    >>> from sknn.uncertainty import regression_uncertainty
    >>> regression_uncertainty([[1.0], [2.0]]).votes_std
    array([0.5])
    """

    mean: Array
    std: Array
    noise_std: Array | None
    votes_std: Array


def class_uncertainty(votes: Any) -> ClassUncertainty:
    """Compute the entropies of a classifier's votes.

    Parameters
    ----------
    votes : array-like of shape (n_votes, n_samples, n_classes)
        Probabilities whose sum over the classes is 1. For multilabel targets, pass
        ``np.stack([1 - votes, votes], axis=-1)`` to get a result for each row and label.

    Returns
    -------
    uncertainty : ClassUncertainty
        Predictive entropy, expected entropy and mutual information of each row.

    Examples
    --------
    >>> from sknn.uncertainty import class_uncertainty
    >>> agreed = [[[0.5, 0.5]], [[0.5, 0.5]]]  # two votes on one row
    >>> split = [[[1.0, 0.0]], [[0.0, 1.0]]]
    >>> for votes in (agreed, split):
    ...     found = class_uncertainty(votes)
    ...     print(
    ...         found.predictive_entropy.round(3),
    ...         found.mutual_information.round(3),
    ...     )
    [0.693] [0.]
    [0.693] [0.693]
    """
    votes = np.asarray(votes)
    if votes.ndim < 3 or not len(votes):
        raise ValueError(
            f"votes must be of shape (n_votes, n_samples, n_classes), got {votes.shape}."
        )
    sums = votes.sum(axis=-1)
    if not (np.abs(sums - 1) < 1e-3).all() or votes.min(initial=0) < 0:
        raise ValueError(
            f"votes must be probabilities whose sum over the classes is 1, got sums from "
            f"{sums.min():.3g} to {sums.max():.3g}. Pass np.stack([1 - votes, votes], axis=-1) for "
            "independent labels."
        )
    probabilities = votes.mean(axis=0)
    predictive = entr(probabilities).sum(axis=-1)
    expected = entr(votes).sum(axis=-1).mean(axis=0)
    # Jensen's inequality excludes negative values, up to rounding.
    return ClassUncertainty(
        probabilities, predictive, expected, np.maximum(predictive - expected, 0)
    )


def regression_uncertainty(votes: Any, votes_std: Any = None) -> RegressionUncertainty:
    """Compute the mean and the standard deviations of a regressor's votes.

    Parameters
    ----------
    votes : array-like of shape (n_votes, n_samples) or (n_votes, n_samples, n_outputs)
        The predictions.
    votes_std : array-like of the shape of votes, default=None
        The standard deviation of the noise that each vote predicts.

    Returns
    -------
    uncertainty : RegressionUncertainty
        The mean, the standard deviation, and the parts of noise and doubt.

    Examples
    --------
    >>> from sknn.uncertainty import regression_uncertainty
    >>> found = regression_uncertainty([[0.0], [6.0]], [[4.0], [4.0]])
    >>> found.mean, found.noise_std, found.votes_std, found.std
    (array([3.]), array([4.]), array([3.]), array([5.]))
    """
    votes = np.asarray(votes)
    if votes.ndim < 2 or not len(votes):
        raise ValueError(f"votes must be of shape (n_votes, n_samples, ...), got {votes.shape}.")
    mean, spread = votes.mean(axis=0), votes.std(axis=0)
    if votes_std is None:
        return RegressionUncertainty(mean, spread, None, spread)
    votes_std = np.asarray(votes_std)
    if votes_std.shape != votes.shape:
        raise ValueError(
            f"votes_std must have the shape of votes, {votes.shape}, got {votes_std.shape}."
        )
    noise = np.sqrt(np.square(votes_std).mean(axis=0))
    return RegressionUncertainty(mean, np.hypot(noise, spread), noise, spread)
