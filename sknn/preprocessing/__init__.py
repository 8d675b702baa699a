"""Transformers that prepare columns of numbers for a network."""

from sknn.preprocessing._piecewise_linear import PiecewiseLinearEncoder

__all__ = ["PiecewiseLinearEncoder"]
