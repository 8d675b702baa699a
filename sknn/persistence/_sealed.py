"""Sealed files, which are written completely or not at all, and verified before they are read.

The seal is the comment at the end of a zip file. It contains the kind of the file and the SHA-256
of all bytes before the comment, so that the checksum covers the whole file.
"""

import hashlib
import os
import re
import secrets
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

Path_ = str | os.PathLike[str]

# The kinds of files: a network of sknn, or another estimator, stored by skops. Their names have the
# same length.
NETWORK: Final = b"sknn model"
SKOPS: Final = b"sknn skops"

# The member that describes the other members, in each kind of file.
HEADER: Final = "header.json"
SCHEMA: Final = "schema.json"

_SEAL: Final = b"%s, sha256 "
SEAL_SIZE: Final = len(_SEAL % NETWORK) + 64
_CHUNK: Final = 1 << 20

_FILE_KINDS: Final = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFSOCK: "a socket",
}


def empty_seal(kind: bytes) -> bytes:
    """Return a seal with an empty checksum, with which to write a zip file."""
    return _SEAL % kind + b"0" * 64


# ---------------------------------------------------------------- writing


def write_sealed(path: Path_, write: Callable[[BinaryIO], None]) -> None:
    """Write a file, completely or not at all, by renaming a temporary file in the same directory.

    Parameters
    ----------
    path : str or path-like
        The file. A link is followed; a file that exists is replaced and keeps its mode.
    write : callable
        ``write(file)`` writes a zip file that ends with `empty_seal` to an open file.

    Raises
    ------
    OSError
        If the file cannot be written, or is not a regular file. A previous file does not change.
    """
    target = check_path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    before = target.stat() if target.exists() else None
    try:
        with open(temporary, "x+b", opener=None if before is None else _open_private) as file:
            _lock(file)
            write(file)
            _seal(file)
            file.flush()
            if before is not None:
                _give_mode(temporary, before)
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def check_path(path: Path_) -> Path:
    """Return the target of a path to a file, which may not exist yet.

    Raises
    ------
    OSError
        If the path is a directory, a FIFO or a device, or in no directory.
    """
    target = Path(os.path.realpath(os.fspath(path)))
    if target.is_dir():
        raise IsADirectoryError(
            f"path must be a file, got the directory {path}: pass, for "
            f"example, {os.path.join(os.fspath(path), 'model.npz')}."
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no directory {target.parent}.")
    if target.exists():
        check_regular(path, target.stat())
    return target


def check_regular(path: Path_, status: os.stat_result) -> None:
    """Raise an OSError unless a path leads to a regular file."""
    if not stat.S_ISREG(status.st_mode):
        kind = _FILE_KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise OSError(f"path must be a regular file, but {path} is {kind}.")


def _open_private(path: str, flags: int) -> int:
    """Open a file that only the owner can read, until it takes the mode of the previous file."""
    return os.open(path, flags, 0o600)


def _give_mode(temporary: Path, before: os.stat_result) -> None:
    """Set the mode of a file, and if permitted its owner, to those of the previous file."""
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(temporary, before.st_uid, before.st_gid)
    os.chmod(temporary, stat.S_IMODE(before.st_mode))


def _lock(file: BinaryIO) -> None:
    """Lock a temporary file while it is in use; the system releases the lock with the process."""
    if fcntl is not None:
        with suppress(OSError):  # file systems without locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_stale(path: Path_) -> None:
    """Delete temporary files that were left by processes killed while they wrote this path."""
    target = check_path(path)
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}\.tmp")
    for other in target.parent.iterdir():
        if name.fullmatch(other.name) and other.is_file():
            with suppress(OSError):
                _remove_unless_locked(other)


def _remove_unless_locked(temporary: Path) -> None:
    with open(temporary, "rb") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temporary.unlink()
            return
    temporary.unlink()


def _seal(file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END) - SEAL_SIZE
    digest = _digest(file, end)
    file.seek(-64, os.SEEK_END)
    file.write(digest)


def _digest(file: BinaryIO, size: int) -> bytes:
    """Return the SHA-256 of the first bytes of a file, in hexadecimal."""
    sha256 = hashlib.sha256()
    file.seek(0)
    while size > 0 and (chunk := file.read(min(size, _CHUNK))):
        sha256.update(chunk)
        size -= len(chunk)
    return sha256.hexdigest().encode()


def _sync_directory(directory: Path) -> None:
    """Flush the renaming to disk, on systems on which directories can be opened."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# ---------------------------------------------------------------- reading


def open_to_read(path: Path_) -> BinaryIO:
    """Open a regular file; devices are refused, and FIFOs, which would wait for a writer."""
    if not os.path.isdir(path):  # open raises for a directory
        check_regular(path, os.stat(path))
    return open(path, "rb")


def check_seal(file: BinaryIO, path: Path_) -> bytes:
    """Return the kind of a file; raise a ValueError unless its checksum matches its content."""
    end = max(0, file.seek(0, os.SEEK_END) - SEAL_SIZE)
    file.seek(end)
    seal = file.read()
    for kind in (NETWORK, SKOPS):
        if seal.startswith(_SEAL % kind):
            if seal != _SEAL % kind + _digest(file, end):
                raise damaged(path, "its content does not match its checksum")
            return kind
    raise ValueError(f"{path} {_guess(file)}: the checksum at its end is missing.")


def _guess(file: BinaryIO) -> str:
    """Return a description of a file without a seal, by its first bytes."""
    file.seek(0)
    start = file.read(64)
    if HEADER.encode() in start:
        return "is damaged or truncated"
    if not start.startswith(b"PK"):
        return "is not a file that sknn.save wrote"
    with suppress(Exception), zipfile.ZipFile(file) as archive:
        archive.getinfo(SCHEMA)
        return (
            "is not a file that sknn.save wrote, but one of skops, which "
            "skops.io.load(path, trusted=sknn.persistence.TRUSTED_TYPES) reads"
        )
    return "is not a file that sknn.save wrote, or it is truncated"


class ContentError(ValueError):
    """An error that prevents loading a file; its message continues the name of the file."""


def damaged(path: Path_, what: object) -> ValueError:
    """Return the error for a file with invalid content."""
    return ValueError(f"{path} is damaged: {str(what).removesuffix('.')}.")
