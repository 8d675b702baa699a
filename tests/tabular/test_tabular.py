"""The tabular estimators: data frames, results that do not depend on n_jobs, failed calls."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

import sknn
from sknn import MLPClassifier, MLPRegressor, exceptions
from sknn.callbacks import Checkpoint, EpochCallback, TimeBudget
from sknn.tabular import TabularMLPClassifier, TabularMLPRegressor
from sknn.tabular._members import batch_size, longest, validation_masks

pd = pytest.importorskip("pandas")

SMALL = {"n_members": 2, "hidden_layer_sizes": 16, "max_iter": 15, "random_state": 0}
BOTH = pytest.mark.parametrize("cls", [TabularMLPClassifier, TabularMLPRegressor])
pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.NotConvergedWarning")


@parametrize_with_checks(
    [
        TabularMLPClassifier(n_members=2, hidden_layer_sizes=32, max_iter=60),
        TabularMLPRegressor(n_members=2, hidden_layer_sizes=32, max_iter=60),
    ],
    expected_failed_checks=lambda estimator: {
        "check_sample_weight_equivalence_on_dense_data": (
            "rows are set aside for validation, and get dropout masks, by their number"
        )
    },
)
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of max_iter, which the checks lower
        check(estimator)


def table(n=200, seed=0):
    """Return a data frame with columns of all kinds, and a target that depends on each of them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "amount": rng.lognormal(size=n) * (rng.random(n) < 0.7),
            "city": rng.choice(["Bern", "Graz", "Lyon"], n),
            "member": rng.random(n) < 0.5,
            "grade": pd.Categorical(rng.integers(1, 4, n)),
        }
    )
    y = np.sin(2 * frame["number"]) + (frame["city"] == "Lyon") + 0.5 * frame["member"]
    frame.loc[rng.random(n) < 0.1, "number"] = np.nan
    frame.loc[rng.random(n) < 0.1, "city"] = None
    return frame, y.to_numpy()


def problem(cls, n=200, seed=0):
    frame, y = table(n, seed)
    return frame, np.where(y > 0.6, "high", "low") if cls is TabularMLPClassifier else 100 * y + 50


def predict(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


@BOTH
def test_a_raw_frame_is_learned_and_parts_are_visible(cls):
    X, y = problem(cls, 1500)
    model = cls(n_members=2, hidden_layer_sizes=64, random_state=0).fit(X[:1000], y[:1000])
    assert model.score(X[1000:], y[1000:]) > 0.8
    assert isinstance(model.preprocessor_, ColumnTransformer)
    assert all(isinstance(each, (MLPClassifier, MLPRegressor)) for each in model.members_)
    assert model.is_categorical_.tolist() == [False, False, True, True, True]
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    assert model.n_iter_ == max(each.n_iter_ for each in model.members_)


def test_predictions_are_the_weighted_mean_of_the_networks():
    X, y = problem(TabularMLPRegressor)
    model = TabularMLPRegressor(**SMALL | {"n_members": 4}).fit(X, y)
    assert model.views_ == ["encoded"] * 3 + ["plain"]
    assert model.members_[3].n_features_in_ == 2 + 1 + 4 + 2 + 3  # one column a number, and one NaN
    losses = np.array([min(each.validation_loss_curve_) for each in model.members_])
    first, second, third, last = np.sort(losses)
    middle = (second + third) / 2
    expected = np.array([middle, middle, third, last]) ** -2  # no reward for a lucky loss
    assert_allclose(model.weights_[np.argsort(losses)], expected / expected.sum(), rtol=1e-5)
    assert first < second < third < last
    as_objects = X.astype(object).where(X.notna(), np.nan).to_numpy()
    encoded = model.preprocessor_.transform(as_objects)
    assert encoded.dtype == np.float32
    predicted = [
        network.predict(encoded if view == "encoded" else encoded[:, ~model._is_bin])
        for network, view in zip(model.members_, model.views_, strict=True)
    ]
    expected = np.average(predicted, axis=0, weights=model.weights_) * y.std() + y.mean()
    assert_allclose(model.predict(X), expected, rtol=1e-6)


def test_the_scale_of_the_target_does_not_matter():
    X, y = problem(TabularMLPRegressor)
    model, scaled = (TabularMLPRegressor(**SMALL).fit(X, t) for t in (y, 1024 * y))
    assert_allclose(scaled.predict(X), 1024 * model.predict(X), rtol=1e-5)


@pytest.mark.parametrize("scale", [2.0**600, 2.0**-600])
def test_targets_whose_variance_is_not_a_float(scale):
    X, y = problem(TabularMLPRegressor)
    expected = TabularMLPRegressor(**SMALL).fit(X, y).predict(X)
    assert_array_equal(TabularMLPRegressor(**SMALL).fit(X, scale * y).predict(X), scale * expected)


def test_probabilities_and_their_logarithms():
    X, y = problem(TabularMLPClassifier)
    model = TabularMLPClassifier(**SMALL).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.dtype == np.float64
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)  # as log_loss wants it
    assert_allclose(np.exp(model.predict_log_proba(X)), probabilities)
    assert_array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])


@BOTH
def test_the_same_bits_for_any_number_of_jobs_and_of_threads(cls):
    X, y = problem(cls, 2000)
    params = SMALL | {"n_members": 3, "hidden_layer_sizes": 200, "max_iter": 2}
    expected = predict(cls(**params).fit(X, y), X)
    with threadpool_limits(2, user_api="blas"):
        for n_jobs in (1, 3):
            model = cls(**params, n_jobs=n_jobs).fit(X, y)
            assert_array_equal(predict(model, X), expected)


@BOTH
def test_copies_predict_the_same_bits(cls):
    X, y = problem(cls)
    model = cls(**SMALL).fit(X, y)
    for twin in (pickle.loads(pickle.dumps(model)), clone(model).fit(X, y)):
        assert_array_equal(predict(twin, X), predict(model, X))


@BOTH
def test_a_model_file_predicts_the_same_bits(cls, tmp_path):
    pytest.importorskip("skops")
    X, y = problem(cls, 300)
    X["many"] = [f"m{i % 90}" for i in range(len(X))]
    model = cls(**SMALL | {"n_members": 4}).fit(X, y)
    sknn.save(model, tmp_path / "model.skops")
    twin = sknn.load(tmp_path / "model.skops")
    assert_array_equal(predict(twin, X), predict(model, X))
    sknn.save(cls(dropout=0.3), tmp_path / "not_fitted.skops")
    assert sknn.load(tmp_path / "not_fitted.skops").dropout == 0.3


@pytest.mark.filterwarnings("ignore:X .*feature names")  # scikit-learn 1.7 does not know polars 2
@BOTH
def test_frames_of_polars_are_as_those_of_pandas(cls):
    pl = pytest.importorskip("polars")
    X, y = problem(cls)
    X["grade"] = X["grade"].astype(str)
    frame = pl.DataFrame(
        {name: X[name].astype(object).where(X[name].notna(), None).tolist() for name in X}
    )
    ours, theirs = cls(**SMALL).fit(X, y), cls(**SMALL).fit(frame, y)
    if hasattr(theirs, "feature_names_in_"):
        assert theirs.feature_names_in_.tolist() == X.columns.tolist()
    by_name = cls(**SMALL, categorical_features=["city", "member", "grade"]).fit(frame, y)
    assert_array_equal(predict(by_name, frame), predict(theirs, frame))
    for model in (ours, theirs):
        for rows in (X, frame):
            assert_array_equal(predict(model, rows), predict(ours, X))


@BOTH
def test_unseen_categories_and_new_missing_values_are_predicted(cls):
    X, y = problem(cls)
    model = cls(**SMALL).fit(X, y)
    new = X[:4].copy()
    new["city"] = ["Rome", None, "Bern", np.nan]
    new["member"] = [None, True, False, None]
    new["amount"] = [np.nan, 1.0, None, 2.0]
    assert np.isfinite(predict(model, new)).all()
    nothing = X[:2].copy()
    for name in X:
        nothing[name] = [None, np.nan]
    first, second = predict(model, nothing)
    assert_array_equal(first, second)


def test_a_row_is_predicted_alone_as_in_any_company():
    X, y = problem(TabularMLPRegressor)
    model = TabularMLPRegressor(**SMALL).fit(X, y)
    many = pd.concat([X] * 60, ignore_index=True)  # more than are encoded at once
    assert_allclose(model.predict(many), np.tile(model.predict(X), 60), rtol=1e-6)


@BOTH
def test_columns_without_information(cls):
    X, y = problem(cls)
    X = X.assign(constant=1.0, one_city="Bern", nothing=np.nan, none=None)
    assert np.isfinite(predict(cls(**SMALL).fit(X, y), X)).all()


@BOTH
def test_tables_of_categories_alone_and_of_few_rows(cls):
    X, y = problem(cls)
    assert np.isfinite(predict(cls(**SMALL).fit(X[["city"]], y), X[["city"]])).all()
    assert np.isfinite(predict(cls(**SMALL).fit(X[:12], y[:12]), X)).all()


def test_many_categories_are_encoded_by_the_mean_of_the_target():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 300, 4000)
    effect = rng.normal(size=300)
    X = pd.DataFrame({"zip": np.char.add("z", codes.astype(str))})
    y = effect[codes] + 0.3 * rng.normal(size=4000)
    params = SMALL | {"hidden_layer_sizes": 32, "max_iter": 30}
    model = TabularMLPRegressor(**params).fit(X[:3000], y[:3000])
    assert "target_means" in model.preprocessor_.named_transformers_
    assert model.score(X[3000:], y[3000:]) > 0.75  # the noise leaves 0.92
    assert np.isfinite(model.predict(pd.DataFrame({"zip": ["new", None]}))).all()


def test_another_kind_of_values_at_predict_is_refused():
    X, y = problem(TabularMLPRegressor)
    model = TabularMLPRegressor(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="column 'city' holds numbers, but in fit it held strings"):
        model.predict(X.assign(city=1))
    with pytest.raises(ValueError, match=r"column 'number' holds strings, but in fit .* numbers"):
        model.predict(X.assign(number="a"))


# ---------------------------------------------------------------- weights


@BOTH
def test_rows_of_weight_zero_are_left_out(cls):
    X, y = problem(cls)
    weight = np.repeat([1.0, 0.0], [150, 50])
    weighted = cls(**SMALL).fit(X, y, sample_weight=weight)
    without = cls(**SMALL).fit(X[:150], y[:150], sample_weight=np.ones(150))
    assert_array_equal(predict(weighted, X), predict(without, X))
    with pytest.raises(ValueError, match="at least one"):
        cls(**SMALL).fit(X, y, sample_weight=np.zeros(200))


def test_class_weights_multiply_the_rows():
    X, y = problem(TabularMLPClassifier)
    by_class = TabularMLPClassifier(**SMALL, class_weight={"high": 3.0}).fit(X, y)
    by_row = TabularMLPClassifier(**SMALL).fit(X, y, np.where(y == "high", 3.0, 1.0))
    assert_array_equal(by_class.predict_proba(X), by_row.predict_proba(X))
    balanced = TabularMLPClassifier(**SMALL, class_weight="balanced").fit(X, y)
    weight = np.where(y == "high", 1 / (y == "high").sum(), 1 / (y == "low").sum()) * 100
    by_row = TabularMLPClassifier(**SMALL).fit(X, y, weight)
    assert_allclose(balanced.predict_proba(X), by_row.predict_proba(X), atol=1e-5)


# ---------------------------------------------------------------- validation rows


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.3, 0.5])
def test_validation_rows_keep_the_classes_shares_and_do_not_overlap(fraction):
    codes = np.repeat([0, 1, 2, 3], [400, 80, 19, 1])
    n = int(1 / fraction)
    masks = validation_masks(codes, fraction, n, np.random.RandomState(0))
    assert np.sum(masks, axis=0).max() == 1
    for mask in masks:
        for code, count in enumerate(np.bincount(codes)):
            held = mask[codes == code].sum()
            assert abs(held - fraction * count) <= 1
            assert held < count
    assert not np.any([mask[codes == 3] for mask in masks])


def test_tiny_classes_are_always_trained_on():
    for seed in range(50):
        codes = np.repeat([0, 1, 2], [2, 2, 1])
        for mask in validation_masks(codes, 0.1, 4, np.random.RandomState(seed)):
            assert mask.any()
            assert set(codes[~mask]) == {0, 1, 2}


def test_a_single_row_is_too_few():
    with pytest.raises(ValueError, match="n_samples=1 rows are too few"):
        TabularMLPRegressor().fit([[1.0]], [1.0])


# ---------------------------------------------------------------- failures, callbacks, messages


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_members": 0}, "n_members must be an integer"),
        ({"validation_fraction": 0.6}, r"validation_fraction must be a number in \(0, 0.5\]"),
        ({"hidden_layer_sizes": 0.5}, "hidden_layer_sizes must be"),
        ({"dropout": 1.0}, "dropout must be"),
        ({"max_iter": 0}, "max_iter must be 'auto' or an integer in"),
        ({"max_iter": "all"}, "max_iter must be 'auto' or"),
        ({"scoring": "best"}, "scoring='best' is not known"),
        ({"n_jobs": 0}, "n_jobs == 0"),
        ({"verbose": -1}, "verbose must be"),
        ({"random_state": -1}, "random_state must be"),
        ({"categorical_features": ["colour"]}, "categorical_features must be"),
    ],
)
@BOTH
def test_wrong_parameters_are_named_and_change_nothing(cls, params, message):
    X, y = problem(cls)
    model = cls(**SMALL).fit(X, y)
    before = dict(vars(model))
    model.set_params(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    model.set_params(**{name: SMALL.get(name, getattr(cls(), name)) for name in params})
    assert vars(model) == before


class Fail(EpochCallback):
    def after_epoch(self, estimator):
        raise RuntimeError("from a callback")


@BOTH
def test_a_fit_that_fails_changes_nothing(cls):
    X, y = problem(cls)
    random_state = np.random.RandomState(3)
    model = cls(**SMALL | {"random_state": random_state}).fit(X, y)
    before, drawn = predict(model, X), random_state.get_state()[1].copy()
    model.set_callbacks(Fail())
    with pytest.raises(RuntimeError, match="from a callback"):
        model.fit(X[["number"]], y)
    assert_array_equal(predict(model, X), before)
    assert_array_equal(random_state.get_state()[1], drawn)


class Calls:
    """Writes down the calls of scikit-learn's protocol."""

    def __init__(self):
        self.calls = []

    def setup(self, estimator, context):
        self.calls.append(("setup", type(estimator).__name__))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", type(estimator).__name__))

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "network":
            raise RuntimeError("after the first network")


def test_callbacks_are_torn_down_when_a_fit_fails():
    X, y = problem(TabularMLPRegressor)
    calls = Calls()
    with pytest.raises(RuntimeError, match="after the first network"):
        TabularMLPRegressor(**SMALL).set_callbacks(calls).fit(X, y)
    names = ["TabularMLPRegressor", "MLPRegressor"]
    assert calls.calls == [
        *(("setup", name) for name in names),
        *(("teardown", name) for name in reversed(names)),
    ]


class Interrupt:
    """Ctrl-C at the start of an epoch of a network."""

    def __init__(self, network, epoch):
        self.network, self.epoch, self.n = network, epoch, 0

    def setup(self, estimator, context):
        self.n += isinstance(estimator, MLPRegressor)

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch" and (self.n, context.task_id) == (self.network, self.epoch):
            raise KeyboardInterrupt

    def on_fit_task_end(self, estimator, context):
        return False


@pytest.mark.parametrize(("network", "epoch", "n_kept"), [(1, 3, 1), (2, 3, 2), (2, 0, 1)])
def test_an_interrupted_fit_keeps_the_networks_so_far(network, epoch, n_kept):
    X, y = problem(TabularMLPRegressor)
    model = TabularMLPRegressor(**SMALL | {"n_members": 4})
    model.set_callbacks(Interrupt(network, epoch))
    with pytest.warns(exceptions.InterruptedWarning, match=f": {n_kept} of 4 networks were kept"):
        model.fit(X, y)
    assert len(model.members_) == len(model.views_) == len(model.weights_) == n_kept
    assert model.members_[-1].n_iter_ == epoch or n_kept < network
    assert np.isfinite(model.predict(X)).all()


def test_a_fit_that_is_interrupted_at_once_changes_nothing():
    X, y = problem(TabularMLPRegressor)
    model = TabularMLPRegressor(**SMALL).set_callbacks(Interrupt(1, 0))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not model.__sklearn_is_fitted__()


class Log(EpochCallback):
    def __init__(self):
        self.epochs = []

    def before_fit(self, estimator):
        self.epochs.append(0)

    def after_epoch(self, estimator):
        self.epochs[-1] += 1
        return self.epochs[-1] == 4


def test_callbacks_watch_each_network():
    X, y = problem(TabularMLPRegressor)
    log = Log()
    model = TabularMLPRegressor(**SMALL).set_callbacks(log).fit(X, y)
    assert log.epochs == [4, 4]
    assert [each.n_iter_ for each in model.members_] == [4, 4]
    assert pickle.loads(pickle.dumps(model.members_[0])).n_iter_ == 4


def test_networks_in_turn_share_a_time_budget():
    X, y = problem(TabularMLPRegressor)
    model = TabularMLPRegressor(**SMALL | {"max_iter": 10**6, "n_members": 3, "dropout": 0.0})
    budgets = []

    class Spy(TimeBudget):
        def share(self, n_turns):
            budgets.append(super().share(n_turns))
            return budgets[-1]

    model.set_callbacks(Spy(seconds=0.3)).fit(X, y)
    assert [each.seconds for each in budgets] == [pytest.approx(0.1)]


def test_a_checkpoint_is_for_one_network():
    X, y = problem(TabularMLPRegressor)
    with pytest.raises(TypeError, match="Checkpoint writes one network"):
        TabularMLPRegressor(**SMALL).set_callbacks(Checkpoint("never.npz")).fit(X, y)


def test_networks_that_reached_max_iter_are_told_of_once():
    X, y = problem(TabularMLPRegressor)
    with pytest.warns(exceptions.NotConvergedWarning) as caught:
        TabularMLPRegressor(**SMALL | {"max_iter": 3}).fit(X, y)
    (warning,) = caught
    assert "2 of the 2 networks of" in str(warning.message)
    assert warning.filename == __file__


def test_the_automatic_length_follows_the_rows():
    X, y = problem(TabularMLPRegressor, 400)
    params = SMALL | {"n_members": 1, "max_iter": "auto", "hidden_layer_sizes": 2}
    model = TabularMLPRegressor(**params).fit(X, y)
    assert model.members_[0].max_iter == longest(400) == 300
    steps = {n: longest(n) * n / batch_size(n) for n in (1_000, 5_000, 12_000, 20_000)}
    assert all(4000 <= n_steps < 4000 + n / 32 for n, n_steps in steps.items())
    assert longest(10**7) == 50


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_verbose_tells_of_networks_and_of_epochs(n_jobs, capsys):
    X, y = problem(TabularMLPRegressor)
    TabularMLPRegressor(**SMALL, verbose=1, n_jobs=n_jobs).fit(X, y)
    printed = capsys.readouterr().out
    for i in (1, 2):
        assert f"Network {i} of 2 (encoded)\n" in printed
        assert f"Network {i} of 2: 15 epochs, validation loss 0." in printed
    assert ("Epoch 15/15" in printed) == (n_jobs == 1)
    TabularMLPRegressor(**SMALL).fit(X, y)
    assert not capsys.readouterr().out


# ---------------------------------------------------------------- scikit-learn's tools


def test_a_grid_search_over_raw_frames():
    X, y = problem(TabularMLPClassifier)
    search = GridSearchCV(TabularMLPClassifier(**SMALL), {"dropout": [0.0, 0.4]}, cv=2)
    assert search.fit(X, y).best_score_ > 0.5


def test_importance_and_dependence_of_raw_columns():
    X, y = problem(TabularMLPRegressor, 400)
    model = TabularMLPRegressor(n_members=2, hidden_layer_sizes=32, random_state=0).fit(X, y)
    importance = permutation_importance(model, X, y, n_repeats=2, random_state=0).importances_mean
    assert set(X.columns[np.argsort(importance)[-2:]]) == {"number", "city"}
    dependence = partial_dependence(model, X.dropna(), ["number"], grid_resolution=20)
    (grid,), (mean,) = dependence["grid_values"], dependence["average"]
    assert np.corrcoef(mean, np.sin(2 * grid))[0, 1] > 0.9
    dependence = partial_dependence(
        model, X.dropna(), ["city"], categorical_features=["city"], grid_resolution=20
    )
    assert dependence["grid_values"][0][dependence["average"][0].argmax()] == "Lyon"
