"""Models converted between scikit-learn's class, sknn.compat's and the core's."""

import numpy as np
import pytest
from common import through_file
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import neural_network
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import sknn
from sknn import compat
from sknn.compat import convert
from sknn.losses import LogLoss
from sknn.schedules import Adaptive

X, y = load_iris(return_X_y=True)
TARGETS = {
    "binary": y == 1,
    "multiclass": np.array(["setosa", "versicolor", "virginica"])[y],
    "multilabel": np.c_[y == 0, y > 0, y == 2, X[:, 0] > 5] * 1,
    "number": X[:, 0] - 5,
    "numbers": X[:, :2] - 5,
    "counts": y,
}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def is_class(target):
    return target not in ("number", "numbers", "counts")


def fitted(module, target, dtype=np.float64, **params):
    kind = "MLPClassifier" if is_class(target) else "MLPRegressor"
    if target == "counts":
        params["loss"] = "poisson"
    params = {"hidden_layer_sizes": (12, 8), "max_iter": 20, "random_state": 0} | params
    return getattr(module, kind)(**params).fit(X.astype(dtype), TARGETS[target])


def same_bits(ours, theirs, dtype=np.float64):
    inputs = X.astype(dtype)
    one, other = ours.predict(inputs), theirs.predict(inputs)
    assert_array_equal(one, other)
    assert one.dtype.kind == other.dtype.kind


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_there_and_back(target, dtype, activation):
    theirs = fitted(compat, target, dtype, activation=activation)
    ours = convert(theirs)
    assert type(ours) is getattr(sknn, type(theirs).__name__)
    same_bits(ours, theirs, dtype)
    back = convert(ours)
    assert type(back) is type(theirs)
    same_bits(back, theirs, dtype)
    assert {k: v for k, v in back.get_params().items() if k != "alpha"} == {
        k: v for k, v in theirs.get_params().items() if k != "alpha"
    }
    assert back.alpha == pytest.approx(theirs.alpha, rel=1e-15)
    for name in ("n_iter_", "t_", "loss_curve_", "out_activation_", "n_features_in_"):
        assert getattr(back, name) == getattr(theirs, name), name


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_from_scikit_learn(target, solver):
    theirs = fitted(neural_network, target, solver=solver)
    ours = convert(theirs, n_samples=len(X))
    if is_class(target):
        same_bits(ours, theirs)
    else:  # scikit-learn's own products may round otherwise
        assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)
    if target in ("multiclass", "multilabel", "binary"):
        assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam", "lbfgs"])
def test_from_the_core(target, optimizer):
    ours = fitted(sknn, target, optimizer=optimizer)
    theirs = convert(ours)
    same_bits(ours, theirs)
    if target == "multiclass":
        assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    if target == "multilabel":  # where scikit-learn rounds to 0 or 1, the core stays between them
        between = np.clip(theirs.predict_proba(X), np.nextafter(0, 1), np.nextafter(1, 0))
        assert_array_equal(ours.predict_proba(X), between)
    if target == "binary":
        assert_array_equal(ours.predict_proba(X)[:, 1], theirs.predict_proba(X)[:, 1])
    assert isinstance(theirs, neural_network.MLPClassifier | neural_network.MLPRegressor)


@pytest.mark.parametrize("target", ["multiclass", "number", "counts"])
@pytest.mark.parametrize(
    "solver",
    [
        {"solver": "sgd", "momentum": 0},
        {"solver": "sgd"},
        {"solver": "adam", "epsilon": 1e-30},  # it stands elsewhere in the core's formula
    ],
)
def test_training_goes_on_alike(target, solver):
    """The penalty, the rate, batches and the optimizer mean the same in both."""
    params = {"alpha": 1.0, "batch_size": 50, "shuffle": False, "warm_start": True}
    theirs = fitted(compat, target, learning_rate_init=0.01, max_iter=3, **solver, **params)
    ours = convert(theirs)
    for model in (theirs, ours):
        model.set_params(max_iter=4).fit(X, TARGETS[target])
    for one, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-11, atol=1e-13)


def test_lbfgs_goes_on_alike():
    params = {"alpha": 1.0, "solver": "lbfgs", "warm_start": True, "max_iter": 3}
    theirs = fitted(compat, "number", **params)
    ours = convert(theirs, n_samples=len(X))
    for model in (theirs, ours):
        model.fit(X, TARGETS["number"])
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8)
    assert convert(ours).alpha == pytest.approx(1.0)


def test_early_stopping_and_names_are_kept():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    theirs = compat.MLPClassifier(early_stopping=True, random_state=0).fit(frame, y)
    ours = convert(theirs)
    assert list(ours.feature_names_in_) == list("abcd")
    assert ours.validation_scores_ == theirs.validation_scores_
    assert convert(ours).validation_scores_ == theirs.validation_scores_
    assert ours.scoring is None
    ours.set_params(warm_start=True).fit(frame, y)


def test_the_original_is_not_changed():
    theirs = fitted(compat, "multiclass", warm_start=True)
    before = theirs.predict_proba(X)
    convert(theirs).fit(X, TARGETS["multiclass"])
    assert_array_equal(theirs.predict_proba(X), before)
    ours = convert(theirs)
    before = ours.predict_proba(X)
    convert(ours).partial_fit(X, TARGETS["multiclass"])
    assert_array_equal(ours.predict_proba(X), before)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"activation": "elu"}, "activation=.*ELU.*"),
        ({"activation": ("relu", "tanh")}, "activation="),
        ({"optimizer": "adamw"}, "optimizer='adamw'"),
        ({"learning_rate": "cosine"}, "learning_rate='cosine'"),
        ({"learning_rate": "invscaling"}, "learning_rate='invscaling'"),
        ({"learning_rate": Adaptive(divisor=2), "optimizer": "sgd"}, "learning_rate=Adaptive"),
        ({"dropout": 0.5}, "dropout=0.5"),
        ({"input_dropout": 0.5}, "input_dropout=0.5"),
        ({"loss": LogLoss(label_smoothing=0.1)}, "loss=LogLoss"),
        ({"loss": "hinge"}, "loss='hinge'"),
        ({"l1_ratio": 0.5}, "l1_ratio=0.5"),
        ({"max_norm": 3.0}, "max_norm=3.0"),
        ({"clip_norm": 3.0}, "clip_norm=3.0"),
        ({"averaging": "ema"}, "averaging='ema'"),
        ({"class_weight": "balanced"}, "class_weight='balanced'"),
        ({"early_stopping": True}, "scoring='loss'"),
        ({"n_iter_no_change": 1}, "n_iter_no_change=1"),
        ({"n_iter_no_change": 2.5}, "n_iter_no_change=2.5"),
    ],
)
def test_what_has_no_counterpart(params, match):
    ours = fitted(sknn, "multiclass", **params)
    with pytest.raises(ValueError, match=match + ".* has no counterpart in scikit-learn"):
        convert(ours)


def test_what_the_core_has_no_counterpart_for():
    with pytest.raises(ValueError, match="momentum=1 has no counterpart in sknn"):
        convert(fitted(compat, "number", solver="sgd", momentum=1, learning_rate_init=1e-6))
    with pytest.raises(ValueError, match=r"alpha=0.0001 .* pass n_samples"):
        convert(fitted(compat, "number", solver="lbfgs"))
    assert convert(fitted(compat, "number", solver="lbfgs", alpha=0)).alpha == 0
    with pytest.raises(NotFittedError):
        convert(compat.MLPClassifier())
    with pytest.raises(NotFittedError):
        convert(sknn.MLPClassifier())
    with pytest.raises(TypeError, match="got LogisticRegression"):
        convert(LogisticRegression())


@pytest.mark.parametrize("module", [sknn, compat, neural_network])
def test_a_single_class_has_other_probabilities(module):
    model = module.MLPClassifier(5, max_iter=5).fit(X, y * 0 + 3)
    with pytest.raises(ValueError, match=r"^classes_=array\(\[3\]\) is a single class"):
        convert(model)


@pytest.mark.parametrize("module", [compat, neural_network])
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_a_batch_has_no_more_rows_than_there_are(module):
    theirs = fitted(module, "multiclass", batch_size=5000, alpha=1.5)
    assert convert(theirs).alpha == pytest.approx(1.5 / len(X))
    assert convert(convert(theirs)).alpha == pytest.approx(1.5)


def test_from_a_file_without_the_training_state(tmp_path):
    model = fitted(sknn, "multiclass", alpha=0.01)
    twin = through_file(model, tmp_path)
    with pytest.raises(ValueError, match=r"alpha=0.01 .* pass n_samples=len\(X\)"):
        convert(twin)
    theirs = convert(twin, n_samples=len(X))
    assert theirs.alpha == convert(model).alpha == 0.01 * len(X)
    same_bits(theirs, model)
    assert convert(twin.set_params(alpha=0)).alpha == 0


@pytest.mark.parametrize("n_samples", [0, 1.5, "all"])
def test_wrong_n_samples(n_samples):
    with pytest.raises(ValueError, match=r"^n_samples must be an integer in"):
        convert(fitted(sknn, "multiclass"), n_samples=n_samples)


def test_multilabel_of_many_labels():
    X, y = make_multilabel_classification(100, n_classes=12, random_state=0)
    theirs = compat.MLPClassifier(max_iter=10).fit(X, y)
    assert_array_equal(convert(theirs).predict_proba(X), theirs.predict_proba(X))
