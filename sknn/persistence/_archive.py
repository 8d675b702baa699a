"""Arrays in a zip file, which is checked completely before any array is made.

`write_arrays` writes one exact form: uncompressed members with distinct names, one after the other
without gaps. A file in any other form is refused.
"""

import json
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import numpy as np

from sknn._core.typing import Array
from sknn.persistence._sealed import HEADER, NETWORK, empty_seal

# The largest size of the header. JSON takes about twenty times its size in memory. Feature names
# are part of the header.
MAX_HEADER: Final = 1 << 26
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that the same model gives the same file

# A zip file's local header: signature, version, flags, method, time, date, CRC, two sizes, and
# the lengths of the name and of the extra field that follow.
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_UTF_8: Final = 0x800
# The first bytes of an array's member, in NumPy's format 1.0.
_MAGIC: Final = b"\x93NUMPY\x01\x00"
_MAX_NPY_HEADER: Final = 1 << 10
_NPY_HEADER: Final = re.compile(
    r"\{'descr': '([<>|][?bBiufcmMSU]\d{1,9}(?:\[\d{0,9}\w{1,2}\])?)', "
    r"'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,18}, )*(?:\d{1,18},?)?)\), \} *\n"
)


def write_arrays(file: BinaryIO, header: dict[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a header and arrays to a zip file, which ends with an empty seal.

    Raises
    ------
    ValueError
        If the header is larger than a file may have.
    """
    text = json.dumps(header, allow_nan=False)
    if len(text) > MAX_HEADER:
        raise ValueError(
            f"The model's parameters and names take {len(text):,} bytes as JSON, and a model file "
            f"holds at most {MAX_HEADER:,}. Pickle the model."
        )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER, _EPOCH), text)
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            with archive.open(member, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, array, allow_pickle=False)
        archive.comment = empty_seal(NETWORK)


class Members(Mapping[str, Array]):
    """The arrays of a zip file; each can be read once, on access.

    Parameters
    ----------
    file : binary file
        A file that `write_arrays` wrote.

    Attributes
    ----------
    size : int
        The total size of the members in bytes.

    Raises
    ------
    ValueError
        If a member is compressed, occurs twice or is not an array, or if the two descriptions of a
        member in a zip file disagree. Reading an array raises a ValueError if its size does not
        match its shape and dtype, and a KeyError if no array has the name.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        with zipfile.ZipFile(file) as archive:
            members, end = archive.infolist(), archive.start_dir
        if not members or members[0].filename != HEADER:
            raise ValueError(f"its first member is not {HEADER}")
        self._places = _places(file, members, end)
        self._header = self._places.pop(HEADER)
        self._unread = set(self._places)
        self.size = sum(size for _, size in self._places.values())

    def header(self) -> Any:
        """Return the decoded header."""
        start, size = self._header
        if size > MAX_HEADER:
            raise ValueError(f"{HEADER} is of {size:,} bytes, of at most {MAX_HEADER:,}")
        self._file.seek(start)
        return json.loads(self._file.read(size))

    def __getitem__(self, name: str) -> Array:
        start, size = self._places[f"{name}.npy"]
        if f"{name}.npy" not in self._unread:
            raise ValueError(f"the array {name} is used twice")
        self._unread.remove(f"{name}.npy")
        self._file.seek(start)
        return _read_array(self._file, size)

    def __iter__(self) -> Any:
        return (name.removesuffix(".npy") for name in self._places)

    def __len__(self) -> int:
        return len(self._places)

    def check_all_read(self) -> None:
        """Raise a ValueError if an array has not been read, because the header does not name it."""
        if self._unread:
            raise ValueError(f"its header does not name the member {min(self._unread)}")


def _places(file: BinaryIO, members: list[zipfile.ZipInfo], end: int) -> dict[str, tuple[int, int]]:
    """Check the members, and return the position and the size of each member's content.

    Parameters
    ----------
    file : binary file
        The archive.
    members : list of ZipInfo
        The directory of the archive, in the order of the file.
    end : int
        The position at which the members end and the directory begins.
    """
    places: dict[str, tuple[int, int]] = {}
    position = 0
    for member in members:
        name, size = member.filename, member.file_size
        if name in places:
            raise ValueError(f"the member {name} occurs twice")
        if not (name.endswith(".npy") or name == HEADER):
            raise ValueError(f"the member {name} is not an array")
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != size:
            raise ValueError(f"the member {name} is compressed")
        if member.header_offset != position:
            raise ValueError(f"the member {name} does not follow the one before it")
        start = _check_local_header(file, member)
        places[name] = start, size
        position = start + size
    if position != end:
        raise ValueError("there is something between its members and its directory")
    return places


def _check_local_header(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Check a member's local header against the directory; return the start of its content."""
    file.seek(member.header_offset)
    local = file.read(_LOCAL.size)
    if len(local) < _LOCAL.size:
        raise ValueError(f"the member {member.filename} is missing")
    signature, _, flags, method, _, _, _, *sizes, n_name, n_extra = _LOCAL.unpack(local)
    name, extra = file.read(n_name), file.read(n_extra)
    if extra[:2] == b"\1\0" and len(extra) == 20:  # sizes of 64 bits
        _, _, *sizes = struct.unpack("<2H2Q", extra)
    header = signature, flags, method, *sizes, name
    expected_name = member.filename.encode("utf-8" if flags & _UTF_8 else "ascii")
    sizes = [member.file_size] * 2
    expected = b"PK\3\4", member.flag_bits, member.compress_type, *sizes, expected_name
    if header != expected or flags & ~_UTF_8:
        raise ValueError(f"the member {member.filename} is not what the directory says")
    return int(member.header_offset + _LOCAL.size + n_name + n_extra)


def _read_array(file: Any, size: int) -> Array:
    """Return the array in the member of `size` bytes that starts at the file's position.

    Raises
    ------
    ValueError
        If the member is not an array or has another size. Then no memory is allocated.
    """
    start = file.read(min(size, len(_MAGIC) + 2))
    n_header = int.from_bytes(start[len(_MAGIC) :], "little")
    if not start.startswith(_MAGIC) or n_header > min(_MAX_NPY_HEADER, size - len(start)):
        raise ValueError("a member is not an array")
    text = file.read(n_header).decode("latin-1")
    match = _NPY_HEADER.fullmatch(text)
    if not match:
        raise ValueError(f"a member is not an array of numbers or text: {text.strip()[:100]!r}")
    dtype = np.dtype(match[1])
    shape = tuple(int(length) for length in match[3].split(",") if length.strip())
    n_bytes = size - len(start) - n_header
    if math.prod(shape) * dtype.itemsize != n_bytes or (dtype.itemsize == 0 and 0 not in shape):
        raise ValueError(f"an array of shape {shape} and dtype {dtype} has {n_bytes} bytes")
    if n_bytes == 0:
        return np.empty(shape, dtype)
    content = np.empty(n_bytes, np.uint8)
    if file.readinto(content) != n_bytes:
        raise ValueError("a member is truncated")
    return content.view(dtype).reshape(shape, order="F" if match[2] == "True" else "C")
