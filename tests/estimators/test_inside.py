"""Inspection of a fitted network: activations, hidden layers, the summary and the repr."""

import re

import numpy as np
import pytest
from common import KINDS, pickled, problem
from numpy.testing import assert_array_equal
from scipy import sparse
from scipy.special import expit, softmax
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sknn import MLPClassifier, MLPRegressor
from sknn._core.table import Table
from sknn.dropout import AlphaDropout
from sknn.estimators._hidden_layer import HiddenLayer
from sknn.optimizers import Momentum

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)

LINKS = {
    "binary": expit,
    "multiclass": lambda z: softmax(z, axis=1),
    "multilabel": expit,
    "regression": lambda z: z,
    "multioutput": lambda z: z,
}


def fitted(kind="multiclass", n_samples=120, **params):
    cls, X, y = problem(kind, n_samples)
    params = {"hidden_layer_sizes": (7, 4), "max_iter": 5, "random_state": 0} | params
    return cls(**params).fit(X, y), X, y


# ------------------------------------------------------------------- activations


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["tanh", "silu"])  # the latter keeps its pre-activations
def test_activations_are_the_forward_pass(kind, name):
    model, X, _ = fitted(kind, activation=(name, "relu"), dropout=0.5, input_dropout=0.2)
    (W1, W2, W3), (b1, b2, b3) = model.coefs_, model.intercepts_
    z = X @ W1 + b1
    first = np.tanh(z) if name == "tanh" else z * expit(z)
    second = np.maximum(first @ W2 + b2, 0)
    expected = [first, second, LINKS[kind](second @ W3 + b3)]
    found = model.activations(X)
    assert [each.shape for each in found] == [each.shape for each in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_activations_of_many_rows_sparse_rows_and_none_hidden():
    model, X, _ = fitted()
    many = np.tile(X, (6, 1))
    dense, thin = model.activations(many), model.activations(sparse.csr_array(many))
    for one, other, few in zip(dense, thin, model.activations(X), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(one[-len(X) :], few)
    linear, X, _ = fitted(hidden_layer_sizes=())
    (only,) = linear.activations(X)
    np.testing.assert_array_equal(only, linear.predict_proba(X))


def test_activations_are_of_the_networks_dtype_and_a_copy():
    model, X, _ = fitted(dtype="float32")
    layers = model.activations(X)
    assert {layer.dtype for layer in layers} == {np.dtype("float32")}
    layers[0][...] = np.nan
    assert np.isfinite(model.activations(X)[0]).all()


@pytest.mark.parametrize("call", ["summary", "activations"])
def test_an_unfitted_network_shows_nothing(call):
    arguments = [np.zeros((2, 3))] if call == "activations" else []
    with pytest.raises(NotFittedError):
        getattr(MLPClassifier(), call)(*arguments)


def test_activations_check_inputs():
    model, X, _ = fitted()
    with pytest.raises(ValueError, match="X has 5 features, but MLPClassifier is expecting 6"):
        model.activations(X[:, :5])


@pytest.mark.parametrize("kind", ["regression", "binary"])
def test_activations_beyond_the_numbers_are_refused_as_predictions_are(kind):
    model, X, _ = fitted(kind, dtype="float32")
    X = np.full_like(X, 3e38)
    for method in (model.predict, model.activations, model.to_transformer(0).transform):
        message = r"^X has values up to 3e\+38 for which (predictions|activations) are not finite"
        with pytest.raises(ValueError, match=message):
            method(X)


# ------------------------------------------------------------------- a hidden layer, transforming


@pytest.mark.parametrize(("layer", "index"), [(0, 0), (1, 1), (-1, 1), (-2, 0), (np.int64(1), 1)])
def test_transformer_returns_a_layers_activations(layer, index):
    model, X, y = fitted()
    transformer = model.to_transformer(layer)
    np.testing.assert_array_equal(transformer.fit(X).transform(X), model.activations(X)[index])
    np.testing.assert_array_equal(transformer.fit_transform(X, y), transformer.transform(X))
    names = [f"hiddenlayer{i}" for i in range(model.hidden_layer_sizes[index])]
    assert transformer.get_feature_names_out().tolist() == names


@pytest.mark.parametrize("layer", [2, -3, 0.0, "last", None, True])
def test_transformer_refuses_another_layer(layer):
    model, _, _ = fitted()
    message = r"^layer must be an integer in \[-2, 1\], got "
    with pytest.raises(ValueError, match=message):
        model.to_transformer(layer)


def test_transformer_needs_a_hidden_layer():
    with pytest.raises(ValueError, match="no hidden layer"):
        fitted(hidden_layer_sizes=())[0].to_transformer()


def test_transformer_stays_frozen():
    model, X, y = fitted()
    transformer = model.to_transformer()
    before = transformer.transform(X)
    pipeline = make_pipeline(transformer, LogisticRegression(max_iter=500)).fit(X, y)
    twins = [clone(transformer), clone(pipeline)[0], pickled(transformer), pipeline[0]]
    model.set_params(max_iter=3, random_state=1, warm_start=True).fit(X, y)
    model.set_params(hidden_layer_sizes=3, warm_start=False).fit(X, y)
    for twin in (transformer, *twins):
        np.testing.assert_array_equal(twin.transform(X), before)


def test_a_clone_of_a_transformer_keeps_what_was_set():
    class Own(HiddenLayer):
        pass

    model, _, _ = fitted()
    transformer = Own(model, 0).set_output(transform="default")
    with config_context(enable_metadata_routing=True):
        transformer._metadata_request = transformer._get_metadata_request()
        transformer._metadata_request.fit.add_request(param="sample_weight", alias=True)
        twin = clone(transformer)
        assert twin._metadata_request.fit.requests == {"sample_weight": True}
    assert type(twin) is Own
    assert twin.estimator is model
    assert twin.layer == 0
    assert twin.set_output(transform="pandas")._sklearn_output_config == {"transform": "pandas"}
    assert transformer._sklearn_output_config == {"transform": "default"}


def test_transformer_in_a_search_over_layers():
    model, X, y = fitted()
    pipeline = make_pipeline(model.to_transformer(), LogisticRegression(max_iter=500))
    search = GridSearchCV(pipeline, {"hiddenlayer__layer": [0, 1]}, cv=3).fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) == 2


def test_transformer_makes_frames_and_knows_feature_names():
    pandas = pytest.importorskip("pandas")
    _, X, y = fitted()
    X = pandas.DataFrame(X).add_prefix("x")
    model = MLPClassifier(3, max_iter=2, random_state=0).fit(X, y)
    transformer = model.to_transformer().set_output(transform="pandas")
    assert transformer.transform(X).columns.tolist() == [f"hiddenlayer{i}" for i in range(3)]
    assert transformer.feature_names_in_.tolist() == list(X.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        transformer.transform(X[X.columns[::-1]])


def test_transformer_passes_scikit_learns_checks_but_one():
    """A network of fixed inputs passes the checks whose data are as wide; all are so for some."""
    passed, every = set(), set()
    for width in (1, 2, 3, 4, 5, 10, 20):
        X = np.random.default_rng(0).normal(size=(50, width))
        model = MLPClassifier(4, random_state=0, max_iter=2).fit(X, X[:, 0] > 0)
        for result in check_estimator(model.to_transformer(), on_fail=None, on_skip=None):
            if result["status"] != "skipped":
                every.add(result["check_name"])
            if result["status"] == "passed":
                passed.add(result["check_name"])
    assert len(every) > 40
    assert every - passed == {"check_n_features_in"}  # it wants no such attribute before fit


# ------------------------------------------------------------------- a hidden layer that is trained


@pytest.mark.parametrize("kind", ["multiclass", "regression", "multilabel"])
@pytest.mark.parametrize(("layer", "index"), [(0, 0), (-1, 1)])
def test_before_fit_the_transformer_trains_its_network(kind, layer, index):
    fitted_model, X, y = fitted(kind)
    model = clone(fitted_model)
    transformer = model.to_transformer(layer)
    for method in (transformer.transform, lambda X: transformer.get_feature_names_out()):
        with pytest.raises(NotFittedError, match=r"[Cc]all '?fit"):
            method(X)
    transformer.fit(X, y)
    assert not model.__sklearn_is_fitted__()
    np.testing.assert_array_equal(transformer.transform(X), fitted_model.activations(X)[index])
    assert transformer.estimator_.n_iter_ == fitted_model.n_iter_
    assert transformer.n_features_in_ == X.shape[1]
    assert not clone(transformer).__sklearn_is_fitted__()
    before = transformer.transform(X)
    np.testing.assert_array_equal(pickled(transformer).transform(X), before)
    transformer.fit(X[:50], y[:50])  # from the start, on other data
    assert np.abs(transformer.transform(X) - before).max() > 0
    model.fit(X, y)
    assert not clone(transformer).__sklearn_is_fitted__()


def test_before_fit_a_search_reaches_the_network():
    model, X, y = fitted()
    pipeline = make_pipeline(clone(model).to_transformer(), LogisticRegression(max_iter=500))
    grid = {"hiddenlayer__estimator__alpha": [1e-4, 10.0], "hiddenlayer__layer": [0, 1]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) > 2
    assert search.best_estimator_[0].estimator_.alpha == search.best_params_[next(iter(grid))]


@pytest.mark.parametrize("sizes", [(7,), (7, 6, 5, 4)])
def test_the_layer_is_counted_in_the_network_that_was_trained(sizes):
    """Parameters that are set after training are those of the next training."""
    cls, X, y = problem("multiclass")
    transformer = cls((6, 5), max_iter=2, random_state=0).to_transformer().fit(X, y)
    expected = transformer.transform(X)
    transformer.set_params(estimator__hidden_layer_sizes=sizes)
    assert_array_equal(transformer.transform(X), expected)
    assert len(transformer.get_feature_names_out()) == expected.shape[1] == 5
    assert transformer.fit(X, y).transform(X).shape[1] == sizes[-1]


def test_before_fit_the_transformer_refuses_what_cannot_be():
    _, X, y = fitted()
    for layer in (2, -3, "last"):
        with pytest.raises(ValueError, match=r"^layer must be an integer in \[-2, 1\], got "):
            MLPClassifier((3, 3)).to_transformer(layer)
    with pytest.raises(ValueError, match="no hidden layer"):
        MLPClassifier(()).to_transformer()
    with pytest.raises(ValueError, match="requires y to be passed"):
        MLPClassifier(3).to_transformer().fit(X)
    with pytest.raises(ValueError, match="X has 5 features, but MLPClassifier is expecting 6"):
        MLPClassifier(3, max_iter=2).to_transformer().fit(X, y).transform(X[:, :5])


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_before_fit_the_transformer_passes_scikit_learns_checks(cls):
    transformer = cls(4, random_state=0, max_iter=20).to_transformer()
    failed = [
        result["check_name"]
        for result in check_estimator(transformer, on_fail=None, on_skip=None)
        if result["status"] not in ("passed", "skipped")
    ]
    assert failed == []


# ------------------------------------------------------------------- the table and the repr


def test_summary_counts_every_parameter():
    params = {"activation": ("prelu", "tanh"), "dropout": (0.3, AlphaDropout(0.1))}
    model, _, _ = fitted(input_dropout=0.2, **params)
    table = model.summary()
    assert table["layer"] == ["inputs", "layer_0", "layer_1", "layer_2"]
    assert table["units"] == [6, 7, 4, 3]
    assert table["activation"] == [None, "PReLU()", "Tanh()", "Softmax()"]
    assert table["parameters"] == [None, 7 * 7 + 7, 8 * 4, 5 * 3]
    assert table["dropout"] == [0.2, 0.3, "AlphaDropout(rate=0.1)", None]
    assert repr(table).splitlines()[-1] == "103 parameters, float64"


def test_summary_prints_as_a_table():
    model, _, _ = fitted(dtype="float32", hidden_layer_sizes=(1200,))
    assert repr(model.summary()).splitlines() == [
        "layer    units  activation  parameters  dropout",
        "inputs       6",
        "layer_0  1,200  ReLU()           8,400",
        "layer_1      3  Softmax()        3,603",
        "12,003 parameters, float32",
    ]


def test_table_is_a_mapping_and_escapes_its_html():
    table = Table({"name": ["a<b", None], "share": [0.12345, 2.0]}, "x & y")
    assert dict(table) == {"name": ["a<b", None], "share": [0.12345, 2.0]}
    assert repr(table).splitlines() == ["name  share", "a<b   0.123", "          2", "x & y"]
    assert "<td>a&lt;b</td><td>0.123</td>" in table._repr_html_()
    assert "<caption>x &amp; y</caption>" in table._repr_html_()


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_a_fitted_repr_names_layers_and_evaluates(cls):
    params = {"hidden_layer_sizes": (7, 4), "max_iter": 2, "random_state": 0, "tol": 0.01}
    _, X, y = problem("multiclass" if cls is MLPClassifier else "regression")
    model = cls(**params, optimizer=Momentum(momentum=0.8), validation_fraction=0.3)
    before = repr(model)
    assert before.count("\n") == 2  # wrapped as scikit-learn wraps it
    n_outputs, n_parameters = (3, 96) if cls is MLPClassifier else (1, 86)
    after = repr(model.fit(X, y))
    assert after == f"{before}  # layers 6-7-4-{n_outputs}, {n_parameters} parameters"
    assert str(model) == after
    assert repr(clone(model)) == repr(eval(after)) == before


def test_a_pipelines_repr_wraps_a_fitted_network():
    model, X, y = fitted(validation_fraction=0.3, n_iter_no_change=50, batch_size=50, tol=0.0)
    text = repr(make_pipeline(StandardScaler(), model).fit(X, y))
    assert max(map(len, text.splitlines())) <= 80
    assert "#" not in text
    assert eval(text, {**globals(), "Pipeline": dict})


def test_the_diagram_shows_strategies_and_their_parameters():
    model = MLPClassifier(optimizer=Momentum(momentum=0.875), activation="selu")
    for shown in (model, make_pipeline(StandardScaler(), model)):
        text = re.sub(r"<style>.*?</style>|<[^>]+>|&nbsp;", " ", shown._repr_html_(), flags=re.S)
        table = " ".join(text.split())
        assert "optimizer Momentum(momentum=0.875) " in table
        assert "optimizer__momentum 0.875 " in table
        assert "activation &#x27;selu&#x27; " in table
