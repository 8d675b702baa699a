"""Models in files without pickle: arrays and JSON, no code."""

from sknn.persistence._file import check_path
from sknn.persistence._model import check_parameters, load, save

__all__ = ["check_parameters", "check_path", "load", "save"]
