"""One BLAS thread for all tests: their results must not depend on the machine's cores."""

from threadpoolctl import threadpool_limits

threadpool_limits(1)
