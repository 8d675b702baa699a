"""The lines that ``verbose`` prints per network; the networks themselves print their epochs."""

import time

from sknn.estimators import BaseMLP


class Progress:
    """Prints a line when a network begins and when it ends.

    Parameters
    ----------
    n_members : int
        The number of networks.
    is_shown : bool
        Whether to print lines.

    Examples
    --------
    >>> from sknn.tabular._progress import Progress
    >>> Progress(4, is_shown=True).begin(0, "encoded")
    Network 1 of 4 (encoded)
    """

    def __init__(self, n_members: int, is_shown: bool) -> None:
        self._n_members, self._is_shown = n_members, is_shown
        self._began: dict[int, float] = {}

    def begin(self, member: int, view: str) -> None:
        """Print that a network begins to train."""
        self._began[member] = time.monotonic()
        if self._is_shown:
            print(f"Network {member + 1} of {self._n_members} ({view})", flush=True)

    def end(self, member: int, network: BaseMLP) -> None:
        """Print the epochs, validation loss and time of a network."""
        if self._is_shown:
            seconds = time.monotonic() - self._began[member]
            losses = network.validation_loss_curve_ or [
                float("nan")
            ]  # interrupted in its first epoch
            print(
                f"Network {member + 1} of {self._n_members}: {network.n_iter_} epochs, validation "
                f"loss {min(losses):.4g}, {seconds:.1f} s",
                flush=True,
            )
