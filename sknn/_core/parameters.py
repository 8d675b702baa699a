"""The parameters of a network: a flat vector, and named blocks that are views of the vector."""

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sknn._core.typing import Array


@final
@dataclass(frozen=True)
class Block:
    """A named block of the flat vector.

    Attributes
    ----------
    name : str
        The name, which is unique within a layout.
    shape : tuple of int
        ``(fan_in + 1, fan_out)`` for a dense layer: the weights, then the row of biases.
    n_penalized : int
        The number of leading elements to which the weight penalty applies: all but the biases.
    """

    name: str
    shape: tuple[int, ...]
    n_penalized: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@final
class Layout:
    """The order of the blocks in the flat vector.

    Parameters
    ----------
    blocks : iterable of Block
        The blocks in order.

    Examples
    --------
    >>> from sknn._core.parameters import Block, Layout
    >>> layout = Layout([Block("first", (3, 2), 4), Block("second", (3, 1), 2)])
    >>> layout.size, layout.slices
    (9, {'first': slice(0, 6, None), 'second': slice(6, 9, None)})
    """

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks = tuple(blocks)
        self.slices: dict[str, slice] = {}
        self.size = 0
        for block in self.blocks:
            self.slices[block.name] = slice(self.size, self.size + block.size)
            self.size += block.size

    def __deepcopy__(self, memo: dict[int, Any]) -> "Layout":
        return self  # a layout never changes

    def views(self, vector: Array) -> dict[str, Array]:
        """Return the blocks of a vector of shape (size,), as views."""
        return {
            block.name: vector[self.slices[block.name]].reshape(block.shape)
            for block in self.blocks
        }

    def penalized(self, within: slice) -> list[slice]:
        """Return the penalized elements within a slice of the vector, as slices of the vector.

        Examples
        --------
        >>> from sknn._core.parameters import Block, Layout
        >>> layout = Layout([Block("first", (3, 2), 4), Block("second", (3, 1), 2)])
        >>> layout.penalized(slice(2, 9))
        [slice(2, 4, None), slice(6, 8, None)]
        """
        starts = ((self.slices[block.name].start, block.n_penalized) for block in self.blocks)
        clipped = (
            slice(max(start, within.start), min(start + size, within.stop))
            for start, size in starts
        )
        return [piece for piece in clipped if piece.start < piece.stop]

    def name_at(self, position: int) -> str:
        """Return the name of the block that holds an element of the vector."""
        return next(name for name, block in self.slices.items() if position < block.stop)


@final
class Parameters:
    """A flat vector and its blocks, which share memory, also after pickling or copying.

    Parameters
    ----------
    layout : Layout
        The blocks.
    vector : ndarray of shape (layout.size,)
        The values, which are not copied.

    Examples
    --------
    >>> import copy
    >>> import numpy as np
    >>> from sknn._core.parameters import Block, Layout, Parameters
    >>> params = Parameters(Layout([Block("first", (3, 2), 4)]), np.zeros(6))
    >>> twin = copy.deepcopy(params)
    >>> twin.vector[:] = 1.0
    >>> twin["first"][0], params["first"][0]
    (array([1., 1.]), array([0., 0.]))
    """

    def __init__(self, layout: Layout, vector: Array) -> None:
        self.layout = layout
        self.vector = vector
        self._views = layout.views(vector)

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __getstate__(self) -> dict[str, object]:
        return {"layout": self.layout, "vector": self.vector}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parameters":
        return Parameters(self.layout, copy.deepcopy(self.vector, memo))

    def copy(self) -> "Parameters":
        """Return parameters with a copy of the vector."""
        return Parameters(self.layout, np.array(self.vector))
