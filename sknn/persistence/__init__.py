"""Models in files without pickle: arrays and JSON, no code."""

from sknn.persistence._model import load, save

__all__ = ["load", "save"]
