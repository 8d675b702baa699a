"""X_val, y_val and sample_weight_val; scorers; metadata routing."""

import warnings
from copy import deepcopy

import numpy as np
import pytest
from common import changes, problem, state
from scipy import sparse
from sklearn import config_context
from sklearn.metrics import f1_score, log_loss, make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.exceptions import NotConvergedWarning
from sknn.inspection import LossCurveDisplay
from sknn.schedules import ReduceOnPlateau

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 8, "max_iter": 4, "random_state": 0, "early_stopping": True}


def make(kind="multiclass", **params):
    """Return an estimator, its training set and its validation set."""
    cls, X, y = problem(kind)
    return cls(**SMALL | params), (X[:80], y[:80]), {"X_val": X[80:], "y_val": y[80:]}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["X_val"], "X_val is provided, but y_val was not provided"),
        (["y_val"], "y_val is provided, but X_val was not provided"),
        (["sample_weight_val"], "sample_weight_val is provided, but X_val was not provided"),
    ],
)
def test_one_without_the_other(names, message):
    model, training, held = make()
    held["sample_weight_val"] = np.ones(40)
    with pytest.raises(ValueError, match=message):
        model.fit(*training, **{name: held[name] for name in names})


# ---------------------------------------------------------------- without early stopping


def all_but_validation(model):
    model = deepcopy(model)
    model._model.training.validation = ()
    for name in ("validation_loss_curve", "validation_scores"):
        setattr(model._model.training, name, [])
        setattr(model, f"{name}_", None)
    model.best_validation_score_ = None
    return state(model) | {"n_iter_": model.n_iter_}


RECORDED = {
    "plain": {},
    "converges": {"tol": 0.05, "n_iter_no_change": 1, "max_iter": 50},
    "gd": {"optimizer": "gd"},
    "lbfgs": {"optimizer": "lbfgs", "max_iter": 20},
    "lbfgs, impatient": {"optimizer": "lbfgs", "tol": 0.02, "n_iter_no_change": 1, "max_iter": 20},
    "adaptive": {
        "optimizer": "sgd",
        "learning_rate": "adaptive",
        "tol": 0.5,
        "n_iter_no_change": 1,
    },
    "plateau": {"learning_rate": ReduceOnPlateau(patience=0, threshold=0.5)},
    "cosine": {"learning_rate": "cosine"},
    "dropout, averaged": {"dropout": 0.3, "averaging": "ema"},
    "float32": {"dtype": "float32"},
}


@pytest.mark.parametrize("scoring", ["loss", None])
@pytest.mark.parametrize("variation", RECORDED)
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_without_early_stopping_it_changes_no_bit(kind, variation, scoring):
    params = {"early_stopping": False, "warm_start": True, **RECORDED[variation]}
    model, training, held = make(kind, scoring=scoring, **params)
    plain = make(kind, **params)[0]
    for _ in range(2):
        plain.fit(*training)
        n_before = len(model.validation_loss_curve_) if hasattr(model, "n_iter_") else 0
        model.fit(*training, **held)
        assert changes(all_but_validation(plain), all_but_validation(model)) == []
        assert len(model.validation_loss_curve_) == n_before + model.n_iter_
    shorter = make(kind, **params, scoring=scoring)[0].set_params(max_iter=1)
    first = shorter.fit(*training, **held).validation_loss_curve_
    if variation != "cosine":
        assert first == model.validation_loss_curve_[:1]
    if scoring is None:
        assert model.validation_scores_[-1] == model.score(held["X_val"], held["y_val"])
        assert model.best_validation_score_ == max(model.validation_scores_)


def test_recorded_losses_are_those_of_the_weights_after_each_epoch():
    weight = np.arange(40.0)
    model, training, held = make(early_stopping=False, warm_start=True, max_iter=1)
    for _ in range(3):
        model.fit(*training, **held, sample_weight_val=weight)
        predicted = model.predict_proba(held["X_val"])
        loss = log_loss(held["y_val"], predicted, sample_weight=weight)
        assert model.validation_loss_curve_[-1] == pytest.approx(loss, rel=1e-10)
    assert model.history_["validation_loss"].tolist() == model.validation_loss_curve_
    assert len(model.validation_loss_curve_) == 3
    assert model.validation_scores_ is model.best_validation_score_ is None


def test_curves_of_another_scoring_or_of_none_start_anew():
    model, training, held = make(early_stopping=False, warm_start=True, scoring="accuracy")
    assert len(model.fit(*training, **held).validation_scores_) == 4
    model.set_params(scoring="f1_macro").fit(*training, **held)
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == 4
    assert np.isnan(model.history_["validation_score"]).tolist() == [True] * 4 + [False] * 4
    model.fit(*training)
    assert model.validation_scores_ is model.validation_loss_curve_ is None
    assert "validation_loss" not in model.history_
    model.fit(*training, **held).partial_fit(*training)
    assert model.validation_loss_curve_ is None
    assert "validation_loss" not in model.history_


def test_what_does_not_decide_ends_no_fit():
    model, training, held = make("regression", early_stopping=False, scoring="r2", max_iter=3)
    plain = make("regression", early_stopping=False, max_iter=3)[0].fit(*training)
    model.fit(*training, X_val=held["X_val"] * 1e200, y_val=held["y_val"])
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])
    assert model.validation_loss_curve_ == [np.inf] * 3
    assert np.isnan([*model.validation_scores_, model.best_validation_score_]).all()
    model.set_params(scoring=lambda model, X, y: np.nan).fit(*training, **held)
    assert np.isnan(model.validation_scores_).all()
    with pytest.raises(ValueError, match=r"must return a finite number .*, got 'good'"):
        model.set_params(scoring=lambda model, X, y: "good").fit(*training, **held)
    with pytest.raises(ValueError, match="the validation loss is not finite"):
        model.set_params(early_stopping=True).fit(
            *training, X_val=held["X_val"] * 1e200, y_val=held["y_val"]
        )


def test_the_training_loss_tells_whether_a_fit_that_records_converged():
    model, (X, y), _ = make(early_stopping=False, max_iter=400, learning_rate_init=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotConvergedWarning)
        model.set_params(tol=0.0).fit(X, y, X_val=X, y_val=(y + 1) % 3)
    assert model.validation_loss_curve_[-1] > 1.5 * model.validation_loss_curve_[0]


def test_verbose_shows_what_is_recorded(capsys):
    model, training, held = make(early_stopping=False, scoring="accuracy", verbose=2, max_iter=1)
    model.fit(*training, **held)
    assert (
        f"validation loss {model.validation_loss_curve_[0]:.6f}, "
        f"validation score {model.validation_scores_[0]:.6f}"
    ) in capsys.readouterr().out
    curves = LossCurveDisplay.from_estimator(model).curves["MLPClassifier"]
    assert curves["validation_loss"].tolist() == model.validation_loss_curve_


# ---------------------------------------------------------------- bad validation sets


def spoil(values, bad=np.nan):
    values = np.array(values, float)
    values[0] = bad
    return values


BAD = {
    "NaN in X_val": ({"X_val": spoil(problem("regression")[1][80:])}, "X_val contains NaN"),
    "infinity": ({"X_val": spoil(problem("regression")[1][80:], np.inf)}, "X_val contains inf"),
    "NaN in y_val": ({"y_val": spoil(np.ones(40))}, "y_val contains NaN"),
    "features": ({"X_val": np.ones((40, 2))}, "X_val has 2 features, and X has 6"),
    "lengths": ({"y_val": np.ones(39)}, "X_val has 40 rows, and y_val 39"),
    "outputs": ({"y_val": np.ones((40, 2))}, "y_val"),
    "no rows": ({"X_val": np.ones((0, 6)), "y_val": np.ones(0)}, r"0 sample\(s\)"),
    "weights": (
        {"sample_weight_val": np.ones(3)},
        r"sample_weight_val must have the shape \(40,\)",
    ),
    "NaN weight": ({"sample_weight_val": spoil(np.ones(40))}, "sample_weight_val contains NaN"),
    "negative": ({"sample_weight_val": -np.ones(40)}, "sample_weight_val"),
    "zero": ({"sample_weight_val": np.zeros(40)}, "weight"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_validation_set(case):
    wrong, message = BAD[case]
    model, training, held = make("regression")
    with pytest.raises(ValueError, match=message):
        model.fit(*training, **held | wrong)
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize(
    ("kind", "y_val", "message"),
    [
        ("multiclass", np.full(40, 3), r"y_val has classes \[3\] that are not among \[0 1 2\]"),
        ("multiclass", np.zeros((40, 2)), "y_val must be of shape"),
        ("multilabel", np.zeros((40, 2), int), "y_val must have 3 columns"),
        ("multilabel", np.zeros(40, int), "y_val must have 3 columns"),
    ],
)
def test_validation_targets_of_another_kind(kind, y_val, message):
    model, training, held = make(kind)
    with pytest.raises(ValueError, match=message):
        model.fit(*training, X_val=held["X_val"], y_val=y_val)


@pytest.mark.parametrize("optimizer", ["adam", "gd", "lbfgs"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_all_training_rows_train(kind, optimizer):
    model, training, held = make(kind, optimizer=optimizer, validation_fraction=0.9)
    model.fit(*training, **held)
    plain = make(kind, optimizer=optimizer, early_stopping=False)[0].fit(*training)
    assert model.t_ == 4 * 80
    assert model.loss_curve_ == plain.loss_curve_


def test_validation_set_given_later_frees_the_rows_set_aside():
    model, (X, y), held = make(warm_start=True, validation_fraction=0.25)
    assert model.fit(X, y).t_ == 4 * 60
    assert model.fit(X, y, **held).t_ == 4 * 60 + 4 * 80


def test_rows_set_aside_are_trained_on_again_without_early_stopping():
    model, (X, y), _ = make(warm_start=True, validation_fraction=0.25)
    assert model.fit(X, y).t_ == 4 * 60
    model.set_params(early_stopping=False)
    assert model.fit(X, y).t_ == 4 * 60 + 4 * 80
    assert sorted(model._model.training.order) == list(range(80))


def test_validation_loss_is_that_of_the_validation_set():
    weight = np.random.default_rng(0).random(40)
    for kind in ("binary", "multiclass", "regression"):
        model, training, held = make(kind, max_iter=1, alpha=0.5)
        model.fit(*training, **held, sample_weight_val=weight)
        if kind == "regression":
            predicted = model.predict(held["X_val"])
            loss = mean_squared_error(held["y_val"], predicted, sample_weight=weight) / 2
        else:
            predicted = model.predict_proba(held["X_val"])
            loss = log_loss(held["y_val"], predicted, sample_weight=weight)
        assert model.validation_loss_curve_ == [pytest.approx(loss, rel=1e-10)]


@pytest.mark.parametrize("wrap", [sparse.csr_array, sparse.csc_array])
def test_sparse_validation_set(wrap):
    model, (X, y), held = make()
    dense = model.fit(X, y, **held).validation_loss_curve_
    model.fit(wrap(X), y, X_val=wrap(held["X_val"]), y_val=held["y_val"])
    np.testing.assert_allclose(model.validation_loss_curve_, dense, rtol=1e-10)


def test_string_labels_in_the_validation_set():
    names = np.array(["no", "perhaps", "yes"])
    model, (X, y), held = make(scoring="accuracy")
    scores = model.fit(X, y, **held).validation_scores_
    model.fit(X, names[y], X_val=held["X_val"], y_val=names[held["y_val"]])
    assert model.validation_scores_ == scores


def test_stratified_split_that_keeps_the_shares():
    seen = []
    model, (X, y), _ = make(scoring=lambda model, X, y: seen.append(y) or 0.0)
    model.set_params(max_iter=1, validation_fraction=0.25).fit(X, y)
    np.testing.assert_allclose(np.bincount(seen[0]) / 20, np.bincount(y) / 80, atol=0.05)


# ---------------------------------------------------------------- scorers


def f1(model, X, y, sample_weight=None):
    return f1_score(y, model.predict(X), average="macro", sample_weight=sample_weight)


SCORERS = {
    "name": "f1_macro",
    "callable": f1,
    "scorer": make_scorer(f1_score, average="macro"),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scorer", SCORERS)
def test_scorer(scorer, weighted):
    model, training, held = make(scoring=SCORERS[scorer], max_iter=1)
    weight = {"sample_weight_val": np.arange(40.0)} if weighted else {}
    model.fit(*training, **held, **weight)
    expected = f1(model, held["X_val"], held["y_val"], weight.get("sample_weight_val"))
    assert model.validation_scores_ == [pytest.approx(expected)]
    assert model.best_validation_score_ == model.validation_scores_[0]


@pytest.mark.parametrize(
    "kind", ["binary", "multiclass", "multilabel", "regression", "multioutput"]
)
def test_scoring_none_is_the_estimators_score(kind):
    model, training, held = make(kind, scoring=None, max_iter=1)
    model.fit(*training, **held)
    assert model.validation_scores_ == [model.score(held["X_val"], held["y_val"])]


@pytest.mark.parametrize("name", ["neg_log_loss", "roc_auc_ovr", "neg_brier_score"])
def test_scorers_of_probabilities(name):
    model, training, held = make("binary", scoring=name)
    assert len(model.fit(*training, **held).validation_scores_) == 4


def test_scorer_that_takes_no_weights_works_where_there_are_none():
    model, training, held = make(scoring=lambda model, X, y: float(len(y)))
    assert model.fit(*training, **held).validation_scores_ == [40.0] * 4


# ---------------------------------------------------------------- metadata routing


@pytest.fixture
def _routing():
    with config_context(enable_metadata_routing=True):
        yield


ROUTED = pytest.mark.usefixtures("_routing")


@ROUTED
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_pipeline_transforms_the_validation_set(cls):
    seen = []

    def scorer(model, X, y):
        seen.append(X)
        return 0.0

    _, training, held = make("regression" if cls is MLPRegressor else "multiclass")
    far = (100 + 10 * training[0], training[1])
    mlp = cls(**SMALL, scoring=scorer).set_fit_request(X_val=True, y_val=True)
    pipe = Pipeline([("scale", StandardScaler()), ("mlp", mlp)], transform_input=["X_val"])
    pipe.fit(*far, X_val=100 + 10 * held["X_val"], y_val=held["y_val"])
    expected = StandardScaler().fit(far[0]).transform(100 + 10 * held["X_val"])
    np.testing.assert_array_equal(seen[0], expected)
    assert pipe[-1].t_ == 4 * 80


@ROUTED
def test_pipeline_routes_all_three():
    _, (X, y), held = make()
    weight = np.arange(40.0)
    requests = {"X_val": True, "y_val": True, "sample_weight_val": True, "sample_weight": True}
    mlp = MLPClassifier(**SMALL).set_fit_request(**requests)
    scale = StandardScaler().set_fit_request(sample_weight=False)
    pipe = Pipeline([("scale", scale), ("mlp", mlp)], transform_input=["X_val"])
    pipe.fit(X, y, sample_weight=np.arange(80.0), **held, sample_weight_val=weight)
    scaler = StandardScaler().fit(X)
    direct = MLPClassifier(**SMALL).fit(
        scaler.transform(X),
        y,
        np.arange(80.0),
        X_val=scaler.transform(held["X_val"]),
        y_val=held["y_val"],
        sample_weight_val=weight,
    )
    assert pipe[-1].validation_loss_curve_ == direct.validation_loss_curve_
    np.testing.assert_array_equal(pipe[-1].coefs_[0], direct.coefs_[0])


@ROUTED
@pytest.mark.parametrize("search", ["grid", "cross_validate"])
def test_weights_reach_fit_and_score(search):
    model, (X, y), _ = make(early_stopping=False)
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    split = [(np.arange(50), np.arange(50, 80))]
    if search == "grid":
        found = GridSearchCV(model, {"alpha": [0.1]}, cv=split).fit(X, y, sample_weight=weight)
        score = found.best_score_
    else:
        model.set_params(alpha=0.1)
        score = cross_validate(model, X, y, cv=split, params={"sample_weight": weight})
        score = score["test_score"][0]
    direct = make(early_stopping=False, alpha=0.1)[0].fit(X[:50], y[:50], weight[:50])
    assert score == direct.score(X[50:], y[50:], weight[50:])
    assert score != direct.score(X[50:], y[50:])


@ROUTED
def test_weights_that_no_one_asked_for_are_an_error():
    model, (X, y), _ = make(early_stopping=False)
    with pytest.raises(ValueError, match="sample_weight"):
        GridSearchCV(model, {"alpha": [0.1]}, cv=2).fit(X, y, sample_weight=np.ones(80))


@ROUTED
def test_partial_fit_requests():
    model = MLPClassifier().set_partial_fit_request(sample_weight=True, classes=True)
    routing = model.get_metadata_routing()
    assert routing.partial_fit.requests == {"sample_weight": True, "classes": True}
    assert set(routing.fit.requests) == {"sample_weight", "X_val", "y_val", "sample_weight_val"}


def test_another_validation_set_forgets_the_best_on_the_old_one():
    cls, X, y = problem("multiclass")
    model = cls(8, early_stopping=True, warm_start=True, max_iter=5, random_state=0)
    model.fit(X, y, X_val=X[:20], y_val=y[:20])
    model.fit(X, y, X_val=X[20:40], y_val=(y[20:40] + 1) % 3)
    assert model._model.training.best == min(model.validation_loss_curve_[5:])


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_loss_of_rows_set_aside_is_the_mean_by_weight(kind):
    cls, X, y = problem(kind)
    model = cls(8, early_stopping=True, validation_fraction=0.25, max_iter=1, random_state=0)
    weight = np.random.default_rng(0).exponential(size=len(y)) ** 3
    rows = model.fit(X, y, weight)._model.training.validation_rows
    assert not 0.8 < weight[rows].mean() / weight.mean() < 1.25  # or the count would do as well
    if kind == "regression":
        error = mean_squared_error(y[rows], model.predict(X[rows]), sample_weight=weight[rows])
        loss = error / 2
    else:
        loss = log_loss(y[rows], model.predict_proba(X[rows]), sample_weight=weight[rows])
    assert model.validation_loss_curve_ == pytest.approx([loss])


@pytest.mark.parametrize("seed", range(5))
def test_shares_of_classes_are_kept_where_each_has_two_rows(seed):
    _, X, _ = problem("multiclass", 40)
    y = np.repeat([0, 1, 2], [19, 19, 2])
    model = MLPClassifier(4, early_stopping=True, validation_fraction=0.5, random_state=seed)
    rows = model.set_params(max_iter=1).fit(X, y)._model.training.validation_rows
    assert np.bincount(y[rows])[2] == 1


def test_a_class_of_one_row_is_no_obstacle_to_a_split():
    _, X, _ = problem("multiclass", 40)
    y = np.repeat([0, 1, 2], [19, 20, 1])
    model = MLPClassifier(4, early_stopping=True, validation_fraction=0.25, random_state=0)
    model.set_params(max_iter=1).fit(X, y)
    assert model.classes_.tolist() == [0, 1, 2]
    assert len(model._model.training.validation_rows) == 10
