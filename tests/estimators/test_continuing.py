"""Continued training: warm start, partial_fit, changed parameters, and the end of training."""

from copy import deepcopy
from functools import partial
from typing import ClassVar

import numpy as np
import pytest
from common import STEP_TAKING, changes, pickled, problem, state
from scipy import sparse
from sklearn.metrics import f1_score, make_scorer

from sknn import MLPRegressor
from sknn.estimators._validation import name_scoring
from sknn.losses import SquaredError
from sknn.optimizers import LBFGS, OPTIMIZERS, Momentum
from sknn.schedules import SCHEDULES, Adaptive, Cosine, Warmup

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (8, 5), "batch_size": 32, "random_state": 0, "n_iter_no_change": 20}
RESTLESS = {"n_iter_no_change": 1, "tol": 0.5}  # every epoch is a plateau
VARIATIONS = {
    "plain": {},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "in order": {"shuffle": False},
    "early stopping": {"early_stopping": True, "learning_rate_init": 0.1},
    "scored": {"early_stopping": True, "scoring": "accuracy"},
    "adaptive": {"learning_rate": Adaptive(minimum=1e-30), **RESTLESS},
    "invscaling": {"learning_rate": "invscaling"},
    "float32": {"dtype": "float32"},
    "sparse": {},
    "weighted": {"class_weight": {0: 2.0}},
}
EVERY_VARIATION = pytest.mark.parametrize("variation", VARIATIONS)
EVERY_STEPPER = pytest.mark.parametrize("optimizer", STEP_TAKING)


def make(variation="plain", kind="multiclass", **params):
    """Return a small estimator and its data."""
    cls, X, y = problem(kind)
    X = sparse.csr_array(np.where(abs(X) < 0.5, 0, X)) if variation == "sparse" else X
    return cls(**SMALL | VARIATIONS[variation] | params), X, y


@EVERY_VARIATION
@EVERY_STEPPER
def test_two_fits_equal_one(optimizer, variation):
    whole, X, y = make(variation, optimizer=optimizer, max_iter=8)
    whole.fit(X, y)
    halves = make(variation, optimizer=optimizer, max_iter=4, warm_start=True)[0]
    first = state(halves.fit(X, y))
    assert changes(state(whole), first)
    halves.fit(X, y)
    assert changes(state(whole), state(halves)) == []
    assert (whole.n_iter_, halves.n_iter_) == (8, 4)
    assert len(halves.loss_curve_) == 8
    np.testing.assert_array_equal(whole.predict_proba(X), halves.predict_proba(X))


@EVERY_VARIATION
def test_two_fits_through_a_pickle_equal_one(variation):
    whole, X, y = make(variation, max_iter=8)
    halves = make(variation, max_iter=4, warm_start=True)[0].fit(X, y)
    assert changes(state(whole.fit(X, y)), state(pickled(halves).fit(X, y))) == []


@pytest.mark.parametrize("kind", ["binary", "multilabel", "regression", "multioutput"])
def test_two_fits_equal_one_for_every_kind_of_target(kind):
    whole, X, y = make(kind=kind, max_iter=8)
    halves = make(kind=kind, max_iter=4, warm_start=True)[0].fit(X, y).fit(X, y)
    assert changes(state(whole.fit(X, y)), state(halves)) == []


@pytest.mark.parametrize("schedule", [*SCHEDULES.values(), lambda: Warmup(Cosine())])
def test_two_fits_equal_one_unless_the_schedule_knows_its_end(schedule):
    params = {"learning_rate": schedule(), "optimizer": "momentum"}
    whole, X, y = make(max_iter=8, **params)
    halves = make(max_iter=4, warm_start=True, **params)[0].fit(X, y).fit(X, y)
    differ = changes(state(whole.fit(X, y)), state(halves))
    assert bool(differ) == schedule().knows_end


def test_patience_and_best_loss_go_on():
    params = {"tol": 10.0, "n_iter_no_change": 5}  # only the first epoch improves
    whole, X, y = make(max_iter=50, **params)
    halves = make(max_iter=4, warm_start=True, **params)[0].fit(X, y).fit(X, y)
    assert (whole.fit(X, y).n_iter_, halves.n_iter_) == (6, 2)
    assert changes(state(whole), state(halves)) == []


def test_converged_fit_goes_on_with_fresh_patience():
    model, X, y = make(max_iter=50, tol=10.0, n_iter_no_change=5, warm_start=True)
    counts = [model.fit(X, y).n_iter_ for _ in range(2)]
    assert counts == [6, 5]


def test_custom_scorer_goes_on_through_a_pickle():
    whole, X, y = make("early stopping", scoring=Scorer(), max_iter=8)
    halves = make("early stopping", scoring=Scorer(), max_iter=4, warm_start=True)[0].fit(X, y)
    whole.fit(X, y)
    halves = pickled(halves).fit(X, y)
    assert halves.validation_scores_ == whole.validation_scores_
    np.testing.assert_array_equal(halves.coefs_[0], whole.coefs_[0])


def share(model, X, y, of):
    return of * float((model.predict(X) == y).mean())


@pytest.mark.parametrize(
    ("scoring", "other"),
    [
        (lambda model, X, y: 100.0, lambda model, X, y: 1.0),
        (partial(share, of=5.0), partial(share, of=1.0)),
        (make_scorer(lambda y, predicted: 100.0), make_scorer(lambda y, predicted: 1.0)),
    ],
)
def test_another_scorer_of_the_same_name_knows_no_best(scoring, other):
    model, X, y = make("early stopping", scoring=scoring, warm_start=True, max_iter=2)
    model.fit(X, y).set_params(scoring=other).fit(X, y)
    assert model.best_validation_score_ <= 1
    assert len(model.validation_scores_) == 2  # those that are comparable


@pytest.mark.parametrize("copy", [deepcopy, pickled])
def test_a_copy_of_a_scorer_is_the_same(copy):
    average = "".join(["mac", "ro"])
    for scorer in (make_scorer(f1_score, average=average), partial(share, of=float("5")), Scorer()):
        assert name_scoring(copy(scorer)) == name_scoring(scorer)
    assert name_scoring(make_scorer(f1_score, average="micro")) != name_scoring(
        make_scorer(f1_score, average=average)
    )


def test_another_validation_fraction_sets_other_rows_aside():
    model, X, y = make("early stopping", warm_start=True, max_iter=2)
    same = deepcopy(model.fit(X, y)).fit(X, y)
    assert (
        len(model._model.training.validation_rows)
        == len(same._model.training.validation_rows)
        == 12
    )
    model.set_params(validation_fraction=0.5).fit(X, y)
    assert len(model._model.training.validation_rows) == len(model._model.training.order) == 60
    assert model._model.training.best == min(model.validation_loss_curve_[2:])


class Scorer:
    def __call__(self, model, X, y):
        return float((model.predict(X) == y).mean())


def test_a_shared_random_state_is_not_shared_while_going_on():
    whole, X, y = make(random_state=np.random.RandomState(0), max_iter=8)
    shared = np.random.RandomState(0)
    halves = make(random_state=shared, max_iter=4, warm_start=True)[0].fit(X, y)
    shared.random_sample(7)
    assert changes(state(whole.fit(X, y)), state(halves.fit(X, y))) == []


def test_global_random_state_is_not_part_of_a_fitted_model():
    model, X, y = make(random_state=None, max_iter=2)
    before = state(model.fit(X, y))
    np.random.random_sample(7)
    assert changes(before, state(model)) == []


# ---------------------------------------------------------------- partial_fit


@pytest.mark.parametrize(
    "variation", [name for name, params in VARIATIONS.items() if "early_stopping" not in params]
)
@EVERY_STEPPER
def test_partial_fits_equal_epochs(optimizer, variation):
    patient = {} if variation == "adaptive" else {"n_iter_no_change": float("inf")}
    whole, X, y = make(variation, optimizer=optimizer, max_iter=4, **patient)
    parts = make(variation, optimizer=optimizer, **patient)[0]
    for epoch in range(4):
        parts.partial_fit(X, y, classes=[0, 1, 2] if epoch == 0 else None)
    assert changes(state(whole.fit(X, y)), state(parts)) == []
    assert (whole.n_iter_, parts.n_iter_) == (4, 1)


def test_partial_fit_goes_on_after_fit():
    whole, X, y = make(max_iter=5)
    model = make(max_iter=4)[0].fit(X, y).partial_fit(X, y)
    assert changes(state(whole.fit(X, y)), state(model)) == []


def test_regressor_partial_fits_equal_epochs():
    whole, X, y = make(kind="multioutput", max_iter=3)
    parts = make(kind="multioutput")[0].partial_fit(X, y).partial_fit(X, y).partial_fit(X, y)
    assert changes(state(whole.fit(X, y)), state(parts)) == []


def test_partial_fit_takes_chunks_of_the_data():
    model, X, y = make(batch_size="auto")
    model.partial_fit(X[:50], y[:50], classes=[0, 1, 2, 3])
    assert (model.t_, model.n_iter_, model.predict_proba(X).shape) == (50, 1, (120, 4))
    model.partial_fit(X[50:], y[50:])
    assert (model.t_, model.n_iter_, len(model.loss_curve_)) == (120, 1, 2)
    only_one_class = y == 1
    model.partial_fit(X[only_one_class], y[only_one_class])
    assert model.classes_.tolist() == [0, 1, 2, 3]


def test_partial_fit_learns():
    model, X, y = make(learning_rate_init=0.01)
    for _ in range(100):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert model.score(X, y) > 0.95


def test_partial_fit_refuses_balanced_classes():
    model, X, y = make(class_weight="balanced")
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
@pytest.mark.parametrize("early_stopping", [True, np.True_])
def test_early_stopping_has_no_partial_fit(kind, early_stopping):
    model, *_ = make(kind=kind, early_stopping=early_stopping)
    with pytest.raises(AttributeError, match="partial_fit") as error:
        model.partial_fit  # noqa: B018
    assert "early_stopping=True has no partial_fit" in str(error.value.__cause__)
    assert hasattr(model.set_params(early_stopping=False), "partial_fit")


def test_partial_fit_needs_classes_at_first_and_the_same_later():
    model, X, y = make()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"\[2\] that are not among \[0 1\]"):
        model.partial_fit(X, y, classes=[0, 1])
    model.partial_fit(X, y, classes=[2, 1, 0]).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="differs from the classes of the first call"):
        model.partial_fit(X, y, classes=[0, 1, 2, 3])


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
@pytest.mark.parametrize("optimizer", ["lbfgs", LBFGS(history_size=5)])
def test_partial_fit_is_absent_for_lbfgs(optimizer, kind):
    model, _, _ = make(kind=kind, optimizer=optimizer)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as error:
        _ = model.partial_fit
    assert str(error.value.__cause__) == (
        f"optimizer={optimizer!r} has no partial_fit: it runs its own loop. Continue with fit and "
        "warm_start=True, or set optimizer='adam'."
    )
    assert hasattr(model.set_params(optimizer="adam"), "partial_fit")


# ---------------------------------------------------------------- changes in between


@pytest.mark.parametrize("other", [name for name in STEP_TAKING if name != "momentum"])
def test_another_optimizer_class_starts_a_new_state(other):
    model, X, y = make(optimizer="momentum", max_iter=3, warm_start=True)
    model.fit(X, y).set_params(optimizer=other, max_iter=1).fit(X, y)
    n_steps = 1 if OPTIMIZERS[other].full_batch else 4
    assert model._model.training.optimizer_state.step == n_steps
    assert type(model.optimizer_) is OPTIMIZERS[other]
    assert (len(model.loss_curve_), model.n_iter_) == (4, 1)


def test_other_hyperparameters_keep_the_state():
    model, X, y = make(optimizer=Momentum(0.9), max_iter=3, warm_start=True)
    velocity = model.fit(X, y)._model.training.optimizer_state.slots[0]
    model.set_params(learning_rate_init=1e-300, max_iter=1, alpha=0.0, batch_size=120)
    states = {}
    for momentum in (0.0, 0.5):
        going_on = deepcopy(model).set_params(optimizer__momentum=momentum).fit(X, y)
        states[momentum] = going_on._model.training.optimizer_state
    assert states[0.5].step == 13
    of_before = states[0.5].slots[0] - states[0.0].slots[0]
    np.testing.assert_allclose(of_before, 0.5 * velocity, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("sizes", [(9, 5), (8,), (8, 5, 3), ()])
def test_changed_layer_size_is_an_error(optimizer, sizes):
    model, X, y = make(optimizer=optimizer, max_iter=2, warm_start=True)
    model.fit(X, y).set_params(hidden_layer_sizes=sizes)
    before = state(model)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.fit(X, y)
    assert changes(before, state(model)) == []
    model.set_params(warm_start=False).fit(X, y)
    assert model.n_layers_ == len(sizes) + 2


def test_partial_fit_refuses_another_layer_size_or_dtype():
    model, X, y = make()
    model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="dtype='float32' differs from float64"):
        model.set_params(dtype="float32").partial_fit(X, y)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.set_params(dtype=None, hidden_layer_sizes=3).partial_fit(X, y)


def test_warm_start_refuses_other_features_and_classes():
    model, X, y = make(max_iter=2, warm_start=True)
    model.fit(X, y)
    with pytest.raises(ValueError, match="4 features, but MLPClassifier is expecting 6"):
        model.fit(X[:, :4], y)
    with pytest.raises(ValueError, match="same classes as the previous call"):
        model.fit(X[y > 0], y[y > 0])
    with pytest.raises(ValueError, match=r"classes \[3\]"):
        model.fit(X, y + 1)


def test_warm_start_keeps_float32():
    model, X, y = make(max_iter=2, warm_start=True)
    model.fit(X.astype(np.float32), y).fit(X, y)
    assert model.coefs_[0].dtype == model.predict_proba(X).dtype == np.float32


def test_without_warm_start_fit_starts_anew():
    model, X, y = make(max_iter=3)
    once = state(model.fit(X, y))
    assert changes(once, state(model.fit(X, y))) == []


def test_lbfgs_goes_on_from_its_weights():
    model, X, y = make(kind="regression", optimizer="lbfgs", max_iter=5, warm_start=True)
    first = model.fit(X, y).loss_
    model.fit(X, y)
    assert model.loss_curve_[5] < first
    assert (model.n_iter_, len(model.loss_curve_)) == (5, 10)


def test_warm_start_of_an_unfitted_model_is_a_fit():
    model, X, y = make(max_iter=3)
    warm = make(max_iter=3, warm_start=True)[0]
    assert changes(state(model.fit(X, y)), state(warm.fit(X, y))) == []


def test_early_stopping_goes_on_from_the_last_weights_on_the_same_rows():
    seen = []

    def scorer(model, X, y):
        seen.append(X.copy())
        return -len(seen)  # the first is best

    model, X, y = make(early_stopping=True, scoring=scorer, max_iter=3, warm_start=True)
    best = model.fit(X, y).coefs_[0].copy()
    last = model._model.training.parameters["layer_0"][:-1].copy()
    assert not np.array_equal(best, last)
    model.set_params(learning_rate_init=1e-300, max_iter=1, optimizer="sgd").fit(X, y)
    np.testing.assert_array_equal(model._model.training.parameters["layer_0"][:-1], last)
    np.testing.assert_array_equal(model.coefs_[0], best)
    assert model.validation_scores_ == [-1, -2, -3, -4]
    assert all(np.array_equal(rows, seen[0]) for rows in seen)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    "change", [{"activation": "tanh"}, {"alpha": 1.0}, {"dropout": 0.5}, "y", "rows", "weights"]
)
def test_another_objective_or_other_data_forgets_the_best(change, early_stopping):
    model, X, y = make(max_iter=5, warm_start=True, early_stopping=early_stopping)
    model.fit(X, y).set_params(**change if isinstance(change, dict) else {})
    weight = np.arange(1, len(y) + 1) if change == "weights" else None
    y = (y + 1) % 3 if change == "y" else y
    X = X[::-1].copy() if change == "rows" else X
    model.fit(X, y, weight)
    curve = model.validation_loss_curve_ if early_stopping else model.loss_curve_
    assert model._model.training.best == min(curve[5:])
    assert model.n_iter_ == 5


class RecordedSquaredError(SquaredError):
    """Notes the targets of each batch."""

    seen: ClassVar[list[float]] = []

    def value_and_gradient(self, raw_prediction, y_true, value, gradient, scratch):
        self.seen.extend(y_true.ravel().tolist())
        super().value_and_gradient(raw_prediction, y_true, value, gradient, scratch)


@pytest.mark.parametrize("other", [False, True])
def test_other_data_of_equal_length_start_in_their_own_order(other):
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0)
    RecordedSquaredError.seen.clear()
    model = MLPRegressor(3, loss=RecordedSquaredError(), batch_size=8, max_iter=2, warm_start=True)
    model.set_params(random_state=0).fit(X, y).set_params(shuffle=False, max_iter=1)
    last = RecordedSquaredError.seen[40:80]  # of the second epoch
    RecordedSquaredError.seen.clear()
    model.fit(X, y + other)
    assert last != y.tolist()
    assert RecordedSquaredError.seen[:40] == ((y + 1).tolist() if other else last)


def test_other_data_of_equal_length_set_their_own_rows_aside():
    model, X, y = make("early stopping", warm_start=True, max_iter=2, validation_fraction=0.25)
    first = model.fit(X, y)._model.training.validation_rows
    y = np.roll(y, 40)
    second = model.fit(X, y)._model.training.validation_rows
    assert sorted(first) != sorted(second)
    expected = 0.25 * np.bincount(y)
    assert abs(np.bincount(y[second]) - expected).max() < 1  # the shares of the new classes
