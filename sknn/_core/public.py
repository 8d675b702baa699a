"""Public import paths: what pickles and other files name stays where it is when code moves."""

from collections.abc import Collection
from typing import Any, Final

# The module in whose file a class is written, for those whose `__module__` is another one.
DEFINED_IN: Final[dict[type[Any], str]] = {}


def publish(
    namespace: dict[str, Any], *, from_elsewhere: bool = False, at_top: Collection[str] = ()
) -> None:
    """Let the classes that a public module offers name it as their module, as NumPy's do.

    A class's ``__module__`` is what pickles and skops files store and `help` shows. Public
    packages call this function at their end.

    Parameters
    ----------
    namespace : dict
        The ``globals()`` of the module: the classes are those in its ``__all__``.
    from_elsewhere : bool, default=False
        Whether classes from outside the package are meant too, which it otherwise only passes on.
    at_top : collection of str, default=()
        Names of classes that users import from ``sknn`` itself.

    Notes
    -----
    ``inspect.getsource`` looks for a class in the file of its ``__module__``, and so raises an
    OSError for these classes. It finds their methods.

    Examples
    --------
    >>> from sknn._core.public import DEFINED_IN
    >>> from sknn.optimizers import Muon
    >>> Muon.__module__, DEFINED_IN[Muon]
    ('sknn.optimizers', 'sknn.optimizers._muon')
    """
    below = f"{namespace['__name__']}."
    for name in namespace["__all__"]:
        member = namespace[name]
        if isinstance(member, type) and (from_elsewhere or member.__module__.startswith(below)):
            DEFINED_IN.setdefault(member, member.__module__)
            member.__module__ = "sknn" if name in at_top else namespace["__name__"]
