"""The history: one entry per epoch, compared with independently computed values."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from common import problem
from sklearn.exceptions import NotFittedError

from sknn._core import chunks
from sknn._training.step_statistics import StepStatistics

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (8, 5), "batch_size": 40, "max_iter": 6, "random_state": 0}
EVERY_WAY = pytest.mark.parametrize("optimizer", ["adam", "gd", "muon", "lbfgs"])
ALWAYS = ["loss", "penalty", "learning_rate", "gradient_norm"]
RATIOS = ["update_ratio_0", "update_ratio_1", "update_ratio_2"]


def make(kind="multiclass", **params):
    cls, X, y = problem(kind)
    return cls(**SMALL | params), X, y


def vector(model):
    return model._model.training.parameters.vector


@EVERY_WAY
@pytest.mark.parametrize("scoring", [None, "loss", "accuracy"])
def test_arrays_of_one_length(optimizer, scoring):
    early = {"early_stopping": True, "scoring": scoring} if scoring else {}
    model, X, y = make(optimizer=optimizer, **early)
    frame = pd.DataFrame(model.fit(X, y).history_)
    validation = {None: [], "loss": ["validation_loss"]}.get(
        scoring, ["validation_loss", "validation_score"]
    )
    assert sorted(frame) == sorted([*ALWAYS, *validation, *RATIOS, "seconds"])
    assert len(frame) == model.n_iter_
    assert frame.loss.tolist() == model.loss_curve_
    if scoring:
        assert frame.validation_loss.tolist() == model.validation_loss_curve_
    if scoring == "accuracy":
        assert frame.validation_score.tolist() == model.validation_scores_
    measured = frame.drop(columns="learning_rate") if optimizer == "lbfgs" else frame
    assert np.isfinite(measured.to_numpy()).all()


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3])
def test_penalty_is_that_of_the_weights(optimizer, l1_ratio):
    model, X, y = make(optimizer=optimizer, alpha=0.1, l1_ratio=l1_ratio)
    model.fit(X, y)
    weights = np.concatenate([coefs.ravel() for coefs in model.coefs_])
    expected = l1_ratio * np.abs(weights).sum() + (1 - l1_ratio) / 2 * (weights**2).sum()
    assert model.history_["penalty"][-1] == pytest.approx(0.1 * expected)


@pytest.mark.parametrize("clip_norm", [None, 1e-3])
def test_gradient_norm_is_that_of_the_last_step(clip_norm):
    steps = {"optimizer": "sgd", "batch_size": 120, "learning_rate_init": 0.5, "alpha": 0.1}
    before, X, y = make(**steps, clip_norm=clip_norm, max_iter=3)
    after = make(**steps, clip_norm=clip_norm, max_iter=4)[0].fit(X, y)
    # An unclipped step from the same weights shows the norm of the gradient.
    before.fit(X, y)
    unbounded = before.set_params(warm_start=True, max_iter=1, clip_norm=None)
    start = vector(unbounded).copy()
    step = vector(unbounded.fit(X, y)) - start
    assert after.history_["gradient_norm"][-1] == pytest.approx(np.linalg.norm(step) / 0.5)


def test_gradient_norm_of_lbfgs_is_small_at_the_end():
    model, X, y = make("regression", optimizer="lbfgs", max_iter=500, alpha=1.0, tol=1e-6)
    norms = model.fit(X, y).history_["gradient_norm"]
    assert norms[-1] < 1e-4 < norms[0]


@EVERY_WAY
@pytest.mark.parametrize("max_norm", [None, 0.5])
def test_update_ratios_are_those_of_the_last_step(optimizer, max_norm):
    if optimizer == "lbfgs" and max_norm:
        pytest.skip("lbfgs has no max_norm")
    params = {"optimizer": optimizer, "batch_size": 120, "max_norm": max_norm}
    before, X, y = make(**params, max_iter=3)
    before.fit(X, y)
    after = make(**params, max_iter=4)[0].fit(X, y)
    for i, (old, new) in enumerate(zip(before.coefs_, after.coefs_, strict=True)):
        expected = np.linalg.norm(new - old) / np.linalg.norm(new)
        assert after.history_[f"update_ratio_{i}"][-1] == pytest.approx(expected)


@pytest.mark.parametrize("n_samples", [120, 600])
def test_after_ten_epochs_a_step_is_measured_in_1500_rows(n_samples):
    model, X, y = make(max_iter=40, batch_size=40, tol=0.0, n_iter_no_change=99)
    X, y = np.resize(X, (n_samples, X.shape[1])), np.resize(y, n_samples)
    history = model.fit(X, y).history_
    starts = np.arange(40) * n_samples
    due = (starts // 1500 < (starts + n_samples) // 1500) | (np.arange(40) < 10)
    for name in ("gradient_norm", *RATIOS):
        np.testing.assert_array_equal(np.diff(history[name]) != 0, due[1:])
    at = np.flatnonzero(due)[-1]
    briefly = make(max_iter=at + 1, batch_size=40, tol=0.0, n_iter_no_change=99)[0].fit(X, y)
    assert briefly.history_["gradient_norm"][-1] == history["gradient_norm"][-1]


def test_learning_rates_are_the_schedules():
    model, X, y = make(learning_rate="exponential", batch_size=120, learning_rate_init=0.01)
    rates = model.fit(X, y).history_["learning_rate"]
    np.testing.assert_allclose(rates[1:] / rates[:-1], rates[1] / 0.01)
    assert rates[0] == 0.01 > rates[1]


@EVERY_WAY
@pytest.mark.parametrize("clip_norm", [None, 1e-3])
def test_statistics_of_several_chunks_are_those_of_one(optimizer, clip_norm, monkeypatch):
    clip_norm = None if optimizer == "lbfgs" else clip_norm
    model, X, y = make(optimizer=optimizer, clip_norm=clip_norm)
    whole = model.fit(X, y).history_
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 30)
    in_chunks = model.fit(X, y).history_
    assert vector(model).size > 90
    for name in ("gradient_norm", *RATIOS):
        np.testing.assert_allclose(in_chunks[name], whole[name], rtol=1e-7)


@EVERY_WAY
def test_measuring_changes_no_weight(optimizer, monkeypatch):
    model, X, y = make(optimizer=optimizer, dropout=0.0 if optimizer == "lbfgs" else 0.2)
    measured = vector(model.fit(X, y)).copy()
    off = property(lambda self: False, lambda self, value: None)
    monkeypatch.setattr(StepStatistics, "is_on", off, raising=False)
    np.testing.assert_array_equal(vector(model.fit(X, y)), measured)


def test_seconds_are_those_of_the_epochs():
    model, X, y = make(max_iter=20)
    start = time.perf_counter()
    model.fit(X, y)
    assert (model.history_["seconds"] > 0).all()
    assert model.history_["seconds"].sum() < time.perf_counter() - start


def test_warm_start_and_partial_fit_append():
    model, X, y = make(warm_start=True, max_iter=3)
    other = make(max_iter=7)[0].fit(X, y)
    model.fit(X, y).fit(X, y).partial_fit(X, y)
    frame, whole = pd.DataFrame(model.history_), pd.DataFrame(other.history_)
    pd.testing.assert_frame_equal(
        frame.drop(columns="seconds"), whole.drop(columns="seconds"), check_exact=True
    )
    assert model.loss_curve_ == frame.loss.tolist()


def test_epochs_before_the_first_validation_have_none():
    model, X, y = make(warm_start=True, max_iter=3)
    model.fit(X, y).set_params(early_stopping=True).fit(X, y)
    loss = model.history_["validation_loss"]
    assert np.isnan(loss).tolist() == [True] * 3 + [False] * 3


def test_history_needs_a_fit_and_its_training_state():
    model, X, y = make()
    assert not hasattr(model, "history_")
    model.fit(X, y)
    model._model = replace(model._model, training=None)
    with pytest.raises(NotFittedError, match="was saved without its training state"):
        _ = model.history_


def test_minimizer_that_finds_nothing_to_do_has_one_entry():
    model, X, y = make("regression", optimizer="lbfgs", tol=1e6)
    history = model.fit(X, y).history_
    assert model.n_iter_ == 0
    assert {len(curve) for curve in history.values()} == {1}
    assert [history[name][0] for name in RATIOS] == [0, 0, 0]


@pytest.mark.parametrize("early", [{}, {"early_stopping": True, "scoring": "loss"}])
def test_minimizer_that_finds_nothing_more_to_do_adds_no_entry(early):
    params = {"optimizer": "lbfgs", "tol": 1e-3, "warm_start": True, "max_iter": 200, **early}
    model, X, y = make("regression", hidden_layer_sizes=(), n_iter_no_change=300, **params)
    history = model.fit(X, y).history_
    assert model.n_iter_ > 1
    again = model.fit(X, y).history_
    assert model.n_iter_ == 0
    assert len(model.loss_curve_) == model._model.training.progress.epoch
    for name, curve in history.items():
        np.testing.assert_array_equal(again[name], curve)
