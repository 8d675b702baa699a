"""Storage: where the rows of a fit are, how they are read, and what computes with them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar, final

from sknn._core.typing import Array
from sknn._network.network import Network
from sknn._training.data import Data, DataSet
from sknn._training.engine import mean_loss
from sknn._training.gradients import GradientSource, LocalGradients
from sknn.estimators import _checks as checks
from sknn.estimators._targets import Targets, encode_rows
from sknn.losses import Loss

E = TypeVar("E")


class Storage(ABC):
    """Where the rows of a fit are. A fit does everything that reads all rows through its storage.

    The data sets of a storage have the members of `Data`.
    """

    @abstractmethod
    def read(
        self,
        estimator: Any,
        arguments: tuple[Any, Any, Any],
        dtype: Any,
        learn: Callable[[Array], Targets],
        reset: bool,
    ) -> tuple[Targets, Any, Any]:
        """Check the training set, and return its targets, its data set, and y for scorers.

        Parameters
        ----------
        estimator : BaseMLP
            The estimator, whose `class_weight` is read if it has one.
        arguments : tuple
            ``X``, ``y`` and ``sample_weight`` as they were passed.
        dtype : dtype or sequence of dtype
            The dtype to train in, or the dtypes among which the dtype of X decides.
        learn : callable
            Returns the targets for checked y. It reads the shape and the distinct values of y.
        reset : bool
            Whether the estimator learns the number and the names of the features.

        Returns
        -------
        targets : Targets
            What `learn` returned.
        data : Data
            The rows, encoded for the network.
        y : array-like
            The targets in the form for scorers, which ``y[index]`` selects.
        """

    @abstractmethod
    def read_validation(
        self, estimator: Any, arguments: tuple[Any, Any, Any], dtype: Any, targets: Targets
    ) -> tuple[Any, Any]:
        """Check a validation set, and return its data set and its targets for scorers."""

    @abstractmethod
    def gradients(self, network: Network, loss: Loss, data: Any, seed: int) -> GradientSource:
        """Return the source of gradients over rows of a data set."""

    @abstractmethod
    def mean_loss(self, network: Network, loss: Loss, data: Any) -> float:
        """Return the mean loss ``sum_i w_i l_i / sum_i w_i`` of a network over all rows."""

    @abstractmethod
    def predictor(self, estimator: E, data: Any) -> E:
        """Return the estimator that a scorer may ask for predictions for ``data.X``."""

    @abstractmethod
    def excerpt(self, data: Any) -> DataSet:
        """Return the rows in memory that a diagnosis may read."""


@final
class InMemory(Storage):
    """Storage in arrays of this process."""

    def read(
        self,
        estimator: Any,
        arguments: tuple[Any, Any, Any],
        dtype: Any,
        learn: Callable[[Array], Targets],
        reset: bool,
    ) -> tuple[Targets, DataSet, Array]:
        X, y, sample_weight = arguments
        X, y = checks.check_inputs_and_targets(estimator, X, y, dtype, reset=reset)
        weight = checks.check_weights(sample_weight, X)
        targets = learn(y)
        data = encode_rows(estimator, targets, X, y, weight)
        return targets, *checks.replace_extremes(data, y)

    def read_validation(
        self, estimator: Any, arguments: tuple[Any, Any, Any], dtype: Any, targets: Targets
    ) -> tuple[DataSet, Array]:
        X, y, weight = checks.check_validation_set(estimator, *arguments, dtype)
        return checks.replace_extremes(encode_rows(estimator, targets, X, y, weight, "_val"), y)

    def gradients(self, network: Network, loss: Loss, data: DataSet, seed: int) -> GradientSource:
        return LocalGradients(network, loss, data, seed)

    def mean_loss(self, network: Network, loss: Loss, data: DataSet) -> float:
        return mean_loss(network, loss, data)

    def predictor(self, estimator: E, data: Data) -> E:
        return estimator

    def excerpt(self, data: DataSet) -> DataSet:
        return data
