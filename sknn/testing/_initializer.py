"""The check of an initializer's contract."""

import numpy as np

from sknn.activations import Tanh
from sknn.initializers import Initializer, VarianceScaling
from sknn.testing._common import check_strategy, check_unchanged, expect


def _check_variance(drawn: VarianceScaling) -> None:
    """Check that the mean is within 6 standard errors, and the variance within 5 % of theory."""
    fan = {"in": 300, "out": 200}.get(drawn.fan, 250)
    values = drawn.sample((300, 200), 300, 200, np.random.RandomState(0))
    expected, variance, mean = drawn.scale / fan, float(values.var()), float(values.mean())
    bound = 6 * (expected / values.size) ** 0.5
    expect(abs(mean) <= bound, f"the mean is {mean:.3g}, expected within {bound:.3g} of 0")
    expect(
        abs(variance - expected) <= 0.05 * expected,
        f"the variance is {variance:.6g}, expected {expected:.6g}",
    )


def _check_seeds(drawn: Initializer) -> None:
    """Check that two seeds draw different weights, unless the weights are not random."""
    first, second = (drawn.sample((30, 20), 30, 20, np.random.RandomState(i)) for i in (0, 1))
    n_values = len(np.unique(first))
    difference = np.abs(first - second).max()
    expect(
        n_values <= 2 or difference > 0,
        f"draws with two seeds differ by {difference}, expected more: use the given random state",
    )


def check_initializer(instance: Initializer) -> None:
    """Check that an initializer follows the contract of `Initializer`.

    Parameters
    ----------
    instance : Initializer
        The initializer. The check covers shapes, dtype, finite values, reproducible draws and, for
        a `VarianceScaling`, mean and variance.

    Raises
    ------
    AssertionError
        If the initializer breaks the contract. The message shows the expected and the actual value.

    Examples
    --------
    >>> from sknn.initializers import HeNormal
    >>> from sknn.testing import check_initializer
    >>> check_initializer(HeNormal())
    """
    before = check_strategy(instance, Initializer)
    drawn = instance.for_layer(Tanh(), False)
    expect(isinstance(drawn, Initializer), f"for_layer returned {drawn!r}, expected an Initializer")
    if isinstance(drawn, VarianceScaling):
        _check_variance(drawn)
    for shape in ((30, 20), (20,)):
        first = drawn.sample(shape, 30, 20, np.random.RandomState(0))
        again = drawn.sample(shape, 30, 20, np.random.RandomState(0))
        expect(first.shape == shape, f"sample has shape {first.shape}, expected {shape}")
        expect(first.dtype == np.float64, f"sample has dtype {first.dtype}, expected float64")
        expect(np.isfinite(first).all(), "sample contains values that are not finite")
        difference = np.abs(first - again).max()
        expect(difference == 0, f"two draws with one seed differ by {difference}, expected 0")
    _check_seeds(drawn)
    check_unchanged(instance, before)
