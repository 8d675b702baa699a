"""The results of a fit: predictions, attributes, kinds of data, dtypes."""

import numpy as np
import pandas as pd
import pytest
from common import KINDS, STEP_TAKING, problem
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss

from sknn import MLPClassifier, MLPRegressor
from sknn._training.engine import Engine
from sknn.activations import ACTIVATIONS, LeakyReLU, ReLU, Tanh
from sknn.losses import LOSSES
from sknn.optimizers import OPTIMIZERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
CLASSIFIERS = pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
N_OUTPUTS = {"binary": 1, "multiclass": 3, "multilabel": 3, "regression": 1, "multioutput": 2}
LINKS = {"binary": "sigmoid", "multiclass": "softmax", "multilabel": "sigmoid"}


def fitted(kind="multiclass", dtype=np.float64, **params):
    cls, X, y = problem(kind, dtype=dtype)
    model = cls(**{"hidden_layer_sizes": 8, "max_iter": 5, "random_state": 0} | params)
    return model.fit(X, y), X, y


# ---------------------------------------------------------------- predictions


@CLASSIFIERS
def test_decision_function_is_the_output_layer_before_its_link(kind):
    model, X, _ = fitted(kind, activation="tanh")
    (first, last), (first_bias, last_bias) = model.coefs_, model.intercepts_
    z = np.tanh(X @ first + first_bias) @ last + last_bias
    raw_prediction = model.decision_function(X)
    assert raw_prediction.shape == {"binary": (120,)}.get(kind, (120, 3))
    np.testing.assert_allclose(raw_prediction, z.ravel() if kind == "binary" else z, atol=1e-12)


@CLASSIFIERS
def test_probabilities_and_classes_follow_from_the_decision_function(kind):
    model, X, _ = fitted(kind)
    z = model.decision_function(X)
    if kind == "binary":
        expected, predicted = np.stack([expit(-z), expit(z)], axis=1), (z > 0).astype(int)
    elif kind == "multiclass":
        expected, predicted = softmax(z, axis=1), z.argmax(axis=1)
    else:
        expected, predicted = expit(z), (z > 0).astype(int)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(expected), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), predicted)
    assert model.predict(X).dtype.kind == "i"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@CLASSIFIERS
def test_probabilities_of_extreme_inputs(kind, dtype):
    model, X, _ = fitted(kind, dtype)
    far = (1e6 * X).astype(dtype)
    probabilities, logs = model.predict_proba(far), model.predict_log_proba(far)
    assert np.isfinite(probabilities).all()
    assert np.isfinite(logs).all()
    assert logs.min() < -1e4
    if kind != "multilabel":
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("kind", ["regression", "multioutput"])
def test_regression_predicts_the_output_layer(kind):
    model, X, y = fitted(kind, activation="tanh")
    (first, last), (first_bias, last_bias) = model.coefs_, model.intercepts_
    prediction = model.predict(X)
    assert prediction.shape == y.shape
    z = np.tanh(X @ first + first_bias) @ last + last_bias
    np.testing.assert_allclose(prediction, z.reshape(y.shape), atol=1e-12)


def test_column_of_targets_is_one_dimension():
    cls, X, y = problem("regression")
    with pytest.warns(UserWarning, match="column-vector y"):
        model = cls(8, max_iter=2).fit(X, y[:, np.newaxis])
    assert model.predict(X).shape == (120,)


def test_one_class():
    _, X, _ = problem("binary")
    model = MLPClassifier(8, max_iter=3).fit(X, ["only"] * len(X))
    assert model.decision_function(X).shape == (120,)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((120, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((120, 1)))
    assert set(model.predict(X)) == {"only"}
    assert model.classes_.tolist() == ["only"]


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("dtype", [str, object, np.float64, np.int8, bool])
def test_labels_of_any_type(kind, dtype):
    if (kind, dtype) == ("multiclass", bool):
        pytest.skip("two values are two classes")
    names = np.array(["no", "yes", "maybe"]) if dtype in (str, object) else np.arange(3)
    model, X, y = fitted(kind, max_iter=100, learning_rate_init=0.02)
    labels = names[y].astype(dtype)
    named = model.__class__(**model.get_params()).fit(X, labels)
    assert named.classes_.dtype == labels.dtype
    assert named.classes_.tolist() == sorted(set(labels.tolist()))
    assert set(named.predict(X)) <= set(labels)
    assert named.score(X, labels) > 0.9


def test_one_label_is_multilabel():
    cls, X, y = problem("multilabel")
    model = cls(8, max_iter=3).fit(X, y[:, :2])
    assert model.predict(X).shape == model.decision_function(X).shape == (120, 2)
    assert model.classes_.tolist() == [0, 1]


@EVERY_KIND
def test_score(kind):
    model, X, y = fitted(kind, max_iter=150, learning_rate_init=0.02)
    assert model.score(X, y) > {"regression": 0.5, "multioutput": 0.5}.get(kind, 0.9)


@EVERY_KIND
def test_a_row_is_predicted_alike_in_any_company(kind):
    model, X, _ = fitted(kind)
    predict = model.predict if kind in ("regression", "multioutput") else model.predict_proba
    many = np.tile(X, (10, 1))
    np.testing.assert_array_equal(predict(many), np.concatenate([predict(X)] * 10))
    np.testing.assert_array_equal(predict(X[:1]), predict(X)[:1])


# ---------------------------------------------------------------- attributes


@EVERY_KIND
def test_fitted_attributes(kind):
    model, X, _ = fitted(kind, hidden_layer_sizes=(8, 5))
    assert [w.shape for w in model.coefs_] == [(6, 8), (8, 5), (5, N_OUTPUTS[kind])]
    assert [b.shape for b in model.intercepts_] == [(8,), (5,), (N_OUTPUTS[kind],)]
    assert (model.n_layers_, model.n_outputs_, model.n_features_in_) == (4, N_OUTPUTS[kind], 6)
    assert model.out_activation_ == LINKS.get(kind, "identity")
    assert (model.n_iter_, model.t_) == (5, 5 * len(X))
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert len(model.loss_curve_) == 5
    assert all(type(loss) is float for loss in model.loss_curve_)
    assert hasattr(model, "classes_") == (kind in LINKS)
    assert model.validation_loss_curve_ is model.validation_scores_ is None
    assert model.best_validation_score_ is None


@EVERY_KIND
def test_validation_attributes(kind):
    by_loss, *_ = fitted(kind, early_stopping=True)
    assert len(by_loss.validation_loss_curve_) == len(by_loss.loss_curve_) == 5
    assert by_loss.validation_scores_ is by_loss.best_validation_score_ is None
    by_score, *_ = fitted(kind, early_stopping=True, scoring=None)
    assert by_score.validation_loss_curve_ == by_loss.validation_loss_curve_
    assert by_score.best_validation_score_ == max(by_score.validation_scores_)
    assert len(by_score.validation_scores_) == 5
    assert by_score.t_ == 5 * 108


def test_loss_curve_is_the_objective_met():
    model, X, y = fitted("binary", batch_size=120, learning_rate_init=1e-300, alpha=0.5, max_iter=1)
    penalty = 0.25 * sum((w**2).sum() for w in model.coefs_)
    assert model.loss_ == pytest.approx(log_loss(y, model.predict_proba(X)) + penalty)


def test_fitted_attributes_are_those_of_the_optimizer():
    for name, cls in OPTIMIZERS.items():
        model, *_ = fitted(optimizer=name, max_iter=1)
        assert type(model.optimizer_) is cls
        given = cls()
        assert fitted(optimizer=given, max_iter=1)[0].optimizer_ is not given


def test_constructor_parameters_are_left_alone():
    params = {"hidden_layer_sizes": [8, 5], "activation": ("tanh", "relu"), "dropout": [0.1, 0.2]}
    model, *_ = fitted(**params, dtype=None)
    assert {name: getattr(model, name) for name in params} == params
    assert all(getattr(model, name) is params[name] for name in params)


@EVERY_KIND
def test_learning_learns(kind):
    model, *_ = fitted(kind, max_iter=30, learning_rate_init=0.01)
    assert model.loss_ < 0.7 * model.loss_curve_[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_every_optimizer_learns_at_its_own_rate(kind, optimizer):
    model, *_ = fitted(kind, optimizer=optimizer, max_iter=300, batch_size=20, tol=0.0)
    assert model.loss_ < 0.8 * model.loss_curve_[0]


@pytest.mark.parametrize("optimizer", STEP_TAKING)
def test_automatic_rate_is_the_optimizers_for_the_loss(optimizer):
    for kind, loss in (("binary", "log_loss"), ("regression", "squared_error")):
        rate = OPTIMIZERS[optimizer]().default_learning_rate(LOSSES[loss]())
        automatic, given = (
            fitted(kind, optimizer=optimizer, learning_rate_init=init)[0] for init in ("auto", rate)
        )
        np.testing.assert_array_equal(automatic.coefs_[0], given.coefs_[0])


# ---------------------------------------------------------------- layers


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (8, (8,)),
        ((8, 5), (8, 5)),
        ([8, 5], (8, 5)),
        ((), ()),
        (np.array([8, 5]), (8, 5)),
        (np.int64(8), (8,)),
        (range(3, 5), (3, 4)),
    ],
)
def test_hidden_layer_sizes(sizes, expected):
    model, X, _ = fitted(hidden_layer_sizes=sizes)
    assert tuple(w.shape[1] for w in model.coefs_) == (*expected, 3)
    assert model.predict(X).shape == (120,)


def test_no_hidden_layer_is_logistic_regression():
    model, X, y = fitted(
        "binary", hidden_layer_sizes=(), optimizer="lbfgs", alpha=0.1, max_iter=500
    )
    residual = expit(model.decision_function(X)) - y
    slope = X.T @ residual / len(y) + 0.1 * model.coefs_[0][:, 0]
    np.testing.assert_allclose([*slope, residual.mean()], 0, atol=1e-4)


@pytest.mark.parametrize("activation", [("tanh", "leaky_relu"), [Tanh(), LeakyReLU()]])
def test_activation_for_each_layer(activation):
    model, X, _ = fitted(hidden_layer_sizes=(8, 5), activation=activation)
    a = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    z = a @ model.coefs_[1] + model.intercepts_[1]
    a = np.where(z > 0, z, 0.01 * z)
    z = a @ model.coefs_[2] + model.intercepts_[2]
    np.testing.assert_allclose(model.decision_function(X), z, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_by_name_and_by_instance(activation):
    named, X, _ = fitted(activation=activation)
    given, *_ = fitted(activation=ACTIVATIONS[activation]())
    np.testing.assert_array_equal(named.predict_proba(X), given.predict_proba(X))


def test_initial_weights_depend_on_seed_and_initializer_only(monkeypatch):
    monkeypatch.setattr(Engine, "_update", lambda *args: None)

    def first(**params):
        return fitted(**{"max_iter": 1} | params)[0].coefs_[0]

    expected = first()
    for name in STEP_TAKING:
        np.testing.assert_array_equal(first(optimizer=name, learning_rate_init=0.5), expected)
    np.testing.assert_array_equal(first(activation=ReLU(), early_stopping=True), expected)
    np.testing.assert_array_equal(first(dropout=0.5, batch_size=7, alpha=1.0), expected)
    assert not np.array_equal(first(init="normal"), expected)
    assert not np.array_equal(first(random_state=1), expected)


@pytest.mark.parametrize("optimizer", ["adam", "gd"])
def test_same_seed_same_bits(optimizer):
    params = {"optimizer": optimizer, "dropout": 0.2, "early_stopping": True}
    once, again = (fitted(**params)[0] for _ in range(2))
    for one, other in zip(once.coefs_, again.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    assert once.loss_curve_ != fitted(**params, random_state=1)[0].loss_curve_


# ---------------------------------------------------------------- kinds of data


def sparse_problem(kind):
    cls, X, y = problem(kind)
    return cls(8, max_iter=5, batch_size=50, random_state=0), np.where(abs(X) < 0.7, 0, X), y


@pytest.mark.parametrize("optimizer", ["adam", "gd", "lbfgs"])
@EVERY_KIND
def test_sparse_inputs_train_as_dense_ones(kind, optimizer):
    model, X, y = sparse_problem(kind)
    model.set_params(optimizer=optimizer)
    dense = model.fit(X, y).predict(X), [w.copy() for w in model.coefs_]
    for wrap in (sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix):
        model.fit(wrap(X), y)
        for weights, expected in zip(model.coefs_, dense[1], strict=True):
            np.testing.assert_allclose(weights, expected, atol=1e-9)
        for predicting in (X, wrap(X)):
            np.testing.assert_allclose(model.predict(predicting), dense[0], atol=1e-8)


@pytest.mark.parametrize("wrap", [np.asarray, np.asfortranarray, sparse.csr_array])
@pytest.mark.parametrize("params", [{}, {"input_dropout": 0.5}, {"optimizer": "gd"}])
def test_fit_leaves_its_arguments_alone(params, wrap):
    model, X, y = sparse_problem("regression")
    given, targets, weight = wrap(X), y.copy(), np.full(len(y), 0.5)
    model.set_params(**params, shuffle=False, batch_size=120)
    model.fit(given, targets, weight).predict(given)
    np.testing.assert_array_equal(given.toarray() if sparse.issparse(given) else given, X)
    np.testing.assert_array_equal(targets, y)
    assert (weight == 0.5).all()


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float16])
def test_other_numbers_train_in_float64(dtype):
    X, y = load_digits(n_class=3, return_X_y=True)
    X = (X > 8).astype(dtype)
    model = MLPClassifier(8, max_iter=2, random_state=0).fit(X, y)
    assert model.coefs_[0].dtype == np.float64
    assert model.predict_proba(X).dtype == np.float64


def test_data_frame_with_names():
    cls, X, y = problem("multiclass")
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = cls(8, max_iter=5, random_state=0, early_stopping=True, scoring="accuracy")
    model.fit(frame, pd.Series(y).map({0: "high", 1: "low", 2: "middle"}))
    assert model.feature_names_in_.tolist() == list("abcdef")
    assert model.predict(frame).shape == (120,)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("fedcba")])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    array = cls(8, max_iter=5, random_state=0, early_stopping=True, scoring="accuracy").fit(X, y)
    np.testing.assert_array_equal(array.coefs_[0], model.coefs_[0])


def test_data_frames_of_targets():
    cls, X, y = problem("multilabel")
    model = cls(8, max_iter=3).fit(X, pd.DataFrame(y, columns=["x", "y", "z"]))
    assert model.predict(X).shape == y.shape
    sparse_targets = cls(8, max_iter=3).fit(X, sparse.csr_array(y))
    assert sparse_targets.predict(X).shape == y.shape


def test_large_batches_in_order_are_the_rows_one_after_the_other():
    X = np.random.default_rng(0).normal(size=(8000, 2))
    y = X[:, 0] + (np.arange(8000) >= 4000)
    params = {"optimizer": "sgd", "learning_rate_init": 0.1, "shuffle": False, "random_state": 0}
    whole = MLPRegressor(3, batch_size=4000, bias_init="zeros", **params).partial_fit(X, y)
    halves = MLPRegressor(3, batch_size=4000, bias_init="zeros", **params)
    halves.partial_fit(X[:4000], y[:4000]).partial_fit(X[4000:], y[4000:])
    np.testing.assert_array_equal(whole.coefs_[0], halves.coefs_[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_of_labels_are_never_zero_or_one(dtype):
    """Those that the sigmoid does not round to either are as they were, to the last bit."""
    model, X, _ = fitted("multilabel", dtype=dtype, max_iter=1)
    for scale in (1.0, 1e5):
        model.coefs_[-1][...] *= scale
        exact = model.activations(X)[-1]
        found = model.predict_proba(X)
        assert found.dtype == dtype
        assert found.min() > 0
        assert found.max() < 1
        inside = (exact > 0) & (exact < 1)
        np.testing.assert_array_equal(found[inside], exact[inside])
        np.testing.assert_array_equal(found.round(), exact.round())
        assert inside.all() == (scale == 1.0)
