"""The training state: all that changes during training."""

import copy
import math
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeAlias, final

import numpy as np

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._training.curve import Curve
from sknn._training.shuffling import shuffle_blocks
from sknn.schedules import Progress

Numbers: TypeAlias = Curve | list[float]
# The attribute in which a state records the position of its random state when a fork took it over.
_DRAWN: Final = "_drawn"
# The attributes that hold tuples of numbers and text, which a fork need not copy.
_CONSTANTS: Final = ("criterion", "validation")


@final
@dataclass
class TrainingState:
    """All that changes during training. With it, training continues as if it had never stopped.

    Attributes
    ----------
    parameters : Parameters
        The weights after the last step.
    optimizer_state : object
        The state of the optimizer, made by its `init`; None for a minimizer.
    random_state : RandomState
        The source of the shuffles.
    seed : int
        The seed of the dropout masks.
    n_samples : int
        The number of rows in the data to which `order` and `validation_rows` refer.
    order : ndarray of int or None
        The training rows in the order of the last epoch; None for all rows in the order of the
        data.
    validation_rows : ndarray of int or None
        The rows that are set aside for validation, if any.
    progress : Progress
        The counts of steps, epochs, samples and plateaus.
    checksum : int
        The checksum of the data, which distinguishes data of the same number of rows.
    criterion : tuple
        The metric that decides on stopping, and everything on which its value depends.
    validation : tuple
        The content of the validation curves: the scoring, and the fraction or the checksum of the
        validation set. Empty if there is no validation.
    best : float
        The best value of the criterion: training loss, validation loss or negated score.
    n_no_improvement : int
        The number of epochs since the last improvement.
    best_parameters : Parameters or None
        The weights of the best epoch, if validation decides on stopping.
    average : Parameters or None
        The average of the weights over the steps; None without averaging.
    n_averaged : int
        The number of steps in the average.
    n_epochs_to_go : int or None
        The number of epochs that the current fit may still take; None if no fit is running, or if
        it cannot be resumed.
    begun_with : dict of str to object
        The parameters with which the current fit began, in one form for all spellings. Empty if no
        fit is running, or if an older version wrote the state without them.
    loss_curve, validation_loss_curve, validation_scores : Curve or list of float
        One entry per epoch. The validation curves cover the last epochs, those with a validation.
    penalties, learning_rates, gradient_norms, seconds : Curve or list of float
        One entry per epoch: the learning rate is that of the last step, and the gradient norm that
        of the last measured step.
    update_ratios : Curve or list of float
        One entry per layer and epoch: how far the last measured step moved the weights.
    """

    parameters: Parameters
    optimizer_state: Any
    random_state: np.random.RandomState
    seed: int
    n_samples: int
    order: Array | None = None
    validation_rows: Array | None = None
    progress: Progress = field(default_factory=Progress)
    checksum: int = 0
    criterion: tuple[Any, ...] = ()
    validation: tuple[Any, ...] = ()
    best: float = math.inf
    n_no_improvement: int = 0
    best_parameters: Parameters | None = None
    average: Parameters | None = None
    n_averaged: int = 0
    n_epochs_to_go: int | None = None
    begun_with: dict[str, Any] = field(default_factory=dict)
    loss_curve: Numbers = field(default_factory=Curve)
    validation_loss_curve: Numbers = field(default_factory=Curve)
    validation_scores: Numbers = field(default_factory=Curve)
    penalties: Numbers = field(default_factory=Curve)
    learning_rates: Numbers = field(default_factory=Curve)
    gradient_norms: Numbers = field(default_factory=Curve)
    update_ratios: Numbers = field(default_factory=Curve)
    seconds: Numbers = field(default_factory=Curve)

    def __post_init__(self) -> None:
        if not self.validation and self.criterion and self.criterion[0] is not None:
            self.validation = self.criterion[:2]  # older files lack it

    def fork(self) -> "TrainingState":
        """Return a copy with which training continues; this state does not change.

        The cost does not grow with the curves, because both states share their present entries. The
        copy takes over the random state, because a new one takes as long as a small call to
        `partial_fit`. This state records the position of the random state, for later copies and
        forks.
        """
        attributes = self._attributes()
        copied: dict[int, Any] = {id(self.random_state): self._hand_over_random_state()}
        for name in _CURVES & attributes.keys():
            value = attributes[name]
            # Curves from a file or a pickle are lists.
            copied[id(value)] = value.fork() if isinstance(value, Curve) else Curve(value)
        changing = {
            name: value
            for name, value in attributes.items()
            if not (name in _CONSTANTS or type(value) in (int, float, type(None)))
        }
        fork = object.__new__(type(self))
        vars(fork).update(attributes | copy.deepcopy(changing, copied))
        return fork

    def __getstate__(self) -> dict[str, Any]:
        attributes = self._attributes()
        attributes |= {
            name: list(value) for name, value in attributes.items() if isinstance(value, Curve)
        }
        return attributes | {"random_state": self._copy_random_state()}

    def _attributes(self) -> dict[str, Any]:
        attributes = dict(vars(self))  # one operation, as another thread may fork
        attributes.pop(_DRAWN, None)
        return attributes

    def _hand_over_random_state(self) -> np.random.RandomState:
        drawn = self.random_state.get_state(legacy=False)
        # One operation, so that only one of two threads takes over the random state.
        if vars(self).setdefault(_DRAWN, drawn) is drawn:
            return self.random_state
        return self._copy_random_state()

    def _copy_random_state(self) -> np.random.RandomState:
        """Return a random state at the position of this training state, even after a fork."""
        random_state = copy.deepcopy(self.random_state)
        now = random_state.get_state(legacy=False)
        random_state.set_state(vars(self).get(_DRAWN, now))
        return random_state

    def shuffle(self, block_size: int | None = None) -> None:
        """Shuffle the order of the last epoch, all rows or in blocks of so many rows."""
        if self.order is None:
            self.order = np.arange(self.n_samples)
        if block_size is None:
            self.random_state.shuffle(self.order)
        else:
            shuffle_blocks(self.order, block_size, self.random_state)

    def go_on_with(self, n_samples: int, checksum: int) -> None:
        """Prepare to continue with data that may be different.

        Other data resets the order of the rows and the best value. A checksum of 0 stands for a
        part of the data, which keeps the best value.
        """
        self.end_fit()
        if n_samples != self.n_samples or checksum not in (0, self.checksum):
            self.n_samples, self.order, self.validation_rows = n_samples, None, None
        if checksum not in (0, self.checksum):
            self.checksum = checksum
            self.forget_best()

    def end_fit(self) -> None:
        """Record that no fit is running."""
        self.n_epochs_to_go, self.begun_with = None, {}

    def outlast_patience(self, n_iter_no_change: float) -> None:
        """Reset the count of epochs without improvement if the last call exhausted patience."""
        if self.n_no_improvement >= n_iter_no_change:
            self.n_no_improvement = 0

    def train_on_all_rows(self) -> None:
        """Return the rows that were set aside for validation to training, if there are any."""
        if self.validation_rows is not None:
            self.order = self.validation_rows = None

    def forget_best(self) -> None:
        """Reset the best value and the best weights."""
        self.best, self.n_no_improvement, self.best_parameters = math.inf, 0, None
        self.progress.forget_best()

    def decide_by(self, criterion: tuple[Any, ...]) -> None:
        """Set the criterion; a new criterion resets the best value."""
        if criterion != self.criterion:
            self.criterion = criterion
            self.forget_best()

    def validate_by(self, validation: tuple[Any, ...]) -> None:
        """Set the content of the validation curves; another scoring resets the curves."""
        if validation[:1] != self.validation[:1]:
            self.validation_loss_curve, self.validation_scores = Curve(), Curve()
        self.validation = validation

    @property
    def n_training(self) -> int:
        return self.n_samples if self.order is None else len(self.order)

    def set_averaging(self, wanted: bool) -> None:
        """Start, keep or end the average of the weights."""
        if not wanted:
            self.average, self.n_averaged = None, 0
        elif self.average is None:
            self.average = self.parameters.copy()

    @property
    def current_parameters(self) -> Parameters:
        """The weights that predict after the last step: the average, if there is one."""
        return self.average or self.parameters

    @property
    def chosen_parameters(self) -> Parameters:
        """The best weights if validation decides on stopping, else the current weights."""
        return self.best_parameters or self.current_parameters


# The attributes that hold curves. The state of an optimizer may be a list, too.
_CURVES: Final = {
    attribute.name for attribute in fields(TrainingState) if attribute.default_factory is Curve
}
