"""Plain arrays skip scikit-learn's validation, and every call goes as it would go with it."""

import warnings

import numpy as np
import pytest
from common import leaves, problem
from scipy import sparse
from sklearn import config_context

from sknn.estimators import _checks
from sknn.estimators._ready import is_ready

pd = pytest.importorskip("pandas")

N_FEATURES = 6
GENERATOR = np.random.default_rng(0)
PLAIN = GENERATOR.normal(size=(32, N_FEATURES))


def with_value(value, dtype=np.float64):
    X = PLAIN.astype(dtype)
    X[1, 2] = value
    return X


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


class Own(np.ndarray):
    pass


# Inputs that scikit-learn's validation returns as they are.
READY = {
    "float64": PLAIN,
    "float32": PLAIN.astype(np.float32),
    "one row": PLAIN[:1],
    "Fortran": np.asfortranarray(PLAIN),
    "strided": np.tile(PLAIN, (2, 2))[::2, N_FEATURES:],
    "read only": read_only(PLAIN),
    "too large for float32": with_value(1e300),
}
# All others, which it converts or refuses, and some that it returns, but only it knows.
OTHERS = {
    "list": PLAIN.tolist(),
    "int": (PLAIN * 9).astype(int),
    "float16": PLAIN.astype(np.float16),
    "long double": PLAIN.astype(np.longdouble),
    "complex": PLAIN.astype(complex),
    "object": PLAIN.astype(object),
    "text": PLAIN.astype(str),
    "swapped bytes": PLAIN.astype(np.dtype(float).newbyteorder("S")),
    "subclass": PLAIN.view(Own),
    "masked": np.ma.masked_array(PLAIN),
    "frame": pd.DataFrame(PLAIN, columns=list("abcdef")),
    "frame without names": pd.DataFrame(PLAIN),
    "sparse": sparse.csr_array(PLAIN),
    "one dimension": PLAIN[0],
    "three dimensions": PLAIN[:, :, np.newaxis],
    "no rows": PLAIN[:0],
    "no columns": PLAIN[:, :0],
    "few columns": PLAIN[:, :-1],
    "NaN": with_value(np.nan),
    "infinity": with_value(np.inf),
    "both infinities": np.where(PLAIN > 0, np.inf, -np.inf),
    "float32 NaN": with_value(np.nan, np.float32),
    "too large for a sum": np.where(PLAIN > 0, 1e308, 1e307),
    "number": 3.0,
    "None": None,
}
TARGETS = {
    "float64": PLAIN[:, 0],
    "float32": PLAIN[:, 0].astype(np.float32),
    "whole numbers": np.arange(32) % 3,
    "bool": PLAIN[:, 0] > 0,
    "column": PLAIN[:, :1],
    "column of classes": (np.arange(32) % 3)[:, np.newaxis],
    "two columns": PLAIN[:, :2],
    "labels": (PLAIN[:, :3] > 0).astype(int),
    "three dimensions": PLAIN[:, :1, np.newaxis],
    "scalar": np.array(1.0),
    "few rows": PLAIN[:-1, 0],
    "no rows": PLAIN[:0, 0],
    "text": np.array(list("abcd" * 8)),
    "list": (np.arange(32) % 3).tolist(),
    "series": pd.Series(np.arange(32) % 3, name="y"),
    "small integers": (np.arange(32) % 3).astype(np.int8),
    "swapped bytes": PLAIN[:, 0].astype(np.dtype(float).newbyteorder("S")),
    "unknown class": np.arange(32) % 4,
    "masked NaN": np.ma.masked_invalid(with_value(np.nan)[:, 2]),
    "NaN": with_value(np.nan)[:, 2],
    "infinity": with_value(np.inf)[:, 2],
    "too large for float32": with_value(1e300)[:, 2],
    "sparse": sparse.csr_array(PLAIN[:, :1]),
    "None": None,
}


def fitted(kind="multiclass", names=None, **params):
    cls, X, y = problem(kind)
    X = X if names is None else pd.DataFrame(X, columns=list(names))
    model = cls(hidden_layer_sizes=4, random_state=0, **params)
    return model.partial_fit(X, y, **({} if kind == "regression" else {"classes": range(3)}))


def outcome(call):
    """Return all that a call returns or raises, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = leaves(call())
        except Exception as error:
            result = type(error), str(error)
    return result, [(each.category, str(each.message)) for each in caught]


def assert_same_with_validation(call, monkeypatch):
    """A call goes as it goes if no array counts as ready."""
    found = outcome(call)
    with monkeypatch.context() as patch:
        for name in ("are_ready_inputs", "is_ready"):
            patch.setattr(_checks, name, lambda *arguments: False)
        assert found == outcome(call)


@pytest.fixture
def validated(monkeypatch):
    """A list of what goes through scikit-learn's validation."""
    calls = []

    def recording(validate):
        def record(*arguments, **options):
            calls.append(arguments)
            return validate(*arguments, **options)

        return record

    for name in ("validate_data", "check_array"):
        monkeypatch.setattr(_checks, name, recording(getattr(_checks, name)))
    return calls


@pytest.mark.parametrize(
    ("names", "assume_finite"),
    [(None, False), ("abcdef", False), (None, True)],
    ids=["plain", "named", "assume finite"],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", READY | OTHERS)
def test_predictions_as_with_validation(name, dtype, names, assume_finite, monkeypatch):
    model, X = fitted(names=names, dtype=dtype), (READY | OTHERS)[name]
    with config_context(assume_finite=assume_finite):
        for method in (model.predict, model.predict_proba):
            assert_same_with_validation(lambda method=method: method(X), monkeypatch)


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_plain_arrays_skip_validation(kind, name, validated):
    model = fitted(kind)
    validated.clear()
    model.predict(READY[name])
    assert validated == []


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_data_skips_validation(name, validated):
    model = fitted()
    validated.clear()
    outcome(lambda: model.predict(OTHERS[name]))
    assert len(validated) == 1


def test_names_of_features_are_compared():
    model = fitted(names="abcdef")
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(PLAIN)


def partial_fit(model, X, y):
    """Return the weights and the loss after another call to partial_fit."""
    twin = model.__copy__().partial_fit(X, y)
    return twin.coefs_, twin.intercepts_, twin.loss_curve_


@pytest.mark.parametrize("kind", ["multiclass", "regression", "multilabel"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TARGETS)
def test_partial_fit_as_with_validation(name, dtype, kind, monkeypatch):
    model, y = fitted(kind, dtype=dtype), TARGETS[name]
    for X in (PLAIN, PLAIN.astype(np.float32)):
        assert_same_with_validation(lambda X=X: partial_fit(model, X, y), monkeypatch)


@pytest.mark.parametrize("name", READY | OTHERS)
def test_partial_fit_on_any_inputs_as_with_validation(name, monkeypatch):
    model, X = fitted("regression"), (READY | OTHERS)[name]
    y = PLAIN[: np.shape(X)[0] if np.ndim(X) else 1, 0]
    assert_same_with_validation(lambda: partial_fit(model, X, y), monkeypatch)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_partial_fit_on_plain_arrays_skips_validation(dtype, validated):
    model, X = fitted("regression", dtype=dtype), PLAIN.astype(dtype)
    validated.clear()
    model.partial_fit(X, X[:, 0])
    assert validated == []


def test_rows_to_train_on_are_in_c_order():
    model, y = fitted("regression"), PLAIN[:, 0]
    X = _checks.check_inputs_and_targets(
        model, np.asfortranarray(PLAIN), y, np.dtype(float), reset=False
    )[0]
    assert X.flags.c_contiguous


def test_a_first_fit_learns_the_features():
    cls, X, y = problem("regression")
    model = cls(max_iter=1, random_state=0).partial_fit(X, y)
    with pytest.warns(UserWarning, match="max_iter"):
        model.fit(X[:, :3], y)
    assert model.n_features_in_ == 3
    assert model.predict(X[:1, :3]).shape == (1,)


def test_only_plain_arrays_are_ready():
    assert is_ready(PLAIN, np.float64)
    assert not is_ready(PLAIN.view(Own), np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_that_overflow_are_no_error(dtype):
    with np.errstate(all="raise"):
        assert not is_ready(np.full(4, np.finfo(dtype).max, dtype), dtype)
        assert not is_ready(np.array([np.inf, -np.inf], dtype), dtype)
        assert is_ready(np.array([1, -1], dtype), dtype)
