"""Encoding of values as JSON and arrays, and decoding.

Types that JSON has represent themselves. Any other value is an object with one key, its kind:
``{"tuple": [1, 2]}``, ``{"array": "a0"}``, ``{"object": ["activation/leaky_relu", {...}]}``.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

import numpy as np

from sknn._core.parameters import Layout, Parameters
from sknn._core.strategy import Strategy
from sknn._core.typing import Array
from sknn.optimizers import State
from sknn.persistence._catalogue import name_class
from sknn.persistence._migration import migrate
from sknn.persistence._sealed import ContentError

# The kinds of dtype in a file: all but objects and records.
_KINDS: Final = "?bBiufcmMSU"
_BIT_GENERATORS: Final = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_TYPES: Final[dict[str, Any]] = {"float": float, "float32": np.float32, "float64": np.float64}
# A longer list of floats is stored as an array.
_LONG: Final = 8
# For each kind of generator, the name of the position in its buffer, and the length of the buffer.
# The generator does not check the position, and would read other memory with a wrong one.
_POSITIONS: Final = {"pos": 624, "buffer_pos": 4}
# The scratch fields of an optimizer's state, whose values have no meaning between steps.
_MEMORY: Final = ("scratch", "products")


class Encoder:
    """Encodes values as JSON, and collects their arrays.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The arrays collected so far, by name.

    Examples
    --------
    >>> from sknn.activations import LeakyReLU
    >>> from sknn.persistence._encoding import Encoder
    >>> Encoder().encode((LeakyReLU(0.1), "tanh"), "activation")
    {'tuple': [{'object': ['activation/leaky_relu', {'negative_slope': 0.1}]}, 'tanh']}
    """

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self._shared: dict[int, Any] = {}  # several attributes may share one object

    def encode(self, value: Any, where: str) -> Any:
        """Encode a value as JSON.

        Parameters
        ----------
        value : object
            None, numbers, strings, arrays, random states, strategies, dataclasses, and lists,
            tuples and dicts of them.
        where : str
            The name of the value, for the error.

        Raises
        ------
        ValueError
            If the value cannot be stored.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if isinstance(value, np.ndarray):
            return self._array(value, where)
        if isinstance(value, np.generic):
            return {"scalar": self._keep(np.asarray(value), where)}
        if type(value) in (list, tuple, dict):
            return self._collection(value, where)
        return self._other(value, where)

    def _collection(self, value: Any, where: str) -> Any:
        if type(value) is dict:
            pairs = [[key, item] for key, item in value.items()]
            return {"dict": [[self.encode(item, where) for item in pair] for pair in pairs]}
        if (
            len(value) > _LONG
            and type(value) is list
            and all(type(item) is float for item in value)
        ):
            return {"floats": self._keep(np.array(value), where)}
        items = [self.encode(item, where) for item in value]
        return items if type(value) is list else {"tuple": items}

    def _other(self, value: Any, where: str) -> Any:
        if isinstance(value, np.dtype) and value.kind in _KINDS:
            return {"dtype": value.str}
        if any(value is known for known in _TYPES.values()):
            return {"type": value.__name__}
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if isinstance(value, np.random.RandomState):
            return self._once(value, lambda: self._random_state(value, where))
        if isinstance(value, Parameters):
            return self._once(value, lambda: {"parameters": self._keep(value.vector, where)})
        if isinstance(value, Strategy) or (is_dataclass(value) and not isinstance(value, type)):
            return {"object": [name_class(type(value)), self._fields(value, where)]}
        raise _refusal(value, where)

    def _fields(self, value: Any, where: str) -> dict[str, Any]:
        if isinstance(value, Strategy):
            attributes = value.get_params(deep=False)
        else:
            attributes = {field.name: getattr(value, field.name) for field in fields(value)}
        memory = _MEMORY if isinstance(value, State) else ()
        return {
            key: self._memory(item) if key in memory else self.encode(item, f"{where}__{key}")
            for key, item in attributes.items()
        }

    def _memory(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return {"tuple": [self._memory(item) for item in value]}
        return {"memory": [value.dtype.str, *value.shape]}

    def _array(self, value: Array, where: str) -> Any:
        if value.dtype.kind == "O":
            items = [self.encode(item, where) for item in value.ravel().tolist()]
            return {"objects": [list(value.shape), items]}
        return {"array": self._keep(value, where)}

    def _keep(self, value: Array, where: str) -> str:
        if value.dtype.kind not in _KINDS:
            raise _refusal(value, where)
        stem = re.sub(r"\W+", "_", where).strip("_")
        name, number = stem, len(self.arrays)
        while name in self.arrays:
            name, number = f"{stem}_{number}", number + 1
        self.arrays[name] = np.asarray(value)  # the values of a memory map
        return name

    def _random_state(self, value: np.random.RandomState, where: str) -> Any:
        state = value.get_state(legacy=False)
        if state["bit_generator"] not in _BIT_GENERATORS:
            raise _refusal(value, where)
        return {"random_state": self.encode(state, where)}

    def _once(self, value: object, encode: Callable[[], Any]) -> Any:
        if id(value) not in self._shared:
            # A reference to the value makes sure that its id stays unique.
            self._shared[id(value)] = (len(self._shared), value)
            return {"shared": [self._shared[id(value)][0], encode()]}
        return {"again": self._shared[id(value)][0]}


def _refusal(value: object, where: str) -> ValueError:
    return ValueError(
        f"{where}={value!r} cannot be kept in a model file, which holds numbers, text, arrays and "
        "strategies, but no code. Set it to something else before saving, or pickle the model."
    )


class Decoder:
    """Decodes values from JSON and arrays.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The arrays of the file.
    classes : dict of str to class
        The classes that may be instantiated, by their names in files.

    Attributes
    ----------
    layout : Layout or None
        The layout of the network's parameters; set before any parameters are decoded.
    native : bool
        Whether arrays are converted to native byte order. Class labels keep their byte order.
    """

    def __init__(self, arrays: Mapping[str, Array], classes: Mapping[str, type[Any]]) -> None:
        self.arrays, self.classes = arrays, classes
        self.layout: Layout | None = None
        self.native = False
        self._n_scratch = 0
        self._shared: dict[int, Any] = {}
        self._readers: dict[str, Callable[[Any], Any]] = {
            "again": lambda number: self._shared[number],
            "array": self._array,
            "dict": lambda pairs: {self.decode(key): self.decode(item) for key, item in pairs},
            "dtype": self._dtype,
            "float": float,
            "floats": lambda name: self.arrays[name].tolist(),
            "memory": lambda content: self._memory(*content),
            "object": lambda content: self._object(*content),
            "objects": lambda content: self._objects(*content),
            "parameters": self._parameters,
            "random_state": self._random_state,
            "scalar": lambda name: self.arrays[name][()],
            "shared": lambda content: self._share(*content),
            "slice": lambda content: slice(*content),
            "tuple": lambda items: tuple(self.decode(item) for item in items),
            "type": lambda name: _TYPES[name],
        }

    def decode(self, node: Any) -> Any:
        """Decode a value from JSON.

        Raises
        ------
        ValueError, KeyError, TypeError or IndexError
            If the JSON does not encode a value.
        """
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        return self._readers[kind](content)

    def _array(self, name: str) -> Array:
        return in_native_order(self.arrays[name]) if self.native else self.arrays[name]

    def _memory(self, name: str, *shape: int) -> Array:
        """Return scratch memory of an optimizer, at most four times the size of the parameters."""
        self._n_scratch += math.prod(shape)
        if self.layout is None or self._n_scratch > 4 * self.layout.size or min(shape) < 0:
            raise ValueError(f"an optimizer's memory of shape {shape} is more than it has")
        return np.zeros(shape, self._dtype(name).newbyteorder("="))

    def _dtype(self, name: str) -> np.dtype[Any]:
        dtype = np.dtype(name)
        if dtype.kind not in _KINDS:
            raise ValueError(f"a file cannot hold the dtype {name!r}")
        return dtype

    def class_named(self, name: str) -> type[Any]:
        """Return a class by its name in files, or raise an `UnknownClassError`."""
        if name not in self.classes:
            raise UnknownClassError(name)
        return self.classes[name]

    def _object(self, name: str, content: Mapping[str, Any]) -> Any:
        name, values = migrate(name, {key: self.decode(item) for key, item in content.items()})
        cls = self.class_named(name)
        late = [field.name for field in fields(cls) if not field.init] if is_dataclass(cls) else []
        made = cls(**{key: value for key, value in values.items() if key not in late})
        for key in late:
            setattr(made, key, values[key])
        return made

    def _objects(self, shape: list[int], items: list[Any]) -> Array:
        array = np.empty(len(items), object)
        for i, item in enumerate(items):
            array[i] = self.decode(item)
        return array.reshape(shape)

    def _parameters(self, name: str) -> Parameters:
        vector = in_native_order(self.arrays[name])
        if self.layout is None or vector.shape != (self.layout.size,):
            raise ValueError(f"parameters are of shape {vector.shape}, which is not the network's")
        return Parameters(self.layout, vector)

    def _random_state(self, node: Any) -> np.random.RandomState:
        state = self.decode(node)
        if state["bit_generator"] not in _BIT_GENERATORS:
            raise ValueError(f"unknown bit generator {state['bit_generator']!r}")
        for key, n in _POSITIONS.items():
            position = {**state, **state["state"]}.get(key, 0)
            if type(position) is not int or not 0 <= position <= n:
                raise ValueError(
                    f"a random state has the position {position!r} in its buffer of {n}"
                )
        random_state = np.random.RandomState(getattr(np.random, state["bit_generator"])())
        random_state.set_state(state)
        return random_state

    def _share(self, number: int, node: Any) -> Any:
        self._shared[number] = self.decode(node)
        return self._shared[number]


def in_native_order(array: Array) -> Array:
    """Return an array in native byte order, without a copy if it already is."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


class UnknownClassError(ContentError):
    """A file contains a class that neither belongs to the library nor was passed to `load`."""

    def __init__(self, name: str) -> None:
        own_name = name.removeprefix("own/")
        if own_name == name:
            message = (
                f"cannot be loaded: it holds a {name!r}, which this version of sknn does not know"
            )
        else:
            message = (
                f"cannot be loaded: it holds a {own_name}, which must be passed: give the class "
                f"itself to load, strategies=[{own_name}]"
            )
        super().__init__(message)
