"""L-BFGS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize

from sknn._core.strategy import COUNT, Range
from sknn._core.typing import Array
from sknn.optimizers._base import Minimizer


class _StopError(Exception):
    """Ends SciPy's loop from its callback."""


@dataclass(repr=False, eq=False)
class LBFGS(Minimizer):
    """SciPy's L-BFGS-B: a quasi-Newton method on the whole training set.

    An iteration is a line search along ``-H grad``, where ``H`` is an estimate of the inverse
    Hessian from the last `history_size` steps. ``batch_size`` and the learning rate are ignored.

    Use it for small data sets and smooth losses: it converges exactly and needs no rate.

    Parameters
    ----------
    history_size : int, default=10
        The number of steps from which ``H`` is estimated, at least 1.
    max_fun : int, default=15000
        The largest number of evaluations of the objective, at least 1.

    Notes
    -----
    SciPy works in float64; the network evaluates the objective in the dtype of the data. SciPy
    also stops when an iteration lowers the objective by less than a relative 2.2e-9.

    References
    ----------
    R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, A limited memory algorithm for bound constrained
    optimization, SIAM Journal on Scientific Computing 16, 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.optimizers import LBFGS
    >>> point = np.ones(2)
    >>> def sphere(x):
    ...     return float(x @ x), 2 * x
    >>> LBFGS().minimize(
    ...     sphere, point, lambda reached: False, max_iter=10, tol=1e-6
    ... )
    True
    """

    history_size: int = 10
    max_fun: int = 15_000

    ranges: ClassVar[Mapping[str, Range]] = {
        "history_size": COUNT,
        "max_fun": COUNT,
    }

    def minimize(
        self,
        value_and_gradient: Callable[[Array], tuple[float, Array]],
        params: Array,
        callback: Callable[[Array], bool],
        max_iter: int,
        tol: float,
    ) -> bool:
        def objective(point: Array) -> tuple[float, Array]:
            value, gradient = value_and_gradient(point)
            return value, gradient.astype(np.float64)

        def after_iteration(point: Array) -> None:
            if callback(point):
                raise _StopError

        options = {
            "maxiter": max_iter,
            "maxfun": self.max_fun,
            "maxcor": self.history_size,
            "gtol": tol,
        }
        start = params.astype(np.float64)
        try:
            result = minimize(
                objective,
                start,
                jac=True,
                method="L-BFGS-B",
                callback=after_iteration,
                options=options,
            )
        except _StopError:
            return True
        # SciPy's codes are 0 for convergence, 1 for a limit, and 2 for a line search without a
        # better point. After some iterations, code 2 means that rounding prevents further progress.
        return int(result.status) == 0 or (int(result.status) == 2 and int(result.nit) > 0)
