"""Schedules: closed forms and complete fits."""

import json
import pickle
import warnings
from dataclasses import dataclass
from typing import ClassVar

import common
import numpy as np
import pytest
from common import STEP_TAKING
from sklearn.exceptions import ConvergenceWarning

import sknn
from sknn import MLPClassifier
from sknn.optimizers import SGD
from sknn.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    InvScaling,
    Progress,
    ReduceOnPlateau,
    Schedule,
    Warmup,
)

GOLDEN = json.loads((common.GOLDEN / "schedules.json").read_text())


class Recorder(SGD):
    """Gradient descent that notes the rate of each step."""

    rates: ClassVar[list[float]] = []

    def coefficients(self, step, learning_rate):
        self.rates.append(learning_rate)
        return super().coefficients(step, learning_rate)


def fit(learning_rate, **params):
    """Fit to eight rows, one step an epoch, and return the rates and the model."""
    Recorder.rates.clear()
    X = np.linspace(-1, 1, 8)[:, np.newaxis]
    model = MLPClassifier(4, optimizer=Recorder(), learning_rate=learning_rate, random_state=0)
    model.set_params(learning_rate_init=0.1, **params).fit(X, X.ravel() > 0)
    return list(Recorder.rates), model


# What the first rate is multiplied by: these two start low by design.
FIRST_FACTOR = {"one_cycle": 1 / 25, "warmup": 0.1}


@pytest.mark.parametrize("name", SCHEDULES)
def test_first_rate(name):
    first = SCHEDULES[name]()(0.3, Progress(total_steps=100))
    assert first == pytest.approx(0.3 * FIRST_FACTOR.get(name, 1.0), rel=1e-15)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id="-".join([case["schedule"], *case["hyperparameters"]]))
        for case in GOLDEN["cases"]
    ],
)
def test_follows_torch(case):
    schedule = SCHEDULES[case["schedule"]](**case["hyperparameters"])
    # One epoch has four steps, so every fourth step is compared with an epoch of torch.
    counts = {"total_steps": 4 * case["n_epochs"], "steps_per_epoch": 4}
    progress = Progress(**counts, state=schedule.init())
    for metric, expected in zip(GOLDEN["metrics"], case["rates"], strict=True):
        assert schedule(0.1, progress) == pytest.approx(expected, rel=1e-10, abs=1e-17)
        progress.step += 4
        progress.epoch += 1
        schedule.after_epoch(metric, progress)


def test_torch_has_followed_every_schedule_it_has():
    own = {"constant", "invscaling", "adaptive"}
    assert {case["schedule"] for case in GOLDEN["cases"]} == set(SCHEDULES) - own


@pytest.mark.parametrize("name", SCHEDULES)
def test_rate_is_a_positive_float(name):
    progress = Progress(step=70, epoch=7, samples=7000, plateaus=2, total_steps=100)
    rate = SCHEDULES[name]()(1, progress)
    assert 0 < rate <= 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_is_a_pure_function(name):
    schedule, progress = SCHEDULES[name](), Progress(epoch=3, plateaus=1)
    first = schedule(0.1, progress)
    schedule(0.5, Progress(epoch=9))
    assert schedule(0.1, progress) == first
    assert progress == Progress(epoch=3, plateaus=1)


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        (Constant(), Progress(step=9, epoch=9, samples=9, plateaus=9), 0.1),
        (InvScaling(), Progress(epoch=24), 0.02),
        (InvScaling(1.0), Progress(epoch=9), 0.01),
        (InvScaling(0), Progress(epoch=9), 0.1),
        (InvScaling(), Progress(step=99, samples=99, plateaus=9), 0.1),
        (Adaptive(), Progress(plateaus=3), 0.0008),
        (Adaptive(divisor=10), Progress(plateaus=2), 0.001),
        (Adaptive(), Progress(step=99, epoch=99, samples=99), 0.1),
    ],
)
def test_closed_forms(schedule, progress, expected):
    assert schedule(0.1, progress) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("schedule", "plateaus", "goes_on"),
    [
        (Constant(), 0, False),
        (InvScaling(), 0, False),
        (Adaptive(minimum=0.02), 0, True),
        (Adaptive(minimum=0.02), 1, False),  # 0.1 / 5 is no more than the minimum
        (Adaptive(minimum=0.019), 1, True),
        (Adaptive(minimum=0.1), 0, False),
    ],
)
def test_who_outlasts_a_plateau(schedule, plateaus, goes_on):
    assert schedule.outlasts_plateau(0.1, Progress(plateaus=plateaus)) is goes_on


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (InvScaling(-0.1), "power_t"),
        (Adaptive(divisor=1), "divisor"),
        (Adaptive(divisor=0.5), "divisor"),
        (Adaptive(minimum=0), "minimum"),
    ],
)
def test_ranges(schedule, field):
    with pytest.raises(ValueError, match=f"learning_rate__{field} must be a number in"):
        schedule.check("learning_rate")


# With this tolerance no epoch but the first improves, so patience is two epochs a plateau.
FLAT = {"tol": 10, "n_iter_no_change": 2, "max_iter": 100}


def test_constant_stops_at_the_first_plateau():
    assert fit("constant", **FLAT)[0] == [0.1] * 3


def test_adaptive_goes_on_through_plateaus_and_stops_at_the_minimum():
    rates, model = fit(Adaptive(divisor=10, minimum=0.001), **FLAT)
    np.testing.assert_allclose(rates, [0.1] * 3 + [0.01] * 2 + [0.001] * 2, rtol=1e-12)
    assert model.n_iter_ == len(rates)


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_adaptive_keeps_its_rate_while_the_loss_falls():
    rates, model = fit("adaptive", tol=0, max_iter=20)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert rates == [0.1] * 20


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_invscaling_counts_epochs_not_steps():
    rates, _ = fit("invscaling", batch_size=4, max_iter=3)
    np.testing.assert_allclose(rates, 0.1 / np.sqrt([1, 1, 2, 2, 3, 3]), rtol=1e-14)


# ---------------------------------------------------------------- schedules that know their end


def test_fraction_is_the_part_of_the_run():
    assert Progress().fraction == 0.0
    assert Progress(step=5, total_steps=20).fraction == 0.25
    assert Progress(step=15, first_step=10, total_steps=20).fraction == 0.5
    assert Progress(step=25, first_step=10, total_steps=20).fraction == 1.0


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("schedule", ["polynomial", "cosine", "one_cycle", Warmup("cosine")])
def test_runs_to_max_iter_without_a_warning(schedule, early_stopping):
    flat = {"tol": 10, "n_iter_no_change": 2, "max_iter": 9}
    params = {"early_stopping": early_stopping, "validation_fraction": 0.25}
    rates, model = fit(schedule, **flat, **params)
    assert model.n_iter_ == len(rates) == 9
    assert rates[-1] < max(rates) / 2
    assert len(model.loss_curve_) == 9


def test_each_fit_is_a_run_and_partial_fits_are_one():
    planned = [0.1 * (1 - epoch / 4) for epoch in range(4)]
    rates, model = fit("polynomial", max_iter=4, warm_start=True)
    assert rates == pytest.approx(planned, rel=1e-12)
    X = np.linspace(-1, 1, 8)[:, np.newaxis]
    model.fit(X, X.ravel() > 0)
    assert Recorder.rates == pytest.approx(2 * planned, rel=1e-12)
    Recorder.rates.clear()
    parts = MLPClassifier(4, optimizer=Recorder(), learning_rate="polynomial", max_iter=4)
    parts.set_params(learning_rate_init=0.1)
    for _ in range(5):  # the fifth begins a run
        parts.partial_fit(X, X.ravel() > 0, classes=[False, True])
    assert Recorder.rates == pytest.approx([*planned, 0.1], rel=1e-12)


PLANNED = ["polynomial", "cosine", "one_cycle", Warmup(Cosine(n_cycles=2)), Warmup(n_epochs=3)]
X_LINE = np.linspace(-1, 1, 8)[:, np.newaxis]
Y_LINE = X_LINE.ravel() > 0


def planned_rates(schedule, n_epochs, n_batches, run=0):
    """Return the rate of each batch of a run, an epoch a row."""
    schedule = SCHEDULES[schedule]() if isinstance(schedule, str) else schedule
    first, last = (n_epochs * n_batches * i for i in (run, run + 1))
    run = {"first_step": first, "total_steps": last, "steps_per_epoch": n_batches}
    rates = [schedule(0.1, Progress(step=i, **run)) for i in range(first, last)]
    return np.reshape(rates, (n_epochs, n_batches))


def weightless_batches(schedule, **params):
    """Return a model of four batches an epoch, of which the second and the last weigh nothing."""
    Recorder.rates.clear()
    model = MLPClassifier(4, optimizer=Recorder(), learning_rate=schedule, random_state=0)
    model.set_params(learning_rate_init=0.1, batch_size=2, shuffle=False, n_iter_no_change=99)
    return model.set_params(**params), np.repeat([1.0, 0.0, 1.0, 0.0], 2)


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize("schedule", PLANNED)
def test_batches_without_weight_take_their_place_in_the_plan(schedule):
    model, weight = weightless_batches(schedule, max_iter=5, warm_start=True)
    model.fit(X_LINE, Y_LINE, weight).fit(X_LINE, Y_LINE, weight)
    for run, rates in enumerate(np.reshape(Recorder.rates, (2, 5, 2))):
        planned = planned_rates(schedule, n_epochs=5, n_batches=4, run=run)
        np.testing.assert_allclose(rates, planned[:, [0, 2]], rtol=1e-12)
    progress = model._model.training.progress
    assert (progress.step, progress.skipped, progress.batches) == (20, 20, 40)


@pytest.mark.parametrize("schedule", PLANNED[:3])
def test_shuffled_batches_without_weight_leave_the_last_rate(schedule):
    weight = np.arange(8.0) == 0
    model, _ = weightless_batches(schedule, max_iter=5, shuffle=True)
    model.fit(X_LINE, Y_LINE, weight)
    planned = planned_rates(schedule, n_epochs=5, n_batches=4)
    np.testing.assert_allclose(model.history_["learning_rate"], planned[:, -1], rtol=1e-12)
    assert model._model.training.progress.skipped == 15


@pytest.mark.parametrize("schedule", PLANNED[:3])
def test_partial_fits_of_batches_without_weight_are_one_run(schedule):
    model, weight = weightless_batches(schedule, max_iter=3)
    for _ in range(4):  # the fourth begins a run
        model.partial_fit(X_LINE, Y_LINE, classes=[False, True], sample_weight=weight)
    planned = planned_rates(schedule, n_epochs=3, n_batches=4)[:, [0, 2]]
    np.testing.assert_allclose(Recorder.rates, [*planned.ravel(), *planned[0]], rtol=1e-12)


# ---------------------------------------------------------------- schedules that read the metric


def test_reduce_on_plateau_acts_in_a_fit_and_goes_on_after_a_pickle():
    # Hardly any epoch halves the loss, so that the rate falls again and again.
    schedule = ReduceOnPlateau(factor=0.5, patience=1, threshold=0.5)
    params = {"tol": 0.0, "n_iter_no_change": 100, "warm_start": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole, _ = fit(schedule, max_iter=40, **params)
        first, model = fit(schedule, max_iter=20, **params)
        Recorder.rates.clear()
        X = np.linspace(-1, 1, 8)[:, np.newaxis]
        pickle.loads(pickle.dumps(model)).fit(X, X.ravel() > 0)
    assert [*first, *Recorder.rates] == whole
    assert len(set(whole)) > 2


def test_reduce_on_plateau_knows_that_a_worse_score_is_worse():
    schedule = ReduceOnPlateau(patience=0, threshold=0.01)
    progress = Progress(state=schedule.init())
    for metric in (-0.9, -0.899):  # negated scores
        schedule.after_epoch(metric, progress)
    assert progress.state.n_reductions == 1


def test_partial_fit_after_a_planned_fit_begins_a_run():
    rates, model = fit("cosine", max_iter=4)
    X = np.linspace(-1, 1, 8)[:, np.newaxis]
    for _ in range(4):
        model.partial_fit(X, X.ravel() > 0)
    assert Recorder.rates[4:] == pytest.approx(rates, rel=1e-12)


def test_reduce_on_plateau_forgets_the_best_of_another_criterion():
    params = {"early_stopping": True, "validation_fraction": 0.25, "scoring": "accuracy"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        _, model = fit("reduce_on_plateau", max_iter=3, warm_start=True, **params)
        X = np.linspace(-1, 1, 8)[:, np.newaxis]
        model.set_params(early_stopping=False, max_iter=1).fit(X, X.ravel() > 0)
    assert model._model.training.progress.state.best == model.loss_curve_[-1] > 0
    assert model._model.training.progress.state.n_bad_epochs == 0


def test_reduce_on_plateau_never_raises_the_rate():
    assert ReduceOnPlateau(minimum=0.5)(0.1, Progress()) == 0.1
    schedule = ReduceOnPlateau(minimum=0.05)
    state = schedule.init()
    state.n_reductions = 3
    assert schedule(0.1, Progress(state=state)) == 0.05


def test_cosine_refuses_cycles_beyond_measure():
    with pytest.raises(ValueError, match=r"learning_rate__cycle_factor=2\.0 is too large for"):
        fit(SCHEDULES["cosine"](n_cycles=2000, cycle_factor=2.0))


@pytest.mark.parametrize("first", [Warmup("invscaling"), Warmup(InvScaling())])
def test_parameters_of_the_other_schedule(first):
    model = MLPClassifier(learning_rate=first).set_params(learning_rate__schedule__power_t=0.25)
    assert model.learning_rate.schedule.power_t == 0.25
    together = {"learning_rate__schedule__divisor": 7, "learning_rate__schedule": "adaptive"}
    assert model.set_params(**together).learning_rate.schedule.divisor == 7


def test_warmup_multiplies_the_other_schedule():
    warmup = Warmup(InvScaling(1.0), n_epochs=4, start_factor=0.2)
    for step in range(0, 80, 7):
        progress = Progress(step=step, epoch=step // 10, steps_per_epoch=10)
        factor = min(1.0, 0.2 + 0.8 * step / 40)
        expected = factor * InvScaling(1.0)(0.1, progress)
        assert warmup(0.1, progress) == pytest.approx(expected, rel=1e-14)
    model = MLPClassifier(learning_rate=warmup).set_params(learning_rate__schedule__power_t=0.25)
    assert model.learning_rate.schedule.power_t == 0.25


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (Warmup("cosin"), "learning_rate__schedule='cosin' is not known; did you mean 'cosine'"),
        (Warmup(InvScaling(-1)), "learning_rate__schedule__power_t must be a number"),
        (Warmup(0.1), "learning_rate__schedule must be one of 'constant'"),
        (Warmup(start_factor=0), r"learning_rate__start_factor must be a number in \(0, 1\]"),
    ],
)
def test_warmup_checks_the_other_schedule(schedule, message):
    with pytest.raises(ValueError, match=message):
        fit(schedule)


def test_a_schedule_of_ones_own_hears_of_each_epoch():
    class Listening(Schedule):
        def __call__(self, learning_rate_init, progress):
            return learning_rate_init

        def after_epoch(self, metric, progress):
            heard.append((metric, progress.epoch))

    heard = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        _, model = fit(Listening(), max_iter=3)
    assert heard == [(loss, i + 1) for i, loss in enumerate(model.loss_curve_)]


@dataclass
class Improvements:
    """The state of `Falling`."""

    best: float = np.inf
    n_improvements: int = 0


@dataclass(repr=False, eq=False)
class Falling(Schedule):
    """A rate that falls with each epoch that improves."""

    factor: float = 0.9

    def init(self):
        return Improvements()

    def __call__(self, learning_rate_init, progress):
        return learning_rate_init * self.factor**progress.state.n_improvements

    def after_epoch(self, metric, progress):
        if metric < progress.state.best:
            progress.state.best = metric
            progress.state.n_improvements += 1


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize("schedule", [Falling(), Warmup(Falling(), start_factor=1.0)])
def test_a_schedules_own_state_is_kept_by_warm_starts_and_files(schedule, tmp_path):
    X = np.linspace(-1, 1, 8)[:, np.newaxis]
    rates, model = fit(schedule, max_iter=6, warm_start=True)
    whole = 0.1 * 0.9 ** np.arange(12)
    assert rates == pytest.approx(whole[:6])
    sknn.save(model, tmp_path / "model.npz", training_state=True)
    own = [Falling, Improvements, Recorder]
    for again in (model, sknn.load(tmp_path / "model.npz", strategies=own)):
        Recorder.rates.clear()
        again.fit(X, X.ravel() > 0)
        assert Recorder.rates == pytest.approx(whole[6:])
    again = model.set_params(warm_start=False).fit(X, X.ravel() > 0)
    assert again._model.training.progress.state.n_improvements == 6


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_a_state_is_of_the_present_schedules_class():
    X = np.linspace(-1, 1, 8)[:, np.newaxis]
    impatient = ReduceOnPlateau(patience=0, threshold=0.9)  # no epoch but the first improves
    _, model = fit(impatient, max_iter=3, warm_start=True)
    assert model._model.training.progress.state.n_reductions == 2
    model.set_params(learning_rate="constant").fit(X, X.ravel() > 0)
    model.set_params(learning_rate=impatient).fit(X, X.ravel() > 0)
    # Constant, which needs no state, has left the state as it was.
    assert model._model.training.progress.state.n_reductions == 5
    model.set_params(learning_rate=Falling()).fit(X, X.ravel() > 0)
    assert type(model._model.training.progress.state) is Improvements


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
def test_a_schedule_without_init_may_pass_its_calls_on():
    plateaus = ReduceOnPlateau(factor=0.5, patience=0, threshold=0.5)

    class Passing(Schedule):
        def __call__(self, learning_rate_init, progress):
            return plateaus(learning_rate_init, progress)

        def after_epoch(self, metric, progress):
            plateaus.after_epoch(metric, progress)

    assert fit(Passing(), max_iter=6)[0] == fit(plateaus, max_iter=6)[0]


@pytest.mark.parametrize("optimizer", STEP_TAKING)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_serves_every_optimizer(name, optimizer):
    X = np.linspace(-1, 1, 40)[:, np.newaxis]
    model = MLPClassifier(4, optimizer=optimizer, learning_rate=name, max_iter=4, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(batch_size=10, n_iter_no_change=4).fit(X, X.ravel() > 0)
    assert np.isfinite(model.loss_curve_).all()
    assert model.loss_curve_[-1] < model.loss_curve_[0]
