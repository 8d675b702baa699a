"""`sknn.save` and `sknn.load` of Pipelines, searches and ensembles of networks."""

import os
import sys
import warnings
import zipfile
from dataclasses import dataclass

import numpy as np
import pytest
import sklearn.base
from common import changes, problem, state
from numpy.testing import assert_array_equal
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import sknn
from sknn import MLPClassifier, MLPRegressor, compat
from sknn.activations import Activation
from sknn.callbacks import TimeBudget
from sknn.persistence import TRUSTED_TYPES, _sealed
from sknn.preprocessing import PiecewiseLinearEncoder

io = pytest.importorskip("skops.io")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}


def through_file(model, folder, **params):
    strategies = params.pop("strategies", ())
    sknn.save(model, folder / "model.skops", **params)
    return sknn.load(folder / "model.skops", strategies=strategies)


def pipeline(**params):
    return make_pipeline(StandardScaler(), MLPClassifier(**SMALL | params))


def columns():
    encoder = OneHotEncoder(handle_unknown="ignore")
    mixed = [("numbers", StandardScaler(), [0, 1]), ("kinds", encoder, [2])]
    return make_pipeline(ColumnTransformer(mixed, remainder="passthrough"), pipeline())


MODELS = {
    "pipeline": pipeline,
    "columns": columns,
    "bagging": lambda: BaggingClassifier(pipeline(), n_estimators=2, random_state=0),
    "function": lambda: make_pipeline(FunctionTransformer(np.arcsinh), pipeline()),
    "compat": lambda: make_pipeline(StandardScaler(), compat.MLPClassifier((8,), max_iter=2)),
}


@pytest.mark.parametrize("name", MODELS)
def test_classifiers_come_back(name, tmp_path):
    _, X, y = problem("multiclass")
    X[:, 2] = X[:, 2].round()
    model = MODELS[name]().fit(X, y)
    twin = through_file(model, tmp_path)
    assert type(twin) is type(model)
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert os.listdir(tmp_path) == ["model.skops"]


@pytest.mark.parametrize("inside", [False, True])
def test_a_transformed_target(inside, tmp_path):
    _, X, y = problem("regression")
    model = TransformedTargetRegressor(MLPRegressor(**SMALL), transformer=StandardScaler())
    if inside:
        model = make_pipeline(StandardScaler(), model)
    model.fit(X, 1000 * y)
    assert_array_equal(through_file(model, tmp_path).predict(X), model.predict(X))


def test_names_of_columns(tmp_path):
    pd = pytest.importorskip("pandas")
    _, X, y = problem("multiclass")
    frame = pd.DataFrame({"size": X[:, 0], "kind": np.where(X[:, 1] > 0, "new", "old")})
    mixed = make_column_transformer((StandardScaler(), ["size"]), (OneHotEncoder(), ["kind"]))
    model = make_pipeline(mixed, MLPClassifier(**SMALL)).fit(frame, y)
    twin = through_file(model, tmp_path)
    assert_array_equal(twin.predict_proba(frame), model.predict_proba(frame))
    assert_array_equal(twin.feature_names_in_, frame.columns)


def test_the_best_estimator_of_a_search_and_the_search(tmp_path):
    _, X, y = problem("multiclass")
    search = GridSearchCV(pipeline(), {"mlpclassifier__alpha": [1e-4, 0.1]}, cv=2).fit(X, y)
    best = through_file(search.best_estimator_, tmp_path)
    assert_array_equal(best.predict_proba(X), search.predict_proba(X))
    with pytest.raises(ValueError, match=r"neither sknn nor skops trusts, .*_scorer\.") as error:
        through_file(search, tmp_path)
    named = eval(str(error.value).rpartition("strategies=")[2].removesuffix("."))
    assert all(name.startswith("sklearn.") for name in named)
    twin = through_file(search, tmp_path, strategies=named)
    assert twin.best_params_ == search.best_params_
    assert_array_equal(twin.predict_proba(X), search.predict_proba(X))


def test_a_pipeline_that_is_not_fitted(tmp_path):
    twin = through_file(pipeline(alpha=0.5), tmp_path)
    assert twin[-1].alpha == 0.5
    assert repr(twin) == repr(pipeline(alpha=0.5))


# ---------------------------------------------------------------- the training state


def test_networks_keep_their_training_state_on_demand(tmp_path):
    _, X, y = problem("multiclass")
    model = pipeline(warm_start=True).fit(X, y)
    small, large = tmp_path / "small", tmp_path / "large"
    sknn.save(model, small)
    sknn.save(model, large, training_state=True)
    assert small.stat().st_size < large.stat().st_size
    without, twin = sknn.load(small), sknn.load(large)
    assert_array_equal(without.predict_proba(X), model.predict_proba(X))
    assert without[-1].loss_curve_ == model[-1].loss_curve_
    with pytest.raises(ValueError, match=r"loaded from a file without it"):
        without.fit(X, y)
    with pytest.raises(ValueError, match="this model has no training state"):
        sknn.save(without, large, training_state=True)
    assert changes(state(model.fit(X, y)[-1]), state(twin.fit(X, y)[-1])) == []


def test_saving_changes_neither_the_model_nor_other_copies(tmp_path):
    _, X, y = problem("multiclass")
    model = pipeline().fit(X, y)
    before = model[-1]._model.training
    sknn.save(model, tmp_path / "model")
    assert model[-1]._model.training is before
    assert io.loads(io.dumps(model[-1]), trusted=TRUSTED_TYPES)._model.training is not None


def test_callbacks_are_left_out(tmp_path):
    _, X, y = problem("multiclass")
    model = pipeline()
    model[-1].set_callbacks(TimeBudget(100))
    twin = through_file(model.fit(X, y), tmp_path)
    assert "_skl_callbacks" not in vars(twin[-1])
    assert twin.fit(X, y)[-1].n_iter_ == 3


# ---------------------------------------------------------------- what is trusted


@dataclass(repr=False, eq=False)
class Cube(Activation):
    def forward(self, z, a, scratch):
        np.power(z, 3, out=a)

    def backward(self, delta, z, a, scratch):
        delta *= 3 * np.cbrt(a) ** 2


def halve(X):
    return X / 2


def test_own_classes_and_functions_are_refused_unless_passed(tmp_path):
    _, X, y = problem("multiclass")
    model = make_pipeline(FunctionTransformer(halve), MLPClassifier(**SMALL, activation=Cube()))
    model.fit(X / 10, y)
    here = __name__
    match = (
        rf"trusts, {here}\.Cube, {here}\.halve\. .*strategies=\['{here}\.Cube', '{here}\.halve'\]"
    )
    with pytest.raises(ValueError, match=match):
        through_file(model, tmp_path)
    for strategies in ([Cube, halve], [f"{here}.Cube", halve]):
        twin = through_file(model, tmp_path, strategies=strategies)
        assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match=rf"trusts, {here}\.halve\. "):
        through_file(model, tmp_path, strategies=Cube)
    with pytest.raises(ValueError, match="strategies must be a sequence of classes, functions"):
        through_file(model, tmp_path, strategies=[3])


def locally(X):
    def within(X):
        return X

    return within


@pytest.mark.parametrize(
    ("function", "match"),
    [
        ((each for each in "ab"), "cannot store this Pipeline.*generator"),
        (lambda X: X, r"<lambda> cannot be kept in a model file"),
        (locally(0), r"within cannot be kept in a model file"),
    ],
)
def test_what_skops_cannot_store(function, match, tmp_path):
    model = make_pipeline(FunctionTransformer(function), MLPClassifier())
    with pytest.raises(ValueError, match=match):
        sknn.save(model, tmp_path / "model")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("call", ["save", "load"])
def test_without_skops_the_error_says_what_to_install(call, tmp_path, monkeypatch):
    path = tmp_path / "model"
    sknn.save(pipeline(), path)
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(ImportError, match="needs the package skops: pip install skops"):
        sknn.save(pipeline(), path) if call == "save" else sknn.load(path)
    sknn.save(MLPRegressor(), path)
    assert sknn.load(path).get_params() == MLPRegressor().get_params()


# ---------------------------------------------------------------- versions and damage


def test_another_version_of_scikit_learn_warns_as_scikit_learn_does(tmp_path, monkeypatch):
    _, X, y = problem("multiclass")
    monkeypatch.setattr(sklearn.base, "__version__", "0.99")
    sknn.save(pipeline().fit(X, y), tmp_path / "model")
    monkeypatch.undo()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert type(sknn.load(tmp_path / "model")) is Pipeline
    assert {each.category for each in caught} == {InconsistentVersionWarning}
    told = " ".join(str(each.message) for each in caught)
    assert "Pipeline from version 0.99" in told
    assert "StandardScaler from version 0.99" in told
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InconsistentVersionWarning):
            sknn.load(tmp_path / "model")


def test_damage_is_noticed(tmp_path):
    sknn.save(pipeline(), tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    rng, path = np.random.default_rng(0), tmp_path / "damaged"
    for i in (
        *range(100),
        *range(len(content) - 100, len(content)),
        *rng.integers(len(content), size=300),
    ):
        flipped = bytearray(content)
        flipped[i] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match=r"damaged|truncated|not a file that sknn"):
            sknn.load(path)
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"truncated|not a file that sknn"):
            sknn.load(path)


def forged(tmp_path, members, compression=zipfile.ZIP_STORED):
    path = tmp_path / "forged"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.filterwarnings("ignore", "Duplicate name")
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = _sealed.empty_seal(_sealed.SKOPS)
    with open(path, "r+b") as file:
        _sealed._seal(file)
    return path


FORGED = {
    "nothing": [],
    "no JSON": [("schema.json", b"{")],
    "a list": [("schema.json", b"[]")],
    "another protocol": [("schema.json", b'{"protocol": 99}')],
    "no node": [("schema.json", b'{"protocol": 0, "__loader__": "CodeNode"}')],
    "twice": [("schema.json", b"{}"), ("schema.json", b"{}")],
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_files_raise_a_value_error(name, tmp_path):
    with pytest.raises(ValueError, match=r"is damaged|cannot be loaded: skops raises"):
        sknn.load(forged(tmp_path, FORGED[name]))


def test_compressed_members_are_refused(tmp_path):
    members = [("schema.json", b"{}"), ("0.npy", bytes(10_000_000))]
    with pytest.raises(ValueError, match="is compressed"):
        sknn.load(forged(tmp_path, members, zipfile.ZIP_DEFLATED))


def test_skops_and_ours_are_told_apart_by_content(tmp_path):
    _, X, y = problem("multiclass")
    model = pipeline().fit(X, y)
    sknn.save(model, tmp_path / "model.npz")
    assert type(sknn.load(tmp_path / "model.npz")) is Pipeline
    twin = io.load(tmp_path / "model.npz", trusted=TRUSTED_TYPES)  # the seal is a zip's comment
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    io.dump(model, tmp_path / "theirs.skops")
    with pytest.raises(
        ValueError, match=r"one of skops, which skops\.io\.load\(path, trusted=sknn"
    ):
        sknn.load(tmp_path / "theirs.skops")


def test_a_preprocessor_of_ours(tmp_path):
    _, X, y = problem("multiclass")
    model = make_pipeline(PiecewiseLinearEncoder(), MLPClassifier(**SMALL)).fit(X, y)
    assert_array_equal(through_file(model, tmp_path).predict_proba(X), model.predict_proba(X))
