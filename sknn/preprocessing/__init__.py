"""Transformers that encode numerical columns for a network."""

from sknn._core.public import publish
from sknn.preprocessing._piecewise_linear import PiecewiseLinearEncoder

__all__ = ["PiecewiseLinearEncoder"]

publish(globals())
