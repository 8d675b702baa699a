"""Results depend on the seed only, and not on threads, processes or chunks of predictions."""

import re
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from common import KINDS, changes, leaves, pickled, problem, state
from drawing import cases
from examining import content
from hypothesis import assume, event, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict
from threadpoolctl import threadpool_limits

import sknn

pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.TrainingWarning")

SMALL = {"hidden_layer_sizes": (8, 5), "max_iter": 3, "random_state": 0}
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def fit(kind, **params):
    cls, X, y = problem(kind)
    return cls(**SMALL | params).fit(X, y)


def predictions(model, X):
    """Return all that a model says of X, as one array of a row each."""
    names = ("predict", "decision_function", "predict_proba", "predict_log_proba")
    given = [getattr(model, name)(X) for name in names if hasattr(model, name)]
    return np.concatenate([np.reshape(each, (len(each), -1)) for each in given], axis=1)


# ---------------------------------------------------------------- BLAS


@DTYPES
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "muon", "lbfgs"])
@pytest.mark.parametrize("kind", KINDS)
def test_small_networks_for_one_and_two_blas_threads(kind, optimizer, dtype):
    """Below OpenBLAS's limits it uses one thread whatever it may."""
    models = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"):
            model = fit(kind, hidden_layer_sizes=(50, 20), optimizer=optimizer, dtype=dtype)
            models.append((model, predictions(model, problem(kind)[1])))
    (one, by_one), (two, by_two) = models
    assert changes(state(one), state(two)) == []
    assert_array_equal(by_one, by_two)


@DTYPES
@pytest.mark.parametrize("optimizer", ["momentum", "adam", "adan"])
def test_many_weights_for_one_and_two_blas_threads(optimizer, dtype):
    """Vectors that OpenBLAS would split, and products that it would not."""
    models = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"):
            params = {"hidden_layer_sizes": (150, 100), "batch_size": 8, "clip_norm": 0.1}
            models.append(fit("multiclass", optimizer=optimizer, dtype=dtype, alpha=0.1, **params))
    assert models[0]._model.network.parameters.vector.size > 10_000
    assert changes(state(models[0]), state(models[1])) == []


@DTYPES
@pytest.mark.parametrize("n_threads", [1, 2])
def test_large_networks_for_a_given_number_of_blas_threads(n_threads, dtype):
    """Products large enough to be split: identical results for the same number of threads."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 500)), rng.integers(10, size=400)
    model = clone(fit("multiclass")).set_params(hidden_layer_sizes=(200, 100), dtype=dtype)
    with threadpool_limits(n_threads, "blas"):
        first, second = clone(model).fit(X, y), clone(model).fit(X, y)
        assert changes(state(first), state(second)) == []
        assert_array_equal(predictions(first, X), predictions(second, X))


# ---------------------------------------------------------------- processes


@pytest.mark.parametrize("kind", ["multiclass", "multioutput"])
def test_n_jobs(kind):
    cls, X, y = problem(kind)
    grid = {"optimizer": ["adam", "lbfgs"], "hidden_layer_sizes": [(8,), (30, 20)]}
    found = [GridSearchCV(cls(**SMALL), grid, cv=2, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2)]
    one, two = (search.cv_results_ for search in found)
    for name in ("mean_test_score", "split0_test_score", "split1_test_score"):
        assert one[name].tolist() == two[name].tolist()
    one, two = (search.best_estimator_ for search in found)
    assert changes(state(one), state(two)) == []
    one, two = (cross_val_predict(cls(**SMALL), X, y, cv=3, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert_array_equal(one, two)


# ---------------------------------------------------------------- threads


def at_once(calls):
    """Return what functions return that run in threads of their own."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


@pytest.mark.parametrize("optimizer", ["adam", "muon", "gd", "lbfgs"])
@pytest.mark.parametrize("kind", KINDS)
def test_two_threads_that_fit_clones(kind, optimizer):
    cls, X, y = problem(kind)
    params = {"early_stopping": True, "max_iter": 20, "optimizer": optimizer}
    params |= {} if optimizer == "lbfgs" else {"dropout": 0.2, "averaging": "ema"}
    models = [cls(**SMALL | params | {"random_state": seed}) for seed in range(2)]
    alone = [state(clone(model).fit(X, y)) for model in models]
    for _ in range(3):
        fitted = at_once([lambda model=model: clone(model).fit(X, y) for model in models * 2])
        for model, known in zip(fitted, alone * 2, strict=True):
            assert changes(known, state(model)) == []


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("kind", KINDS)
def test_threads_that_predict_with_one_model(kind, wrap):
    model, X = fit(kind, hidden_layer_sizes=(50, 50)), problem(kind)[1]
    parts = [wrap(np.tile(X[start:], (20, 1))) for start in range(4)]
    alone = [predictions(model, part) for part in parts]
    for _ in range(5):
        together = at_once([lambda part=part: predictions(model, part) for part in parts])
        for known, found in zip(alone, together, strict=True):
            assert_array_equal(known, found)


# ---------------------------------------------------------------- chunks


@given(
    kind=st.sampled_from(KINDS),
    dtype=st.sampled_from(["float32", "float64"]),
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=4),
    layers=st.lists(st.integers(1, 70), max_size=3),
    is_sparse=st.booleans(),
)
def test_any_chunk_size_of_predict(kind, dtype, sizes, layers, is_sparse):
    model, X = fit(kind, hidden_layer_sizes=layers, dtype=dtype, max_iter=1), problem(kind)[1]
    X = np.random.default_rng(0).normal(size=(sum(sizes), X.shape[1]))
    X = sparse.csr_array(np.where(X < 0, 0, X)) if is_sparse else X
    ends = np.cumsum(sizes)
    chunks = [
        predictions(model, X[end - size : end]) for end, size in zip(ends, sizes, strict=True)
    ]
    alone = [predictions(model, X[[row]]) for row in range(0, X.shape[0], 37)]
    whole = predictions(model, X)
    assert_array_equal(np.concatenate(chunks), whole)
    assert_array_equal(np.concatenate(alone), whole[::37])


# ---------------------------------------------------------------- whatever the parameters


@given(cases())
def test_a_clone_fits_to_the_same_bits(case):
    model, data = case.model, {"X": case.X, "y": case.y, **case.fit_params}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        twin = clone(model)
        if isinstance(model.random_state, np.random.RandomState):
            twin.random_state.set_state(model.random_state.get_state())
        try:
            model.fit(**data)
        except ValueError as error:
            with pytest.raises(ValueError, match=re.escape(str(error))):
                twin.fit(**data)
            return
        twin.fit(**data)
    assert changes(state(model), state(twin)) == []
    assert content(model.predict(case.X)) == content(twin.predict(case.X))


@given(cases())
def test_a_copy_predicts_the_same_bits(tmp_path_factory, case):
    model, path = case.model, tmp_path_factory.getbasetemp() / "model.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(case.X, case.y, **case.fit_params)
        except ValueError:
            assume(False)
    copies = [pickled(model)]
    try:
        sknn.save(model, path, training_state=True)
    except ValueError as error:  # a function, a fraction or a long double
        if "cannot be kept in a model file" not in str(error):
            raise
    else:
        copies.append(sknn.load(path))
    event(f"{len(copies)} copies")
    for copy in copies:
        assert changes(leaves(model.get_params()), leaves(copy.get_params())) == []
        assert_array_equal(predictions(copy, case.X), predictions(model, case.X))
        found = changes(state(model), state(copy))
        assert [path for path in found if ".products" not in path] == []  # Muon's memory


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("params", [{}, {"dropout": 0.3, "input_dropout": 0.2}])
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_batches_that_use_one_memory_in_turns(kind, params, is_sparse, monkeypatch):
    def coefs():
        cls, X, y = problem(kind)
        X = sparse.csr_matrix(X) if is_sparse else X
        model = cls(batch_size=len(y) // 3 - 1, **SMALL | params).fit(X, y)  # a short last one
        for n in (3, len(y), 5):  # memory grows, and shrinks again
            model.partial_fit(X[:n], y[:n])
        return np.concatenate([coef.ravel() for coef in model.coefs_])

    shared = coefs()

    def of_its_own(memory, name, *shape):
        return np.full(shape, np.nan, memory._dtype)

    monkeypatch.setattr(sknn._network.layers.Memory, "array", of_its_own)
    assert_array_equal(coefs(), shared)
