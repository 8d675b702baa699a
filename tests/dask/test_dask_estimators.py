"""The two estimators: parameters, lazy predictions, copies and conversion to local estimators."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from common import changes, problem, state
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

pytest.importorskip("distributed")
from dask import array

import sknn
from sknn import MLPClassifier, MLPRegressor
from sknn.dask import DaskMLPClassifier, DaskMLPRegressor
from sknn.exceptions import NotConvergedWarning

pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.NotConvergedWarning")
PAIRS = [(MLPClassifier, DaskMLPClassifier), (MLPRegressor, DaskMLPRegressor)]


def fitted(kind, **params):
    cls, X, y = problem(kind)
    dask_cls = DaskMLPRegressor if cls is MLPRegressor else DaskMLPClassifier
    lazy = [array.from_array(values, chunks=(32, *values.shape[1:])) for values in (X, y)]
    return dask_cls(6, max_iter=3, random_state=0, **params).fit(*lazy), X, lazy[0]


@pytest.mark.parametrize(("core", "dask_cls"), PAIRS)
def test_parameters_are_those_of_the_core_and_the_client(core, dask_cls):
    expected = core().get_params() | {"client": None}
    assert dask_cls().get_params() == expected
    parameters = list(inspect.signature(dask_cls).parameters)
    assert parameters == [*inspect.signature(core).parameters, "client"]
    model = dask_cls((3, 4), "tanh", optimizer="momentum").set_params(optimizer__momentum=0.5)
    assert model.hidden_layer_sizes == (3, 4)
    assert model.get_params()["optimizer__momentum"] == 0.5
    with pytest.raises(TypeError, match="unknown"):
        dask_cls(unknown=1)


METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_lazy_predictions_of_a_classifier(kind, client):
    model, X, lazy = fitted(kind)
    local = model.to_local()
    for method in METHODS:
        predicted, expected = getattr(model, method)(lazy), getattr(local, method)(X)
        assert isinstance(predicted, array.Array)
        assert (predicted.shape, predicted.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(predicted.compute(), expected)
        np.testing.assert_array_equal(getattr(model, method)(X), expected)


@pytest.mark.parametrize("kind", ["regression", "multioutput"])
def test_lazy_predictions_of_a_regressor(kind, client):
    model, X, lazy = fitted(kind)
    predicted = model.predict(lazy)
    expected = model.to_local().predict(X)
    assert predicted.shape == expected.shape
    np.testing.assert_array_equal(predicted.compute(), expected)
    y = problem(kind)[2]
    lazy_y = array.from_array(y, chunks=(32, *y.shape[1:]))
    assert model.score(lazy, lazy_y) == pytest.approx(model.to_local().score(X, y))
    assert model.score(X, y) == model.to_local().score(X, y)


def test_a_loss_without_probabilities_has_no_such_methods(client):
    model, _, lazy = fitted("binary", loss="hinge")
    assert not hasattr(model, "predict_proba")
    assert model.decision_function(lazy).compute().shape == (120,)


def test_to_local_is_the_class_of_the_core(client, tmp_path):
    model, X, _ = fitted("multiclass")
    local = model.to_local()
    assert type(local) is MLPClassifier
    assert "client" not in vars(local)
    sknn.save(local, tmp_path / "model.npz", training_state=True)
    loaded = sknn.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    before = state(model.to_local())
    local.partial_fit(X, problem("multiclass")[2])
    assert changes(before, state(model.to_local())) == []
    assert changes(before, state(DaskMLPClassifier.from_local(loaded).to_local())) == []


def test_the_file_of_an_estimator_for_workers_loads_with_its_class(client, tmp_path):
    model, X, _ = fitted("multiclass")
    path = tmp_path / "model.npz"
    sknn.save(model, path)
    with pytest.raises(ValueError, match="it holds a DaskMLPClassifier, which must be passed"):
        sknn.load(path)
    loaded = sknn.load(path, strategies=[DaskMLPClassifier])
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.filterwarnings("always::sknn.exceptions.NotConvergedWarning")
def test_a_warning_points_to_the_line_that_calls_fit(client):
    _, X, y = problem("multiclass")
    X, y = (array.from_array(values, chunks=(60, *values.shape[1:])) for values in (X, y))
    model = DaskMLPClassifier(4, max_iter=2)
    with pytest.warns(NotConvergedWarning) as caught:
        model.fit(X, y)
    assert [each.filename for each in caught] == [__file__]


def test_copies_and_pickles(client):
    model, X, _ = fitted("multiclass")
    model.set_params(client=client)
    assert clone(model).client is client
    assert copy.copy(model).client is client
    other = pickle.loads(pickle.dumps(model))
    assert other.client is None
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert "client" not in other.to_local().get_params()
    assert other.client_ is client  # the current one
    grid = ParameterGrid({"alpha": [0.0, 0.1]})
    assert [clone(model).set_params(**params).alpha for params in grid] == [0.0, 0.1]
