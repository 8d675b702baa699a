"""Functions that the scripts of this folder share: the data, the results and the tables."""

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sknn.exceptions import InterruptedWarning

RESULTS = Path(__file__).parent / "results"


def arguments(description: str | None, rows: Sequence[str]) -> argparse.Namespace:
    """Read the command line of a script.

    Parameters
    ----------
    description : str or None
        What the script does, for ``--help``.
    rows : sequence of str
        The names of the rows that ``--only`` can choose.

    Returns
    -------
    arguments : Namespace
        ``folder``, a Path; ``only``, the chosen rows, by default all; ``results``, the folder of
        the results.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, help="the folder of the data, with NAME.npz files")
    parser.add_argument("--only", nargs="+", choices=rows, default=list(rows), help="rows to run")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="the folder of the JSON files"
    )
    return parser.parse_args()


@dataclass
class Data:
    """A data set.

    Attributes
    ----------
    X : float64 ndarray of shape (n_samples, n_features)
        Inputs.
    y : ndarray of shape (n_samples,)
        Classes or numbers.
    test_rows : list of ndarray
        The test rows of each split; all other rows are training rows.
    """

    X: np.ndarray
    y: np.ndarray
    test_rows: list[np.ndarray]

    def split(self, number: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return X and y of the training rows, then X and y of the test rows."""
        test = self.test_rows[number]
        training = np.setdiff1d(np.arange(len(self.y)), test)
        return self.X[training], self.y[training], self.X[test], self.y[test]


def load(folder: Path, name: str) -> Data:
    """Return the data set of the file NAME.npz, with the arrays X, y and test_idx."""
    with np.load(Path(folder) / f"{name}.npz") as file:
        y = file["y"]
        y = y.astype(np.float64 if y.dtype.kind == "f" else np.int64)
        return Data(file["X"].astype(np.float64), y, list(file["test_idx"]))


@dataclass
class Scale:
    """Mean and standard deviation of training rows."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "Scale":
        """Learn both; a constant column has the deviation 1."""
        std = values.std(axis=0)
        return cls(
            values.mean(axis=0), np.where(std > 1e-12 * np.abs(values).max(axis=0), std, 1.0)
        )

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return standardized values."""
        return (values - self.mean) / self.std


class Results:
    """The results of a script: a JSON file of named entries, which are computed only once.

    The file is written after each entry, whole or not at all. So a script can be interrupted, and
    goes on where it was. To compute an entry again, delete it from the file.

    Parameters
    ----------
    path : path-like
        The file, ``results/NAME.json`` for a script NAME.py.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def all(self) -> dict[str, Any]:
        """Return all entries that are there, by name."""
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def run(self, name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return an entry: from the file, or computed, with its CPU time, and added to the file.

        Parameters
        ----------
        name : str
            The name of the entry.
        compute : callable
            Returns the entry: numbers, texts, lists and dictionaries.
        """
        entries = self.all()
        if name not in entries:
            start = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("error", InterruptedWarning)  # an unfinished fit is no result
                entry = compute()
            entry = {**entry, "cpu_seconds": round(time.process_time() - start, 1)}
            entries = {**self.all(), name: entry}  # another process may have added some
            self._write(entries)
            print(name, json.dumps(entry), flush=True)
        return entries[name]

    def _write(self, entries: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{json.dumps(name)}: {json.dumps(entries[name])}" for name in sorted(entries)]
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        temporary.replace(self.path)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def mean_and_error(values: Sequence[float], digits: int = 2) -> str:
    """Return the mean of values with its standard error, such as ``0.54 ± 0.06``."""
    mean, error = np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{mean:.{digits}f} ± {error:.{digits}f}"
