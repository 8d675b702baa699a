"""Checkpoints of an earlier commit resume with bit-for-bit identical results.

Numbers of another processor differ in their last bits. Stored results are therefore compared within
a tolerance, and with a fit of today to the bit where the weights of its first epochs have the bits
of the file.
"""

import runpy

import numpy as np
import pytest
from common import ROOT
from numpy.testing import assert_allclose, assert_array_equal

import sknn
from sknn.callbacks import EpochCallback, training_of
from sknn.optimizers import OPTIMIZERS, Muon
from sknn.persistence._migration import migrate
from sknn.schedules import Progress, ReduceOnPlateau

old = runpy.run_path(str(ROOT / "tests" / "fixtures" / "states" / "make_states.py"))
EVERY_FILE = pytest.mark.parametrize("name", old["MODELS"])

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def load(name):
    return sknn.load(old["path_of"](name))


class Stop(EpochCallback):
    """Ends a fit at the epoch of the checkpoints."""

    def after_epoch(self, estimator):
        return training_of(estimator).progress.epoch == old["N_EPOCHS"]


@EVERY_FILE
def test_old_checkpoints_resume_to_the_stored_results(name):
    resumed = load(name).resume(*old["data"]())
    with np.load(old["EXPECTED"]) as expected:
        assert_allclose(old["outcome"](resumed), expected[name], rtol=1e-9, atol=1e-12)


@EVERY_FILE
def test_old_checkpoints_resume_to_the_bits_of_a_whole_fit(name):
    middle = load(name)
    half = old["model_of"](name).set_callbacks(Stop()).fit(*old["data"]())
    for state in (middle, half):
        assert len(state.loss_curve_) == old["N_EPOCHS"]
    here, there = (model._model.training.parameters.vector for model in (half, middle))
    if (here != there).any():
        assert_allclose(here, there, rtol=1e-9, atol=1e-12)
        pytest.skip("this processor rounds otherwise than the one that wrote the file")
    whole = old["model_of"](name).fit(*old["data"]())
    assert_array_equal(old["outcome"](middle.resume(*old["data"]())), old["outcome"](whole))


@EVERY_FILE
def test_old_checkpoints_are_saved_again_in_the_new_form(name, tmp_path):
    model = load(name)
    sknn.save(model, tmp_path / "again.npz", training_state=True)
    again = sknn.load(tmp_path / "again.npz").resume(*old["data"]())
    assert_array_equal(old["outcome"](again), old["outcome"](model.resume(*old["data"]())))


def test_old_checkpoints_hold_states_that_differ_from_new_ones():
    state = load("plateau")._model.training.progress.state
    assert state.n_reductions > 0
    assert type(state) is type(ReduceOnPlateau().init())
    assert load("nadam")._model.training.progress.state.n_reductions > 0
    assert 0 < load("nadam")._model.training.optimizer_state.product < 1


def test_states_before_the_first_step_are_read_as_the_optimizers_own():
    nadam = vars(OPTIMIZERS["nadam"]().init(np.zeros(3)))
    assert migrate("state/optimizer", {**nadam, "product": 1.0}) == ("state/nadam", nadam)
    muon = vars(Muon().init(np.zeros(3)))
    assert migrate("state/muon", {**muon, "product": 1.0}) == ("state/muon", muon)
    counts = {"metric_best": np.inf, "n_bad_epochs": 0, "n_cooldown": 0, "n_reductions": 0}
    name, values = migrate("state/progress", {"epoch": 3, **counts})
    assert (name, Progress(**values)) == ("state/progress", Progress(epoch=3))
