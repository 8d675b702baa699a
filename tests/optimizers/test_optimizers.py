"""Optimizers: torch's trajectories, memory, state, and the contract of every registered one."""

import json
import math
import pickle
import re
import tracemalloc
import warnings

import common
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, MLPRegressor
from sknn._core import chunks
from sknn._core.chunks import CHUNK_SIZE
from sknn._core.parameters import Block, Layout
from sknn.losses import LOSSES
from sknn.optimizers import OPTIMIZERS, Minimizer, Optimizer

GOLDEN = json.loads((common.GOLDEN / "optimizers.json").read_text())
MATRIX, START = np.array(GOLDEN["matrix"]), np.array(GOLDEN["start"])
COPIES = 3 * CHUNK_SIZE // (2 * START.size)  # of the problem, which fill a chunk and a half
SAME_RULE = {"gd": "sgd", "muon": "adam"}  # Muon without layers

STEPPERS = [name for name, member in OPTIMIZERS.items() if issubclass(member, Optimizer)]
MINIMIZERS = [name for name, member in OPTIMIZERS.items() if issubclass(member, Minimizer)]
BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def golden_cases():
    for name in STEPPERS:
        reference = SAME_RULE.get(name, name)
        for case in GOLDEN["cases"]:
            if case["optimizer"] == reference:
                label = "-".join([name, *case["hyperparameters"]])
                yield pytest.param(name, case, id=f"{label}-{case['learning_rate']}")


def slopes(params):
    """Return the golden problem's gradient, for one or many copies of its parameters in a row."""
    copies = params.reshape(-1, START.size)
    return (copies @ MATRIX.T.astype(params.dtype) + np.sin(copies)).ravel()


def take_steps(optimizer, params, state, n_steps, learning_rate=0.01, decay=1.0):
    """Yield after each step."""
    for step in range(n_steps):
        optimizer.update(params, slopes(params), state, learning_rate * decay**step)
        yield step + 1


def run(optimizer, params, n_steps=20):
    state = optimizer.init(params)
    for _ in take_steps(optimizer, params, state, n_steps):
        pass
    return state


def over_chunks(dtype):
    return np.tile(START, COPIES).astype(dtype)


@pytest.mark.parametrize("name", STEPPERS)
def test_torch_has_followed_two_settings(name):
    assert len([case for case in golden_cases() if case.values[0] == name]) >= 2


@pytest.mark.parametrize("copies", [1, COPIES])
@pytest.mark.parametrize(("name", "case"), golden_cases())
def test_follows_torch(name, case, copies):
    optimizer = OPTIMIZERS[name](**case["hyperparameters"])
    params = np.tile(START, copies)
    expected = dict(zip(GOLDEN["steps"], case["points"], strict=True))
    n_steps, rate = max(GOLDEN["steps"]) if copies == 1 else 20, case["learning_rate"]
    for step in take_steps(optimizer, params, optimizer.init(params), n_steps, rate, case["decay"]):
        if step in expected:
            points = params.reshape(copies, -1)
            np.testing.assert_allclose(
                points, np.tile(expected[step], (copies, 1)), rtol=1e-10, atol=1e-10
            )


@BOTH_DTYPES
@pytest.mark.parametrize("name", STEPPERS)
def test_chunks_change_nothing(name, dtype, monkeypatch):
    whole, in_chunks = START.astype(dtype), START.astype(dtype)
    run(OPTIMIZERS[name](), whole)
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 5)
    run(OPTIMIZERS[name](), in_chunks)
    np.testing.assert_allclose(in_chunks, whole, rtol=20 * np.finfo(dtype).eps)


@BOTH_DTYPES
@pytest.mark.parametrize("name", STEPPERS)
def test_keeps_dtype_and_memory(name, dtype):
    optimizer, params = OPTIMIZERS[name](), START.astype(dtype)
    before, state = params.copy(), optimizer.init(params)
    slots = state.slots
    optimizer.update(params, slopes(params), state, 0.01)
    assert (params != before).all()
    assert params.dtype == state.scratch.dtype == dtype
    assert [slot.dtype for slot in state.slots] == [dtype] * optimizer.n_slots
    assert all(new is old for new, old in zip(state.slots, slots, strict=True))


@BOTH_DTYPES
@pytest.mark.parametrize("name", STEPPERS)
def test_warm_update_allocates_nothing_that_grows(name, dtype):
    optimizer, params = OPTIMIZERS[name](), over_chunks(dtype)
    grad, state = slopes(params), optimizer.init(params)
    optimizer.update(params, grad, state, 0.01)
    tracemalloc.start()
    optimizer.update(params, grad, state, 0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < params.nbytes / 50


@BOTH_DTYPES
@pytest.mark.parametrize("name", STEPPERS)
def test_goes_on_bit_for_bit_after_a_pickle(name, dtype):
    optimizer, params = OPTIMIZERS[name](), START.astype(dtype)
    state = run(optimizer, params)
    twin_optimizer, twin, twin_state = pickle.loads(pickle.dumps((optimizer, params, state)))
    for _ in take_steps(optimizer, params, state, 20):
        pass
    for _ in take_steps(twin_optimizer, twin, twin_state, 20):
        pass
    np.testing.assert_array_equal(twin, params)
    assert twin_state.step == state.step == 40


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", STEPPERS)
def test_default_rate_decreases_a_quadratic(name, loss):
    optimizer, params = OPTIMIZERS[name](), START.copy()
    rate, state = optimizer.default_learning_rate(LOSSES[loss]()), optimizer.init(params)
    values = [params @ params]
    for _ in range(200):
        optimizer.update(params, params.copy(), state, rate)
        values.append(params @ params)
    assert values[-1] < 0.9 * values[0]
    assert max(values) == values[0]


@pytest.mark.parametrize(
    ("name", "bounded_rate", "rate"),
    [
        ("gd", 0.3, 0.003),
        ("sgd", 0.1, 0.001),
        ("momentum", 0.03, 0.0003),
        ("nesterov", 0.03, 0.0003),
        ("adam", 0.001, 0.005),
    ],
)
def test_bounded_gradients_allow_larger_rates(name, bounded_rate, rate):
    optimizer = OPTIMIZERS[name]()
    assert optimizer.default_learning_rate(LOSSES["log_loss"]()) == bounded_rate
    assert optimizer.default_learning_rate(LOSSES["squared_error"]()) == rate


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad", "nadam", "lion", "muon"])
def test_rules_that_ignore_the_gradients_size_ask_for_regression(name):
    rates = {
        loss: OPTIMIZERS[name]().default_learning_rate(LOSSES[loss]())
        for loss in ("log_loss", "absolute_error", "squared_error")
    }
    assert rates["log_loss"] < rates["absolute_error"] == rates["squared_error"]


@pytest.mark.parametrize("name", STEPPERS)
def test_a_fit_calls_an_update_that_a_subclass_overrides(name):
    calls = []

    class Watched(OPTIMIZERS[name]):
        def update(self, params, grad, state, learning_rate):
            calls.append(params.size)
            super().update(params, grad, state, learning_rate)

    MLPRegressor(2, optimizer=Watched()).partial_fit([[0.0], [1.0]], [0.0, 1.0])
    assert calls == [2 * 2 + 3]


@pytest.mark.parametrize("name", STEPPERS)
def test_a_fit_calls_an_update_that_is_mixed_in(name, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 3)
    calls = []

    class Watching:
        def update(self, params, grad, state, learning_rate):
            calls.append((params.size, grad.size))
            super().update(params, grad, state, learning_rate)

    class Watched(Watching, OPTIMIZERS[name]):
        pass

    MLPRegressor(2, optimizer=Watched()).partial_fit([[0.0], [1.0]], [0.0, 1.0])
    assert calls == [(2 * 2 + 3, 2 * 2 + 3)]


@pytest.mark.parametrize("clip_norm", [None, 1.0])
@pytest.mark.parametrize("name", STEPPERS)
def test_a_step_begins_once_and_has_the_coefficients_in_every_chunk(name, clip_norm, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 3)
    begun, met = [], []

    class Watched(OPTIMIZERS[name]):
        def begin_update(self, state, learning_rate):
            begun.append(super().begin_update(state, learning_rate))
            return begun[-1]

        def rule(self, params, grad, scratch, *args):
            assert params.size == grad.size == scratch.size <= 3
            assert all(slot.size == params.size for slot in args[: self.n_slots])
            met.append(args[self.n_slots :])
            super().rule(params, grad, scratch, *args)

    model = MLPRegressor(2, optimizer=Watched(), clip_norm=clip_norm, shuffle=False, max_iter=2)
    model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).partial_fit([[0.0], [1.0]], [0.0, 1.0])
    n_steps = 2
    assert len(begun) == n_steps
    n_calls = len(met) // n_steps
    assert n_calls >= (2 if name == "muon" else 3)  # of Muon's, those of biases and the last layer
    assert met == [coefficients for coefficients in begun for _ in range(n_calls)]


@pytest.mark.parametrize("name", STEPPERS)
def test_a_gradient_of_several_chunks_is_clipped_as_a_whole(name, monkeypatch):
    X, y = np.random.default_rng(0).normal(size=(40, 5)), np.arange(40) % 3
    model = MLPClassifier((11, 6), optimizer=name, alpha=0.01, clip_norm=0.1, random_state=0)
    vectors = []
    for size in (CHUNK_SIZE, 50):
        monkeypatch.setattr(chunks, "CHUNK_SIZE", size)
        for _ in range(3):
            model.partial_fit(X, y, classes=[0, 1, 2])
        vectors.append(model._model.training.parameters.vector)
        model = clone(model)
    np.testing.assert_allclose(*vectors, rtol=1e-9, atol=1e-12)


@BOTH_DTYPES
@pytest.mark.parametrize("name", STEPPERS)
def test_chunks_that_wait_for_the_clipping_of_all_are_updated_to_the_same_bits(
    name, dtype, monkeypatch
):
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 50)
    X, y = np.random.default_rng(0).normal(size=(40, 5)).astype(dtype), np.arange(40) % 3
    model = MLPClassifier((11, 6), optimizer=name, alpha=0.01, l1_ratio=0.3, random_state=0)
    model.set_params(batch_size=10, max_iter=3, tol=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        by_chunk = clone(model).fit(X, y)
        at_once = clone(model).set_params(clip_norm=1e30).fit(X, y)
    vectors = [fitted._model.training.parameters.vector for fitted in (by_chunk, at_once)]
    assert vectors[0].size > 150
    np.testing.assert_array_equal(*vectors)


FIELDS = [(name, field) for name in OPTIMIZERS for field in OPTIMIZERS[name]().get_params()]


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_every_hyperparameter_has_a_range(name, field):
    for value in (-1, math.nan, math.inf, True, "0.5", None):
        message = rf"^optimizer__{field} must be an? .* in .*, got {re.escape(repr(value))}\.$"
        with pytest.raises(ValueError, match=message):
            OPTIMIZERS[name](**{field: value}).check("optimizer")


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        *[("momentum", "momentum", 1.0), ("nesterov", "momentum", 1)],
        *[("adagrad", "epsilon", 0), ("adam", "epsilon", 0.0), ("adam", "beta_1", 1.0)],
        *[("adam", "beta_2", 1.5), ("rmsprop", "rho", 1.0), ("adadelta", "rho", 1.0)],
        *[("lbfgs", "history_size", 0), ("lbfgs", "history_size", 2.5), ("lbfgs", "max_fun", 0)],
    ],
)
def test_ranges_end_where_rules_break(name, field, value):
    with pytest.raises(ValueError, match=rf"optimizer__{field} must .* got {value!r}\."):
        OPTIMIZERS[name](**{field: value}).check("optimizer")


class Rosenbrock:
    """Value and gradient at a point; counts calls, and reuses the gradient's memory."""

    def __init__(self, dtype=np.float64):
        self.n_calls, self.gradient = 0, np.empty(2, dtype)

    def __call__(self, point):
        self.n_calls += 1
        x, y = point
        self.gradient[:] = -2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)
        return float((1 - x) ** 2 + 100 * (y - x * x) ** 2), self.gradient


@BOTH_DTYPES
@pytest.mark.parametrize("name", MINIMIZERS)
def test_minimizer_finds_the_valleys_floor(name, dtype):
    start, reached = np.array([-1.2, 1.0], dtype), []
    settled = OPTIMIZERS[name]().minimize(
        Rosenbrock(dtype), start, lambda point: reached.append(point.copy()), max_iter=200, tol=1e-8
    )
    assert settled
    # SciPy also stops where an iteration lowers the value by less than 2e-9.
    np.testing.assert_allclose(reached[-1], [1, 1], rtol=1e-5)
    np.testing.assert_array_equal(start, np.array([-1.2, 1.0], dtype))


@pytest.mark.parametrize("name", MINIMIZERS)
def test_minimizer_stops_when_told(name):
    reached = []

    def callback(point):
        reached.append(point.copy())
        return len(reached) == 3

    start = np.array([-1.2, 1.0])
    assert OPTIMIZERS[name]().minimize(Rosenbrock(), start, callback, max_iter=200, tol=1e-8)
    assert len(reached) == 3
    reached.clear()
    assert not OPTIMIZERS[name]().minimize(Rosenbrock(), start, callback, max_iter=2, tol=1e-8)
    assert len(reached) == 2


def test_lbfgs_limits_evaluations():
    objective = Rosenbrock()
    settled = OPTIMIZERS["lbfgs"](max_fun=5).minimize(
        objective, np.array([-1.2, 1.0]), lambda point: False, max_iter=200, tol=1e-8
    )
    assert not settled
    assert objective.n_calls < 15


WITH_DECAY = [name for name in STEPPERS if "weight_decay" in OPTIMIZERS[name]().get_params()]


@pytest.mark.parametrize("name", WITH_DECAY)
def test_weight_decay_is_decoupled_and_spares_biases(name):
    layout = Layout(
        [Block("first", (4, 3), 9), Block("slopes", (3,), 0), Block("second", (4, 1), 3)]
    )
    decayed, plain = np.arange(1.0, 20.0), np.arange(1.0, 20.0)
    for params, weight_decay in ((decayed, 0.5), (plain, 0.0)):
        optimizer = OPTIMIZERS[name](weight_decay=weight_decay)
        optimizer.update(params, np.ones(19), optimizer.init(params, layout), 0.1)
    is_weight = np.repeat([True, False, True, False], [9, 6, 3, 1])
    expected = np.where(is_weight, 0.1 * 0.5 * np.arange(1.0, 20.0), 0.0)
    np.testing.assert_allclose(plain - decayed, expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", WITH_DECAY)
def test_a_fit_decays_weights_across_chunks(name, monkeypatch):
    X, y = np.zeros((8, 30)), np.arange(8) % 2
    weights = []
    for size in (CHUNK_SIZE, 50):
        monkeypatch.setattr(chunks, "CHUNK_SIZE", size)
        optimizer = OPTIMIZERS[name](weight_decay=0.5)
        model = MLPClassifier(7, optimizer=optimizer, alpha=0.0, random_state=0)
        model.set_params(learning_rate_init=0.1, batch_size=8, shuffle=False).partial_fit(
            X, y, classes=[0, 1]
        )
        weights.append(model.coefs_[0])
    start = MLPClassifier(7, optimizer="sgd", alpha=0.0, random_state=0, learning_rate_init=1e-9)
    start.partial_fit(X, y, classes=[0, 1])
    for decayed in weights:  # inputs of zeros give these weights no gradient
        np.testing.assert_allclose(decayed, 0.95 * start.coefs_[0], rtol=1e-12)


def test_rprop_takes_the_rate_for_its_first_step_alone():
    constant, decayed = START.copy(), START.copy()
    for params, decay in ((constant, 1.0), (decayed, 0.1)):
        optimizer = OPTIMIZERS["rprop"]()
        list(take_steps(optimizer, params, optimizer.init(params), 5, decay=decay))
    np.testing.assert_array_equal(decayed, constant)
    assert (constant != START).all()


def test_rprop_wants_its_bounds_in_order():
    message = r"optimizer__minimum_step must be below optimizer__maximum_step, got 2 >= 1\."
    with pytest.raises(ValueError, match=message):
        OPTIMIZERS["rprop"](minimum_step=2, maximum_step=1).check("optimizer")


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"momentum", "nesterov", "lbfgs"}))
def test_a_rate_by_position_is_refused(name):
    """As in ``Adam(0.01)``, which would set beta_1."""
    with pytest.raises(TypeError, match="positional"):
        OPTIMIZERS[name](0.01)
