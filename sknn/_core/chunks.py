"""Chunks of the flat vector of parameters, small enough for a core's cache."""

from typing import Final

# The number of elements in a chunk. A chunk of this size stays in cache during all passes of an
# update, so that main memory is read and written only once. Among the sizes measured, from 32,000
# to 131,000, this one was the fastest.
CHUNK_SIZE: Final = 65_536


def chunks(stop: int, start: int = 0) -> list[slice]:
    """Return the chunks of a vector's elements from `start` to `stop`, in order.

    Examples
    --------
    >>> from sknn._core.chunks import chunks
    >>> chunks(100_000)
    [slice(0, 65536, None), slice(65536, 100000, None)]
    """
    return [slice(first, min(first + CHUNK_SIZE, stop)) for first in range(start, stop, CHUNK_SIZE)]
