"""Monte-Carlo dropout: the votes of thinned networks, their mean and their spread."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from sklearn.utils import check_random_state

from sknn._core.strategy import Range
from sknn._core.typing import Array
from sknn.estimators import _checks as checks
from sknn.estimators._model import FittedModel, fitted_model
from sknn.estimators._targets import RegressionTargets
from sknn.losses import BINARY, MULTILABEL, Loss

N_PASSES: Final = Range(1, integer=True)

Convert = Callable[[Array], Array]


def has_dropout(estimator: Any) -> bool:
    """Tell whether a fitted network was trained with dropout."""
    dropouts = fitted_model(estimator).network.architecture.dropouts
    return any(dropout.rate > 0 for dropout in dropouts)


def to_predictions(model: FittedModel) -> tuple[Convert, int | None]:
    """Return what turns raw predictions into numbers or probabilities, and their columns.

    Parameters
    ----------
    model : FittedModel
        Its targets and link are read.

    Returns
    -------
    convert : callable
        Its results are of shape (n_rows,) or (n_rows, n_columns).
    n_columns : int or None
        None for a vector.
    """
    targets, apply_link = model.targets, model.network.apply_link
    if isinstance(targets, RegressionTargets):
        link = model.network.architecture.link
        return (lambda raw: targets.decode(raw, link)), targets.n_columns
    if targets.kind == MULTILABEL:
        return (lambda raw: between_0_and_1(apply_link(raw))), targets.n_outputs
    if targets.kind == BINARY:
        return (lambda raw: apply_link(both_classes(raw))), 2
    return apply_link, targets.n_outputs


def both_classes(raw_prediction: Array) -> Array:
    """Return the raw predictions of both classes, of shape (2, n_rows).

    ``sigmoid(-z)`` is exact where ``1 - sigmoid(z)`` would round to zero.
    """
    return np.concatenate([-raw_prediction, raw_prediction])


def between_0_and_1(probabilities: Array) -> Array:
    """Replace 0 and 1 by the nearest numbers between 0 and 1, in place."""
    zero, one = probabilities.dtype.type(0), probabilities.dtype.type(1)
    low, high = np.nextafter(zero, one), np.nextafter(one, zero)
    clipped: Array = np.clip(probabilities, low, high, out=probabilities)
    return clipped


def to_noise(model: FittedModel) -> Convert:
    """Return what turns raw predictions into variances of the noise, as `predict` shapes them."""
    targets, loss = model.targets, model.loss
    assert isinstance(targets, RegressionTargets)
    is_vector = targets.predicts_vector

    def convert(raw: Array) -> Array:
        variance = loss.noise_variance(raw)
        assert variance is not None
        return variance[0] if is_vector else variance.T

    return convert


def each_vote(
    estimator: Any, X: Any, n_passes: int, random_state: Any
) -> Iterator[tuple[slice, int, Array]]:
    """Yield rows of checked X, the number of a vote and its raw predictions.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Checked.
    n_passes : int
        Votes.
    random_state : int, RandomState or None
        Draws the seed of the masks.

    Raises
    ------
    ValueError
        If there is no dropout, `n_passes` is wrong, or X is so large that a vote is not finite.
    """
    network = fitted_model(estimator).network
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for rows, vote, raw_prediction in network.raw_votes(X, int(n_passes), seed):
            checks.check_predicted(raw_prediction, X, rows, "votes")
            yield rows, vote, raw_prediction


def check_votes(estimator: Any, X: Any, n_passes: Any) -> Any:
    """Return X as the network takes it; raise a ValueError if there can be no votes."""
    network = fitted_model(estimator).network
    if n_passes not in N_PASSES:
        raise ValueError(f"n_passes must be {N_PASSES}, got {n_passes!r}.")
    if not has_dropout(estimator):
        raise ValueError(
            f"Votes need dropout, but this {type(estimator).__name__} was trained without it: set "
            "dropout or input_dropout above 0 and fit again, or use an ensemble."
        )
    X = checks.check_inputs(estimator, X, network.dtype)
    checks.check_input_dropout(network.architecture.dropouts[0], X)
    return X


def votes_and_noise(
    estimator: Any, X: Any, n_passes: Any, random_state: Any, *, with_noise: bool = False
) -> tuple[Array, Array | None]:
    """Return all votes, of shape (n_passes, n_samples) or (n_passes, n_samples, n_columns).

    With `with_noise` the deviation of the noise that each vote predicts comes second.
    """
    X, model = check_votes(estimator, X, n_passes), fitted_model(estimator)
    convert, n_columns = to_predictions(model)
    shape = (int(n_passes), X.shape[0], *(() if n_columns is None else (n_columns,)))
    votes = np.empty(shape, model.network.dtype)
    noise = np.empty_like(votes) if with_noise else None
    variance = to_noise(model) if with_noise else None
    for rows, vote, raw in each_vote(estimator, X, n_passes, random_state):
        if noise is not None and variance is not None:
            noise[vote, rows] = np.sqrt(variance(raw))
            checks.check_predicted(noise[vote, rows], X, rows, "deviations")
        votes[vote, rows] = convert(raw)
        checks.check_predicted(votes[vote, rows], X, rows, "votes")
    return votes, noise


def mean_vote(estimator: Any, X: Any, n_passes: Any, random_state: Any) -> Array:
    """Return the mean of the votes, in memory that does not grow with their number."""
    return _moments(estimator, X, n_passes, random_state, with_noise=False)[0]


def mean_and_deviation(
    estimator: Any, X: Any, n_passes: Any, random_state: Any
) -> tuple[Array, Array]:
    """Return the mean of the votes and the deviation of y around it.

    The deviation holds the spread of the votes and, if the loss has a model of it, the noise.
    """
    with_noise = predicts_noise(estimator)
    mean, variance = _moments(estimator, X, n_passes, random_state, with_noise=with_noise)
    return mean, np.sqrt(variance, out=variance)


def _moments(
    estimator: Any, X: Any, n_passes: Any, random_state: Any, *, with_noise: bool
) -> tuple[Array, Array]:
    """Return the mean of the votes, and their variance with the mean variance of the noise."""
    X, model = check_votes(estimator, X, n_passes), fitted_model(estimator)
    convert, n_columns = to_predictions(model)
    noise = to_noise(model) if with_noise else None
    shape = (X.shape[0],) if n_columns is None else (X.shape[0], n_columns)
    mean, variance = (np.empty(shape, model.network.dtype) for _ in range(2))
    for rows, vote, raw in each_vote(estimator, X, n_passes, random_state):
        value = convert(raw).astype(np.float64)
        if vote == 0:  # of a new chunk
            center, squares = np.zeros_like(value), np.zeros_like(value)
        # Welford's update, which loses no digits where the spread is small.
        from_old = value - center
        center += from_old / (vote + 1)
        squares += from_old * (value - center)
        if noise is not None:
            squares += noise(raw)
        if vote == int(n_passes) - 1:
            mean[rows], variance[rows] = center, squares / n_passes
            checks.check_predicted(variance[rows], X, rows, "deviations")
    return mean, variance


def predicts_noise(estimator: Any) -> bool:
    """Tell whether the network predicts the variance of the noise."""
    return type(fitted_model(estimator).loss).noise_variance is not Loss.noise_variance


def prediction_and_noise(estimator: Any, X: Any) -> tuple[Array, Array]:
    """Return predictions without dropout, and the deviation of the noise."""
    model = fitted_model(estimator)
    convert, n_columns = to_predictions(model)
    noise = to_noise(model)
    predicted = estimator._predict(X, convert, n_columns)
    return predicted, np.sqrt(estimator._predict(X, noise, n_columns))


def check_deviation(estimator: Any, *, of_noise: bool = False) -> None:
    """Raise a ValueError if no standard deviation belongs to the predictions."""
    loss = fitted_model(estimator).loss
    if not loss.has_deviation:
        raise ValueError(
            f"return_std=True has no meaning with loss={loss!r}, because its predictions are not "
            "means. Fit with loss='gaussian' or 'squared_error', or use the votes of "
            "predict_votes."
        )
    if of_noise and not predicts_noise(estimator):
        raise ValueError(
            f"return_std=True needs loss='gaussian' here: loss={loss!r} predicts no noise."
        )
