"""With float32 inputs, everything is float32."""

import numpy as np
import pytest
from common import KINDS, STEP_TAKING, problem
from scipy import sparse

from sknn._training.engine import Engine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
SMALL = {"hidden_layer_sizes": (8, 5), "max_iter": 2, "random_state": 0, "batch_size": 50}


def predictions(model, X):
    names = ("predict_proba", "predict_log_proba", "decision_function")
    methods = names if hasattr(model, "classes_") else ("predict",)
    return [getattr(model, name)(X) for name in methods]


def assert_float32(model, X):
    arrays = [*model.coefs_, *model.intercepts_, *predictions(model, X)]
    slots = getattr(model._model.training.optimizer_state, "slots", ())
    assert {array.dtype.name for array in [*arrays, *slots]} == {"float32"}


@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
@EVERY_KIND
def test_inputs_decide(kind, wrap):
    cls, X, y = problem(kind, dtype=np.float32)
    assert_float32(cls(**SMALL).fit(wrap(X), y), wrap(X))


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), "f4"])
@EVERY_KIND
def test_parameter_decides(kind, dtype):
    cls, X, y = problem(kind)
    assert_float32(cls(**SMALL, dtype=dtype).fit(X, y), X)


@pytest.mark.parametrize("dtype", ["float64", np.float64, float])
@EVERY_KIND
def test_parameter_decides_for_float64(kind, dtype):
    cls, X, y = problem(kind, dtype=np.float32)
    model = cls(**SMALL, dtype=dtype).fit(X, y)
    assert {array.dtype.name for array in [*model.coefs_, *predictions(model, X)]} == {"float64"}


@pytest.mark.parametrize("optimizer", STEP_TAKING)
@EVERY_KIND
def test_moments(kind, optimizer):
    cls, X, y = problem(kind, dtype=np.float32)
    weight = np.ones(len(y))
    assert_float32(cls(**SMALL, optimizer=optimizer, dropout=0.2).fit(X, y, weight), X)


@EVERY_KIND
def test_lbfgs(kind):
    cls, X, y = problem(kind, dtype=np.float32)
    assert_float32(cls(**SMALL, optimizer="lbfgs").fit(X, y), X)


@EVERY_KIND
def test_gradients_and_every_array_of_a_step(kind, monkeypatch):
    dtypes = set()
    original = Engine._update

    def spy(self, *args):
        for batch in self.source._batches.values():
            found = [batch.value, batch.compiled.raw_prediction, batch.compiled.delta]
            found += [layer.output for layer in batch.compiled.layers]
            dtypes.update(array.dtype.name for array in [*found, batch._weight])
        dtypes.add(self._gradient.vector.dtype.name)
        original(self, *args)

    monkeypatch.setattr(Engine, "_update", spy)
    cls, X, y = problem(kind, dtype=np.float32)
    cls(**SMALL, dropout=0.2, input_dropout=0.1, alpha=0.1).fit(X, y, np.full(len(y), 2.0))
    assert dtypes == {"float32"}


@EVERY_KIND
def test_float32_is_close_to_float64(kind):
    cls, X, y = problem(kind, dtype=np.float32)
    single, double = (
        cls(**SMALL | {"max_iter": 20}, dtype=dtype).fit(X, y) for dtype in ("float32", "float64")
    )
    for one, other in zip(predictions(single, X), predictions(double, X), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)
    np.testing.assert_allclose(single.loss_curve_, double.loss_curve_, rtol=1e-5)


def test_best_weights_and_validation():
    cls, X, y = problem("multiclass", dtype=np.float32)
    seen = []

    def scorer(model, X, y):
        seen.append((X.dtype.name, model.predict_proba(X).dtype.name))
        return -len(seen)

    assert_float32(cls(**SMALL, early_stopping=True, scoring=scorer).fit(X, y), X)
    assert set(seen) == {("float32", "float32")}


@pytest.mark.parametrize("value", [1e39, -1e39])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
def test_a_float32_network_refuses_values_beyond_float32(wrap, value):
    cls, X, y = problem("multiclass", dtype=np.float32)
    model = cls(4, max_iter=1, tol=1e9, n_iter_no_change=1, random_state=0).fit(X, y)
    far = X.astype(np.float64)
    far[3, 2] = value
    with pytest.raises(ValueError, match=r"^X has a value of 1e\+39, which is infinite in float32"):
        model.predict(wrap(far))
