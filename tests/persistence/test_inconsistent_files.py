"""Files of inconsistent models: `sknn.load` raises an error that names the inconsistency."""

from dataclasses import replace

import numpy as np
import pytest
from common import problem

import sknn
from sknn.activations import Tanh
from sknn.dropout import Dropout
from sknn.losses import Gaussian, Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def set_rows(name, at, value):
    def change(model):
        rows = getattr(model._model.training, name).copy()
        rows[at] = value
        setattr(model._model.training, name, rows)

    return change


def set_parts(name, change):
    def apply(model):
        setattr(
            model._model.network.architecture,
            name,
            change(list(getattr(model._model.network.architecture, name))),
        )

    return apply


def set_state(name, value):
    def change(model):
        holder, _, field = name.rpartition(".")
        training = model._model.training
        setattr(training.progress if holder else training, field, value)

    return change


CHANGES = {
    "a dropout too many": (set_parts("dropouts", lambda all_: [*all_, Dropout(0.1)]), "dropouts"),
    "a dropout too few": (set_parts("dropouts", lambda all_: all_[:-1]), "dropouts"),
    "an activation too many": (
        set_parts("activations", lambda all_: [*all_, Tanh()]),
        "activations",
    ),
    "a training row below 0": (set_rows("order", 0, -1), "rows"),
    "a training row beyond": (set_rows("order", -1, 40), "rows"),
    "a validation row below 0": (set_rows("validation_rows", 0, -1), "rows"),
    "a validation row beyond": (set_rows("validation_rows", -1, 40), "rows"),
    "skipped batches below 0": (set_state("progress.skipped", -1), "skipped is -1"),
    "a total that is no count": (set_state("progress.total_steps", 0.5), "total_steps is 0.5"),
    "a curve of text": (set_state("seconds", ["a"]), "seconds is not a list of numbers"),
    "a curve that is a number": (set_state("loss_curve", 1), "loss_curve is not a list of numbers"),
    "parameters in a list": (set_state("begun_with", [1]), "begun_with is no dict"),
    "validation by a number": (set_state("validation", 1), "validation is no tuple"),
}


def fitted():
    cls, X, y = problem("multiclass", 40)
    return cls(2, early_stopping=True, max_iter=2, random_state=0).fit(X, y)


@pytest.mark.parametrize("name", CHANGES)
def test_parts_that_disagree_are_refused(name, tmp_path):
    change, message = CHANGES[name]
    model = fitted()
    change(model)
    sknn.save(model, tmp_path / "model.npz", training_state=True)
    with pytest.raises(ValueError, match=message):
        sknn.load(tmp_path / "model.npz")


def test_first_and_last_rows_are_accepted(tmp_path):
    model = fitted()
    rows = np.concatenate([model._model.training.order, model._model.training.validation_rows])
    assert (rows.min(), rows.max()) == (0, 39)
    sknn.save(model, tmp_path / "model.npz", training_state=True)
    assert sknn.load(tmp_path / "model.npz").n_iter_ == 2


@pytest.mark.parametrize("loss", [Gaussian(), Quantile([0.1, 0.9])], ids=repr)
def test_a_loss_of_another_number_of_outputs_is_refused(loss, tmp_path):
    cls, X, y = problem("multioutput", 40)
    y = np.column_stack([y, y])[:, :3]
    model = cls(2, max_iter=2, random_state=0).fit(X, y)
    fitted_model = replace(model._model, loss=loss)
    targets = replace(fitted_model.targets, loss=loss)
    model._model = replace(fitted_model, targets=targets)
    sknn.save(model, tmp_path / "model.npz")
    with pytest.raises(ValueError, match="the loss and the network disagree, 2 and 3"):
        sknn.load(tmp_path / "model.npz")
