"""Where training stands."""

import copy
import math
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np

from sknn._core.parameters import Parameters
from sknn._core.typing import Array
from sknn._training.curve import Curve
from sknn.schedules import Progress

Numbers: TypeAlias = Curve | list[float]
# Where a state notes how far it had drawn when a fork took over its random state.
_DRAWN: Final = "_drawn"


@dataclass
class TrainingState:
    """All that changes while training: kept, it lets training go on as if it had never stopped.

    Attributes
    ----------
    parameters : Parameters
        The last weights.
    optimizer_state : object
        What the optimizer's `init` returned; None for a minimizer.
    random_state : RandomState
        Shuffles.
    seed : int
        For dropout masks.
    n_samples : int
        Rows of the data that `order` and `validation_rows` speak of.
    order : ndarray of int or None
        The training rows, in the order of the last epoch; None for all rows as they stand.
    validation_rows : ndarray of int or None
        The rows set aside, if any.
    progress : Progress
        Steps, epochs, samples and plateaus.
    checksum : int
        Of the data, so that other data of as many rows is noticed.
    criterion : tuple
        What decides, and all that its value depends on.
    validation : tuple
        What the validation curves hold: the scoring, and the share or the checksum of the rows
        that are validated on. Empty if there is no validation.
    best : float
        The best training loss, validation loss or negated score, whichever decides.
    n_no_improvement : int
        Epochs since the last improvement.
    best_parameters : Parameters or None
        The best weights, if validation decides.
    average : Parameters or None
        The average of the weights over the steps, if there is to be one.
    n_averaged : int
        The steps in it.
    n_epochs_to_go : int or None
        The epochs that the fit under way may still take; None if there is none under way, or one
        that cannot be resumed.
    begun_with : dict of str to object
        The parameters that the fit under way began with, one form for all spellings; empty if
        there is none under way, or if it was written by a version that did not keep them.
    loss_curve, validation_loss_curve, validation_scores : Curve or list of float
        One entry an epoch; the validation's for the last epochs, those with a validation.
    penalties, learning_rates, gradient_norms, seconds : Curve or list of float
        One entry an epoch; the rate is that of its last step, the gradient of the last measured.
    update_ratios : Curve or list of float
        One entry for each layer an epoch: how far the last step measured moved its weights.
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
            self.validation = self.criterion[:2]  # a file that was written before it was kept

    def fork(self) -> "TrainingState":
        """Return a copy to train on with; this state stays as it is.

        The cost does not grow with the curves, whose entries so far both share. The copy takes over
        the random state, because a new one takes as long as a small call to `partial_fit`; this
        state notes how far it had drawn, for whoever copies or forks it again.
        """
        held = self._held()
        copied: dict[int, Any] = {id(self.random_state): self._hand_over_random_state()}
        for each in held.values():
            if isinstance(each, Curve):
                copied[id(each)] = each.fork()
            elif isinstance(each, list):  # from a file or a pickle
                copied[id(each)] = Curve(each)
        fork = object.__new__(type(self))
        vars(fork).update(copy.deepcopy(held, copied))
        return fork

    def __getstate__(self) -> dict[str, Any]:
        held = self._held()
        held |= {name: list(each) for name, each in held.items() if isinstance(each, Curve)}
        return held | {"random_state": self._copy_random_state()}

    def _held(self) -> dict[str, Any]:
        held = dict(vars(self))  # at once: another thread may fork
        held.pop(_DRAWN, None)
        return held

    def _hand_over_random_state(self) -> np.random.RandomState:
        drawn = self.random_state.get_state(legacy=False)
        # One operation, so that of two threads one is first.
        if vars(self).setdefault(_DRAWN, drawn) is drawn:
            return self.random_state
        return self._copy_random_state()

    def _copy_random_state(self) -> np.random.RandomState:
        """Return a random state that goes on from here, wherever a fork has taken this one."""
        random_state = copy.deepcopy(self.random_state)
        now = random_state.get_state(legacy=False)
        random_state.set_state(vars(self).get(_DRAWN, now))
        return random_state

    def shuffle(self) -> None:
        """Shuffle the order of the last epoch."""
        if self.order is None:
            self.order = np.arange(self.n_samples)
        self.random_state.shuffle(self.order)

    def go_on_with(self, n_samples: int, checksum: int) -> None:
        """Go on, maybe with other data: then the order of the rows and the best start anew.

        A checksum of 0 stands for a part of the data, whose best is worth keeping.
        """
        self.end_fit()
        if n_samples != self.n_samples or checksum not in (0, self.checksum):
            self.n_samples, self.order, self.validation_rows = n_samples, None, None
        if checksum not in (0, self.checksum):
            self.checksum = checksum
            self.forget_best()

    def end_fit(self) -> None:
        """Say that no fit is under way."""
        self.n_epochs_to_go, self.begun_with = None, {}

    def outlast_patience(self, n_iter_no_change: float) -> None:
        """Count epochs without improvement anew if the last call converged: now it is to go on."""
        if self.n_no_improvement >= n_iter_no_change:
            self.n_no_improvement = 0

    def train_on_all_rows(self) -> None:
        """Give the rows that were set aside for validation back to training, if there are any."""
        if self.validation_rows is not None:
            self.order = self.validation_rows = None

    def forget_best(self) -> None:
        """Start looking for the best anew."""
        self.best, self.n_no_improvement, self.best_parameters = math.inf, 0, None
        self.progress.forget_best()

    def decide_by(self, criterion: tuple[Any, ...]) -> None:
        """Set the criterion; another one than before knows no best yet."""
        if criterion != self.criterion:
            self.criterion = criterion
            self.forget_best()

    def validate_by(self, validation: tuple[Any, ...]) -> None:
        """Say what the validation curves hold; those of another scoring, or none, start anew."""
        if validation[:1] != self.validation[:1]:
            self.validation_loss_curve, self.validation_scores = Curve(), Curve()
        self.validation = validation

    @property
    def n_training(self) -> int:
        return self.n_samples if self.order is None else len(self.order)

    def set_averaging(self, wanted: bool) -> None:
        """Start an average, keep the one there is, or end it."""
        if not wanted:
            self.average, self.n_averaged = None, 0
        elif self.average is None:
            self.average = self.parameters.copy()

    @property
    def current_parameters(self) -> Parameters:
        """The weights that predict after the last step: their average, if there is one."""
        return self.average or self.parameters

    @property
    def chosen_parameters(self) -> Parameters:
        """The best weights where validation decides, else the current ones."""
        return self.best_parameters or self.current_parameters
