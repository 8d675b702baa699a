"""Warnings: problems are provoked and named, the advice solves them, good fits do not warn."""

import re
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

from sknn import MLPClassifier, MLPRegressor, exceptions
from sknn.initializers import Constant, Normal
from sknn.preprocessing import PiecewiseLinearEncoder

WINE, BREAST_CANCER = load_wine(return_X_y=True), load_breast_cancer(return_X_y=True)
DIGITS, DIABETES = load_digits(return_X_y=True), load_diabetes(return_X_y=True)


def scaled(data, factor=1.0):
    X, y = data
    return StandardScaler().fit_transform(X), y * factor if y.dtype.kind == "f" else y


def told(model, X, y, **given):
    """Return the warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, **given)
    return caught


def only(model, X, y, category):
    """Return the text of the one warning of a fit, which must be of a category and point here."""
    caught = told(model, X, y)
    assert [each.category for each in caught] == [category]
    assert caught[0].filename == __file__
    return str(caught[0].message)


# ---------------------------------------------------------------- health


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    ("cls", "data"),
    [
        (MLPClassifier, (DIGITS[0] / 16, DIGITS[1])),
        (MLPClassifier, scaled(WINE)),
        (MLPClassifier, scaled(BREAST_CANCER)),
        (MLPRegressor, scaled(DIABETES)),
    ],
    ids=["digits", "wine", "cancer", "diabetes"],
)
def test_healthy_fits_say_nothing(cls, data, early_stopping, seed):
    model = cls(random_state=seed, early_stopping=early_stopping, dtype="float32")
    assert not told(model, *data)


def test_partial_fit_says_nothing():
    model = MLPClassifier(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(*WINE, classes=np.unique(WINE[1]))


def test_a_constant_target_and_constant_features_are_no_ill():
    X = np.hstack([scaled(WINE)[0], np.full((178, 1), 1e-7)])
    model = MLPRegressor(random_state=0, max_iter=500)
    assert not told(model, X, np.full(178, 5.0))


# ---------------------------------------------------------------- scales


def pasted(text, names):
    """Run the lines that a warning offers, and return the model that they make."""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    scope = dict(names)
    exec("\n".join(lines), scope)
    return scope["model"]


def test_features_of_different_scales_and_the_line_that_helps():
    text = only(MLPClassifier(random_state=0), *WINE, exceptions.FeatureScaleWarning)
    assert "got features of sizes from 0.38 to 810 (root mean square)" in text
    model = pasted(text, {"MLPClassifier": MLPClassifier})
    assert [type(step) for _, step in model.steps] == [StandardScaler, MLPClassifier]
    assert model[-1].random_state == 0
    assert not told(model, *WINE)


def test_a_line_to_paste_leaves_out_what_is_no_python():
    model = MLPClassifier(random_state=np.random.RandomState(0))
    text = only(model, *WINE, exceptions.FeatureScaleWarning)
    assert text.endswith("make_pipeline(StandardScaler(), MLPClassifier(...))")


@pytest.mark.parametrize("factor", [2e3, 1e-4])
def test_a_feature_far_from_the_others(factor):
    X, y = scaled(WINE)
    X[:, 3] *= factor
    only(MLPClassifier(random_state=0), X, y, exceptions.FeatureScaleWarning)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda X: X + 100, r"a feature whose mean is 1\d\d times its standard deviation"),
        (lambda X: X * 1e-4, r"features of sizes up to 0\.0001 \(root mean square\), too small"),
        (lambda X: np.c_[X[:, 1:], 288 + 10 * X[:, 0]], r"mean is \d\d times its standard"),
    ],
)
def test_features_off_centre_or_all_tiny(change, problem):
    X, y = scaled(WINE)
    model = MLPClassifier(random_state=0)
    text = only(model, change(X), y, exceptions.FeatureScaleWarning)
    assert re.search(problem, text)
    assert not told(pasted(text, {"MLPClassifier": MLPClassifier}), change(X), y)


def test_a_feature_that_is_nearly_always_one_is_not_off_centre():
    X, y = scaled(WINE)
    rare = np.ones((len(X), 1))
    rare[7] = 0
    assert not told(MLPClassifier(random_state=0), np.hstack([X, rare]), y)


def test_sparse_features_are_scaled_without_a_centre():
    X, y = scaled(WINE)
    X = sparse.csr_array(np.where(np.abs(X) > 0.5, X, 0) * np.r_[5e3, np.ones(12)])
    text = only(MLPClassifier(random_state=0), X, y, exceptions.FeatureScaleWarning)
    caught = told(pasted(text, {"MLPClassifier": MLPClassifier}), X, y)
    assert exceptions.FeatureScaleWarning not in [each.category for each in caught]


@pytest.mark.parametrize("small", [1e-4, 1e-7])
def test_the_outer_bins_of_an_encoding_are_no_small_features(small):
    """They differ from a small constant in a few rows, and by little in most of those."""
    X, y = scaled(WINE)
    bins = np.full((len(X), 2), -small)
    bins[3:9] += small * np.array([1e-2, 1.0])
    assert not told(MLPClassifier(random_state=0), np.hstack([X, bins]), y)


def test_an_encoding_of_long_tails_is_well_scaled():
    rng = np.random.default_rng(0)
    X = rng.lognormal(sigma=2.5, size=(3000, 4))
    y = (np.log(X).sum(axis=1) > 0).astype(int)
    encoded = PiecewiseLinearEncoder().fit_transform(X)
    caught = told(MLPClassifier(random_state=0, max_iter=5), encoded, y)
    assert exceptions.FeatureScaleWarning not in [each.category for each in caught]


@pytest.mark.parametrize("to_sparse", [np.asarray, sparse.csr_array])
def test_rare_features_are_no_small_ones(to_sparse):
    X, y = scaled(WINE)
    rare = np.zeros((178, 20))
    rare[np.arange(20) * 8, np.arange(20)] = 1
    model = MLPClassifier(random_state=0)
    assert not told(model, to_sparse(np.hstack([X * 10, rare])), y)


@pytest.mark.parametrize("factor", [1e3, 0.014 / 77], ids=["dollars", "naval"])
def test_target_far_from_unit_scale_and_the_line_that_helps(factor):
    X, y = scaled(DIABETES, factor)
    text = only(MLPRegressor(random_state=0), X, y, exceptions.TargetScaleWarning)
    model = pasted(text, {"MLPRegressor": MLPRegressor})
    assert isinstance(model, TransformedTargetRegressor)
    caught = told(model, X, y)
    assert exceptions.TargetScaleWarning not in [each.category for each in caught]


def test_losses_of_positive_targets_have_no_unit_scale():
    X, y = scaled(DIABETES, 1e3)
    caught = told(MLPRegressor(loss="gamma", random_state=0), X, y)
    assert exceptions.TargetScaleWarning not in [each.category for each in caught]


@pytest.mark.parametrize("factor", [50.0, 0.02])
def test_a_validation_set_of_another_scale(factor):
    X, y = scaled(WINE)
    model = MLPClassifier(early_stopping=True, random_state=0)
    with pytest.warns(exceptions.FeatureScaleWarning) as caught:
        model.fit(X[::2], y[::2], X_val=factor * X[1::2], y_val=y[1::2])
    text = str(caught[0].message)
    assert re.search("got an X_val whose features vary (4[0-9]|5[0-9]|0.0[12][0-9]*) times", text)
    assert "enable metadata routing and set transform_input=['X_val']" in text
    for X_val in (X[1::2], 3 * X[1::2], sparse.csr_array(50 * X[1::2])):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X[::2], y[::2], X_val=X_val, y_val=y[1::2])
        assert exceptions.FeatureScaleWarning not in [each.category for each in caught]


def housing(n_samples=300):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 5))
    prices = 200_000 + 80_000 * (X[:, 0] + 0.5 * X[:, 1] ** 2) + rng.normal(0, 1e4, n_samples)
    return X, prices


@pytest.mark.parametrize(
    ("unit", "problem"),
    [
        (1.0, r"got a y_val that varies 1\d\d,\d\d\d times as much as y, so the validation used"),
        (1e-9, r"got a y_val that varies 0\.0001\d* times as much as y, so the"),
        (1e-5, r"got a y_val whose median differs from that of y by \d\d times its"),
    ],
)
@pytest.mark.parametrize("early_stopping", [True, False])
def test_a_y_val_of_another_scale(early_stopping, unit, problem):
    X, y = housing()
    y = unit * (y if unit != 1e-5 else y + 2e6)
    mlp = MLPRegressor(20, early_stopping=early_stopping, max_iter=30, random_state=0)
    model = TransformedTargetRegressor(mlp, transformer=StandardScaler())
    caught = told(model, X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    assert [each.category for each in caught] == [exceptions.TargetScaleWarning]
    assert re.search(problem, str(caught[0].message))
    assert "pass transformer.transform(y_val.reshape(-1, 1)).ravel()" in str(caught[0].message)
    transformer = StandardScaler().fit(y[:200].reshape(-1, 1))
    y_val = transformer.transform(y[200:].reshape(-1, 1)).ravel()
    caught = told(model, X[:200], y[:200], X_val=X[200:], y_val=y_val)
    assert exceptions.TargetScaleWarning not in [each.category for each in caught]


@pytest.mark.parametrize("n_val", [1, 10, 30, 100])
@pytest.mark.parametrize(
    "kind", ["plain", "mostly zero", "rarely not zero", "long tail", "classes"]
)
def test_a_y_val_of_the_same_scale(kind, n_val):
    X, y = housing()
    y = (y - 200_000) / 80_000
    transform = {
        "plain": lambda y: y,
        "mostly zero": lambda y: np.where(y > 1, y, 0.0),
        "rarely not zero": lambda y: np.where(y > 2, np.exp(4 * y), 0.0),
        "long tail": lambda y: np.exp(2 * y),
        "classes": lambda y: (y > 2.5) + 0,
    }[kind]
    cls, y = MLPClassifier if kind == "classes" else MLPRegressor, transform(y)
    model = cls(8, early_stopping=True, max_iter=3, random_state=0)
    for start in range(0, 100, 5):
        rows = slice(200 + start - n_val + 1, 201 + start)
        caught = told(model, X[:200], y[:200], X_val=X[rows], y_val=y[rows])
        assert not any("y_val" in str(each.message) for each in caught)


# ---------------------------------------------------------------- units and gradients


def test_dead_units():
    model = MLPClassifier(20, bias_init=Constant(-20), random_state=0)
    text = only(model, *scaled(WINE), exceptions.DeadUnitsWarning)
    assert "100% of the units in hidden layer 1 have a derivative of zero on all of 178" in text
    assert "use bias_init='auto', lower learning_rate_init (now 0.001), or use activation=" in text
    caught = told(model.set_params(activation="leaky_relu", bias_init="auto"), *scaled(WINE))
    assert exceptions.DeadUnitsWarning not in [each.category for each in caught]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("init", ["zeros", Constant(0.1)], ids=str)
def test_identical_units(init, activation):
    model = MLPClassifier((8, 4), activation=activation, init=init, random_state=0)
    text = only(model, *scaled(WINE), exceptions.IdenticalUnitsWarning)
    assert "all units of hidden layer 1 have the same weights" in text
    assert f"such as 'auto' (now {init!r})" in text
    caught = told(model.set_params(init="auto"), *scaled(WINE))
    assert exceptions.IdenticalUnitsWarning not in [each.category for each in caught]


def test_units_that_something_else_tells_apart_are_not_identical():
    for apart in ({"bias_init": "normal"}, {"hidden_layer_sizes": (1,)}, {"dropout": 0.2}):
        params = {"hidden_layer_sizes": (8,), "init": Constant(0.1), "activation": "tanh"} | apart
        caught = told(MLPClassifier(**params, random_state=0), *scaled(WINE))
        assert exceptions.IdenticalUnitsWarning not in [each.category for each in caught]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "hard_tanh"])
def test_saturated_units(activation):
    model = MLPClassifier(activation=activation, init=Normal(std=10.0), random_state=0)
    text = only(model, *scaled(WINE), exceptions.SaturatedUnitsWarning)
    assert "of the activations of hidden layer 1 on 178 rows are at a limit" in text


def test_vanishing_gradient():
    model = MLPClassifier((50,) * 8, activation="sigmoid", random_state=0)
    text = only(model, *scaled(WINE), exceptions.VanishingGradientWarning)
    assert "of 8 is " in text
    assert "Use activation='relu' or 'selu'" in text


@pytest.mark.parametrize("hidden", [(100,), (50, 50)])
def test_a_rate_that_is_too_low_is_no_vanishing_gradient(hidden):
    """The output weights are still near zero, where they start, and so are all gradients."""
    for params in ({"learning_rate_init": 1e-6}, {"learning_rate_init": 1e-5, "max_iter": 5}):
        model = MLPClassifier(hidden, random_state=0, **params)
        caught = told(model, *scaled(WINE))
        assert exceptions.VanishingGradientWarning not in [each.category for each in caught]


def test_exploding_signals():
    model = MLPClassifier((100,) * 4, init=Normal(), random_state=0, max_iter=50)
    text = only(model, *scaled(WINE), exceptions.ExplodingGradientWarning)
    assert "times that of a constant prediction, with a gradient of norm" in text
    assert "init='auto', lower learning_rate_init (now 0.001), or set clip_norm=1" in text
    assert f"had a loss of {model.loss_curve_[0] - model.history_['penalty'][0]:,.0f}" in text


def test_advice_names_init_only_where_it_is_another():
    X, y = scaled(DIABETES)
    for init in ("auto", "normal"):
        model = MLPRegressor((200,) * 3, init=init, learning_rate_init=0.5, max_iter=30, tol=0.0)
        with pytest.warns(exceptions.ExplodingGradientWarning) as caught:
            model.set_params(random_state=0).fit(X, (y - 152) / 77)
        assert ("init='auto'" in str(caught[0].message)) == (init == "normal")


# ---------------------------------------------------------------- convergence


@pytest.mark.parametrize(
    ("params", "advice"),
    [
        ({}, r"Raise max_iter, for example to 20, or learning_rate_init \(now 0.001\)"),
        ({"optimizer": "lbfgs"}, "Raise max_iter, for example to 20"),
    ],
)
@pytest.mark.parametrize("is_scaled", [True, False])
def test_not_converged(params, advice, is_scaled):
    model = MLPClassifier(max_iter=4, random_state=0, **params)
    X, y = scaled(WINE)
    advice += r"\.$" if is_scaled else r", or scale X with StandardScaler\.$"
    with pytest.warns(exceptions.NotConvergedWarning, match=advice) as caught:
        model.fit(X if is_scaled else X + 2, y)
    fell = model.loss_curve_[-2] - model.loss_curve_[-1]
    assert (
        f"reached max_iter=4 before it converged: in its last epoch the loss fell by {fell:.2g} "
        f"to {model.loss_curve_[-1]:.4g}"
    ) in str(caught[0].message)


def rare_and_long_tailed(X):
    """Return X with columns that a few rows alone make what they are, before scaling."""
    rng = np.random.default_rng(0)
    rare, tails = np.zeros((len(X), 20)), np.exp(3 * rng.normal(size=(len(X), 20)))
    rare[np.arange(20) * 7 + 1, np.arange(20)] = 1
    return np.hstack([X, rare, tails])


def encoded(X):
    return np.hstack([X, np.eye(3)[(np.arange(len(X)) % 10 > 0) + 0]])


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda X: StandardScaler().fit_transform(rare_and_long_tailed(X)), ""),
        (lambda X: encoded(StandardScaler().fit_transform(X)), ""),
        (lambda X: MinMaxScaler().fit_transform(X), ""),
        (lambda X: normalize(sparse.csr_array(np.maximum(X, 0))), ""),
        (lambda X: 20 * sparse.csr_array(np.maximum(X, 0)), ", or scale X with MaxAbsScaler"),
        (lambda X: X * 5, ", or scale X with StandardScaler"),
        (lambda X: X * 0.03, ", or scale X with StandardScaler"),
        (lambda X: np.abs(X) + 5, ", or scale X with StandardScaler"),
    ],
)
def test_scaled_data_need_no_scaler(change, advice):
    X, y = scaled(WINE)
    model = MLPClassifier(max_iter=4, random_state=0, learning_rate_init=1e-4)
    text = only(model, change(np.tile(X, (3, 1))), np.tile(y, 3), exceptions.NotConvergedWarning)
    assert text.endswith(f"or learning_rate_init (now 0.0001){advice}.")


@pytest.mark.parametrize(("unit", "advice"), [(16, ""), (1, ", or divide X by 16")])
def test_pixels_need_no_scaler(unit, advice):
    model = MLPClassifier(max_iter=4, random_state=0)
    text = only(model, DIGITS[0] / unit, DIGITS[1], exceptions.NotConvergedWarning)
    assert text.endswith(f"or learning_rate_init (now 0.001){advice}.")


def test_not_converged_because_the_loss_rises():
    X, y = scaled(WINE)
    model = MLPClassifier(max_iter=4, early_stopping=True, n_iter_no_change=100, random_state=0)
    (caught,) = told(model, X, y, X_val=X, y_val=(y + 1) % 3)
    rose = model.validation_loss_curve_[-1] - model.validation_loss_curve_[-2]
    assert f"in its last epoch the validation loss rose by {rose:.2g}" in str(caught.message)
    assert "Lower learning_rate_init (now 0.001), or let it decay" in str(caught.message)


def test_validation_decides_whether_the_loss_still_moves():
    model = MLPClassifier(max_iter=4, early_stopping=True, random_state=0)
    text = only(model, *scaled(WINE), exceptions.NotConvergedWarning)
    fell = model.validation_loss_curve_[-2] - model.validation_loss_curve_[-1]
    assert f"in its last epoch the validation loss fell by {fell:.2g}" in text


@pytest.mark.parametrize("max_iter", [50, 100, 200])
def test_a_loss_that_would_fall_by_a_tenth(max_iter):
    """The forecast is compared with the fit that trains for as many epochs again."""
    X, y = scaled(DIABETES)[0], (DIABETES[1] - 152) / 77
    model = MLPRegressor(max_iter=max_iter, random_state=0)
    text = only(model, X, y, exceptions.NotConvergedWarning)
    told_share = int(re.search(rf", and {max_iter} more would lower it by about (\d+)%", text)[1])
    longer = MLPRegressor(max_iter=2 * max_iter, random_state=0, n_iter_no_change=np.inf)
    told(longer, X, y)
    share = 1 - longer.loss_ / model.loss_
    assert share > 0.1
    assert told_share == pytest.approx(100 * share, rel=0.5)


def test_a_loss_that_would_fall_by_less_than_tol_has_converged():
    X, y = scaled(WINE)
    fits = [MLPClassifier(tol=tol, random_state=0) for tol in (1e-4, 1e-5)]
    silent, warned = (told(model, X, y) for model in fits)
    assert fits[0].n_iter_ == fits[1].n_iter_ == 200
    assert not silent
    assert [each.category for each in warned] == [exceptions.NotConvergedWarning]


def test_one_warning_names_all_ills():
    X, y = scaled(DIABETES, 1e3)
    model = MLPRegressor(max_iter=3, random_state=0)
    text = only(model, X * 5e3, y, exceptions.FeatureScaleWarning)
    assert ". It also got targets y with a standard deviation of " in text
    assert ". It also reached max_iter=3 before it converged: " in text


# ---------------------------------------------------------------- batches


def test_a_batch_larger_than_the_data():
    X, y = scaled(WINE)
    model = MLPClassifier(batch_size=179, learning_rate_init=0.01, random_state=0)
    text = only(model, X, y, exceptions.BatchSizeWarning)
    assert "got batch_size=179, larger than the 178 rows to train on, and clipped it to 178" in text
    for clipped in ("auto", 178):
        other = MLPClassifier(batch_size=clipped, learning_rate_init=0.01, random_state=0)
        assert not told(other, X, y)
        np.testing.assert_array_equal(other.coefs_[0], model.coefs_[0])
    model.set_params(batch_size=170, early_stopping=True)
    assert "larger than the 160 rows to train on" in only(model, X, y, exceptions.BatchSizeWarning)


@pytest.mark.parametrize("optimizer", ["gd", "rprop", "lbfgs"])
def test_an_optimizer_without_batches_says_nothing_of_them(optimizer):
    model = MLPClassifier(batch_size=999, optimizer=optimizer, random_state=0)
    caught = told(model, *scaled(WINE))
    assert exceptions.BatchSizeWarning not in [each.category for each in caught]


def test_a_part_of_a_stream_may_be_shorter_than_a_batch():
    X, y = scaled(WINE)
    model = MLPClassifier(batch_size=999, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize("name", exceptions.__all__)
def test_each_kind_can_be_silenced_alone(name):
    category = getattr(exceptions, name)
    assert issubclass(category, UserWarning)
    plain = ("BatchSizeWarning", "InterruptedWarning")
    parent = UserWarning if name in plain else ConvergenceWarning
    assert issubclass(category, parent)
    model = MLPClassifier(max_iter=4, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", category)
        model.fit(*scaled(WINE))
    is_ours = issubclass(exceptions.NotConvergedWarning, category)
    assert len(caught) == (0 if is_ours else 1)


def test_a_diagnosis_leaves_the_model_alone(monkeypatch):
    X, y = scaled(WINE)
    params = {"activation": ("prelu", "tanh"), "random_state": 0, "dropout": 0.3, "max_iter": 5}
    model = MLPClassifier((10, 10), **params, warm_start=True)
    assert told(model, X, y)
    assert told(model, X, y)
    monkeypatch.setattr("sknn.estimators._base.diagnose", lambda *args: None)
    other = MLPClassifier((10, 10), **params, warm_start=True)
    assert not told(other, X, y)
    other.fit(X, y)
    np.testing.assert_array_equal(other.coefs_[0], model.coefs_[0])
