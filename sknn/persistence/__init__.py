"""Models in files without pickle: arrays and JSON, no code.

`sknn.save` and `sknn.load` write and read them. ``TRUSTED_TYPES`` are the names of all types that a
fitted model of this package may contain. Pass them to ``skops.io.load`` as ``trusted``, and to
``mlflow.sklearn.save_model`` as ``skops_trusted_types``.
"""

from sknn.persistence._catalogue import TRUSTED_TYPES
from sknn.persistence._model import check_parameters, load, save
from sknn.persistence._sealed import check_path, remove_stale

__all__ = ["TRUSTED_TYPES", "check_parameters", "check_path", "load", "remove_stale", "save"]
