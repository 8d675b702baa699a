"""Weights of rows and of classes."""

import numpy as np
import pandas as pd
import pytest
from common import STEP_TAKING, problem
from scipy import sparse

from sknn.optimizers import OPTIMIZERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = ("binary", "multiclass", "multilabel", "regression", "multioutput")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
EVERY_OPTIMIZER = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def make(kind="multiclass", **params):
    cls, X, y = problem(kind)
    return cls(**{"hidden_layer_sizes": 8, "max_iter": 4, "random_state": 0} | params), X, y


def assert_same(model, other, **tolerance):
    for one, two in zip(model.coefs_, other.coefs_, strict=True):
        np.testing.assert_allclose(one, two, **{"rtol": 1e-7, "atol": 1e-9} | tolerance)
    np.testing.assert_allclose(model.loss_curve_, other.loss_curve_, rtol=1e-9)


@EVERY_OPTIMIZER
@EVERY_KIND
def test_weight_of_two_is_the_row_twice(kind, optimizer):
    weighted, X, y = make(kind, optimizer=optimizer, batch_size=1000, alpha=0.1, tol=0.0)
    repeated = make(kind, optimizer=optimizer, batch_size=1000, alpha=0.1, tol=0.0)[0]
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    rows = np.repeat(np.arange(len(y)), counts)
    assert_same(weighted.fit(X, y, counts), repeated.fit(X[rows], y[rows]))


@EVERY_OPTIMIZER
def test_scale_of_the_weights_means_nothing(optimizer):
    model, X, y = make(optimizer=optimizer, tol=0.0)
    other = make(optimizer=optimizer, tol=0.0)[0].fit(X, y, np.full(len(y), 8.0))
    assert_same(model.fit(X, y), other)


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
def test_weights_act_on_sparse_rows_alike(wrap):
    model, X, y = make("regression")
    weight = np.random.default_rng(0).random(len(y))
    dense = [w.copy() for w in model.fit(X, y, weight).coefs_]
    np.testing.assert_allclose(model.fit(wrap(X), y, weight).coefs_[0], dense[0])
    assert not np.allclose(model.fit(X, y).coefs_[0], dense[0])


@pytest.mark.parametrize("optimizer", STEP_TAKING)
@EVERY_KIND
def test_batch_without_weight_is_skipped(kind, optimizer):
    model, X, y = make(kind, optimizer=optimizer, batch_size=40, shuffle=False, alpha=0.5)
    weight = np.ones(len(y))
    weight[40:80] = 0
    rest = make(kind, optimizer=optimizer, batch_size=40, shuffle=False, alpha=0.5)[0]
    model.fit(X, y, weight)
    some = np.flatnonzero(weight)
    n_steps = 1 if OPTIMIZERS[optimizer].full_batch else 2
    assert (
        model._model.training.progress.step
        == model._model.training.optimizer_state.step
        == 4 * n_steps
    )
    assert_same(model, rest.fit(X[some], y[some]))


@pytest.mark.parametrize(("dtype", "least"), [("float32", 1e-44), ("float64", 1e-320)])
@EVERY_KIND
def test_a_batch_may_weigh_next_to_nothing(kind, dtype, least):
    model, X, y = make(kind, batch_size=40, shuffle=False, dtype=dtype, alpha=0.0)
    weight = np.ones(len(y))
    weight[40:80] = least
    model.fit(X, y, weight)
    assert all(np.isfinite(coef).all() for coef in model.coefs_)


def test_skipped_batches_count_as_rows_seen():
    model, X, y = make(batch_size=40, shuffle=False)
    weight = np.ones(len(y))
    weight[:40] = 0
    assert model.fit(X, y, weight).t_ == 4 * len(y)


@pytest.mark.parametrize("params", [{}, {"optimizer": "lbfgs"}, {"optimizer": "gd"}])
def test_weights_that_vanish_with_class_weights_are_refused(params):
    model, X, y = make("binary", class_weight={0: 0.0, 1: 1.0}, **params)
    with pytest.raises(ValueError, match="weight"):
        model.fit(X, y, y == 0)


@pytest.mark.parametrize("seed", range(3))
def test_weights_that_vanish_in_a_part_of_the_split_are_refused(seed):
    model, X, y = make("regression", early_stopping=True, random_state=seed)
    weight = np.zeros(len(y))
    weight[0] = 1
    with pytest.raises(ValueError, match="weight"):
        model.fit(X, y, weight)


# ---------------------------------------------------------------- rows that do not count


def spoiled_rows(X, y, size):
    """Return data whose every third row has no weight and extreme values, and the weights."""
    weight = np.where(np.arange(len(y)) % 3, 1.5, 0.0)
    X, y = X.copy(), y.copy()
    X[weight == 0] = size * np.where(np.arange(X.shape[1]) % 2, 1, -1)
    if y.dtype.kind == "f":
        y[weight == 0] = size
    return X, y, weight


UNCOUNTED = {
    "plain": {},
    "tanh": {"hidden_layer_sizes": (8, 8, 8), "activation": "tanh"},
    "gd": {"optimizer": "gd"},
    "lbfgs": {"optimizer": "lbfgs"},
    "early stopping": {"early_stopping": True},
    "scored": {"early_stopping": True, "scoring": None},
    "absolute": {"loss": "absolute_error"},
    "poisson": {"loss": "poisson"},
}


@pytest.mark.parametrize("size", [1e4, 1e200])
@pytest.mark.parametrize("variation", UNCOUNTED)
@EVERY_KIND
def test_what_stands_in_a_row_without_weight_changes_no_bit(kind, variation, size):
    params = {"alpha": 0.5, **UNCOUNTED[variation]}
    if "loss" in params and kind not in ("regression", "multioutput"):
        return
    model, X, y = make(kind, **params)
    y = np.exp(y) if variation == "poisson" else y
    far_X, far_y, weight = spoiled_rows(X, y, size)
    plain = make(kind, **params)[0].fit(X, y, weight)
    found = model.fit(far_X, far_y, weight)
    assert found.loss_curve_ == plain.loss_curve_
    assert found.validation_scores_ == plain.validation_scores_
    for one, other in zip(found.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
def test_rows_without_weight_in_a_validation_set_and_in_sparse_data(wrap, early_stopping):
    model, X, y = make("regression", early_stopping=early_stopping, scoring="r2")
    X = np.where(np.abs(X) < 0.5, 0, X)
    far_X, far_y, weight = spoiled_rows(X, y, 1e200)
    curves = []
    for given_X, given_y in ((X, y), (far_X, far_y)):
        held = {"X_val": wrap(given_X), "y_val": given_y, "sample_weight_val": weight}
        model.fit(wrap(given_X), given_y, weight, **held)
        curves.append([model.loss_curve_, model.validation_loss_curve_, model.validation_scores_])
    assert curves[0] == curves[1]
    assert np.isfinite(curves).all()


def test_a_scorer_without_weights_sees_the_rows_that_fit_was_given():
    seen = []
    model, X, y = make("regression", early_stopping=True)
    weight = np.where(np.arange(len(y)) % 3, 1.5, 0.0)
    model.set_params(scoring=lambda model, X, y: seen.append(X) or 0.0, max_iter=1)
    model.fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    np.testing.assert_array_equal(seen[0], X)


# ---------------------------------------------------------------- class weights


@EVERY_OPTIMIZER
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_class_weights_are_weights_of_rows(kind, optimizer):
    of_class = {0: 0.5, 1: 3.0, 2: 2.0} if kind == "multiclass" else {0: 0.5, 1: 3.0}
    by_class, X, y = make(kind, optimizer=optimizer, class_weight=of_class, tol=0.0)
    by_row = make(kind, optimizer=optimizer, tol=0.0)[0]
    of_row = np.array([of_class[label] for label in y])
    assert_same(by_class.fit(X, y), by_row.fit(X, y, of_row), rtol=1e-12)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_balanced_classes_weigh_the_same(kind):
    balanced, X, y = make(kind, class_weight="balanced")
    of_row = len(y) / (len(np.unique(y)) * np.bincount(y)[y])
    assert_same(balanced.fit(X, y), make(kind)[0].fit(X, y, of_row), rtol=1e-12)


def test_class_weights_multiply_with_weights_of_rows():
    model, X, y = make("binary", class_weight={0: 3.0})
    weight = np.random.default_rng(0).random(len(y))
    by_row = make("binary")[0].fit(X, y, weight * np.where(y == 0, 3.0, 1.0))
    assert_same(model.fit(X, y, weight), by_row)


def test_balanced_by_weight_so_that_rows_may_be_repeated():
    counts = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), counts)
    model, X, y = make(class_weight="balanced", batch_size=1000)
    repeated = make(class_weight="balanced", batch_size=1000)[0].fit(X[rows], y[rows])
    assert_same(model.fit(X, y, counts), repeated)


@pytest.mark.parametrize("factor", [1e-12, 1e-100])
def test_balanced_classes_weigh_the_same_whatever_their_weights_were(factor):
    model, X, y = make("binary", class_weight="balanced")
    of_row = np.where(y == 0, factor, 1.0)
    assert_same(model.fit(X, y, of_row), make("binary", class_weight="balanced")[0].fit(X, y))


def test_class_weights_of_string_labels():
    model, X, y = make("binary", class_weight={"no": 3.0})
    named = model.fit(X, np.array(["no", "yes"])[y])
    assert_same(named, make("binary", class_weight={0: 3.0})[0].fit(X, y))


DAYS = np.array(["2020-01-01", "2020-02-29", "2021-01-01"], "datetime64[D]")


@pytest.mark.parametrize("unit", ["D", "s", "us", "ns"])
@pytest.mark.parametrize(
    "as_key", [lambda day: day, pd.Timestamp, lambda day: day.astype("M8[ns]")]
)
def test_class_weights_of_dates(as_key, unit):
    model, X, y = make(class_weight={as_key(DAYS[0]): 3.0, as_key(DAYS[2]): 0.5})
    dated = model.fit(X, DAYS.astype(f"datetime64[{unit}]")[y])
    assert_same(dated, make(class_weight={0: 3.0, 2: 0.5})[0].fit(X, y))


@pytest.mark.parametrize(("unit", "as_key"), [("D", "date"), ("s", "datetime")])
def test_class_weights_of_dates_by_python_dates(unit, as_key):
    labels = DAYS.astype(f"datetime64[{unit}]")
    model, X, y = make(class_weight={labels[0].item(): 3.0})
    assert type(labels[0].item()).__name__ == as_key
    assert_same(model.fit(X, labels[y]), make(class_weight={0: 3.0})[0].fit(X, y))


def test_class_weights_of_time_differences():
    labels = DAYS - DAYS[0]
    model, X, y = make(class_weight={labels[1]: 3.0})
    assert_same(model.fit(X, labels[y]), make(class_weight={1: 3.0})[0].fit(X, y))


def test_balanced_classes_of_dates():
    model, X, y = make(class_weight="balanced")
    dated = make(class_weight="balanced")[0].fit(X, DAYS[y])
    assert_same(dated, model.fit(X, y))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["2020-01-01"], "that are not among"),
        ([(1, 2, 3)], "that are not among"),
        ([pd.NA], "that are not among"),
        ([DAYS[0], DAYS[0].item()], "one key for a class"),
    ],
)
def test_class_weights_with_wrong_keys(keys, message):
    model, X, y = make(class_weight=dict.fromkeys(keys, 2.0))
    with pytest.raises(ValueError, match=message):
        model.fit(X, DAYS[y])


def test_class_of_weight_zero_counts_for_nothing():
    model, X, y = make(class_weight={2: 0.0}, batch_size=1000, max_iter=3)
    rest = make(batch_size=1000, max_iter=1)[0]
    rest.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    rest.partial_fit(X[y < 2], y[y < 2]).partial_fit(X[y < 2], y[y < 2])
    assert_same(model.fit(X, y), rest)


def test_class_weights_with_partial_fit():
    model, X, y = make(class_weight={1: 3.0})
    by_row = make()[0]
    for part in (slice(0, 60), slice(60, 120)):
        model.partial_fit(X[part], y[part], classes=[0, 1, 2])
        of_row = np.where(y[part] == 1, 3.0, 1.0)
        by_row.partial_fit(X[part], y[part], classes=[0, 1, 2], sample_weight=of_row)
    assert_same(model, by_row)


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_validation_is_weighted(scoring):
    params = {"early_stopping": True, "scoring": scoring}
    model, X, y = make("binary", class_weight={0: 5.0}, **params)
    model.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.arange(120.0))
    of_row = np.where(y == 0, 5.0, 1.0)
    by_row = make("binary", **params)[0]
    by_row.fit(X, y, of_row, X_val=X, y_val=y, sample_weight_val=of_row * np.arange(120.0))
    np.testing.assert_allclose(model.validation_loss_curve_, by_row.validation_loss_curve_)
    assert model.validation_scores_ == by_row.validation_scores_
    unweighted = make("binary", **params)[0].fit(X, y, of_row, X_val=X, y_val=y)
    assert unweighted.validation_loss_curve_ != by_row.validation_loss_curve_
