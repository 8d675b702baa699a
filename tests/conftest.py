"""One BLAS thread for all tests: their results must not depend on the machine's cores.

Hypothesis tries the same few cases at each run, and with ``--hypothesis-profile=more`` or
``--hypothesis-profile=thorough`` many new ones.
"""

import numpy  # noqa: F401  # a limit holds for the BLAS libraries that are loaded
import scipy.linalg  # noqa: F401
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

threadpool_limits(1)

COMMON = {
    "deadline": None,
    "database": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile("modest", max_examples=150, derandomize=True, **COMMON)
settings.register_profile("more", max_examples=3_000, **COMMON)
settings.register_profile("thorough", max_examples=20_000, **COMMON)
settings.load_profile("modest")
