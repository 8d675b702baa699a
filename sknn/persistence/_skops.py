"""Pipelines, searches, ensembles and other estimators, stored in files of skops.

The file is that of ``skops.io.dump`` with the seal as its comment, so that skops reads it too.
"""

import io
import os
import sys
import zipfile
from collections.abc import Iterable
from typing import Any, BinaryIO

from sklearn.base import BaseEstimator

from sknn.estimators.internals import keeps_training
from sknn.persistence._catalogue import TRUSTED_TYPES
from sknn.persistence._sealed import SCHEMA, SKOPS, Path_, damaged, empty_seal, write_sealed


def check_other(model: Any) -> None:
    """Raise a ValueError if a model is not an estimator, or must be converted first."""
    cls = type(model)
    public = [part for part in cls.__module__.split(".") if not part.startswith("_")]
    cls_name = ".".join([*public, cls.__qualname__])
    if any(base.__module__.startswith("sklearn.neural_network.") for base in cls.__mro__):
        raise ValueError(
            f"Pass sknn.compat.convert(model), since model is a {cls_name}: it must be a "
            "sknn.MLPClassifier or sknn.MLPRegressor, or an estimator that holds one."
        )
    if not isinstance(model, BaseEstimator):
        raise ValueError(
            "model must be a sknn.MLPClassifier or sknn.MLPRegressor, or another estimator, such "
            f"as a Pipeline, got {model!r}, a {cls_name}."
        )


def save_with_skops(model: BaseEstimator, path: Path_, training_state: bool) -> None:
    """Write an estimator to a sealed file of skops.

    Raises
    ------
    ValueError
        If skops cannot store a part of the estimator.
    ImportError
        If skops is not installed.
    """
    skops = _import_skops(f"saving a {type(model).__name__}")
    content = io.BytesIO()
    token = keeps_training.set(training_state)
    try:
        skops.dump(model, content)
        _check_importable(skops.get_untrusted_types(file=content))
    except Exception as error:
        if isinstance(error, (OSError, MemoryError, ValueError)):
            raise
        raise ValueError(f"skops cannot store this {type(model).__name__}: {error}") from error
    finally:
        keeps_training.reset(token)
    with zipfile.ZipFile(content, "a") as archive:
        archive.comment = empty_seal(SKOPS)

    def write(file: BinaryIO) -> None:
        file.write(content.getbuffer())

    write_sealed(path, write)


def _check_importable(names: list[str]) -> None:
    """Raise a ValueError if an object in a file, such as a lambda, cannot be imported by name."""
    for name in names:
        module, _, attribute = name.rpartition(".")
        if not hasattr(sys.modules.get(module), attribute):
            raise ValueError(
                f"{name} cannot be kept in a model file, which stores functions and classes by "
                "name: define it at the top level of a module that can be imported."
            )


def load_with_skops(file: BinaryIO, path: Path_, trusted: Iterable[Any]) -> Any:
    """Return the estimator in a file with a valid seal.

    Parameters
    ----------
    file : binary file
        The open file.
    path : str or path-like
        The name of the file, for errors.
    trusted : iterable of classes, functions or names of them
        Types to allow in addition to those that the library and skops trust.

    Raises
    ------
    ValueError
        If the file contains other types, which the error names, or cannot be loaded.
    ImportError
        If skops is not installed.
    """
    skops = _import_skops(f"{os.fspath(path)} holds a Pipeline or the like: loading it")
    names = [*TRUSTED_TYPES, *_names(trusted)]
    try:
        _check_members(file)
    except Exception as error:
        raise damaged(path, error) from error
    try:
        unknown = sorted({*skops.get_untrusted_types(file=file)} - {*names})
        if not unknown:
            return skops.load(file, trusted=names)
    except (OSError, Warning):  # scikit-learn's warning about versions, as an error
        raise
    except ImportError as error:
        raise ValueError(f"{path} cannot be loaded: {error}. Install what is missing.") from error
    except Exception as error:
        raise ValueError(
            f"{path} cannot be loaded: skops raises {type(error).__name__}, {error}. The packages "
            "may be of other versions than those that the model was saved with."
        ) from error
    raise ValueError(
        f"{path} cannot be loaded: it holds types that neither sknn nor skops trusts, "
        f"{', '.join(unknown)}. If you trust its writer, pass these names to load, "
        f"strategies={unknown}."
    )


def _check_members(file: BinaryIO) -> None:
    """Raise a ValueError if a member is compressed or occurs twice."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    names = {member.filename for member in members}
    if len(names) < len(members) or SCHEMA not in names:
        raise ValueError(f"its members are not each there once, with {SCHEMA} among them")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise ValueError(f"the member {member.filename} is compressed")


def _names(trusted: Iterable[Any]) -> list[str]:
    """Return the names that skops gives to classes and functions."""
    values = [trusted] if isinstance(trusted, (str, type)) else list(trusted)
    for value in values:
        if not (isinstance(value, str) or hasattr(value, "__name__")):
            raise ValueError(
                f"strategies must be a sequence of classes, functions or their names, got "
                f"{value!r}."
            )
    return [
        value if isinstance(value, str) else f"{value.__module__}.{value.__name__}"
        for value in values
    ]


def _import_skops(what: str) -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(f"{what} needs the package skops: pip install skops.") from error
    return skops.io
