"""Compilation of functions by numba, an optional package (the extra ``fast``).

This module imports numba only when it compiles a function.
"""

import os
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any, Final

from sknn._core.rounding import multiply_add

# The environment variable that determines when functions are compiled, and its values.
SWITCH: Final = "SKNN_COMPILE"
POLICIES: Final = ("auto", "always", "never")


def policy() -> str:
    """Return when functions are compiled: "auto" (where it saves time), "always" or "never".

    Raises
    ------
    ValueError
        If the environment variable ``SKNN_COMPILE`` has another value.

    Examples
    --------
    >>> from sknn._core.compiled import policy
    >>> policy() in ("auto", "always", "never")
    True
    """
    value = os.environ.get(SWITCH, "auto")
    if value not in POLICIES:
        raise ValueError(
            f"The environment variable {SWITCH} must be 'auto', 'always' or 'never', got {value!r}."
        )
    return value if _can_compile() else "never"


@cache
def _can_compile() -> bool:
    return find_spec("numba") is not None and os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


@cache
def imports_numba() -> bool:
    """Return whether numba can be imported, which fails for versions of NumPy that are too new."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


def compiled(function: Callable[..., Any], **replaced: Any) -> Any:
    """Compile a function that other compiled functions call.

    Parameters
    ----------
    function : callable
        The function.
    **replaced : object
        Objects that replace globals of the function, by name.
    """
    import numba

    return numba.njit(error_model="numpy")(_with_globals(function, replaced))


def compiled_entry(
    function: Callable[..., Any], name: str, files: tuple[str, ...] | None, **replaced: Any
) -> Any:
    """Compile a function that Python calls, or load it from the cache on disk.

    The compiled function releases the global interpreter lock.

    Parameters
    ----------
    function : callable
        The function.
    name : str
        A name that identifies the function in the cache.
    files : tuple of str or None
        The source files on which the function depends; None for a function that is not cached.
    **replaced : object
        Objects that replace globals of the function, by name.
    """
    import numba

    options = {"error_model": "numpy", "nogil": True}
    copy = _with_globals(function, replaced)
    if files is None:
        return numba.njit(**options)(copy)
    copy.__qualname__ = f"{name}_{fingerprint(files)}"
    try:
        return numba.njit(cache=True, **options)(copy)
    except RuntimeError:  # no cache directory is writable
        return numba.njit(**options)(copy)


def fingerprint(files: tuple[str, ...]) -> int:
    """Return a checksum of files."""
    digest = sha256(b"".join(Path(file).read_bytes() for file in files)).digest()
    return int.from_bytes(digest[:7])


def is_cached(entry: Any) -> bool:
    """Return whether a result of `compiled_entry` is in the cache on disk."""
    path = entry.stats.cache_path
    return path is not None and any(Path(path).glob(f"*{entry.py_func.__qualname__}*.nbi"))


def is_compile_error(error: Exception) -> bool:
    """Return whether an exception is a compile error of numba.

    Examples
    --------
    >>> from sknn._core.compiled import is_compile_error
    >>> is_compile_error(ValueError("other"))
    False
    """
    return any(cls.__module__.startswith("numba.") for cls in type(error).__mro__)


@cache
def multiply_adds() -> tuple[Any, Any]:
    """Return `multiply_add` for compiled functions, rounded once and rounded twice."""
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator]
    def rounded_once(context: Any, a: Any, x: Any, y: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.fma(*arguments)

        return y(a, x, y), generate

    return rounded_once, compiled(multiply_add)


def _with_globals(function: Callable[..., Any], replaced: dict[str, Any]) -> Any:
    """Return a copy of a function in which some globals are replaced."""
    assert isinstance(function, FunctionType)
    names = {**function.__globals__, **replaced}
    copy = FunctionType(
        function.__code__,
        names,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return copy
