"""Damaged files raise clear errors, and files are written completely or not at all."""

import json
import os
import pickle
import stat
import threading
import zipfile

import numpy as np
import pytest
from common import file_contents, problem

import sknn
from sknn.callbacks import Checkpoint
from sknn.persistence import _archive, _file, _sealed

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the path of a small model with all that a file can hold."""
    cls, X, y = problem("multiclass", 40)
    model = cls(2, activation="prelu", averaging="ema", early_stopping=True, max_iter=2)
    path = tmp_path_factory.mktemp("whole") / "model.npz"
    sknn.save(model.set_params(random_state=0).fit(X, y), path, training_state=True)
    return path


def refuses(path, match=None, **params):
    with pytest.raises((ValueError, OSError), match=match) as error:
        sknn.load(path, **params)
    assert str(error.value)


# ---------------------------------------------------------------- damage


def test_every_bit_counts(whole, tmp_path):
    content, path = whole.read_bytes(), tmp_path / "flipped.npz"
    ends, rng = [*range(300), *range(len(content) - 300, len(content))], np.random.default_rng(0)
    for i in (*ends, *rng.integers(len(content), size=2000)):
        flipped = bytearray(content)
        flipped[i] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        refuses(path, "damaged|truncated|not a file that sknn.save wrote")


def test_cut_short_at_any_length(whole, tmp_path):
    content, path = whole.read_bytes(), tmp_path / "cut.npz"
    for size in (*range(0, len(content), 61), *range(len(content) - 100, len(content))):
        path.write_bytes(content[:size])
        refuses(path, "damaged|truncated|not a file that sknn.save wrote")


@pytest.mark.parametrize("more", [b"\0", b"PK", "itself"])
def test_something_appended(more, whole, tmp_path):
    content = whole.read_bytes()
    path = tmp_path / "longer.npz"
    path.write_bytes(content + (content[:-1] if more == "itself" else more))
    refuses(path, "damaged|truncated")


def test_a_part_replaced_by_that_of_another_model(whole, tmp_path):
    cls, X, y = problem("multiclass", 40)
    sknn.save(cls(2, max_iter=1).fit(X, y), tmp_path / "other.npz")
    content, other = whole.read_bytes(), (tmp_path / "other.npz").read_bytes()
    for path, mixed in (
        (tmp_path / "front.npz", content[: len(content) // 2] + other[len(other) // 2 :]),
        (tmp_path / "seal.npz", content[:-64] + other[-64:]),
    ):
        path.write_bytes(mixed)
        refuses(path, "damaged")


# ---------------------------------------------------------------- other files


@pytest.mark.parametrize("kind", ["nothing", "text", "pickle", "npz", "npy"])
def test_other_files(kind, tmp_path):
    path = tmp_path / "other.npz"
    with open(path, "wb") as file:
        if kind == "text":
            file.write(b"a,b,c\n" * 100)
        elif kind == "pickle":
            pickle.dump({"a": 1}, file)
        elif kind == "npz":
            np.savez(file, a=np.arange(100))
        elif kind == "npy":
            np.save(file, np.arange(100))
    refuses(path, "not a file that sknn.save wrote")


def test_no_file_and_a_directory(tmp_path):
    refuses(tmp_path / "none.npz", "none.npz")
    refuses(tmp_path, str(tmp_path))


def test_no_code_is_executed(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "executed"),))

    header = {
        "sknn": "0",
        "class": "estimator/MLPRegressor",
        "parameters": {"alpha": {"array": "a"}},
    }
    header |= {"requests": {}, "network": None, "attributes": {}, "training": None}
    trap = np.array([Trap()], object)
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        _file.write(tmp_path / "trap.npz", header, {"a": trap})
    real, np.lib.format.write_array = np.lib.format.write_array, allowing_pickles
    try:
        _file.write(tmp_path / "trap.npz", header, {"a": trap})
    finally:
        np.lib.format.write_array = real
    refuses(tmp_path / "trap.npz", "damaged: a member is not an array of numbers")
    assert not (tmp_path / "executed").exists()


write_array = np.lib.format.write_array


def allowing_pickles(out, array, allow_pickle):
    write_array(out, array, allow_pickle=True)


# ---------------------------------------------------------------- a whole file with wrong content


def rewritten(whole, tmp_path, change):
    """Return the path of a sealed file whose header or arrays were changed."""
    header, arrays = file_contents(whole)
    header, arrays = change(json.loads(json.dumps(header)), arrays) or (header, arrays)
    header.pop("format_version")
    _file.write(tmp_path / "rewritten.npz", header, arrays)
    return tmp_path / "rewritten.npz"


def set_in(header, value, *keys):
    for key in keys[:-1]:
        header = header[key]
    if value is None:
        del header[keys[-1]]
    else:
        header[keys[-1]] = value


CHANGES = {
    "other size": ([7, 3, 3], "network", "layer_sizes"),
    "fewer layers": ([6, 3], "network", "layer_sizes"),
    "features": (7, "attributes", "n_features_in_"),
    "outputs": (4, "attributes", "n_outputs_"),
    "classes": ({"array": "classes_2"}, "attributes", "classes_"),
    "float16": ({"parameters": "half"}, "attributes", "_parameters"),
    "too few weights": ({"parameters": "classes"}, "attributes", "_parameters"),
    "no weights": (None, "attributes", "_parameters"),
    "weights are a number": (3, "attributes", "_parameters"),
    "no array": ({"array": "none"}, "attributes", "classes_"),
    "unknown node": ({"code": "print()"}, "attributes", "t_"),
    "two keys": ({"float": "nan", "tuple": []}, "attributes", "t_"),
    "unknown reference": ({"again": 99}, "attributes", "t_"),
    "no network": (None, "network"),
    "network is text": ("network", "network"),
    "no loss": (None, "network", "loss"),
    "estimator is a strategy": ("loss/hinge", "class"),
    "no hyperparameter": ({"object": ["loss/hinge", {"none": 1}]}, "network", "loss"),
    "no constructor parameter": (1, "parameters", "none"),
    "rows beyond": (5, "training", "object", 1, "n_samples"),
    "another generator": (
        {"random_state": {"dict": [["bit_generator", "seed"]]}},
        *("training", "object", 1, "random_state"),
    ),
    "slot of another size": (
        {"tuple": [{"array": "classes"}]},
        *("training", "object", 1, "optimizer_state", "object", 1, "slots"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_parts_that_do_not_fit_each_other(name, whole, tmp_path):
    value, *keys = CHANGES[name]

    def change(header, arrays):
        set_in(header, value, *keys)
        more = {"classes_2": np.arange(7), "half": arrays["parameters"].astype(np.float16)}
        return header, arrays | more

    path = rewritten(whole, tmp_path, change)
    refuses(path, "is damaged: .")


def test_unchanged_content_loads(whole, tmp_path):
    assert sknn.load(rewritten(whole, tmp_path, lambda *both: None)).n_iter_ == 2


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("activation/new", "'activation/new', which this version of sknn does not know"),
        ("own/Sine", r"a Sine, which must be passed: give .* strategies=\[Sine\]"),
        ("os.system", "'os.system', which this version of sknn does not know"),
    ],
)
def test_unknown_class(name, match, whole, tmp_path):
    def change(header, arrays):
        header["network"]["activations"] = [{"object": [name, {}]}]
        return header, arrays

    refuses(rewritten(whole, tmp_path, change), match)


def test_nesting_without_end(whole, tmp_path, monkeypatch):
    text = '{"format_version": 1, "class": ' + "[" * 100_000 + "]" * 100_000 + "}"
    monkeypatch.setattr(_archive.json, "dumps", lambda *args, **params: text)
    _file.write(tmp_path / "deep.npz", {}, {})
    refuses(tmp_path / "deep.npz", "damaged")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version(version, whole, tmp_path, monkeypatch):
    header, arrays = file_contents(whole)
    del header["format_version"]
    monkeypatch.setattr(_file, "FORMAT_VERSION", version)
    _file.write(tmp_path / "other.npz", header | {"sknn": "9.9"}, arrays)
    monkeypatch.undo()
    refuses(tmp_path / "other.npz", f"format version {version!r}, .* reads 1: .*'9.9'")


# ---------------------------------------------------------------- whole or not at all


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(fails, whole, tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    path.write_bytes(whole.read_bytes())

    def fail(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, fails, fail)
    with pytest.raises(OSError, match="the disk is full"):
        sknn.save(sknn.MLPRegressor(), path)
    monkeypatch.undo()
    assert path.read_bytes() == whole.read_bytes()
    assert os.listdir(tmp_path) == ["model.npz"]


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        sknn.save(sknn.MLPRegressor(), tmp_path / "none" / "model.npz")


def test_a_link_is_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.npz").symlink_to(tmp_path / "folder" / "model.npz")
    sknn.save(sknn.MLPRegressor(), str(tmp_path / "link.npz"))
    assert (tmp_path / "link.npz").is_symlink()
    assert os.listdir(tmp_path / "folder") == ["model.npz"]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, done = tmp_path / "model.npz", threading.Event()
    models = [sknn.MLPRegressor(alpha=float(i)) for i in range(2)]
    sknn.save(models[0], path)

    def write():
        for i in range(50):
            sknn.save(models[i % 2], path)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert sknn.load(path).alpha in (0.0, 1.0)
    writer.join()


def test_the_mode_is_that_of_any_new_file(tmp_path):
    sknn.save(sknn.MLPRegressor(), tmp_path / "model.npz")
    (tmp_path / "other").touch()
    assert os.stat(tmp_path / "model.npz").st_mode == os.stat(tmp_path / "other").st_mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o400])
def test_a_file_that_is_replaced_keeps_its_mode(mode, tmp_path):
    path = tmp_path / "model.npz"
    path.touch()
    path.chmod(mode)
    sknn.save(sknn.MLPRegressor(), path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert sknn.load(path).get_params() == sknn.MLPRegressor().get_params()


def test_what_replaces_a_private_file_is_private_from_the_start(tmp_path, monkeypatch):
    path, modes = tmp_path / "model.npz", []
    path.touch(mode=0o600)

    def write(file, *rest):
        modes.append(stat.S_IMODE(os.fstat(file.fileno()).st_mode))
        write_arrays(file, *rest)

    write_arrays = _file.write_arrays
    monkeypatch.setattr(_file, "write_arrays", write)
    sknn.save(sknn.MLPRegressor(), path)
    assert modes == [0o600]


@pytest.mark.skipif(not hasattr(os, "chown"), reason="no owners")
def test_what_replaces_a_file_gets_its_owner_where_permitted(tmp_path, monkeypatch):
    path, owners = tmp_path / "model.npz", []

    def refuse(temporary, *owner):
        owners.append(owner)
        raise PermissionError

    sknn.save(sknn.MLPRegressor(), path)
    monkeypatch.setattr(os, "chown", refuse)
    sknn.save(sknn.MLPRegressor(alpha=0.5), path)
    assert owners == [(path.stat().st_uid, path.stat().st_gid)]
    assert sknn.load(path).alpha == 0.5


@pytest.mark.skipif(_sealed.fcntl is None, reason="no locks")
def test_a_file_that_is_being_written_is_not_stale(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"

    def write(file, *rest):
        _sealed.remove_stale(path)  # as another fit with this path does when it begins
        write_arrays(file, *rest)

    write_arrays = _file.write_arrays
    monkeypatch.setattr(_file, "write_arrays", write)
    sknn.save(sknn.MLPRegressor(), path)
    assert sknn.load(path).alpha == sknn.MLPRegressor().alpha


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs")
def test_only_regular_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path / "link"):
        with pytest.raises(OSError, match=r"must be a regular file, but .* is a FIFO"):
            sknn.save(sknn.MLPRegressor(), path)
        model = sknn.MLPRegressor().set_callbacks(Checkpoint(path))
        with pytest.raises(OSError, match="must be a regular file"):
            model.fit([[0.0], [1.0]], [0.0, 1.0])
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)
    with pytest.raises(OSError, match="/dev/null is a character device"):
        _sealed.check_path("/dev/null")  # no save, which might replace it if this failed
    assert sorted(os.listdir(tmp_path)) == ["fifo", "link"]


def test_a_checkpoint_deletes_what_a_killed_one_left(tmp_path):
    path, ending = tmp_path / "running.npz", "0123456789abcdef.tmp"
    stale, used = tmp_path / f".running.npz.{ending}", tmp_path / f".running.npz.f{ending[1:]}"
    others = [f".other.npz.{ending}", ".running.npz.tmp", f"running.npz.{ending}"]
    for other in (stale, used, *(tmp_path / name for name in others)):
        other.touch()
    with open(used, "r+b") as file:  # as a save in another thread would hold it
        _sealed._lock(file)
        cls, X, y = problem("regression", 40)
        cls(2, max_iter=1).set_callbacks(Checkpoint(path)).fit(X, y)
        assert sorted(os.listdir(tmp_path)) == sorted(["running.npz", used.name, *others])


def test_an_archive_within_is_no_seal(tmp_path):
    """A file whose comment is ours but whose content is no archive is refused."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a", "a")
    with open(tmp_path / "a.npz", "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(_sealed.empty_seal(_sealed.NETWORK))
        _sealed._seal(file)
    refuses(tmp_path / "a.npz", "damaged")
