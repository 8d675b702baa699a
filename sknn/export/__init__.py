"""Export of models to the formats of other runtimes."""

from sknn.export._to_onnx import to_onnx

__all__ = ["to_onnx"]
