"""Public import paths, which pickles and other files contain and which never change."""

from collections.abc import Collection
from typing import Any, Final

# The module that defines a class, for each class whose `__module__` names another module.
DEFINED_IN: Final[dict[type[Any], str]] = {}


def publish(
    namespace: dict[str, Any], *, from_elsewhere: bool = False, at_top: Collection[str] = ()
) -> None:
    """Set the ``__module__`` of a public module's classes to that module, as NumPy does.

    Pickles and skops files store the ``__module__`` of a class, and `help` shows it. Each public
    package calls this function at its end.

    Parameters
    ----------
    namespace : dict
        The ``globals()`` of the module; the classes in its ``__all__`` are published.
    from_elsewhere : bool, default=False
        Whether to publish also classes that the package re-exports from another one.
    at_top : collection of str, default=()
        The names of classes that users import from ``sknn`` itself.

    Notes
    -----
    ``inspect.getsource`` looks for a class in the file of its ``__module__``, and therefore raises
    an OSError for these classes. It finds the source of their methods.

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
