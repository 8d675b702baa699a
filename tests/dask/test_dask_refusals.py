"""Errors of fits on a cluster, which name the argument and the partition."""

import numpy as np
import pytest
from common import problem

pytest.importorskip("distributed")
from dask import array, dataframe
from distributed import Client
from scipy import sparse

from sknn import MLPRegressor
from sknn.dask import DaskMLPClassifier, DaskMLPRegressor


def data(kind="multiclass", size=30):
    _, X, y = problem(kind)
    return array.from_array(X, chunks=(size, X.shape[1])), array.from_array(y, chunks=size)


def changed(values, number, change):
    """Return a collection of which one chunk is changed."""

    def function(block, block_info=None):
        is_changed = block_info[0]["chunk-location"][0] == number
        return change(block.copy()) if is_changed else block

    return values.map_blocks(function, dtype=values.dtype, meta=values._meta)


def with_value(value):
    def change(block):
        block[(3,) * block.ndim] = value
        return block

    return change


X, Y = data()
TEXT = X.map_blocks(
    lambda block: np.full(block.shape, "a", object), dtype=object, meta=np.empty((0, 0), object)
)
WRONG = {
    "NaN in X": (changed(X, 2, with_value(np.nan)), Y, ValueError, "partition 2 of X.*NaN"),
    "text in X": (TEXT, Y, ValueError, "partition 0 of X"),
    "sparse chunks": (
        *(X.map_blocks(sparse.csr_array), Y, ValueError),
        "partition 0 of X and y: Sparse data was passed",
    ),
    "chunks of columns": (X.rechunk((30, 2)), Y, ValueError, "X has 3 chunks along the columns"),
    "fewer chunks of y": (X, Y.rechunk(60), ValueError, "X has 4 partitions and y has 2"),
    "other chunks of y": (
        *(X, Y.rechunk(((40, 30, 30, 20),)), ValueError),
        "partition 0 of X and y: X has 30 rows and y has 40",
    ),
    "X in memory": (X.compute(), Y, TypeError, "X must be a Dask array .* got ndarray"),
    "y in memory": (X, Y.compute(), TypeError, "y must be a Dask array .* got ndarray"),
    "no rows": (X[:0], Y[:0], ValueError, "X has no rows"),
    "a task that fails": (
        *(changed(X, 1, lambda block: 1 // 0), Y, RuntimeError),
        "partition 1 of X and y cannot be computed: ZeroDivisionError",
    ),
    "one column": (
        dataframe.from_dask_array(X[:, 0]),
        Y,
        ValueError,
        "X must have 2 dimen.* got 1",
    ),
    "a vector": (X[:, 0], Y, ValueError, "X must have 2 dimensions, got 1"),
    "three dimensions": (X[:, :, None], Y, ValueError, "X must have 2 dimensions, got 3"),
    "numbers as classes": (X, Y + 0.5, ValueError, "[Uu]nknown label type"),
}


@pytest.mark.parametrize(("inputs", "targets", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_data(inputs, targets, error, message, client):
    model = DaskMLPClassifier(4, max_iter=2)
    with pytest.raises(error, match=message):
        model.fit(inputs, targets)
    assert not hasattr(model, "classes_")


def test_partitions_of_other_widths(client):
    wide = array.concatenate([X[:30].rechunk(30), X[30:60].rechunk(30)])
    parts = [X[:30, :5].to_delayed()[0, 0], X[30:60].to_delayed()[0, 0]]
    frame = array.concatenate(
        [array.from_delayed(part, shape=(30, 6), dtype=X.dtype) for part in parts]
    )
    assert wide.shape == frame.shape
    with pytest.raises(ValueError, match="partition 1 has 6 features, but partition 0 has 5"):
        DaskMLPClassifier(4, max_iter=2).fit(frame, Y[:60].rechunk(30))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (Y.astype(float) - 5, "sample_weight must not be negative"),
        (Y.astype(float)[:60], "X has 4 partitions and sample_weight has 2"),
        (Y.rechunk(((40, 30, 30, 20),)), "partition 0: X has 30 rows and sample_weight has 40"),
        (np.zeros(120), "sample_weight must be greater than 0"),
        (np.ones(7), r"sample_weight must have the shape \(120,\)"),
    ],
)
def test_wrong_weights(weight, message, client):
    with pytest.raises(ValueError, match=message):
        DaskMLPClassifier(4, max_iter=2).fit(X, Y, sample_weight=weight)


def test_wrong_targets_of_the_loss_name_their_partition(client):
    inputs, targets = data("regression")
    targets = changed(abs(targets) + 1, 3, with_value(-1.0))
    with pytest.raises(ValueError, match="partition 3 of y: y must"):
        DaskMLPRegressor(4, loss="poisson", max_iter=2).fit(inputs, targets)


def test_a_validation_set_with_unknown_classes_names_its_partition(client):
    y_val = changed(Y, 1, with_value(9))
    with pytest.raises(ValueError, match="partition 1 of y_val: y_val has classes"):
        DaskMLPClassifier(4, max_iter=2).fit(X, Y, X_val=X, y_val=y_val)


def test_wrong_parameters_are_found_before_the_data_are_read(client):
    lazy = changed(X, 0, lambda block: 1 // 0)
    for name, value in {"alpha": -1, "shuffle": "blocks", "client": "tcp://", "loss": "no"}.items():
        with pytest.raises(ValueError, match=name):
            DaskMLPClassifier(4).set_params(**{name: value}).fit(lazy, Y)
    with pytest.raises(ValueError, match="X_val is provided, but y_val was not"):
        DaskMLPClassifier(4).fit(lazy, Y, X_val=X)


def test_only_blocks_is_an_order_for_data_on_a_disk(client):
    with pytest.raises(ValueError, match="shuffle='blocks' is for data on a disk"):
        DaskMLPClassifier(4, shuffle="blocks").fit(X, Y)
    with pytest.raises(
        ValueError, match=r"'shuffle' parameter .* got 'foo'|shuffle must be"
    ) as caught:
        DaskMLPClassifier(4, shuffle="foo").fit(X, Y)
    assert "disk" not in str(caught.value)


def test_validation_inputs_have_two_dimensions(client):
    for X_val, n in ((dataframe.from_dask_array(X[:, 0]), 1), (X[:, :, None], 3)):
        with pytest.raises(ValueError, match=f"X_val must have 2 dimensions, got {n}"):
            DaskMLPClassifier(4, max_iter=2).fit(X, Y, X_val=X_val, y_val=Y)


@pytest.mark.parametrize("method", ["predict_votes", "activations"])
def test_votes_and_activations_are_not_for_collections(method, client):
    model = DaskMLPClassifier(4, dropout=0.5, max_iter=300, random_state=0).fit(X, Y)
    in_memory = X.compute()
    lazy = changed(X, 0, lambda block: 1 // 0)  # which must not be computed
    for inputs in (lazy, dataframe.from_dask_array(lazy)):
        with pytest.raises(ValueError, match=rf"{method} needs X in memory.*to_local\(\)"):
            getattr(model, method)(inputs)
    found = getattr(model, method)(in_memory)
    expected = getattr(model.to_local(), method)(in_memory)
    for values, others in zip(found, expected, strict=True):
        np.testing.assert_array_equal(values, others)


def test_without_a_client():
    with pytest.raises(ValueError, match="There is no Dask client"):
        DaskMLPClassifier(4).fit(X, Y)


def test_partial_fit_points_to_the_local_estimator():
    model = DaskMLPClassifier(4)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="to_local"):
        model.partial_fit(X, Y)


def test_from_local_takes_the_class_of_the_core():
    with pytest.raises(TypeError, match="an instance of MLPClassifier, got MLPRegressor"):
        DaskMLPClassifier.from_local(MLPRegressor())


def test_lazy_predictions_have_no_options(client):
    model = DaskMLPClassifier(4, dropout=0.5, max_iter=300, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="n_passes: predict_proba of a Dask collection"):
        model.predict_proba(X, n_passes=3)
    assert isinstance(client, Client)
    with pytest.raises(ValueError, match="X has 3 chunks along the columns"):
        model.predict(X.rechunk((30, 2)))
    frame = dataframe.from_dask_array(X)
    np.testing.assert_array_equal(model.predict(frame.values).compute(), model.predict(X).compute())
