"""Model files restore models bit for bit."""

import os
import pickle
import zipfile

import joblib
import numpy as np
import pytest
from common import KINDS, STEP_TAKING, changes, problem, state, through_file
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context, neural_network
from sklearn.datasets import load_digits

import sknn
from sknn import MLPClassifier, MLPRegressor, compat
from sknn.activations import ACTIVATIONS, GELU, LeakyReLU
from sknn.averaging import EMA
from sknn.dropout import AlphaDropout, Dropout
from sknn.estimators._parameters import FAMILIES
from sknn.losses import Quantile
from sknn.optimizers import LBFGS, Momentum
from sknn.persistence._catalogue import NAMES
from sknn.schedules import Cosine, Warmup

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (8, 5), "batch_size": 32, "max_iter": 4, "random_state": 0}
VARIATIONS = {
    "plain": {},
    "dropout": {"dropout": (Dropout(0.3), 0.1), "input_dropout": 0.1},
    "alpha dropout": {"activation": "selu", "dropout": AlphaDropout(0.1)},
    "averaged": {"averaging": EMA(0.9)},
    "early stopping": {"early_stopping": True, "averaging": "ema", "learning_rate_init": 0.1},
    "scored": {"early_stopping": True, "scoring": "r2"},
    "nested": {"learning_rate": Warmup(Cosine(2), n_epochs=2), "optimizer": Momentum(0.8)},
    "own slopes": {"activation": ("prelu", GELU("tanh"))},
    "endless patience": {"n_iter_no_change": float("inf"), "tol": 0.0},
    "float32": {"dtype": np.float32},
    "shared random state": {"random_state": np.random.RandomState(3)},
    "quantiles": {"loss": Quantile((0.1, 0.5, 0.9))},
    "NumPy's numbers": {
        "alpha": np.float64(0.1),
        "max_iter": np.int64(4),
        "hidden_layer_sizes": np.array([8, 5]),
        "shuffle": np.True_,
    },
}


def fitted(kind="regression", n_samples=120, **params):
    cls, X, y = problem(kind, n_samples)
    return cls(**SMALL | params).fit(X, y), X, y


def known(model):
    """Return `state` without memory whose values mean nothing."""
    return {path: leaf for path, leaf in state(model).items() if ".products" not in path}


def parameters(model):
    return {name: repr(each) for name, each in model.get_params().items() if name != "random_state"}


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training_state", [False, True])
def test_every_kind_of_target(kind, training_state, tmp_path):
    model, X, _ = fitted(kind)
    twin = through_file(model, tmp_path, training_state=training_state)
    assert type(twin) is type(model)
    assert parameters(twin) == parameters(model)
    assert_array_equal(twin.predict(X), model.predict(X))
    fitted_ = {name for name in vars(model) if name.endswith("_")}
    assert {name for name in vars(twin) if name.endswith("_")} == fitted_
    for name in fitted_ | {"coefs_", "intercepts_"}:
        assert repr(getattr(twin, name)) == repr(getattr(model, name)), name


@pytest.mark.parametrize("variation", VARIATIONS)
def test_every_variation_comes_back_whole_and_goes_on(variation, tmp_path):
    model, X, y = fitted(warm_start=True, **VARIATIONS[variation])
    twin = through_file(model, tmp_path, training_state=True)
    assert changes(known(model), known(twin)) == []
    assert parameters(twin) == parameters(model)
    assert_array_equal(twin.predict(X), model.predict(X))
    assert changes(known(model.fit(X, y)), known(twin.fit(X, y))) == []


@pytest.mark.parametrize("optimizer", STEP_TAKING)
def test_every_optimizer_goes_on(optimizer, tmp_path):
    cls, X, y = problem("multiclass")
    model = cls(**SMALL, optimizer=optimizer).partial_fit(X, y, classes=[0, 1, 2])
    twin = through_file(model, tmp_path, training_state=True).partial_fit(X, y)
    assert changes(known(model.partial_fit(X, y)), known(twin)) == []


@pytest.mark.parametrize("parameter", FAMILIES)
def test_every_strategy_comes_back(parameter, tmp_path):
    for member in FAMILIES[parameter][0].values():
        model = MLPRegressor(**{parameter: member()})
        twin = through_file(model, tmp_path)
        assert type(getattr(twin, parameter)) is member
        assert parameters(twin) == parameters(model)


def test_every_class_has_a_name_of_its_own_in_files():
    members = {member for family, _ in FAMILIES.values() for member in family.values()}
    assert members < NAMES.keys()
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize(
    "labels",
    [
        ["ham", "spam", "ünïcode \N{SNOWMAN}"],
        np.array(["a", "b", "c"], object),
        [10**12, -5, 0],
        np.array([1, 2, 3], np.uint8),
        np.array([1, 2], np.float32),
        [False, True],
        np.array([0, 1, 2], ">i4"),
    ],
    ids=lambda labels: str(np.asarray(labels).dtype),
)
def test_classes_of_any_dtype(labels, tmp_path):
    labels = np.asarray(labels)
    cls, X, y = problem("multiclass")
    model = cls(**SMALL).fit(X, labels[y % len(labels)])
    twin = through_file(model, tmp_path)
    assert twin.classes_.dtype == model.classes_.dtype
    assert [type(each) for each in twin.classes_] == [type(each) for each in model.classes_]
    assert_array_equal(twin.predict(X), model.predict(X))
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))


def test_names_of_features(tmp_path):
    pd = pytest.importorskip("pandas")
    _, X, y = problem("regression")
    X = pd.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])
    twin = through_file(MLPRegressor(**SMALL).fit(X, y), tmp_path)
    assert_array_equal(twin.feature_names_in_, X.columns)
    with pytest.raises(ValueError, match="feature names"):
        twin.predict(X.rename(columns={"column 0": "other"}))


def test_class_weights_and_requests_of_metadata(tmp_path):
    _, X, y = problem("multiclass")
    with config_context(enable_metadata_routing=True):
        model = MLPClassifier(**SMALL, class_weight={0: 2.0, np.int64(1): 0.5})
        model.set_fit_request(sample_weight=True, X_val="other")
        twin = through_file(model.fit(X, y), tmp_path)
        asked = twin.get_metadata_routing().fit.requests
    assert twin.class_weight == model.class_weight
    assert asked == model._metadata_request.fit.requests
    assert asked["X_val"] == "other"


@pytest.mark.parametrize("training_state", [False, True])
def test_a_model_that_is_not_fitted(training_state, tmp_path):
    _, X, y = problem("regression")
    model = MLPRegressor(**SMALL, activation="no such")
    twin = through_file(model, tmp_path, training_state=training_state)
    assert vars(twin) == vars(model)
    assert twin.set_params(activation="tanh").fit(X, y).n_iter_ == 4


def test_sparse_input_and_lbfgs(tmp_path):
    model, X, y = fitted("binary", optimizer=LBFGS(5), warm_start=True)
    twin = through_file(model, tmp_path, training_state=True)
    X = sparse.csr_array(X)
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert changes(state(model.fit(X, y)), state(twin.fit(X, y))) == []


def test_weights_are_views_of_the_network(tmp_path):
    model, X, _ = fitted()
    twin = through_file(model, tmp_path)
    before = twin.predict(X)
    twin.coefs_[0][...] = 0
    assert (twin.predict(X) != before).any()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_weights_that_were_one_are_one_again(early_stopping, tmp_path):
    model, _, _ = fitted(early_stopping=early_stopping)
    twin = through_file(model, tmp_path, training_state=True)
    assert twin._model.network.parameters is twin._model.training.chosen_parameters
    assert (twin._model.network.parameters is twin._model.training.parameters) != early_stopping


def test_a_random_state_of_another_generator(tmp_path):
    random_state = np.random.RandomState(np.random.PCG64(5))
    twin = through_file(MLPRegressor(random_state=random_state), tmp_path)
    assert twin.random_state.random_sample() == random_state.random_sample()


def test_size_is_that_of_the_weights(tmp_path):
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((500, 200), dtype="float32", max_iter=100, n_iter_no_change=100, tol=0)
    model.set_params(learning_rate_init=0.0001).fit(X[:50], y[:50])
    sknn.save(model, tmp_path / "small.npz")
    weights = sum(each.nbytes for each in (*model.coefs_, *model.intercepts_))
    assert weights < os.path.getsize(tmp_path / "small.npz") < 1.02 * weights
    sknn.save(model, tmp_path / "large.npz", training_state=True)
    assert os.path.getsize(tmp_path / "large.npz") > 2.9 * weights


def test_the_same_model_makes_the_same_file(tmp_path):
    model, _, _ = fitted(averaging="ema")
    for name in ("one", "two"):
        sknn.save(model, tmp_path / name, training_state=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]


def test_numpy_and_unzip_read_it(tmp_path):
    model, _, _ = fitted()
    sknn.save(model, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:
        assert_array_equal(archive["parameters"], model._model.network.parameters.vector)
    with zipfile.ZipFile(tmp_path / "model.npz") as archive:
        assert archive.testzip() is None
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}


# ---------------------------------------------------------------- without the training state


@pytest.mark.parametrize("call", ["partial_fit", "fit"])
def test_going_on_without_the_training_state_is_refused(call, tmp_path):
    model, X, y = fitted(warm_start=True)
    twin = through_file(model, tmp_path)
    before = dict(vars(twin))
    with pytest.raises(ValueError, match=r"loaded from a file without it.*training_state=True"):
        getattr(twin, call)(X, y)
    assert vars(twin) == before
    with pytest.raises(ValueError, match="this model has no training state"):
        sknn.save(twin, tmp_path / "other.npz", training_state=True)
    anew = twin.set_params(warm_start=False).fit(X, y)
    assert_array_equal(anew.coefs_[0], model.coefs_[0])


# ---------------------------------------------------------------- other ways


def test_pickle_and_joblib_of_a_loaded_model(tmp_path):
    model, X, y = fitted(warm_start=True, early_stopping=True)
    twin = through_file(model, tmp_path, training_state=True)
    joblib.dump(twin, tmp_path / "model.joblib")
    copies = [pickle.loads(pickle.dumps(twin)), joblib.load(tmp_path / "model.joblib")]
    wanted = state(model.fit(X, y))
    for copy in copies:
        assert changes(wanted, state(copy.fit(X, y))) == []


def test_skops(tmp_path):
    io = pytest.importorskip("skops.io")
    params = {"activation": ("relu", "prelu"), "averaging": "ema", "early_stopping": True}
    model, X, y = fitted("multiclass", warm_start=True, **params)
    io.dump(model, tmp_path / "model.skops")
    types = io.get_untrusted_types(file=tmp_path / "model.skops")
    assert all(name.startswith("sknn.") for name in types)
    twin = io.load(tmp_path / "model.skops", trusted=types)
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert changes(state(model.fit(X, y)), state(twin.fit(X, y))) == []


def test_a_model_that_was_scikit_learns(tmp_path):
    _, X, y = problem("multiclass")
    theirs = neural_network.MLPClassifier(
        (8,), solver="sgd", learning_rate="invscaling", max_iter=5, random_state=0
    ).fit(X, y)
    ours = compat.MLPClassifier(8, max_iter=5)
    for model, module in ((theirs, "sklearn.neural_network"), (ours, "sknn.compat")):
        match = rf"^Pass sknn\.compat\.convert\(model\), .* {module}\.MLPClassifier: .* sknn\.MLPC"
        with pytest.raises(ValueError, match=match):
            sknn.save(model, tmp_path / "model.npz")
    model = compat.convert(theirs).set_params(warm_start=True)
    twin = through_file(model, tmp_path, training_state=True)
    assert_array_equal(twin.predict(X), theirs.predict(X))
    assert changes(state(model.fit(X, y)), state(twin.fit(X, y))) == []


def test_activations_all_come_back_from_a_fit(tmp_path):
    for name in ACTIVATIONS:
        model, X, _ = fitted(activation=(name, LeakyReLU(0.2)), max_iter=1)
        assert_array_equal(through_file(model, tmp_path).predict(X), model.predict(X))
