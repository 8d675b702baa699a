"""Extreme shapes and values, and results that do not depend on the memory layout of the data."""

import numpy as np
import pandas as pd
import pytest
from common import changes, leaves, problem, state
from drawing import Case
from examining import examine
from numpy.testing import assert_array_equal
from scipy import sparse

from sknn import MLPClassifier, MLPRegressor
from sknn.losses import LOSSES, REGRESSION

pytestmark = [
    pytest.mark.filterwarnings("ignore::sknn.exceptions.TrainingWarning"),
    pytest.mark.filterwarnings("ignore:The number of unique classes is greater than"),
    pytest.mark.filterwarnings("ignore:Constructing a DIA matrix"),
]

SMALL = {"hidden_layer_sizes": (6, 4), "max_iter": 3, "batch_size": 16, "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
CODES = np.arange(40) % 3
VALUES = X[:, 0] ** 2 + 1

# ---------------------------------------------------------------- shapes

SHAPES = {
    "one row": (MLPClassifier(), X[:1], CODES[:1]),
    "one row of a regression": (MLPRegressor(), X[:1], VALUES[:1]),
    "two rows": (MLPClassifier(), X[:2], CODES[:2]),
    "one column": (MLPRegressor(), X[:, :1], VALUES),
    "one row and column": (MLPRegressor(), X[:1, :1], VALUES[:1]),
    "constant features": (MLPClassifier(), np.ones((40, 3)), CODES),
    "zeros": (MLPClassifier(), np.zeros((40, 3)), CODES),
    "no stored zeros": (MLPClassifier(), sparse.csr_array((40, 3)), CODES),
    "constant target": (MLPRegressor(), X, np.full(40, 7.0)),
    "one class": (MLPClassifier(), X, np.full(40, "only")),
    "10,000 classes": (MLPClassifier(2), np.repeat(X, 250, axis=0), np.arange(10_000)),
    "a class a row": (MLPClassifier(), X, np.arange(40)),
    "one label": (MLPClassifier(), X, CODES[:, np.newaxis] > 1),
    "labels that no row has": (MLPClassifier(), X, np.zeros((40, 3), int)),
    "1,000 labels": (MLPClassifier(), X, RNG.integers(0, 2, (40, 1000))),
    "one column of targets": (MLPRegressor(), X, VALUES[:, np.newaxis]),
    "1,000 targets": (MLPRegressor(), X, RNG.normal(size=(40, 1000))),
    "no hidden layer": (MLPClassifier(()), X, CODES),
    "units alone": (MLPRegressor((1, 1, 1)), X, VALUES),
    "100 layers": (MLPRegressor((2,) * 100), X, VALUES),
    "more features than rows": (MLPClassifier(), RNG.normal(size=(3, 5000)), CODES[:3]),
    "batches of one": (MLPClassifier(batch_size=1), X, CODES),
    "a batch larger than the data": (MLPClassifier(batch_size=10**12), X, CODES),
    "a last batch of one": (MLPClassifier(batch_size=39), X, CODES),
    "a validation row": (MLPClassifier(early_stopping=True), X, CODES, (X[:1], CODES[:1])),
}


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("optimizer", ["adam", "gd", "lbfgs"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape, optimizer):
    model, X, y, *validation = SHAPES[shape]
    model.set_params(optimizer=optimizer, random_state=0, max_iter=2)
    given = dict(zip(("X_val", "y_val"), *validation, strict=True)) if validation else {}
    model.fit(X, y, **given)
    X, y = X[:100], y[:100]
    prediction = model.predict(X)
    single = prediction.ndim == 1
    assert prediction.shape == (y.ravel().shape if single else y.shape)
    if isinstance(model, MLPClassifier):
        probabilities = model.predict_proba(X)
        assert np.isfinite(probabilities).all()
        if single:
            np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    else:
        assert np.isfinite(prediction).all()


@pytest.mark.parametrize(
    ("X", "y", "more", "message"),
    [
        (X[:0], CODES[:0], {}, "0 sample"),
        (X[:, :0], CODES, {}, "0 feature"),
        (X[:, 0], CODES, {}, "Expected 2D array, got 1D"),
        (X[np.newaxis], CODES, {}, "dim 3"),
        (X, CODES[:, np.newaxis, np.newaxis], {}, "dim 3"),
        (X, CODES[:-1], {}, "inconsistent numbers of samples"),
        (X, CODES, {"X_val": X[:0], "y_val": CODES[:0]}, "0 sample"),
        (X, CODES, {"X_val": X[:5], "y_val": CODES[:0]}, "0 sample|inconsistent"),
    ],
)
def test_shapes_that_are_refused(X, y, more, message):
    model = MLPClassifier(**SMALL, early_stopping=bool(more))
    before = leaves(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **more)
    assert changes(before, leaves(vars(model))) == []


# ---------------------------------------------------------------- layouts


def mapped(array, folder):
    """Return an array in a file, which cannot be written to."""
    path = folder / f"{len(list(folder.iterdir()))}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def unaligned(array):
    """Return an array whose numbers begin at odd addresses."""
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    copy = memory.view(array.dtype).reshape(array.shape)
    copy[...] = array
    assert not copy.flags.aligned
    return copy


def every_other(array):
    return np.repeat(array, 2, axis=0)[::2]


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "every other row": every_other,
    "every other column": lambda X: np.repeat(X, 2, axis=-1)[..., ::2],
    "negative strides": lambda X: X[::-1].copy()[::-1],
    "both negative": lambda X: np.flip(np.flip(X).copy()),
    "read-only": read_only,
    "unaligned": unaligned,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "big-endian frame": lambda X: pd.DataFrame(X.astype(X.dtype.newbyteorder(">"))),
    "frame": pd.DataFrame,
    "frame of columns": lambda X: pd.DataFrame(dict(enumerate(X.T))),
    "nullable frame": lambda X: pd.DataFrame(X).astype("Float64"),
    "list": lambda X: X.tolist(),
    "objects": lambda X: X.astype(object),
    "texts": lambda X: X.astype(str),
    "long doubles": lambda X: X.astype(np.longdouble),
    "masked": np.ma.masked_array,
}


def fitted(kind, X, y, weight, **params):
    return problem(kind)[0](**SMALL | params).fit(X, y, sample_weight=weight)


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("layout", [*LAYOUTS, "memory-mapped"])
@pytest.mark.parametrize("kind", ["multiclass", "multioutput"])
def test_dense_layouts_give_the_same_bits(kind, layout, early_stopping, tmp_path):
    _, X, y = problem(kind)
    weight = np.linspace(0.1, 2, len(X))
    convert = LAYOUTS.get(layout, lambda array: mapped(array, tmp_path))
    params = {"early_stopping": early_stopping, "dropout": 0.1}
    model = fitted(kind, X, y, weight, **params)
    other = fitted(kind, convert(X), y, weight, **params)
    assert_array_equal(model.predict(X), other.predict(convert(X)))
    if layout.startswith("frame"):
        vars(other).pop("feature_names_in_", None)
    assert changes(state(model), state(other)) == []
    if "frame" not in layout and (kind == "multioutput" or layout not in ("objects", "texts")):
        other = fitted(kind, X, convert(y), convert(weight), **params)
        assert_array_equal(
            model._model.network.parameters.vector, other._model.network.parameters.vector
        )


def shuffled(X):
    """Return the same matrix with the indices of each row in another order."""
    X = sparse.csr_array(X)
    for start, stop in zip(X.indptr, X.indptr[1:], strict=False):
        X.indices[start:stop] = X.indices[start:stop][::-1].copy()
        X.data[start:stop] = X.data[start:stop][::-1].copy()
    X.has_sorted_indices = False
    return X


def with_duplicates(X):
    """Return the same matrix with two entries, in no order, for each number."""
    X = sparse.csr_array(X)
    indices, data = np.repeat(X.indices, 2), np.repeat(X.data / 2, 2)
    twice = sparse.csr_array((data, indices, 2 * X.indptr), X.shape)
    assert not twice.has_canonical_format
    return twice


def with_int64(X):
    X = sparse.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def with_read_only(X):
    X = sparse.csr_array(X)
    for array in (X.data, X.indices, X.indptr):
        array.flags.writeable = False
    return X


FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
SPARSE = {
    f"{name}_{kind}": getattr(sparse, f"{name}_{kind}")
    for name in FORMATS
    for kind in ("array", "matrix")
}
SPARSE |= {"unsorted": shuffled, "duplicates": with_duplicates, "int64": with_int64}
SPARSE |= {"read-only": with_read_only}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", SPARSE)
def test_sparse_layouts_give_the_same_bits(layout, dtype):
    _, X, y = problem("multiclass", dtype=dtype)
    X = np.where(abs(X) < 0.7, 0, X).astype(dtype)
    convert = SPARSE[layout]
    given = convert(X)
    before = given.copy()
    model, other = (fitted("multiclass", each, y, None) for each in (sparse.csr_array(X), given))
    assert changes(state(model), state(other)) == []
    assert_array_equal(model.predict_proba(sparse.csr_array(X)), other.predict_proba(given))
    assert_array_equal(before.toarray(), given.toarray())
    if hasattr(given, "indices"):
        assert_array_equal(before.indices, given.indices)


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [("indices", 3, 100), ("indices", 3, -1), ("indptr", 2, 10**6), ("indptr", -1, 10**6)],
)
@pytest.mark.parametrize("wrap", [sparse.csr_array, sparse.csc_array])
def test_damaged_sparse_matrices(wrap, name, at, value):
    """SciPy would read and write beyond its memory."""
    model = MLPClassifier(**SMALL).fit(X, CODES)
    damaged = wrap(X)
    getattr(damaged, name)[at] = value
    for call in (lambda: model.fit(damaged, CODES), lambda: model.predict(damaged)):
        with pytest.raises(ValueError, match="X is a damaged sparse matrix"):
            call()


@pytest.mark.parametrize("wrap", [sparse.csr_array, sparse.csc_array])
def test_sparse_matrices_that_end_one_element_too_far(wrap):
    indices_beyond, rows_beyond = wrap(X), wrap(X)
    indices_beyond.indices[-1] += 1  # the last row and column are full
    rows_beyond.indptr[-1] += 1
    for damaged in (indices_beyond, rows_beyond):
        with pytest.raises(ValueError, match="X is a damaged sparse matrix"):
            MLPClassifier(**SMALL).fit(damaged, CODES)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "scale", [1.5e307, 1e300, 2.5e37, 1e30, 1e-30, 1e-38, 1e-160, 1e-200, 1e-310, 5e-324]
)
@pytest.mark.parametrize(
    "loss", [name for name, each in LOSSES.items() if REGRESSION in each.targets]
)
def test_targets_of_any_size(loss, scale, dtype):
    y = np.maximum(VALUES * scale, np.finfo(dtype).smallest_subnormal)
    outcome = examine(Case(MLPRegressor(**SMALL, loss=loss, dtype=dtype), X, y))
    assert outcome in ("fitted", "diverged", "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weight", [None, np.arange(40) % 3, np.geomspace(1, 1e-300, 40)])
@pytest.mark.parametrize("spread", [X[:, 0], np.full(40, -3.0), (np.arange(40) == 7) * 1.0])
@pytest.mark.parametrize("scale", [1e-30, 1e-40, 1e-160, 1e-200, 1e-310, 5e-324])
@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
def test_tiny_targets_of_both_signs_with_weights(loss, scale, spread, weight, dtype):
    case = Case(MLPRegressor(**SMALL, loss=loss, dtype=dtype), X, spread * scale)
    case.fit_params["sample_weight"] = weight
    assert examine(case) == "fitted"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e300, 1e30, 1e-30, 1e-310, 5e-324])
def test_inputs_of_any_size(scale, dtype):
    outcome = examine(Case(MLPClassifier(**SMALL, dtype=dtype), X * scale, CODES))
    assert outcome in ("fitted", "diverged", "float32")


@pytest.mark.parametrize("argument", ["X", "y", "sample_weight", "X_val", "y_val"])
def test_both_infinities(argument):
    """NumPy would warn of their sum."""
    data = {"X": X, "y": VALUES, "sample_weight": VALUES, "X_val": X, "y_val": VALUES}
    data[argument] = data[argument].copy()
    data[argument].reshape(-1)[:2] = np.inf, -np.inf
    with pytest.raises(ValueError, match=f"Input {argument} contains infinity"):
        MLPRegressor(**SMALL, early_stopping=True).fit(**data)


def test_predict_both_infinities():
    model = MLPRegressor(**SMALL).fit(X, VALUES)
    far = X.copy()
    far[0, :2] = np.inf, -np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        model.predict(far)


@pytest.mark.parametrize(
    "y", [["a", 1] * 20, [b"a", b"b"] * 20, [1, None] * 20, [1j, 2] * 20, [[1], "a"] * 20]
)
def test_labels_of_several_kinds(y):
    labels = np.empty(40, object)
    labels[:] = y
    with pytest.raises(ValueError, match=r"cannot be read as classes|Unknown label|NaN|legacy"):
        MLPClassifier(**SMALL).fit(X, labels)


def test_classes_beyond_all_integers():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MLPClassifier(**SMALL).fit(X, CODES * 1e300)
