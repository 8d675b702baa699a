"""Files that `sknn.save` wrote of models whose parts disagree: `sknn.load` refuses them by name."""

import numpy as np
import pytest
from common import problem

import sknn
from sknn.activations import Tanh
from sknn.dropout import Dropout

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
