"""What ``verbose`` prints about the networks; about its epochs each prints itself."""

import time

from sknn.estimators import BaseMLP


class Progress:
    """Prints a line as each network begins and ends.

    Parameters
    ----------
    n_members : int
        How many there are.
    is_shown : bool
        Whether anything is printed.

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
        """Say that a network begins to train."""
        self._began[member] = time.monotonic()
        if self._is_shown:
            print(f"Network {member + 1} of {self._n_members} ({view})", flush=True)

    def end(self, member: int, network: BaseMLP) -> None:
        """Say how a network has trained."""
        if self._is_shown:
            seconds = time.monotonic() - self._began[member]
            losses = network.validation_loss_curve_ or [float("nan")]  # it was interrupted
            print(
                f"Network {member + 1} of {self._n_members}: {network.n_iter_} epochs, validation "
                f"loss {min(losses):.4g}, {seconds:.1f} s",
                flush=True,
            )
