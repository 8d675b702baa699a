"""Reading tables from data frames, arrays and lists, and errors for unsupported columns."""

import datetime
import decimal

import numpy as np
import pytest
from scipy import sparse

from sknn.tabular._columns import read_columns
from sknn.tabular._preprocessing import choose_categories, to_table

pd = pytest.importorskip("pandas")

TIMES = pd.to_datetime(["2020-01-01", "2021-01-01"])


def kinds(X):
    return [(column.kind, column.is_category) for column in read_columns(X)]


FRAME = pd.DataFrame(
    {
        "integers": [1, 2, 3],
        "floats": [1.5, None, 2.5],
        "booleans": [True, False, True],
        "strings": ["a", None, "b"],
        "objects": np.array(["a", np.nan, "b"], dtype=object),
        "numbers as objects": np.array([1, None, 2.5], dtype=object),
        "categories": pd.Categorical(["x", "y", None]),
        "codes": pd.Categorical([3, 1, 3]),
        "nullable integers": pd.array([1, None, 3], dtype="Int64"),
        "nullable floats": pd.array([1.5, None, 3], dtype="Float64"),
        "nullable booleans": pd.array([True, None, False], dtype="boolean"),
        "nullable strings": pd.array(["a", None, "b"], dtype="string"),
        "nothing": [None, None, None],
        "decimals": [decimal.Decimal("1.5"), None, decimal.Decimal(2)],
    }
)


def test_columns_of_a_frame():
    assert dict(zip(FRAME.columns, kinds(FRAME), strict=True)) == {
        "integers": ("numbers", False),
        "floats": ("numbers", False),
        "booleans": ("booleans", True),
        "strings": ("strings", True),
        "objects": ("strings", True),
        "numbers as objects": ("numbers", False),
        "categories": ("strings", True),
        "codes": ("numbers", True),
        "nullable integers": ("numbers", False),
        "nullable floats": ("numbers", False),
        "nullable booleans": ("booleans", True),
        "nullable strings": ("strings", True),
        "nothing": ("missing values alone", True),
        "decimals": ("numbers", False),
    }


def test_whatever_is_missing_is_nan():
    for column in read_columns(FRAME):
        missing = [value is np.nan or value != value for value in column.values.tolist()]
        name = column.name.split("'")[1]
        assert missing == FRAME[name].isna().tolist(), name


def test_a_frame_of_polars_is_read_as_one_of_pandas():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "integers": [1, None, 3],
            "floats": [1.5, None, 2.5],
            "booleans": [True, False, None],
            "strings": ["a", None, "b"],
        }
    ).with_columns(
        pl.col("strings").cast(pl.Categorical).alias("categories"),
        pl.col("strings").cast(pl.Enum(["a", "b"])).alias("enum"),
    )
    assert kinds(frame) == [
        *[("numbers", False)] * 2,
        ("booleans", True),
        *[("strings", True)] * 3,
    ]
    dates = frame.with_columns(day=pl.date(2020, 1, 1))
    with pytest.raises(ValueError, match="column 'day' holds dates"):
        read_columns(dates)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.zeros((2, 2), np.int8), [("numbers", False)] * 2),
        (np.zeros((2, 2), bool), [("booleans", True)] * 2),
        (np.array([["a", "b"], ["c", "d"]]), [("strings", True)] * 2),
        ([[1, "a"], [2.5, "b"]], [("numbers", False), ("strings", True)]),
        ([[1, 2], [3, None]], [("numbers", False)] * 2),
    ],
)
def test_arrays_and_lists(X, expected):
    assert kinds(X) == expected


def test_float32_stays_float32():
    X = np.ones((3, 2), np.float32)
    assert to_table(read_columns(X), [False, False]).dtype == np.float32
    assert to_table(read_columns(X.astype(int)), [False, False]).dtype == np.float64


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (TIMES, r"column 'bad' holds dates or times \(datetime64"),
        (TIMES.tz_localize("UTC"), "column 'bad' holds Timestamp objects"),
        (TIMES - TIMES[0], r"column 'bad' holds time differences \(timedelta64"),
        (TIMES.to_period("M"), "column 'bad' holds Period objects"),
        ([datetime.date(2020, 1, 1), None], "column 'bad' holds date objects"),
        (["a", 1], "column 'bad' holds numbers and strings"),
        ([True, "a"], "column 'bad' holds booleans and strings"),
        ([b"a", b"b"], "column 'bad' holds bytes objects"),
        ([1j, 2j], "Complex data not supported: column 'bad'"),
        ([1.0, np.inf], "infinity in column 'bad'"),
    ],
)
def test_columns_that_are_refused_by_name(values, message):
    with pytest.raises(ValueError, match=message):
        read_columns(pd.DataFrame({"good": [1, 2], "bad": values}))


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_values_without_order_are_refused_by_name(value):
    X = np.array([[1, value], [2, "a"]], dtype=object)
    with pytest.raises(TypeError, match=f"column 1 holds a {type(value).__name__}"):
        read_columns(X)


def test_sparse_data_are_refused_in_words():
    with pytest.raises(TypeError, match=r"Use X.toarray\(\), or .* MLPClassifier"):
        read_columns(sparse.eye(3))


# ---------------------------------------------------------------- which are categories

NUMBERS = read_columns(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("from_dtype", [False, False, False]),
        (None, [False, False, False]),
        ([], [False, False, False]),
        ([0, -1], [True, False, True]),
        ([False, True, False], [False, True, False]),
        (["b"], [False, True, False]),
        (np.array(["c", "a"], dtype=object), [True, False, True]),
    ],
)
def test_categories_by_name_index_or_mask(value, expected):
    assert choose_categories(value, NUMBERS, ["a", "b", "c"]) == expected


@pytest.mark.parametrize("value", ["a", [3], [0.5], ["d"], [True], [[0]], 1])
def test_wrong_categories(value):
    with pytest.raises(ValueError, match="categorical_features must be 'from_dtype', None, a mask"):
        choose_categories(value, NUMBERS, ["a", "b", "c"])


@pytest.mark.parametrize("value", [None, [0]])
def test_strings_must_be_categories(value):
    with pytest.raises(ValueError, match="column 1 holds strings, but categorical_features"):
        choose_categories(value, read_columns([[1, "a"]]), None)
