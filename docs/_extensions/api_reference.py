"""Write the API reference from ``__all__`` of the public packages, a page for each name.

Pages go to ``docs/api``, which is not under version control, before Sphinx reads its sources.
"""

import importlib
import inspect
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from sknn._core.strategy import Strategy

# Each public package with what its page is called.
PACKAGES = {
    "sknn": "Estimators and files",
    "sknn.activations": "Activations",
    "sknn.initializers": "Initializers",
    "sknn.optimizers": "Optimizers",
    "sknn.schedules": "Schedules",
    "sknn.losses": "Losses",
    "sknn.dropout": "Dropout",
    "sknn.averaging": "Weight averaging",
    "sknn.inspection": "Inspection",
    "sknn.uncertainty": "Uncertainty",
    "sknn.estimators": "Hidden layers",
    "sknn.tabular": "Tables",
    "sknn.preprocessing": "Preprocessing",
    "sknn.callbacks": "Callbacks",
    "sknn.exceptions": "Warnings",
    "sknn.persistence": "Model files",
    "sknn.export": "Export",
    "sknn.compat": "scikit-learn's signature",
    "sknn.dask": "Data on a Dask cluster",
    "sknn.testing": "Checks of your own parts",
}
if not find_spec("distributed"):
    del PACKAGES["sknn.dask"]  # the extra `docs` installs what it needs
# Where each is told at length.
GUIDE = {
    "sknn": "how_to/index",
    "sknn.activations": "activations",
    "sknn.initializers": "initializers",
    "sknn.optimizers": "optimizers",
    "sknn.schedules": "schedules",
    "sknn.losses": "losses",
    "sknn.dropout": "dropout",
    "sknn.tabular": "how_to/tabular",
    "sknn.preprocessing": "encodings",
    "sknn.inspection": "gallery/index",
    "sknn.uncertainty": "dropout",
    "sknn.callbacks": "watching",
    "sknn.exceptions": "watching",
    "sknn.persistence": "saving",
    "sknn.export": "saving",
    "sknn.compat": "migration",
    "sknn.dask": "scale_dask",
    "sknn.testing": "contracts",
}
# The estimators show all that their bases have.
WITHOUT_PAGE = {"BaseMLP", "BaseTabularMLP"}
# What callbacks need of the package for files.
INTERNAL = {"check_parameters", "check_path", "remove_stale"}
# Callbacks read its attributes; its methods are the trainer's.
WITHOUT_METHODS = {"TrainingState"}


def has_page(member: Any) -> bool:
    """Tell whether a public object is a class or function, with a page of its own."""
    is_one = inspect.isclass(member) or inspect.isfunction(member)
    return is_one and member.__name__ not in WITHOUT_PAGE


def public() -> dict[str, dict[str, Any]]:
    """Return each package's public objects; one that several packages have is the first's."""
    seen: set[int] = set()
    found: dict[str, dict[str, Any]] = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        members = {name: getattr(module, name) for name in module.__all__}
        found[package] = {
            name: member
            for name, member in members.items()
            if id(member) not in seen and name not in WITHOUT_PAGE | INTERNAL
        }
        seen |= {id(member) for member in members.values() if has_page(member)}
    return found


def pages() -> dict[str, Any]:
    """Return the objects that have pages, by full name."""
    return {
        f"{package}.{name}": member
        for package, members in public().items()
        for name, member in members.items()
        if has_page(member)
    }


# ---------------------------------------------------------------- what pages are made of


def summary(member: Any) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(member) or "").split("\n\n")[0].split())


def heading(text: str) -> str:
    """Return a page's heading."""
    return f"{text}\n{'=' * len(text)}"


def indent(text: str) -> str:
    """Return text as the content of a directive."""
    return "\n".join("   " + line if line else "" for line in text.split("\n"))


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table whose cells are of one line each."""
    lines = [
        f"{'  ' if i else '* '}- {cell}" for row in (header, *rows) for i, cell in enumerate(row)
    ]
    return f".. list-table::\n   :header-rows: 1\n   :class: names\n\n{indent(chr(10).join(lines))}"


def link(full_name: str, member: Any) -> str:
    """Return a link to a page that shows the bare name."""
    return f":py:{'class' if inspect.isclass(member) else 'func'}:`~{full_name}`"


def toctree(names: list[str], hidden: bool = True) -> str:
    """Return a table of contents."""
    options = "   :hidden:\n" if hidden else "   :maxdepth: 1\n"
    return f".. toctree::\n{options}\n{indent(chr(10).join(names))}"


# ---------------------------------------------------------------- pages


# What one looks for first; the rest in the order of the source.
FIRST = ("fit", "partial_fit", "resume", "predict", "predict_proba", "predict_log_proba")


def methods(cls: type, with_page: set[type]) -> dict[str, Any]:
    """Return a class's methods and properties that have docstrings of their own.

    What a base with a page introduces is told on that page, and fitted attributes in a section.
    """
    found: dict[str, Any] = {}
    for base in () if cls.__name__ in WITHOUT_METHODS else cls.__mro__:
        elsewhere = base is not cls and (base in with_page or base is Strategy)
        if elsewhere or not base.__module__.startswith("sknn"):
            continue
        for name, member in vars(base).items():
            function = getattr(member, "fn", member)  # of scikit-learn's available_if
            is_one = inspect.isfunction(function) or isinstance(function, (classmethod, property))
            told = bool(function.__doc__) and not name.startswith("_") and not name.endswith("_")
            if is_one and told:
                found.setdefault(name, member)
    first = {name: found[name] for name in FIRST if name in found}
    return first | found


def from_sklearn(cls: type, own: dict[str, Any]) -> str:
    """Return a sentence on the methods that an estimator has of scikit-learn's."""
    if not issubclass(cls, BaseEstimator) or issubclass(cls, Strategy):
        return ""
    names = [
        name
        for name in dir(cls)
        if not name.startswith("_") and name not in own and callable(getattr(cls, name))
    ]
    return f"As in scikit-learn: {', '.join(f'``{name}``' for name in names)}."


def class_page(full_name: str, cls: type, names: dict[type, str]) -> str:
    """Return the page of a class."""
    package, _, short = full_name.rpartition(".")
    content = []
    own = methods(cls, set(names))
    if own:
        rows = [[f":py:obj:`~{full_name}.{name}`", summary(each)] for name, each in own.items()]
        content.append(f".. rubric:: Methods\n\n{table(['method', ''], rows)}")
    for name, member in own.items():
        kind = "property" if isinstance(member, property) else "method"
        content.append(f".. auto{kind}:: {name}")
    text = f".. autoclass:: {short}\n\n{indent((chr(10) * 2).join(content))}"
    bases = [link(names[base], base) for base in cls.__mro__[1:] if base in names]
    if "subclass it and define" in summary(cls):
        text += "\n\nAn example, step by step: :doc:`/contracts`."
    inherited = from_sklearn(cls, own)
    if inherited:
        text += f"\n\n{inherited}"
    if bases:
        text += f"\n\nMore is told of its base{'s'[: len(bases) - 1]} {' and '.join(bases)}."
    return f"{heading(short)}\n\n.. currentmodule:: {package}\n\n{text}\n{gallery(full_name, own)}"


def function_page(full_name: str) -> str:
    """Return the page of a function."""
    package, _, short = full_name.rpartition(".")
    text = f".. currentmodule:: {package}\n\n.. autofunction:: {short}"
    return f"{heading(short)}\n\n{text}\n{gallery(full_name)}"


def gallery(full_name: str, methods: Iterable[str] = ()) -> str:
    """Return the examples that use an object, which sphinx-gallery calls by a short name."""
    package, _, short = full_name.rpartition(".")
    if package == "sknn.compat":
        return ""
    names = " ".join(f"sknn.{each}" for each in (short, *(f"{short}.{name}" for name in methods)))
    return f"\n.. minigallery:: {names}\n   :add-heading: In the gallery\n   :heading-level: -\n"


def value(name: str, member: Any, names: dict[Any, str]) -> str:
    """Return the entry of a constant: a family as a table, names as a list, others by value."""
    if isinstance(member, tuple):
        listed = "\n".join(f"* ``{each}``" for each in member)
        return f".. py:data:: {name}\n\n{indent(listed)}"
    if not isinstance(member, dict):
        return f".. py:data:: {name}\n   :value: {member!r}"
    rows = [
        [f"``{key!r}`` {link(names[each], each)}", summary(each)] for key, each in member.items()
    ]
    return f".. py:data:: {name}\n\n{indent(table(['name and class', ''], rows))}"


def package_page(package: str, members: dict[str, Any], names: dict[Any, str]) -> str:
    """Return the page of a package, which lists its names."""
    families = [
        each for member in members.values() if isinstance(member, dict) for each in member.values()
    ]
    with_page = {name: member for name, member in members.items() if has_page(member)}
    rows = [
        [link(f"{package}.{name}", member), summary(member)]
        for name, member in with_page.items()
        if not any(member is each for each in families)
    ]
    parts = [
        heading(PACKAGES[package]),
        *([f"At length: :doc:`/{GUIDE[package]}`."] if package in GUIDE else []),
        f".. automodule:: {package}",
        f".. currentmodule:: {package}",
    ]
    if rows:
        parts.append(table([f"``{package}``", ""], rows))
    parts += [value(name, each, names) for name, each in members.items() if name not in with_page]
    parts.append(toctree([f"{package}.{name}" for name in with_page]))
    return "\n\n".join(parts) + "\n"


def texts() -> dict[str, str]:
    """Return the text of each page, by its name."""
    objects = pages()
    names = {member: name for name, member in objects.items()}
    found = {
        name: class_page(name, member, names) if inspect.isclass(member) else function_page(name)
        for name, member in objects.items()
    }
    for package, members in public().items():
        found[package] = package_page(package, members, names)
    rows = [
        [f":doc:`{title} <{package}>`", f"``{package}``"] for package, title in PACKAGES.items()
    ]
    contents = f"{table(['what', 'from'], rows)}\n\n{toctree(list(PACKAGES))}"
    found["index"] = f"{heading('API reference')}\n\n{contents}\n"
    return found


def write(app: Any) -> None:
    """Write the pages that have changed, and delete those whose names are gone."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    wanted = {f"{name}.rst": text for name, text in texts().items()}
    for path in folder.glob("*.rst"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def keep_initials(app: Any, what: str, name: str, member: Any, options: Any, lines: Any) -> None:
    """Keep initials at the start of a reference from being read as an enumeration."""
    lines[:] = [re.sub(r"^(\s*)([A-Z])\. (?=[A-Z])", r"\1\\\2. ", line) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    """Hook both into Sphinx, the second after numpydoc."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("builder-inited", write, priority=100)
    app.connect("autodoc-process-docstring", keep_initials, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
