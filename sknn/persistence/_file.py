"""The file: a sealed ``.npz`` of arrays and one JSON header, written whole or not at all."""

import hashlib
import json
import os
import secrets
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from sknn._core.typing import Array

FORMAT_VERSION: Final = 1
HEADER: Final = "header.json"

# A zip file ends with a comment. Ours is the SHA-256 of all bytes before it, so that no byte of
# the file is outside the check, and the check comes before anything is read from the file.
_SEAL: Final = b"sknn model, sha256 "
_SEAL_SIZE: Final = len(_SEAL) + 64
_CHUNK: Final = 1 << 20
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same model makes the same file at any time

# What reading a file can raise if it is not what it should be, though its seal is whole.
_MISREADINGS: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError),
    *(RuntimeError, RecursionError, TypeError),
)


def write(path: str | os.PathLike[str], header: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Write a file whole or not at all: to a temporary one beside it, which is then renamed.

    Parameters
    ----------
    path : str or path-like
        Where; a link is followed, and a file that is there is replaced.
    header : dict
        What JSON can hold.
    arrays : dict of str to ndarray
        Of any dtype but object.

    Raises
    ------
    OSError
        If it cannot be written. What was there before is untouched then.
    """
    target = check_path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "x+b") as file:
            _write_members(file, header, arrays)
            _seal(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def check_path(path: str | os.PathLike[str]) -> Path:
    """Return the file that a path leads to, there or not.

    Raises
    ------
    OSError
        If the path is a directory, or in none.
    """
    target = Path(os.path.realpath(os.fspath(path)))
    if target.is_dir():
        raise IsADirectoryError(
            f"path must be a file, got the directory {path}: pass "
            f"{os.path.join(os.fspath(path), 'model.npz')}, say."
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no directory {target.parent}.")
    return target


def _write_members(file: BinaryIO, header: dict[str, Any], arrays: dict[str, Array]) -> None:
    text = json.dumps({"format_version": FORMAT_VERSION, **header}, allow_nan=False)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER, _EPOCH), text)
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            with archive.open(member, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, array, allow_pickle=False)
        archive.comment = _SEAL + b"0" * 64


def _seal(file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END) - _SEAL_SIZE
    digest = _digest(file, end)
    file.seek(end)
    file.write(_SEAL + digest)


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


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the header and the arrays of a file that `write` wrote, and no other.

    Raises
    ------
    ValueError
        If it is another kind of file, of another version, cut short or changed by a single bit.
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        _check_seal(file, path)
        try:
            header, arrays = _read_members(file)
            version = header["format_version"]
        except _MISREADINGS as error:
            raise damaged(path, error) from error
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{path} is of format version {version!r}, and this version of sknn reads "
            f"{FORMAT_VERSION}: load it with the version that wrote it, {header.get('sknn')!r}."
        )
    return header, arrays


def damaged(path: str | os.PathLike[str], what: object) -> ValueError:
    """Make the error for a file whose content is not what it should be."""
    return ValueError(f"{path} is damaged: {what!s}.")


def _check_seal(file: BinaryIO, path: str | os.PathLike[str]) -> None:
    end = max(0, file.seek(0, os.SEEK_END) - _SEAL_SIZE)
    file.seek(0)
    is_ours = HEADER.encode() in file.read(64)
    file.seek(end)
    seal = file.read()
    if not seal.startswith(_SEAL):
        what = "is damaged or cut short" if is_ours else "is no file that sknn.save wrote"
        raise ValueError(f"{path} {what}: the checksum at its end is missing.")
    if seal != _SEAL + _digest(file, end):
        raise damaged(path, "its content does not match its checksum")


def _read_members(file: BinaryIO) -> tuple[dict[str, Any], dict[str, Array]]:
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        header = json.loads(archive.read(HEADER))
        for name in archive.namelist():
            if name != HEADER:
                with archive.open(name) as member:
                    array = np.lib.format.read_array(member, allow_pickle=False)
                arrays[name.removesuffix(".npy")] = array
    return header, arrays
