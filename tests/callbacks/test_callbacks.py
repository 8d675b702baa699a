"""Callbacks: their arguments, stopping, and the callbacks of scikit-learn."""

import importlib
import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from common import leaves, problem, state
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import callbacks
from sknn.callbacks import EpochCallback, StopOnTarget, TimeBudget, fitted_so_far, training_of
from sknn.estimators._callbacks import Watch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 8, "batch_size": 40, "max_iter": 6, "random_state": 0}
OPTIMIZERS = pytest.mark.parametrize("optimizer", ["adam", "gd", "lbfgs"])


def make(kind="multiclass", **params):
    cls, X, y = problem(kind)
    return cls(**SMALL | params), X, y


class Log:
    """Writes down its calls, and asks to stop after an epoch."""

    def __init__(self, stop_after=None):
        self.calls, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context):
        self.calls.append(("end", context.task_name, context.task_id))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


class Keep(EpochCallback):
    """Keeps the estimator of every epoch."""

    def __init__(self):
        self.kept = []

    def after_epoch(self, estimator):
        self.kept.append(fitted_so_far(estimator))


class Fail(EpochCallback):
    def after_epoch(self, estimator):
        raise RuntimeError("from a callback")


@OPTIMIZERS
def test_one_task_an_epoch(optimizer):
    model, X, y = make(optimizer=optimizer, max_iter=3)
    log = Log()
    model.set_callbacks(log).fit(X, y)
    epochs = [(each, "epoch", number) for number in range(3) for each in ("begin", "end")]
    assert log.calls == ["setup", ("begin", "fit", 0), *epochs, ("end", "fit", 0), "teardown"]


@OPTIMIZERS
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_stop_is_honoured(optimizer, early_stopping):
    params = {"optimizer": optimizer, "early_stopping": early_stopping}
    briefly, X, y = make(**params, max_iter=2)
    briefly.fit(X, y)
    model = make(**params)[0].set_callbacks(Log(stop_after=2)).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 2
    np.testing.assert_array_equal(model.predict_proba(X), briefly.predict_proba(X))


def test_a_stop_is_no_failure_to_converge():
    model, X, y = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_callbacks(Log(stop_after=2)).fit(X, y)


@OPTIMIZERS
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_model_in_the_middle_is_that_of_a_shorter_fit(optimizer, early_stopping):
    params = {"optimizer": optimizer, "early_stopping": early_stopping}
    model, X, y = make(**params)
    keep = Keep()
    model.set_callbacks(keep).fit(X, y)
    assert len(keep.kept) == model.n_iter_ == 6
    for n_epochs, kept in enumerate(keep.kept, start=1):
        briefly = make(**params, max_iter=n_epochs)[0].fit(X, y)
        assert kept.n_iter_ == n_epochs
        assert leaves(state(kept)) == leaves(state(briefly))
        np.testing.assert_array_equal(kept.predict_proba(X), briefly.predict_proba(X))
        twin = pickle.loads(pickle.dumps(kept))
        np.testing.assert_array_equal(twin.predict_proba(X), briefly.predict_proba(X))


@pytest.mark.parametrize("schedule", ["constant", "adaptive", "reduce_on_plateau"])
def test_the_model_in_the_middle_goes_on_as_if_it_had_never_stopped(schedule):
    params = {"learning_rate": schedule, "n_iter_no_change": 1, "tol": 1.0, "dropout": 0.2}
    model, X, y = make(**params)
    keep = Keep()
    model.set_callbacks(keep).fit(X, y)
    for kept in keep.kept[:-1]:
        kept.set_params(warm_start=True, max_iter=model.n_iter_ - kept.n_iter_)
        assert leaves(state(kept.fit(X, y))) == leaves(state(model))


def test_callbacks_change_nothing_and_leave_nothing():
    plain, X, y = make()
    watched = clone(plain).set_callbacks(Log(), Keep())
    plain.fit(X, y)
    watched.fit(X, y)
    assert state(watched) == state(plain)
    assert vars(watched).keys() - vars(plain).keys() == {"_skl_callbacks"}
    assert "_skl_callbacks" not in vars(watched.set_callbacks())


def test_a_callback_that_fails_changes_nothing_and_is_torn_down():
    model, X, y = make(warm_start=True)
    model.fit(X, y)
    log = Log()
    model.set_callbacks(log, Fail())
    before = leaves(vars(model))
    calls = log.calls
    log.calls = []
    with pytest.raises(RuntimeError, match="from a callback"):
        model.fit(X, y)
    assert log.calls[-1] == "teardown"
    log.calls = calls
    assert leaves(vars(model)) == before


def test_clones_share_callbacks_and_partial_fit_calls_none():
    model, X, y = make()
    log = Log()
    twin = clone(model.set_callbacks(log))
    twin.partial_fit(X, y, classes=np.unique(y))
    assert not log.calls
    twin.fit(X, y)
    assert log.calls


@pytest.mark.parametrize("wrong", [TimeBudget, "progress", None])
def test_what_is_no_callback_is_refused(wrong):
    with pytest.raises(TypeError, match="callbacks must be instances"):
        make()[0].set_callbacks(wrong)


class Told(Log):
    def on_fit_task_end(self, estimator, context, *, X, y, metadata):
        self.calls.append((X, y, metadata))


def test_rows_set_aside_are_not_among_the_training_rows():
    pandas = pytest.importorskip("pandas")
    model, X, y = make(early_stopping=True, validation_fraction=0.25)
    X = pandas.DataFrame(X, columns=list("abcdef"))
    told, weight = Told(), np.linspace(1, 2, len(y))
    model.set_callbacks(told).fit(X, y, sample_weight=weight)
    rows = np.sort(model._model.training.order)
    assert len(rows) == 90
    given_X, given_y, metadata = told.calls[3]
    pandas.testing.assert_frame_equal(given_X, X.iloc[rows])
    np.testing.assert_array_equal(given_y, y[rows])
    np.testing.assert_array_equal(metadata["sample_weight"], weight[rows])


FORMS = {
    **{form: (getattr(sparse, f"{form}_array"), None) for form in ("coo", "bsr", "csc")},
    "list": (np.ndarray.tolist, None),
    "one weight for all": (np.asarray, 1.0),
    "memory": (lambda X: memoryview(X), None),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_fit_takes_callbacks_get(form):
    convert, weight = FORMS[form]
    model, X, y = make(early_stopping=True)
    told = Told()
    model.set_callbacks(told).fit(convert(X), y, weight)
    given = told.calls[3][0]
    given = given.toarray() if sparse.issparse(given) else np.asarray(given)
    np.testing.assert_array_equal(given, X[np.sort(model._model.training.order)])


def test_rows_are_taken_only_for_a_callback_that_asks():
    model, X, y = make(early_stopping=True, max_iter=1)

    class DataSet(np.ndarray):
        def __getitem__(self, key):
            raise AssertionError("asked for rows")

    watch = Watch(model.set_callbacks(Log()), X.view(DataSet), y, None)
    watch.begin_fit(SimpleNamespace(validation_rows=np.arange(9), order=np.arange(9, 120)))


def test_a_callback_without_after_epoch_is_refused_when_it_is_made():
    class Silent(EpochCallback):
        def before_fit(self, estimator):
            raise AssertionError("a fit has begun")

    with pytest.raises(TypeError, match=r"abstract class Silent .*after_epoch"):
        Silent()


def test_callbacks_see_one_estimator_in_training():
    class See(EpochCallback):
        def __init__(self):
            self.seen = []

        def before_fit(self, estimator):
            self.seen.append(estimator)

        def after_epoch(self, estimator):
            self.seen.append(estimator)
            assert not hasattr(model, "n_features_in_")

        after_fit = before_fit

    model, X, y = make(max_iter=2)
    see = See()
    model.set_callbacks(see).fit(X, y)
    assert len(see.seen) == 4
    assert all(each is see.seen[0] for each in see.seen)
    assert see.seen[0].loss_curve_ == model.loss_curve_


# ---------------------------------------------------------------- TimeBudget, StopOnTarget


def test_time_budget_ends_with_the_epoch_in_which_time_is_up(monkeypatch):
    model, X, y = make(max_iter=100)
    clock = SimpleNamespace(monotonic=iter(range(100, 200)).__next__)
    monkeypatch.setattr("sknn.callbacks._time_budget.time", clock)
    model.set_callbacks(TimeBudget(7)).fit(X, y)
    assert model.n_iter_ == 7
    model.fit(X, y)
    assert model.n_iter_ == 7  # of each call


def test_time_budget_serves_many_fits_at_once():
    model, X, y = make(max_iter=10**6, tol=0.0, n_iter_no_change=10**6)
    budget = TimeBudget(0.05)
    search = GridSearchCV(model.set_callbacks(budget), {"alpha": [0, 1]}, cv=2, n_jobs=2)
    search.fit(X, y)
    assert 0 < search.best_estimator_.n_iter_ < 10**5
    assert not budget._ends


@pytest.mark.parametrize("seconds", [0, -1, None, "1", float("nan"), float("inf")])
def test_time_budget_refuses(seconds):
    with pytest.raises(ValueError, match="seconds must be a number"):
        TimeBudget(seconds)


@pytest.mark.parametrize(
    ("target", "curve", "sign"),
    [
        ("loss", "loss_curve_", 1),
        ("validation_loss", "validation_loss_curve_", 1),
        ("validation_score", "validation_scores_", -1),
    ],
)
def test_stop_on_target_stops_where_the_target_is_first_reached(target, curve, sign):
    model, X, y = make(early_stopping=True, scoring="accuracy", max_iter=30, tol=0.0)
    curve_of_all = sign * np.array(getattr(clone(model).fit(X, y), curve))
    goal = np.minimum.accumulate(curve_of_all)[10]
    expected = int(np.argmax(curve_of_all <= goal)) + 1
    model.set_callbacks(StopOnTarget(**{target: sign * goal})).fit(X, y)
    assert model.n_iter_ == expected < 30


@pytest.mark.parametrize(
    ("targets", "params", "message"),
    [
        ({}, None, "needs a target"),
        ({"loss": "low"}, None, "loss must be a number"),
        ({"validation_score": float("inf")}, None, "validation_score must be a number"),
        ({"validation_loss": 0.1}, {}, "early_stopping=True"),
        ({"validation_score": 0.9}, {"early_stopping": True}, "scoring='loss' computes no score"),
    ],
)
def test_stop_on_target_refuses(targets, params, message):
    with pytest.raises(ValueError, match=message):
        make(**params or {})[0].set_callbacks(StopOnTarget(**targets)).fit(*make()[1:])


def test_callbacks_of_a_network_refuse_other_estimators():
    with pytest.raises(TypeError, match=r"TimeBudget works on a network, not on Pipeline"):
        TimeBudget(1).setup(make_pipeline(StandardScaler()), None)


def test_training_is_there_to_be_read():
    class Read(EpochCallback):
        def after_epoch(self, estimator):
            losses.append(training_of(estimator).loss_curve[-1])
            return len(losses) == 4

    losses = []
    model, X, y = make()
    assert model.set_callbacks(Read()).fit(X, y).loss_curve_ == losses
    assert len(losses) == 4


# ---------------------------------------------------------------- scikit-learn 1.9


def of_scikit_learn(name, *args, **params):
    module = pytest.importorskip("sklearn.callback")
    return getattr(module, name)(*args, **params)


@OPTIMIZERS
def test_scoring_monitor_scores_every_epoch(optimizer):
    monitor = of_scikit_learn("ScoringMonitor", scoring="accuracy")
    model, X, y = make(optimizer=optimizer)
    keep = Keep()
    model.set_callbacks(monitor, keep).fit(X, y)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert scores == [kept.score(X, y) for kept in keep.kept]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_scoring_monitor_in_a_pipeline_in_a_search(n_jobs):
    monitor = of_scikit_learn("ScoringMonitor", scoring="accuracy")
    model, X, y = make()
    pipeline = make_pipeline(StandardScaler(), model.set_callbacks(monitor))
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0, 1]}, cv=2, n_jobs=n_jobs)
    search.fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 6 * (2 * 2 + 1)
    assert rows[-1]["accuracy"] > 0.5


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("where", ["bare", "pipeline", "search"])
def test_progress_bar_reaches_the_network(where, n_jobs, capfd):
    pytest.importorskip("rich")
    bar = of_scikit_learn("ProgressBar", max_propagation_depth=None)
    model, X, y = make()
    if where != "bare":
        model = make_pipeline(StandardScaler(), model)
    if where == "search":
        model = GridSearchCV(model, {"mlpclassifier__alpha": [0, 1]}, cv=2, n_jobs=n_jobs)
    model.set_callbacks(bar).fit(X, y)
    assert "MLPClassifier - fit" in capfd.readouterr().out


def test_old_scikit_learn_is_served_by_our_own():
    own = importlib.import_module("sknn.estimators._callbacks_before_1_9")

    class Fit(own.CallbackSupportMixin):
        @own.with_callbacks
        def fit(self):
            context = self._init_callback_context(max_subtasks=2)
            context.call_on_fit_task_begin(estimator=self)
            for _ in range(2):
                epoch = context.subcontext(task_name="epoch")
                epoch.call_on_fit_task_begin(estimator=self)
                if epoch.call_on_fit_task_end(
                    estimator=self, reconstruction_attributes=lambda: {"fitted_": 7}, X=lambda: 3
                ):
                    break

    class Ask(Log):
        def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
            assert vars(fitted_estimator) == {"fitted_": 7}  # without callbacks
            self.calls.append((X, fitted_estimator.fitted_, hasattr(estimator, "fitted_")))
            return True

    ask, log = Ask(), Log()
    Fit().set_callbacks(log, ask).fit()
    begun = ["setup", ("begin", "fit", 0), ("begin", "epoch", 0)]
    assert ask.calls == [*begun, (3, 7, False), "teardown"]
    assert log.calls == [*begun, ("end", "epoch", 0), "teardown"]


def test_the_training_state_is_also_called_by_its_old_name():
    assert callbacks.Training is callbacks.TrainingState
