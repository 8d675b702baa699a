"""The file of a network: a sealed ``.npz`` with arrays and a JSON header."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from sknn._core.typing import Array
from sknn.persistence._archive import Members, write_arrays
from sknn.persistence._sealed import ContentError, Path_, damaged, write_sealed

FORMAT_VERSION: Final = 1


def write(path: Path_, header: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Write a file, completely or not at all.

    Parameters
    ----------
    path : str or path-like
        The file. A link is followed; a file that exists is replaced and keeps its mode.
    header : dict
        The header, of types that JSON has.
    arrays : dict of str to ndarray
        The arrays, of any dtype but object.

    Raises
    ------
    ValueError
        If the header is too large.
    OSError
        If the file cannot be written. A previous file is unchanged then.
    """
    whole = {"format_version": FORMAT_VERSION, **header}
    write_sealed(path, lambda file: write_arrays(file, whole, arrays))


@contextmanager
def reading(file: BinaryIO, path: Path_) -> Iterator[tuple[dict[str, Any], Members]]:
    """Yield the header and the arrays of a file with a valid seal; all arrays must be read.

    An error in the block is reported as a defect of the file, because a valid checksum does not
    prove that `write` wrote the file.

    Raises
    ------
    ValueError
        If the file is not in the form that `write` writes, or has another format version.
    OSError
        If the file cannot be read.
    """
    try:
        members = Members(file)
        header = members.header()
        _check_version(header)
        yield header, members
        members.check_all_read()
    except ContentError as error:
        raise ValueError(f"{path} {error}.") from None
    except (OSError, MemoryError):  # the file may contain very large arrays
        raise
    except Exception as error:
        raise damaged(path, error or type(error).__name__) from error


def _check_version(header: dict[str, Any]) -> None:
    version = header["format_version"]
    if version != FORMAT_VERSION or type(version) is not int:
        raise ContentError(
            f"is of format version {version!r}, and this version of sknn reads "
            f"{FORMAT_VERSION}: load it with the version that wrote it, {header.get('sknn')!r}"
        )
