"""Forged files with a valid checksum raise an error before they cost memory or time."""

import json
import os
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from common import changes, file_contents, problem, state
from numpy.testing import assert_array_equal

import sknn
from sknn.persistence import _archive, _file, _sealed

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def saved(folder, **params):
    cls, X, y = problem("multiclass", 40)
    model = cls(2, max_iter=2, random_state=0).set_params(**params).fit(X, y)
    sknn.save(model, folder / "model.npz", training_state=True)
    return folder / "model.npz"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def muon(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("muon"), optimizer="muon", hidden_layer_sizes=(5, 4))


def refuses(path, match, megabytes=3):
    """Check that a file is refused, and that this took no more memory than its size deserves."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"is damaged: .*{match}"):
            sknn.load(path)
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------- the archive


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(path, members, compression=zipfile.ZIP_STORED):
    """Write a sealed zip file of pairs of name and content."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.filterwarnings("ignore", "Duplicate name")
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
        archive.comment = _sealed.empty_seal(_sealed.NETWORK)
    return sealed(path)


def sealed(path):
    with open(path, "r+b") as file:
        _sealed._seal(file)
    return path


def replaced(whole, tmp_path, **contents):
    members = members_of(whole) | {f"{name}.npy": each for name, each in contents.items()}
    return archived(tmp_path / "forged.npz", members.items())


def npy(description, data=b""):
    text = description.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def described(descr="<f8", shape="(3,)", order="False"):
    return f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n"


def test_what_is_rewritten_unchanged_loads(whole, tmp_path):
    path = archived(tmp_path / "same.npz", members_of(whole).items())
    assert sknn.load(path).n_iter_ == 2


def test_compressed_members(whole, tmp_path):
    members = members_of(whole) | {"parameters.npy": bytes(200_000_000)}
    path = archived(tmp_path / "bomb.npz", members.items(), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1e6
    refuses(path, "header.json is compressed")


def test_a_member_twice(whole, tmp_path):
    members = members_of(whole)
    path = archived(tmp_path / "twice.npz", [*members.items(), [*members.items()][1]])
    refuses(path, "occurs twice")


def test_members_that_the_header_does_not_name(whole, tmp_path):
    more = {f"more_{i}.npy": b"" for i in range(2000)}
    path = archived(tmp_path / "more.npz", (members_of(whole) | more).items())
    refuses(path, "does not name the member more_0.npy")


def test_a_member_that_is_no_array(whole, tmp_path):
    path = archived(tmp_path / "more.npz", (members_of(whole) | {"code.py": b""}).items())
    refuses(path, "the member code.py is not an array")


def test_the_header_is_not_first(whole, tmp_path):
    path = archived(tmp_path / "order.npz", [*members_of(whole).items()][::-1])
    refuses(path, r"first member is not header\.json")


def test_a_header_that_is_too_large(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(_archive, "MAX_HEADER", 500)
    refuses(whole, "bytes, of at most 500")
    with pytest.raises(ValueError, match="a model file holds at most 500"):
        sknn.save(sknn.MLPRegressor(), tmp_path / "model.npz")


LOCAL = {"signature": 0, "flags": 6, "method": 8, "size": 22, "name": 30}


@pytest.mark.parametrize("field", LOCAL)
def test_a_local_header_that_differs_from_the_directory(field, whole, tmp_path):
    path = archived(tmp_path / "local.npz", members_of(whole).items())
    content = bytearray(path.read_bytes())
    start = content.find(b"PK\3\4", 4)
    content[start + LOCAL[field]] ^= 1
    path.write_bytes(content)
    refuses(sealed(path), "does not follow|is not what the directory says")


def test_members_that_overlap(whole, tmp_path):
    path = archived(tmp_path / "overlap.npz", members_of(whole).items())
    content = bytearray(path.read_bytes())
    second = content.find(b"PK\1\2", content.find(b"PK\1\2") + 4)
    content[second + 42 : second + 46] = bytes(4)  # begins where the first one begins
    path.write_bytes(content)
    refuses(sealed(path), "does not follow the one before it")


@pytest.mark.parametrize("is_declared", [False, True])
@pytest.mark.parametrize("where", ["before", "between"])
def test_bytes_outside_the_members(where, is_declared, whole, tmp_path):
    """Also where the end of the archive says that the directory begins so much later."""
    path = archived(tmp_path / "gap.npz", members_of(whole).items())
    content = path.read_bytes()
    directory, end = content.find(b"PK\1\2"), content.find(b"PK\5\6")
    if is_declared:
        later = struct.pack("<L", directory + 1000)
        content = content[: end + 16] + later + content[end + 20 :]
    at = 0 if where == "before" else directory
    path.write_bytes(content[:at] + bytes(1000) + content[at:])
    expected = "something between" if where == "between" and is_declared else "does not follow"
    refuses(sealed(path), f"{expected}|Bad magic number|is not what the directory says|is missing")


# ---------------------------------------------------------------- arrays


HEADERS = {
    "huge shape": (described(shape="(1000000000000,)"), "has 8 bytes"),
    "huge shape that overflows": (described(shape="(4294967296, 4294967296)"), "has 8 bytes"),
    "huge shape of nothing": (described("<U0", "(1000000000000,)"), "has 8 bytes"),
    "negative shape": (described(shape="(-1,)"), "is not an array of numbers"),
    "large text": (described("<U999999999", "(1,)"), "not understood"),
    "long dtype": (described("<U" + "9" * 900), "is not an array of numbers"),
    "long header": (described(shape="(" + "1, " * 400 + ")"), "a member is not an array"),
    "unknown unit": (described("<M8[xx]", "(1,)"), "unit"),
    "objects": (described("|O", "(1,)"), "is not an array of numbers"),
    "code": ("__import__('os').getcwd()\n", "is not an array of numbers"),
    "unbalanced": (described().replace("}", ""), "is not an array of numbers"),
    "not closed": ("{'descr': (", "is not an array of numbers"),
    "too little": (described(shape="(2,)"), "has 8 bytes"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_the_header_of_an_array(name, whole, tmp_path):
    text, match = HEADERS[name]
    refuses(replaced(whole, tmp_path, classes=npy(text, bytes(8))), match)
    refuses(replaced(whole, tmp_path, parameters=npy(text, bytes(8))), match)


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", npy(described())[:20], b"\x93NUMPY\x02\x00" + bytes(20)]
)
def test_what_is_no_array(content, whole, tmp_path):
    refuses(replaced(whole, tmp_path, parameters=content), "a member is not an array")


@pytest.mark.parametrize("params", [{}, {"dtype": "float32", "averaging": "ema"}])
def test_arrays_of_the_other_byte_order(params, tmp_path):
    path = saved(tmp_path, **params)
    header, arrays = file_contents(path)
    swapped = {name: each.astype(each.dtype.newbyteorder("S")) for name, each in arrays.items()}
    assert not swapped["parameters"].dtype.isnative
    model, other = sknn.load(path), sknn.load(written(tmp_path, header, swapped))
    _, X, y = problem("multiclass", 40)
    assert_array_equal(other.predict_proba(X), model.predict_proba(X))
    assert other.coefs_[0].dtype == model.coefs_[0].dtype
    before, after = (state(each.partial_fit(X, y)) for each in (model, other))
    assert changes(before, after) == [".classes_"]  # which keep their byte order, as they do in fit


# ---------------------------------------------------------------- the header


def written(tmp_path, header, arrays):
    header = {key: each for key, each in header.items() if key != "format_version"}
    _file.write(tmp_path / "forged.npz", header, arrays)
    return tmp_path / "forged.npz"


def changed(whole, tmp_path, value, keys):
    """Return the path of a file with another value in its header."""
    header, arrays = file_contents(whole)
    node = header
    for key in keys[:-1]:
        node = node[key]
    assert keys[-1] in node or isinstance(node, list)
    node[keys[-1]] = value
    return written(tmp_path, header, arrays)


TRAINING = ("training", "object", 1)
STATE = (*TRAINING, "optimizer_state", "object", 1)
PROGRESS = (*TRAINING, "progress", "object", 1)
GENERATOR = (*TRAINING, "random_state", "shared", 1, "random_state", "dict")
NODES = {
    "huge memory": ({"memory": ["<f8", 10**13]}, STATE, "scratch", "is more than it has"),
    "negative memory": ({"memory": ["<f8", -1, -1]}, STATE, "scratch", "is more than it has"),
    "memory time and again": (
        {"tuple": [{"memory": ["<f8", 20]}] * 1000},
        *(STATE, "scratch", "is more than it has"),
    ),
    "memory of text": ({"memory": ["<U1000000000", 20]}, STATE, "scratch", "not understood"),
    "memory of objects": ({"memory": ["|O", 20]}, STATE, "scratch", "cannot hold the dtype"),
    "an array twice": ({"tuple": [{"array": "parameters"}] * 2}, STATE, "slots", "used twice"),
    "huge layers": ([10**12, 3], ("network",), "layer_sizes", "layer_sizes are"),
    "huge hidden layer": ([6, 10**9, 3], ("network",), "layer_sizes", "layer_sizes are"),
    "negative layer": ([6, -2, 3], ("network",), "layer_sizes", "layer_sizes are"),
    "layer of a fraction": ([6, 2.0, 3], ("network",), "layer_sizes", "layer_sizes are"),
    "no dropout": ([{"object": ["loss/hinge", {}]}] * 2, ("network",), "dropouts", "dropouts are"),
    "no activation": (["tanh"], ("network",), "activations", "activations are"),
    "rate of a dropout": (
        [{"object": ["dropout/dropout", {"rate": -1.0}]}] * 2,
        *(("network",), "dropouts", "rate must be"),
    ),
    "other target": ("regression", ("network",), "target", "is not for 'regression'"),
    "classes in a table": (
        {"objects": [[3, 1], [0, 1, 2]]},
        ("attributes",),
        "classes_",
        "classes_",
    ),
    "negative rows": (-5, TRAINING, "n_samples", "n_samples is -5"),
    "steps are text": ("1", PROGRESS, "step", "step is '1'"),
    "order is text": ({"tuple": [1]}, TRAINING, "order", "not a vector of integers"),
    "no random state": (None, TRAINING, "random_state", "the random state is a NoneType"),
    "no training": ({"object": ["loss/hinge", {}]}, (), "training", "the training state is a"),
    "average of nothing": (3, TRAINING, "average", "average are a int"),
}


@pytest.mark.parametrize("name", NODES)
def test_a_node_of_the_header(name, whole, tmp_path):
    value, keys, key, match = NODES[name]
    refuses(changed(whole, tmp_path, value, (*keys, key)), match)


@pytest.mark.parametrize(
    "at",
    [[-5, -1, None], [0, 10**9, None], [5, 2, None], [0, 4, 2], [None, 3, None], ["0", 1, None]],
)
@pytest.mark.parametrize("name", ["others", "matrices", "decayed"])
def test_slices_of_the_weights(name, at, muon, tmp_path):
    at = {"slice": at}
    value = {
        "others": [at],
        "matrices": [{"tuple": [at, {"tuple": [1, 4]}]}],
        "decayed": {"dict": [[0, [at]]]},
    }
    path = changed(muon, tmp_path, value[name], (*STATE, name))
    refuses(path, "not a slice of|NoneType|str|not hold a matrix")


def test_matrices_of_another_shape(muon, tmp_path):
    value = [{"tuple": [{"slice": [0, 12, None]}, {"tuple": [-3, -4]}]}]
    refuses(changed(muon, tmp_path, value, (*STATE, "matrices")), "does not hold a matrix")


@pytest.mark.parametrize("generator", [None, "Philox"])
@pytest.mark.parametrize("position", [-1, 625, 10**6, 2**70, 1.0])
def test_the_position_in_a_generators_buffer(generator, position, tmp_path):
    """NumPy reads there without looking whether it is in the buffer."""
    kind = getattr(np.random, generator or "MT19937")
    path = tmp_path / "model.npz"
    sknn.save(sknn.MLPRegressor(random_state=np.random.RandomState(kind(0))), path)
    header, arrays = file_contents(path)
    name = "buffer_pos" if generator else "pos"
    text = json.dumps(header)
    before = text[text.index(f'["{name}", ') :].split("]")[0] + "]"
    forged = json.loads(text.replace(before, json.dumps([name, position])))
    assert forged != header
    refuses(written(tmp_path, forged, arrays), "has the position")


@pytest.mark.parametrize("depth", [300, 900, 100_000])
def test_nesting(depth, whole, tmp_path):
    members = members_of(whole)
    text = members["header.json"].decode()
    deep = text.replace('"class":', '"deep": ' + "[" * depth + "]" * depth + ', "class":')
    deep = deep.replace(
        '"parameters": {', '"parameters": {"x": ' + "[" * depth + "]" * depth + ",", 1
    )
    refuses(archived(tmp_path / "deep.npz", (members | {"header.json": deep}).items()), "")


def test_a_fifo_is_not_waited_for(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match=r"must be a regular file, but .*fifo is a FIFO"):
        sknn.load(tmp_path / "fifo")
