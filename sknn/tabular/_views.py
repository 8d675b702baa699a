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
    and plain columns for some smooth ones. The validation loss weights the networks accordingly
    (`weigh`).

    Examples
    --------
    >>> from sknn.tabular._views import choose_views
    >>> choose_views(5, has_bins=True)
    ['encoded', 'encoded', 'encoded', 'plain', 'encoded']
    """
    views = [PLAIN if i % _EVERY == _EVERY - 1 else ENCODED for i in range(n_members)]
    return views if has_bins else [ENCODED] * n_members


def weigh(networks: list[BaseMLP]) -> Array:
    """Return weights that are inversely proportional to the validation losses and add up to 1.

    Parameters
    ----------
    networks : list of BaseMLP
        Networks that were trained with early stopping.
    """
    losses = np.array([_kept_loss(network) for network in networks])
    weights = 1 / (losses + 1e-9)
    shares: Array = weights / weights.sum()
    return shares


def _kept_loss(network: BaseMLP) -> float:
    """Return the validation loss of the epoch whose weights were kept."""
    losses = network.validation_loss_curve_
    assert losses is not None  # early stopping records it
    if network.validation_scores_ is None:
        return float(min(losses))
    return float(losses[int(np.argmax(network.validation_scores_))])
