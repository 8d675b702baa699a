"""Models in files without pickle: arrays and JSON, no code."""

from sknn.persistence._catalogue import TRUSTED_TYPES
from sknn.persistence._model import check_parameters, load, save
from sknn.persistence._sealed import check_path, remove_stale

__all__ = ["TRUSTED_TYPES", "check_parameters", "check_path", "load", "remove_stale", "save"]
