"""Interrupted fits resume from a checkpoint with identical results, even after SIGKILL."""

import multiprocessing
import os
import pickle
import signal
import time

import numpy as np
import pytest
from common import STEP_TAKING, changes, file_contents, problem, state
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import sknn
from sknn import MLPClassifier, MLPRegressor
from sknn.callbacks import Checkpoint, EpochCallback, fitted_so_far, training_of
from sknn.dropout import AlphaDropout
from sknn.optimizers import Adam
from sknn.persistence import _file
from sknn.schedules import Adaptive, Cosine, ReduceOnPlateau, Schedule, Warmup

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (8, 5), "batch_size": 32, "max_iter": 9, "random_state": 0}
SMALL |= {"n_iter_no_change": 20}
RESTLESS = {"n_iter_no_change": 1, "tol": 0.5}  # every epoch is a plateau
VARIATIONS = {
    "plain": {},
    "dropout": {"dropout": 0.3, "input_dropout": AlphaDropout(0.1)},
    "in order": {"shuffle": False},
    "in blocks": {"shuffle": "blocks", "early_stopping": True, "scoring": "loss"},
    "early stopping": {"early_stopping": True, "learning_rate_init": 0.1},
    "scored and averaged": {"early_stopping": True, "scoring": "accuracy", "averaging": "ema"},
    "adaptive": {"learning_rate": Adaptive(minimum=1e-30), **RESTLESS},
    "knows its end": {"learning_rate": Warmup(Cosine(2)), **RESTLESS},
    "reduced": {"learning_rate": ReduceOnPlateau(patience=1), "tol": 0.5},
    "converges": {"n_iter_no_change": 3, "tol": 10.0},
    "float32": {"dtype": "float32", "max_norm": 2.0},
    "shared random state": {"random_state": "shared"},
    "sparse": {},
    "weighted": {"class_weight": {0: 2.0}},
    "warm start": {"warm_start": True},
}


class KilledError(Exception):
    pass


class Kill(EpochCallback):
    """Ends a fit as a kill does: nothing is left but the file."""

    def __init__(self, epoch):
        self.epoch = epoch

    def after_epoch(self, estimator):
        if training_of(estimator).progress.epoch == self.epoch:
            raise KilledError


def make(variation="plain", kind="multiclass", **params):
    cls, X, y = problem(kind)
    params = SMALL | VARIATIONS[variation] | params
    if params["random_state"] == "shared":
        params["random_state"] = np.random.RandomState(0)
    X = sparse.csr_array(np.where(abs(X) < 0.5, 0, X)) if variation == "sparse" else X
    return cls(**params), X, y


def killed(model, path, X, y, epoch, call="fit", every=1, **data):
    """Return what is in the file after a fit that was killed."""
    model.set_callbacks(Checkpoint(path, every), Kill(epoch))
    with pytest.raises(KilledError):
        getattr(model, call)(X, y, **data)
    return sknn.load(path)


def known(model):
    """Return `state` without memory whose values mean nothing."""
    fields = {path: leaf for path, leaf in state(model).items() if ".products" not in path}
    return fields | {"n_iter_": model.n_iter_, "progress": repr(model._model.training.progress)}


@pytest.mark.parametrize("variation", VARIATIONS)
def test_resumed_at_any_epoch(variation, tmp_path):
    whole, X, y = make(variation)
    wanted = known(whole.fit(X, y))
    for epoch in range(1, whole.n_iter_ + 1):
        middle = killed(make(variation)[0], tmp_path / "a.npz", X, y, epoch)
        assert middle.n_iter_ == epoch
        assert changes(wanted, known(middle.resume(X, y))) == []
        assert_array_equal(middle.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize("epoch", [12, 13, 16, 17])
def test_history_where_not_every_epoch_is_measured(epoch, tmp_path):
    whole, X, y = make(max_iter=40, n_iter_no_change=99)
    middle = killed(make(max_iter=40, n_iter_no_change=99)[0], tmp_path / "a.npz", X, y, epoch)
    norms = whole.fit(X, y).history_["gradient_norm"]
    assert len(set(norms)) < len(norms) == 40
    assert changes(known(whole), known(middle.resume(X, y))) == []


@pytest.mark.parametrize("optimizer", STEP_TAKING)
def test_every_optimizer_resumes(optimizer, tmp_path):
    whole, X, y = make(optimizer=optimizer)
    middle = killed(make(optimizer=optimizer)[0], tmp_path / "a.npz", X, y, 4)
    assert changes(known(whole.fit(X, y)), known(middle.resume(X, y))) == []


@pytest.mark.parametrize("kind", ["binary", "multilabel", "regression", "multioutput"])
def test_every_kind_of_target_resumes_twice(kind, tmp_path):
    whole, X, y = make(kind=kind)
    middle = killed(make(kind=kind)[0], tmp_path / "a.npz", X, y, 5, every=2)
    assert middle.n_iter_ == 4
    middle = killed(middle, tmp_path / "b.npz", X, y, 7, "resume")
    assert changes(known(whole.fit(X, y)), known(middle.resume(X, y))) == []


def test_second_call_of_a_warm_start(tmp_path):
    whole, X, y = make("warm start")
    model = pickle.loads(pickle.dumps(whole.fit(X, y)))
    middle = killed(model, tmp_path / "a.npz", X, y, 12)
    assert middle.n_iter_ == 3
    assert changes(known(whole.fit(X, y)), known(middle.resume(X, y))) == []


def test_weights_and_a_validation_set_of_ones_own(tmp_path):
    whole, X, y = make("early stopping")
    data = {"sample_weight": np.arange(100.0), "X_val": X[100:], "y_val": y[100:]}
    data["sample_weight_val"] = np.arange(20.0)
    whole.fit(X[:100], y[:100], **data)
    middle = killed(make("early stopping")[0], tmp_path / "a.npz", X[:100], y[:100], 4, **data)
    before = dict(vars(middle))
    with pytest.raises(ValueError, match="resume needs the validation set"):
        middle.resume(X[:100], y[:100], **data | {"sample_weight_val": None})
    with pytest.raises(ValueError, match="resume needs the validation set"):
        middle.resume(X[:100], y[:100], sample_weight=data["sample_weight"])
    assert vars(middle) == before
    assert changes(known(whole), known(middle.resume(X[:100], y[:100], **data))) == []


def test_it_predicts_as_the_model_in_the_middle_did(tmp_path):
    class Keep(EpochCallback):
        def after_epoch(self, estimator):
            self.kept = fitted_so_far(estimator)

    keep = Keep()
    model, X, y = make("scored and averaged")
    with pytest.raises(KilledError):
        model.set_callbacks(Checkpoint(tmp_path / "a.npz"), keep, Kill(6)).fit(X, y)
    middle = sknn.load(tmp_path / "a.npz")
    assert_array_equal(middle.predict_proba(X), keep.kept.predict_proba(X))
    assert middle.validation_scores_ == keep.kept.validation_scores_
    assert not hasattr(model, "coefs_")


def test_the_end_is_told_as_it_would_have_been(tmp_path):
    model, X, y = make()
    middle = killed(model, tmp_path / "a.npz", X, y, 9)
    with pytest.warns(ConvergenceWarning, match="max_iter=9") as caught:
        middle.resume(X, y)
    assert caught[0].filename == __file__


def test_a_checkpoint_does_not_change_a_fit(tmp_path):
    whole, X, y = make("scored and averaged")
    watched = make("scored and averaged")[0].set_callbacks(Checkpoint(tmp_path / "a.npz"))
    assert changes(known(whole.fit(X, y)), known(watched.fit(X, y))) == []
    assert changes(known(whole), known(sknn.load(tmp_path / "a.npz").resume(X, y))) == []


def test_a_middle_goes_on_otherwise_too(tmp_path):
    """With warm_start=True it is a model like any other."""
    model, X, y = make()
    middle = killed(model, tmp_path / "a.npz", X, y, 4).set_params(warm_start=True)
    assert middle.fit(X, y).n_iter_ == 9
    assert len(middle.loss_curve_) == 13
    with pytest.raises(ValueError, match="There is no fit to resume"):
        middle.resume(X, y)


# ---------------------------------------------------------------- other parameters

MORE = ("plain", "dropout", "early stopping", "scored and averaged", "adaptive", "reduced")


@pytest.mark.parametrize("variation", [*MORE, "converges", "shared random state", "warm start"])
def test_another_max_iter_gives_the_fit_that_had_begun_with_it(variation, tmp_path):
    for max_iter in (5, 14):
        whole, X, y = make(variation, max_iter=max_iter)
        wanted = known(whole.fit(X, y))
        for epoch in {1, 4, min(whole.n_iter_, 9)}:
            middle = killed(make(variation)[0], tmp_path / "a.npz", X, y, epoch)
            middle.set_params(max_iter=max_iter, verbose=2).resume(X, y)
            assert changes(wanted, known(middle)) == [], (max_iter, epoch)


def test_another_max_iter_in_the_second_call_of_a_warm_start_and_again(tmp_path):
    whole, X, y = make("warm start", learning_rate=Warmup("exponential", n_epochs=12))
    model = pickle.loads(pickle.dumps(whole.fit(X, y)))
    middle = killed(model, tmp_path / "a.npz", X, y, 12).set_params(max_iter=11)
    middle = killed(middle, tmp_path / "b.npz", X, y, 15, "resume").set_params(max_iter=13)
    whole.set_params(max_iter=13).fit(X, y)
    assert changes(known(whole), known(middle.resume(X, y))) == []
    assert middle.n_iter_ == 13


class Own(Schedule):
    def __call__(self, learning_rate_init, progress):
        return learning_rate_init * (1 - progress.fraction)


@pytest.mark.parametrize(
    "schedule", ["cosine", Warmup("polynomial"), Own(), Warmup(Own())], ids=str
)
def test_a_plan_is_not_changed_under_way(schedule, tmp_path):
    model, X, y = make(learning_rate=schedule)
    strategies = [Own] if "Own" in str(schedule) else []
    with pytest.raises(KilledError):
        model.set_callbacks(Checkpoint(tmp_path / "a.npz"), Kill(4)).fit(X, y)
    middle = sknn.load(tmp_path / "a.npz", strategies=strategies).set_params(max_iter=20)
    before = dict(vars(middle))
    with pytest.raises(
        ValueError, match=r"max_iter=20 differs from 9, .* learning_rate=.* may plan"
    ):
        middle.resume(X, y)
    assert vars(middle) == before
    whole = make(learning_rate=schedule)[0].fit(X, y)
    assert changes(known(whole), known(middle.set_params(max_iter=9).resume(X, y))) == []


def test_fewer_epochs_than_are_done(tmp_path):
    model, X, y = make()
    middle = killed(model, tmp_path / "a.npz", X, y, 4).set_params(max_iter=3)
    with pytest.raises(
        ValueError, match="max_iter=3 is below the 4 epochs that the interrupted fit"
    ):
        middle.resume(X, y)
    whole = make(max_iter=4)[0].fit(X, y)
    assert changes(known(whole), known(middle.set_params(max_iter=4).resume(X, y))) == []


OTHER = {
    "hidden_layer_sizes": (8, 4),
    "activation": "tanh",
    "optimizer": "sgd",
    "optimizer__beta_1": 0.8,
    "learning_rate": "exponential",
    "learning_rate_init": 0.01,
    "dropout": 0.1,
    "input_dropout": 0.1,
    "loss": "focal",
    "alpha": 0.1,
    "l1_ratio": 0.5,
    "max_norm": 2.0,
    "clip_norm": 1.0,
    "averaging": "ema",
    "batch_size": 31,
    "shuffle": False,
    "tol": 0.0,
    "n_iter_no_change": 5,
    "class_weight": {0: 2.0},
    "early_stopping": True,
    "dtype": "float32",
}
OF_VALIDATION = {"validation_fraction": 0.2, "scoring": "accuracy", "early_stopping": False}


def test_every_parameter_is_refused_or_cannot_alter_bits():
    harmless = {"init", "bias_init", "random_state", "warm_start", "verbose", "max_iter"}
    assert {*OTHER, *OF_VALIDATION} - {"optimizer__beta_1"} == {*MLPClassifier().get_params()} - (
        harmless | {key for key in MLPClassifier().get_params() if "__" in key}
    )


@pytest.mark.parametrize(
    ("variation", "name", "value"),
    [("plain", *each) for each in OTHER.items()]
    + [("early stopping", *each) for each in OF_VALIDATION.items()],
)
def test_what_would_alter_bits_is_refused_by_name(variation, name, value, tmp_path):
    model, X, y = make(variation)
    middle = killed(model, tmp_path / "a.npz", X, y, 4)
    middle.set_params(**{name: value})
    before = dict(vars(middle))
    name = name.partition("__")[0]
    with pytest.raises(ValueError, match=rf"\b{name}=.*(it began with .*Set them back|dtype=None)"):
        middle.resume(X, y)
    assert vars(middle) == before


def test_what_cannot_alter_bits_is_taken(tmp_path):
    whole, X, y = make(optimizer="adam", learning_rate=Adaptive())
    middle = killed(make(learning_rate="adaptive")[0], tmp_path / "a.npz", X, y, 4)
    middle.set_params(optimizer=Adam(), learning_rate=Adaptive(), learning_rate_init=0.001)
    middle.set_params(hidden_layer_sizes=[8, 5], activation=("relu", "relu"), dtype="float64")
    middle.set_params(init="normal", bias_init="normal", random_state=3, warm_start=True)
    middle.set_params(validation_fraction=0.3, scoring="accuracy")
    assert changes(known(whole.fit(X, y)), known(middle.resume(X, y))) == []


def make_old(path):
    """Make the file of a checkpoint one that keeps no parameters."""
    header, arrays = file_contents(path)
    _, fields = header["training"]["object"]
    assert {"begun_with", "validation"} <= fields.keys()
    header["training"]["object"][1] = {
        name: each for name, each in fields.items() if name not in ("begun_with", "validation")
    }
    _file.write(path, header, arrays)


@pytest.mark.parametrize("max_iter", [9, 12])
def test_a_file_from_before_parameters_were_kept(max_iter, tmp_path):
    whole, X, y = make("scored and averaged", max_iter=max_iter)
    killed(make("scored and averaged")[0], tmp_path / "a.npz", X, y, 4)
    make_old(tmp_path / "a.npz")
    middle = sknn.load(tmp_path / "a.npz").set_params(max_iter=max_iter)
    assert changes(known(whole.fit(X, y)), known(middle.resume(X, y))) == []


def test_an_old_file_of_a_fit_that_had_converged_with_a_schedule_of_ones_own(tmp_path):
    """The epochs that were left to go do not tell its max_iter."""
    params = {"learning_rate": Own(), "n_iter_no_change": 2, "tol": 10.0}
    whole, X, y = make(**params)
    whole.fit(X, y)
    assert whole.n_iter_ == 3
    with pytest.raises(KilledError):
        make(**params)[0].set_callbacks(Checkpoint(tmp_path / "a.npz"), Kill(3)).fit(X, y)
    make_old(tmp_path / "a.npz")
    middle = sknn.load(tmp_path / "a.npz", strategies=[Own])
    assert changes(known(whole), known(middle.resume(X, y))) == []


def test_a_validation_set_that_is_only_recorded(tmp_path):
    held, params = {}, {"scoring": "accuracy", "max_iter": 6}
    whole, X, y = make(**params)
    held["X_val"], held["y_val"] = X[100:], y[100:]
    whole.fit(X[:100], y[:100], **held)
    middle = killed(make(**params)[0], tmp_path / "a.npz", X[:100], y[:100], 4, **held)
    for other in ({}, {"X_val": X[99:], "y_val": y[99:]}):
        with pytest.raises(ValueError, match=r"resume needs the validation set"):
            middle.resume(X[:100], y[:100], **other)
    with pytest.raises(ValueError, match=r"scoring='f1_macro' .it began with 'accuracy'"):
        middle.set_params(scoring="f1_macro").resume(X[:100], y[:100], **held)
    middle.set_params(scoring="accuracy").resume(X[:100], y[:100], **held)
    assert changes(known(whole), known(middle)) == []
    assert len(middle.validation_scores_) == 6


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda X, y: (X[:-1], y[:-1]), "number of rows, 119 and not 120"),
        (lambda X, y: (X, y[::-1]), "their values, by a checksum"),
        (lambda X, y: (X + np.eye(*X.shape) * 1e-9, y), "their values, by a checksum"),
    ],
)
def test_other_data(change, match, tmp_path):
    model, X, y = make()
    middle = killed(model, tmp_path / "a.npz", X, y, 4)
    before = dict(vars(middle))
    with pytest.raises(ValueError, match=match):
        middle.resume(*change(X, y))
    with pytest.raises(ValueError, match="their values, by a checksum"):
        middle.resume(X, y, sample_weight=np.arange(len(y)))
    assert vars(middle) == before


def test_fewer_rows_are_told_of_and_not_the_smaller_automatic_batch(tmp_path):
    model, X, y = make(batch_size="auto")
    middle = killed(model, tmp_path / "a.npz", X, y, 4)
    with pytest.raises(ValueError, match="number of rows, 119 and not 120"):
        middle.resume(X[:-1], y[:-1])


@pytest.mark.parametrize("how", ["not fitted", "fitted", "saved", "saved with its state"])
def test_no_fit_to_resume(how, tmp_path):
    model, X, y = make()
    if how != "not fitted":
        model.fit(X, y)
    if how.startswith("saved"):
        sknn.save(model, tmp_path / "a.npz", training_state="with" in how)
        model = sknn.load(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="There is no fit to resume"):
        model.resume(X, y)


def test_lbfgs_goes_on_from_its_weights_only(tmp_path):
    model, X, y = make(optimizer="lbfgs")
    middle = killed(model, tmp_path / "a.npz", X, y, 3)
    with pytest.raises(
        ValueError, match=r"does not hold its estimate of the curvature\. Set warm_start=True"
    ):
        middle.resume(X, y)
    loss = middle.loss_
    assert middle.set_params(warm_start=True).fit(X, y).loss_ < loss


def test_what_a_file_cannot_hold_is_told_before_the_fit(tmp_path):
    model, X, y = make("early stopping", scoring=lambda model, X, y: 0.0)
    with pytest.raises(ValueError, match=r"^scoring=.*cannot be kept in a model file"):
        model.set_callbacks(Checkpoint(tmp_path / "a.npz")).fit(X, y)
    assert os.listdir(tmp_path) == []


def test_a_file_that_cannot_be_written_ends_the_fit(tmp_path):
    model, X, y = make()
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        model.set_callbacks(Checkpoint(tmp_path / "none" / "a.npz")).fit(X, y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize(
    ("path", "error", "match"),
    [
        (
            ".",
            IsADirectoryError,
            r"path must be a file, got the directory .*: pass, for example, .*model\.npz",
        ),
        ("none/a.npz", FileNotFoundError, "there is no directory"),
    ],
)
def test_a_path_that_cannot_be_is_refused_before_training(path, error, match, tmp_path):
    model, X, y = make()
    with pytest.raises(error, match=match):
        model.set_callbacks(Kill(1), Checkpoint(tmp_path / path)).fit(X, y)
    with pytest.raises(error, match=match):
        sknn.save(model, tmp_path / path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"every": 0}, "every must be an integer in"),
        ({"every": 1.5}, "every must be an integer in"),
        ({"minutes": 0}, "minutes must be a number in"),
        ({"minutes": "1"}, "minutes must be a number in"),
    ],
)
def test_wrong_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        Checkpoint("a.npz", **params)


# ---------------------------------------------------------------- when a file is written


@pytest.mark.parametrize(
    ("params", "epochs"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"every": 4}, [4, 8]),
        ({"every": 10}, []),
        ({"minutes": 2.5}, [3, 6, 9]),
        ({"every": 2, "minutes": 2.5}, [4, 8]),
    ],
)
def test_when_a_file_is_written(params, epochs, tmp_path, monkeypatch):
    """An epoch takes a minute here."""
    written, minutes = [], iter(range(1000))
    now = {"minute": 0}
    monkeypatch.setattr("sknn.callbacks._checkpoint.time.monotonic", lambda: 60 * now["minute"])
    monkeypatch.setattr(
        "sknn.callbacks._checkpoint.save",
        lambda model, *args, **rest: written.append(model.n_iter_),
    )

    class Clock(EpochCallback):
        def after_epoch(self, estimator):
            now["minute"] = next(minutes) + 1

    model, X, y = make()
    model.set_callbacks(Clock(), Checkpoint(tmp_path / "a.npz", **params)).fit(X, y)
    assert written == epochs


# ---------------------------------------------------------------- a real kill

LONG = {"hidden_layer_sizes": (30, 20), "max_iter": 500, "batch_size": 32, "random_state": 0}
LONG |= {"tol": 0.0, "n_iter_no_change": 1000, "dropout": 0.1, "averaging": "ema"}
LONG |= {"early_stopping": True, "learning_rate": "cosine", "optimizer": "nadam"}


def live(folder):
    """Fit, or go on from the file; what another process does until it is killed."""
    cls, X, y = problem("multiclass")
    checkpoint = Checkpoint(folder / "checkpoint.npz")
    if checkpoint.path.exists():
        model = sknn.load(checkpoint.path).set_callbacks(checkpoint).resume(X, y)
    else:
        model = cls(**LONG).set_callbacks(checkpoint).fit(X, y)
    sknn.save(model, folder / "done.npz", training_state=True)


def kill_at_random(folder, n_kills, rng):
    """Run `live` again and again, killing it so many times; return the epochs at which.

    Every other one has written a file before, so that the fit gets on.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sknn.callbacks", "sklearn.datasets", "common"])
    path, epochs = folder / "checkpoint.npz", []
    for kill in range(n_kills):
        before = path.stat().st_mtime_ns if path.exists() else None
        process = context.Process(target=live, args=(folder,))
        process.start()
        while kill % 2 == 0 and not (path.exists() and path.stat().st_mtime_ns != before):
            assert process.is_alive()
            time.sleep(0.0005)
        time.sleep(rng.uniform(0, 0.1 if kill % 2 else 0.03))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        epochs.append(sknn.load(path).n_iter_)
    process = context.Process(target=live, args=(folder,))
    process.start()
    process.join()
    assert process.exitcode == 0
    return epochs


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("n_kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_processes(n_kills, tmp_path):
    epochs = kill_at_random(tmp_path, n_kills, np.random.default_rng())
    print("killed after epochs", epochs)
    assert epochs == sorted(epochs)
    assert n_kills / 2 <= len(set(epochs)) <= epochs[-1] < LONG["max_iter"]
    cls, X, y = problem("multiclass")
    whole, done = cls(**LONG).fit(X, y), sknn.load(tmp_path / "done.npz")
    assert changes(known(whole), known(done)) == []
    for model in (whole, done):
        model._model.training.seconds = []  # the rest is the same, and so are the files
        sknn.save(model, tmp_path / f"{model is done}.npz", training_state=True)
    assert (tmp_path / "False.npz").read_bytes() == (tmp_path / "True.npz").read_bytes()


def test_estimators_have_the_method():
    assert MLPClassifier.resume is MLPRegressor.resume
