"""The columns that each network of an ensemble uses, and the weights of the networks."""

from typing import Final

import numpy as np

from sknn._core.typing import Array
from sknn.estimators import BaseMLP

ENCODED: Final = "encoded"
PLAIN: Final = "plain"
# Every fourth network gets plain columns.
_EVERY: Final = 4


def choose_views(n_members: int, has_bins: bool) -> list[str]:
    """Return whether each network sees numerical columns with their bins or as plain columns.

    The two views make different errors, so their mean is better. Bins are better for most tables,
    and plain columns for some smooth ones. A network whose validation loss is high gets a small
    weight (`weigh`).

    Examples
    --------
    >>> from sknn.tabular._views import choose_views
    >>> choose_views(5, has_bins=True)
    ['encoded', 'encoded', 'encoded', 'plain', 'encoded']
    """
    views = [PLAIN if i % _EVERY == _EVERY - 1 else ENCODED for i in range(n_members)]
    return views if has_bins else [ENCODED] * n_members


def weigh(networks: list[BaseMLP]) -> Array:
    """Return the weights of networks, from their validation losses; the weights add up to 1.

    ``w_i`` is proportional to ``max(l_i, m) ** -2``, where ``l_i`` is the validation loss of a
    network and ``m`` the median of the losses. So a bad network hardly counts, but a very small
    loss, which is mostly luck where few rows validate, does not give a network more weight than a
    loss at the median.

    Parameters
    ----------
    networks : list of BaseMLP
        Networks that were trained with early stopping.

    Returns
    -------
    weights : float64 ndarray of shape (n_networks,)
    """
    losses = np.array([_kept_loss(network) for network in networks]) + 1e-9
    weights = np.maximum(losses, np.median(losses)) ** -2.0
    shares: Array = weights / weights.sum()
    return shares


def _kept_loss(network: BaseMLP) -> float:
    """Return the validation loss of the epoch whose weights were kept."""
    losses = network.validation_loss_curve_
    assert losses is not None  # early stopping records it
    if network.validation_scores_ is None:
        return float(min(losses))
    return float(losses[int(np.argmax(network.validation_scores_))])
