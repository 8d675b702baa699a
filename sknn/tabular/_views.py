"""Which columns each network of an ensemble gets, and how much each counts."""

from typing import Final

import numpy as np

from sknn._core.typing import Array
from sknn.estimators import BaseMLP

ENCODED: Final = "encoded"
PLAIN: Final = "plain"
# Every network of this number gets plain columns.
_EVERY: Final = 4


def choose_views(n_members: int, has_bins: bool) -> list[str]:
    """Return what each network sees of the numbers: their bins, too, or each as one column.

    Networks of the two kinds err differently. Some smooth tables want plain columns, and most
    want bins; which, the validation loss tells (`weigh`).

    Examples
    --------
    >>> from sknn.tabular._views import choose_views
    >>> choose_views(5, has_bins=True)
    ['encoded', 'encoded', 'encoded', 'plain', 'encoded']
    """
    views = [PLAIN if i % _EVERY == _EVERY - 1 else ENCODED for i in range(n_members)]
    return views if has_bins else [ENCODED] * n_members


def weigh(networks: list[BaseMLP]) -> Array:
    """Return the weights of networks, inverse to their validation losses, which add up to 1.

    Parameters
    ----------
    networks : list of BaseMLP
        Trained with early stopping.
    """
    losses = np.array([_kept_loss(network) for network in networks])
    weights = 1 / (losses + 1e-9)
    shares: Array = weights / weights.sum()
    return shares


def _kept_loss(network: BaseMLP) -> float:
    """Return the validation loss of the epoch whose weights were kept."""
    losses = network.validation_loss_curve_
    assert losses is not None  # of early stopping
    if network.validation_scores_ is None:
        return float(min(losses))
    return float(losses[int(np.argmax(network.validation_scores_))])
