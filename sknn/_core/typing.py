"""Types of arrays: the one in signatures, and the dtypes that data may keep."""

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

# Data of another dtype is converted to the first of these.
FLOATS: Final = (np.float64, np.float32)
