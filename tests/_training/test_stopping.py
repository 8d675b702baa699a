"""The end of training: patience, max_iter, the best weights, Ctrl-C."""

import warnings

import numpy as np
import pytest
from common import problem
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from sknn._training.engine import Engine
from sknn.optimizers import Minimizer

SMALL = {"hidden_layer_sizes": 8, "batch_size": 40, "random_state": 0}
UNCONVERGED = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make(kind="multiclass", **params):
    cls, X, y = problem(kind)
    return cls(**SMALL | params), X, y


@pytest.mark.parametrize("n_iter_no_change", [1, 3])
def test_training_loss_that_stands_still_ends_training(n_iter_no_change):
    model, X, y = make(tol=10.0, n_iter_no_change=n_iter_no_change)
    assert model.fit(X, y).n_iter_ == 1 + n_iter_no_change
    np.testing.assert_allclose(model.loss_, model.loss_curve_[-1])


def test_patience_counts_from_the_last_improvement_by_tol():
    model, X, y = make(learning_rate_init=0.01, tol=0.02, n_iter_no_change=4)
    curve = np.array(model.fit(X, y).loss_curve_)
    best_before = np.minimum.accumulate(np.concatenate([[np.inf], curve[:-1]]))
    improved = np.flatnonzero(curve <= best_before - 0.02)
    assert len(curve) - 1 - improved[-1] == 4
    assert (np.diff(improved) <= 4).all()
    assert 10 < len(curve) < 200


@pytest.mark.parametrize(("gain", "n_iter"), [(0.25, 8), (0.2499, 2)])
@UNCONVERGED
def test_a_gain_of_exactly_tol_is_an_improvement(gain, n_iter):
    scores = iter(gain * np.arange(8))
    model, X, y = make(early_stopping=True, scoring=lambda *_: float(next(scores)), tol=0.25)
    assert model.set_params(n_iter_no_change=1, max_iter=8).fit(X, y).n_iter_ == n_iter


def test_infinite_patience_never_stops():
    model, X, y = make(n_iter_no_change=float("inf"), tol=10.0, max_iter=60)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert model.n_iter_ == 60


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_max_iter_warns_and_partial_fit_does_not(kind, optimizer):
    model, X, y = make(kind, optimizer=optimizer, max_iter=3)
    with pytest.warns(ConvergenceWarning, match=rf"{type(model).__name__} reached max_iter=3"):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    if optimizer == "adam":
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.partial_fit(X, y)


def test_a_warning_turned_into_an_error_leaves_the_fitted_model():
    model, X, y = make(max_iter=3)
    with pytest.raises(ConvergenceWarning):
        model.fit(X, y)
    assert model.n_iter_ == 3


@UNCONVERGED
def test_without_early_stopping_the_last_weights_stay():
    model, X, y = make("regression", optimizer="sgd", learning_rate_init=0.3, max_iter=5)
    model.fit(X, y)
    assert model.best_loss_ == min(model.loss_curve_) < model.loss_
    assert model._model.network.parameters is model._model.training.parameters


@pytest.mark.parametrize("optimizer", ["adam", "gd", "lbfgs"])
@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
@UNCONVERGED
def test_early_stopping_keeps_the_weights_of_the_best_epoch(scoring, optimizer):
    early = {"early_stopping": True, "scoring": scoring, "n_iter_no_change": 3}
    early |= {"optimizer": optimizer, "learning_rate_init": 0.3, "validation_fraction": 0.3}
    early |= {"init": "xavier_uniform"}
    model, X, y = make(tol=0.0 if optimizer == "lbfgs" else 1e-4, **early)
    model.fit(X, y)
    curve = model.validation_loss_curve_
    metric = curve if scoring == "loss" else [-score for score in model.validation_scores_]
    best = int(np.argmin(metric))
    assert best + 1 < model.n_iter_ == len(metric)
    briefly = make(tol=0.0, max_iter=best + 1, **early)[0].fit(X, y)
    np.testing.assert_array_equal(
        model.coefs_[0], briefly._model.training.parameters["layer_0"][:-1]
    )
    np.testing.assert_array_equal(model.predict_proba(X), briefly.predict_proba(X))


def test_validation_loss_decides_not_the_training_loss():
    validation = problem("multiclass")[1][:20]
    model, X, y = make(early_stopping=True, learning_rate_init=0.01, n_iter_no_change=5, tol=0.0)
    opposite = (y[:20] + 1) % 3  # so that better on the one is worse on the other
    model.fit(X, y, X_val=validation, y_val=opposite)
    assert model.n_iter_ == 1 + 5 + np.argmin(model.validation_loss_curve_)
    assert model.loss_curve_ == sorted(model.loss_curve_, reverse=True)
    kept = log_loss(opposite, model.predict_proba(validation))
    assert kept == pytest.approx(min(model.validation_loss_curve_))


# ---------------------------------------------------------------- Ctrl-C


def interrupt(monkeypatch, name, at):
    """Make the `at`-th call of a method of the engine a Ctrl-C."""
    original, calls = getattr(Engine, name), []

    def method(self, *args):
        calls.append(args)
        if len(calls) == at:
            raise KeyboardInterrupt
        return original(self, *args)

    monkeypatch.setattr(Engine, name, method)


def interrupted_fit(model, X, y, n_epochs):
    with pytest.warns(UserWarning, match=rf"interrupted after {n_epochs} whole epochs"):
        return model.fit(X, y)


@UNCONVERGED
def test_interrupt_keeps_the_last_weights(monkeypatch):
    briefly, X, y = make(max_iter=4)
    briefly.fit(X, y)
    model = make()[0]
    interrupt(monkeypatch, "step", 13)  # of three steps an epoch: the fifth epoch's first
    interrupted_fit(model, X, y, 4)
    assert (model.n_iter_, model.t_) == (4, 480)
    assert model.loss_curve_ == briefly.loss_curve_
    np.testing.assert_array_equal(model.coefs_[0], briefly.coefs_[0])


@UNCONVERGED
def test_interrupt_within_an_epoch_counts_whole_epochs(monkeypatch):
    briefly, X, y = make(max_iter=4)
    briefly.fit(X, y)
    model = make()[0]
    interrupt(monkeypatch, "step", 15)
    interrupted_fit(model, X, y, 4)
    assert (model.n_iter_, len(model.loss_curve_)) == (4, 4)
    assert not np.array_equal(model.coefs_[0], briefly.coefs_[0])


@UNCONVERGED
def test_interrupt_with_early_stopping_keeps_the_best_weights(monkeypatch):
    scores = iter([0.1, 0.5, 0.3, 0.2])
    model, X, y = make(early_stopping=True, scoring=lambda *_: next(scores))
    interrupt(monkeypatch, "step", 13)
    with pytest.warns(UserWarning, match="The best weights so far were kept"):
        model.fit(X, y)
    assert model.validation_scores_ == [0.1, 0.5, 0.3, 0.2]
    monkeypatch.undo()
    briefly = make(early_stopping=True, max_iter=2)[0].fit(X, y)
    np.testing.assert_array_equal(
        model.coefs_[0], briefly._model.training.parameters["layer_0"][:-1]
    )


@UNCONVERGED
def test_interrupt_while_validating_leaves_curves_of_one_length():
    model, X, y = make(early_stopping=True, scoring=interrupting_scorer(3))
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    curves = model.loss_curve_, model.validation_loss_curve_, model.validation_scores_
    assert {len(curve) for curve in curves} == {model.n_iter_}


def interrupting_scorer(at):
    calls = []

    def scorer(model, X, y):
        calls.append(y)
        if len(calls) == at:
            raise KeyboardInterrupt
        return 0.5

    return scorer


@UNCONVERGED
def test_interrupt_before_the_first_epoch_leaves_the_initial_weights(monkeypatch):
    model, X, y = make()
    interrupt(monkeypatch, "step", 1)
    interrupted_fit(model, X, y, 0)
    assert (model.n_iter_, model.t_, model.loss_curve_) == (0, 0, [])
    assert model.predict(X).shape == (120,)


@UNCONVERGED
def test_interrupted_lbfgs_keeps_what_it_reached(monkeypatch):
    model, X, y = make("regression", optimizer="lbfgs")
    interrupt(monkeypatch, "objective", 12)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    n_iter = model.n_iter_
    assert 5 < n_iter < 12
    monkeypatch.undo()
    briefly = make("regression", optimizer="lbfgs", max_iter=n_iter)[0].fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], briefly.coefs_[0])


@UNCONVERGED
def test_fit_goes_on_after_an_interrupt_at_an_epoch(monkeypatch):
    whole, X, y = make(max_iter=8)
    whole.fit(X, y)
    model = make(max_iter=4, warm_start=True)[0]
    interrupt(monkeypatch, "step", 13)
    model.set_params(max_iter=8)
    interrupted_fit(model, X, y, 4).set_params(max_iter=4).fit(X, y)
    assert model.loss_curve_[:4] == whole.loss_curve_[:4]
    assert len(model.loss_curve_) == 8
    assert model.loss_ < model.loss_curve_[3]


@UNCONVERGED
def test_interrupt_outside_training_changes_nothing(monkeypatch):
    model, X, y = make()
    interrupt(monkeypatch, "__init__", 1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    assert not hasattr(model, "n_features_in_")


@UNCONVERGED
def test_interrupt_does_not_keep_weights_that_are_not_finite(monkeypatch):
    model, X, y = make(optimizer="sgd", learning_rate_init=1e308)
    interrupt(monkeypatch, "step", 2)
    with pytest.raises(ValueError, match="Training diverged in epoch 1: a parameter of layer_1"):
        model.fit(1000 * X, y)
    assert not hasattr(model, "coefs_")


class Overshooting(Minimizer):
    """Looks at a far point after its last iteration, as a line search may, and then ends."""

    def minimize(self, value_and_gradient, params, callback, max_iter, tol):
        self.reached = params
        for _ in range(max_iter):
            self.reached = self.reached - 0.1 * value_and_gradient(self.reached)[1]
            callback(self.reached)
        value_and_gradient(self.reached + 1)
        return self.end()

    def end(self):
        return True


class Interrupted(Overshooting):
    def end(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
@pytest.mark.parametrize("minimizer", [Overshooting, Interrupted])
def test_a_minimizer_leaves_the_last_point_reached_not_the_last_one_tried(minimizer, kind):
    optimizer = minimizer()
    model, X, y = make(kind, optimizer=optimizer, max_iter=3)
    if minimizer is Interrupted:
        interrupted_fit(model, X, y, 3)
    else:
        model.fit(X, y)
    np.testing.assert_array_equal(model._model.network.parameters.vector, model.optimizer_.reached)
