"""Sealed files: written whole or not at all, and checked as a whole before they are read.

A zip file ends with a comment. In a sealed file it is the kind of the file and the SHA-256 of all
bytes before the comment, so no byte is outside the check.
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

# What a file holds: a network of ours, or anything else, by way of skops. Of one length.
NETWORK: Final = b"sknn model"
SKOPS: Final = b"sknn skops"

# The member that says what the others are.
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
    """Return a seal without its checksum: the comment to write a zip file with."""
    return _SEAL % kind + b"0" * 64


# ---------------------------------------------------------------- writing


def write_sealed(path: Path_, write: Callable[[BinaryIO], None]) -> None:
    """Write a file whole or not at all: to a temporary file beside it, which is then renamed.

    Parameters
    ----------
    path : str or path-like
        The file. A link is followed; a file that exists is replaced and keeps its mode.
    write : callable
        Writes a zip file that ends with `empty_seal`, to the file that it is given.

    Raises
    ------
    OSError
        If the file cannot be written, or is no regular file. What was there is untouched then.
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
    """Return the file that a path leads to, which need not exist.

    Raises
    ------
    OSError
        If the path is a directory, a FIFO or a device, or in no directory.
    """
    target = Path(os.path.realpath(os.fspath(path)))
    if target.is_dir():
        raise IsADirectoryError(
            f"path must be a file, got the directory {path}: pass "
            f"{os.path.join(os.fspath(path), 'model.npz')}, say."
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no directory {target.parent}.")
    if target.exists():
        check_regular(path, target.stat())
    return target


def check_regular(path: Path_, status: os.stat_result) -> None:
    """Raise an OSError unless a path leads to a regular file."""
    if not stat.S_ISREG(status.st_mode):
        found = _FILE_KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise OSError(f"path must be a regular file, but {path} is {found}.")


def _open_private(path: str, flags: int) -> int:
    """Open a file that only its owner can read, until it gets the mode of the one it replaces."""
    return os.open(path, flags, 0o600)


def _give_mode(temporary: Path, before: os.stat_result) -> None:
    """Give a file the mode of the one that it replaces, and where permitted its owner."""
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(temporary, before.st_uid, before.st_gid)
    os.chmod(temporary, stat.S_IMODE(before.st_mode))


def _lock(file: BinaryIO) -> None:
    """Mark a temporary file as in use; the system ends the lock with the process."""
    if fcntl is not None:
        with suppress(OSError):  # file systems without locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_stale(path: Path_) -> None:
    """Delete temporary files of a path that were left by processes killed while they wrote."""
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
    """Make the new name last; where directories cannot be opened there is nothing to do."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# ---------------------------------------------------------------- reading


def open_to_read(path: Path_) -> BinaryIO:
    """Open a file; a device is refused, and a FIFO, which would wait for a writer."""
    if not os.path.isdir(path):  # whose error says so
        check_regular(path, os.stat(path))
    return open(path, "rb")


def check_seal(file: BinaryIO, path: Path_) -> bytes:
    """Return the kind of a file, or raise a ValueError unless its checksum is that of its bytes."""
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
    """Return what a file without a seal may be."""
    file.seek(0)
    start = file.read(64)
    if HEADER.encode() in start:
        return "is damaged or cut short"
    if not start.startswith(b"PK"):
        return "is no file that sknn.save wrote"
    with suppress(Exception), zipfile.ZipFile(file) as archive:
        archive.getinfo(SCHEMA)
        return (
            "is no file that sknn.save wrote but one of skops, which "
            "skops.io.load(path, trusted=sknn.persistence.TRUSTED_TYPES) reads"
        )
    return "is no file that sknn.save wrote, or it is cut short"


class ContentError(ValueError):
    """What stops a file from being loaded, to be said after its name."""


def damaged(path: Path_, what: object) -> ValueError:
    """Make the error for a file whose content is not what it should be."""
    return ValueError(f"{path} is damaged: {str(what).removesuffix('.')}.")
