"""A builder of ONNX graphs."""

from typing import Any

import numpy as np

from sknn._core.typing import Array


class Graph:
    """The nodes and constants of a graph, in which each value has a name.

    Parameters
    ----------
    onnx : module
        The package ``onnx``, which is optional and imported by the caller.
    """

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._n_values = 0

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        output = output or self._name(operator.lower())
        node = self.onnx.helper.make_node(operator, inputs, [output], **attributes)
        self.nodes.append(node)
        return output

    def constant(self, values: Array, name: str | None = None) -> str:
        """Add a constant, and return its name."""
        name = name or self._name("constant")
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def number(self, value: float) -> str:
        """Add a float32 number, and return its name."""
        return self.constant(np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """Add a vector of integers, and return its name."""
        return self.constant(np.array(values, np.int64))

    def _name(self, stem: str) -> str:
        self._n_values += 1
        return f"{stem}_{self._n_values}"
