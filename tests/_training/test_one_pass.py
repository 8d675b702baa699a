"""Compiled updates: results identical to NumPy's, and no compilation where it saves no time.

The tests that compile need numba, the extra ``fast``.
"""

import os
import subprocess
import sys
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

import sknn
from sknn import MLPClassifier, MLPRegressor
from sknn._core import chunks
from sknn._core.chunks import CHUNK_SIZE
from sknn._core.parameters import Block, Layout
from sknn._training import one_pass
from sknn._training.one_pass import OnePass, in_one_pass
from sknn._training.penalty import Chunk, Regularization
from sknn.exceptions import DivergedError
from sknn.optimizers import OPTIMIZERS, Adam, ElementwiseOptimizer

BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
NEEDS_NUMBA = pytest.mark.skipif(not find_spec("numba"), reason="needs numba")
WITH_RULE = [name for name in OPTIMIZERS if name not in ("muon", "lbfgs")]
PENALTIES = [
    Regularization(),
    Regularization(0.01),
    Regularization(0.01, 1.0),
    Regularization(0.01, 0.3),
]


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setenv("SKNN_COMPILE", "always")


@pytest.fixture
def auto(monkeypatch):
    monkeypatch.setenv("SKNN_COMPILE", "auto")


class Twins:
    """Two copies of parameters, one updated by NumPy and one in one pass."""

    def __init__(self, optimizer, layout, dtype, rng):
        self.optimizer, self.dtype, self.rng = optimizer, dtype, rng
        params = rng.normal(size=layout.size).astype(dtype)
        self.params = [params, params.copy()]
        self.grads = [np.empty_like(params) for _ in range(2)]
        self.states = [optimizer.init(params, layout) for params in self.params]
        both = zip(self.params, self.grads, self.states, strict=True)
        self.bound = [optimizer.bind(*arrays, at_once=False) for arrays in both]
        self.chunks = [
            Chunk(layout, group.elements, self.params[0], self.grads[0])
            for group in self.bound[0].groups
        ]
        self.in_one_pass = in_one_pass(self.bound[1].groups, layout, 8, 1)
        assert all(isinstance(update, OnePass) for update in self.in_one_pass)

    def step(self, regularization, learning_rate=0.01):
        size = self.params[0].size
        # Some derivatives are zero.
        grad = (self.rng.normal(size=size) * (self.rng.random(size) > 0.2)).astype(self.dtype)
        for array in self.grads:
            array[...] = grad
        coefficients = [bound.begin(learning_rate) for bound in self.bound]
        for chunk, group in zip(self.chunks, self.bound[0].groups, strict=True):
            assert not chunk.finish_gradient(regularization)
            group.update(learning_rate, coefficients[0])
        for update in self.in_one_pass:
            assert update(regularization, learning_rate, coefficients[1])

    def pairs(self):
        yield self.params
        yield from zip(self.states[0].slots, self.states[1].slots, strict=True)

    def assert_same(self, compare, *arguments):
        for by_numpy, by_numba in self.pairs():
            compare(by_numba, by_numpy, *arguments)


def layout_of(size):
    """Return a layout of two layers, the second with two weights and a bias, and some slopes."""
    n_weights = max(0, size - 7)
    return Layout(
        [
            Block("first", (size - 4,), n_weights),
            Block("slopes", (1,), 0),
            Block("second", (3, 1), 2),
        ]
    )


def hyperparameters(name):
    return {"weight_decay": 0.03} if "weight_decay" in OPTIMIZERS[name]().get_params() else {}


SIZES = [5, 8, 15, 16, 17, 32, 33, 71, 2049, 4100, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 7]


@NEEDS_NUMBA
@BOTH_DTYPES
@pytest.mark.parametrize("name", WITH_RULE)
def test_one_pass_computes_the_bits_of_numpy(name, dtype, always):
    optimizer, rng = OPTIMIZERS[name](**hyperparameters(name)), np.random.default_rng(0)
    for size in SIZES:
        twins = Twins(optimizer, layout_of(size), dtype, rng)
        for regularization in PENALTIES:
            twins.step(regularization)
            twins.assert_same(np.testing.assert_array_equal)


@NEEDS_NUMBA
@pytest.mark.parametrize("name", WITH_RULE)
def test_a_hundred_steps_compute_the_same_numbers(name, always):
    """Also where the BLAS does not round in blocks, unlike OpenBLAS."""
    optimizer, rng = OPTIMIZERS[name](**hyperparameters(name)), np.random.default_rng(1)
    twins = Twins(optimizer, layout_of(1003), np.float64, rng)
    for _ in range(100):
        twins.step(PENALTIES[3], 1e-3)
    twins.assert_same(np.testing.assert_allclose, 1e-10, 1e-10)


@NEEDS_NUMBA
@BOTH_DTYPES
def test_the_penalty_and_the_rule_round_each_chunk_of_each_layer(dtype, always, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 50)
    twins = Twins(Adam(), layout_of(333), dtype, np.random.default_rng(2))
    assert len(twins.in_one_pass) == 7
    for _ in range(3):
        twins.step(PENALTIES[1])
    twins.assert_same(np.testing.assert_array_equal)


def data(dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 13)).astype(dtype)
    return X, (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int) + (X[:, 2] > 1)


def fitted(monkeypatch, mode, model, X, y, used=None):
    """Fit with a policy, and append the updates that ran in one pass to `used`."""
    monkeypatch.setenv("SKNN_COMPILE", mode)
    call = OnePass.__call__

    def watched(self, *arguments):
        if used is not None:
            used.append(self)
        return call(self, *arguments)

    with monkeypatch.context() as context, warnings.catch_warnings():
        context.setattr(OnePass, "__call__", watched)
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clone(model).fit(X, y)


FITS = {
    "adam": {},
    "adamw and l1": {"optimizer": "adamw", "l1_ratio": 0.5, "alpha": 0.01},
    "averaging": {"averaging": "ema"},
    "max_norm": {"max_norm": 0.8, "optimizer": "nesterov"},
    "dropout": {"dropout": 0.3, "optimizer": "nadam"},
    "early stopping": {"early_stopping": True, "optimizer": "lion"},
    "slopes": {"activation": "prelu", "optimizer": "rmsprop"},
    "schedule": {"learning_rate": "cosine", "optimizer": "radam"},
}


@NEEDS_NUMBA
@BOTH_DTYPES
@pytest.mark.parametrize("label", FITS)
def test_fits_end_with_the_same_bits(label, dtype, monkeypatch):
    X, y = data(dtype)
    model = MLPClassifier((17, 6), batch_size=20, max_iter=15, random_state=0)
    model.set_params(**FITS[label])
    used = []
    by_numpy = fitted(monkeypatch, "never", model, X, y)
    by_numba = fitted(monkeypatch, "always", model, X, y, used)
    assert len(used) >= 20
    assert by_numba.loss_curve_ == by_numpy.loss_curve_
    assert by_numba.history_.keys() == by_numpy.history_.keys()
    for key, values in by_numpy.history_.items():
        if key != "seconds":
            np.testing.assert_array_equal(by_numba.history_[key], values)
    for ours, theirs in zip(by_numba.coefs_, by_numpy.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@NEEDS_NUMBA
def test_sparse_rows_of_a_regression_end_with_the_same_bits(monkeypatch):
    X, y = data()
    X, y = sparse.csr_matrix(X * (np.abs(X) > 1)), y + 0.5
    model, used = MLPRegressor(9, batch_size=20, max_iter=10, random_state=0), []
    by_numpy = fitted(monkeypatch, "never", model, X, y)
    by_numba = fitted(monkeypatch, "always", model, X, y, used)
    assert used
    np.testing.assert_array_equal(by_numba.predict(X), by_numpy.predict(X))


@NEEDS_NUMBA
@pytest.mark.parametrize("name", ["adam", "muon"])
def test_clipping_and_muon_need_the_whole_gradient_and_stay_with_numpy(name, monkeypatch):
    X, y = data()
    clip_norm = 0.1 if name == "adam" else None
    model = MLPClassifier((17, 6), optimizer=name, clip_norm=clip_norm, max_iter=5, random_state=0)
    model.set_params(batch_size=20)
    used = []
    by_numpy = fitted(monkeypatch, "never", model, X, y)
    by_numba = fitted(monkeypatch, "always", model, X, y, used)
    assert not used
    np.testing.assert_array_equal(by_numba.coefs_[0], by_numpy.coefs_[0])


@NEEDS_NUMBA
def test_partial_fit_compiles_too(monkeypatch):
    X, y = data()
    weights = []
    for mode in ("never", "always"):
        monkeypatch.setenv("SKNN_COMPILE", mode)
        model = MLPClassifier(7, batch_size=10, random_state=0)
        for rows in np.split(np.arange(90), 3):
            model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        weights.append(model.coefs_[0])
    np.testing.assert_array_equal(*weights)


@NEEDS_NUMBA
@pytest.mark.parametrize("case", ["gradient", "penalty", "rate"])
def test_divergence_has_the_same_message(case, monkeypatch):
    X, y = data()
    y = y.astype(float)
    changes = {
        "gradient": {"optimizer": "sgd", "learning_rate_init": 1e6, "activation": "identity"},
        "penalty": {"alpha": 1e306, "optimizer": "sgd", "learning_rate_init": 1.0},
        "rate": {"optimizer": "momentum", "learning_rate_init": 1e200},
    }
    model = MLPRegressor((8, 8), batch_size=10, random_state=0, max_iter=50, **changes[case])
    messages, used = [], []
    for mode in ("never", "always"):
        with pytest.raises(DivergedError) as caught:
            fitted(monkeypatch, mode, model, X, y, used)
        messages.append(str(caught.value))
    assert used
    assert messages[0] == messages[1]


@NEEDS_NUMBA
@BOTH_DTYPES
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_stops_the_update_before_its_piece(value, dtype, always):
    layout = layout_of(5000)
    for which in range(2):
        params, grad = np.ones(layout.size, dtype), np.ones(layout.size, dtype)
        state = Adam().init(params, layout)
        (group,) = Adam().bind(params, grad, state, at_once=False).groups
        (update,) = in_one_pass([group], layout, 8, 1)
        (params, grad)[which][3000] = value
        assert not update(Regularization(0.1), 0.01, Adam().begin_update(state, 0.01))
        np.testing.assert_array_equal(params[2048:3000], 1)
        assert (params[:2048] < 1).all()
        params[3000] = grad[3000] = 1
        assert update(Regularization(0.1), 0.01, Adam().begin_update(state, 0.01))


class Halving(ElementwiseOptimizer):
    """A rule of a user with a form for one element."""

    def rule(self, params, grad, scratch, learning_rate):
        np.multiply(grad, learning_rate, out=scratch)
        np.subtract(params, scratch, out=params)

    @staticmethod
    def element(param, grad, learning_rate):
        return (param - learning_rate * grad,)


class WithoutElement(Halving):
    def rule(self, params, grad, scratch, learning_rate):
        super().rule(params, grad, scratch, learning_rate)


@NEEDS_NUMBA
def test_the_rule_of_a_user_is_compiled_if_it_has_a_form_for_one_element(monkeypatch):
    X, y = data()
    weights = []
    for optimizer, compiles in ((Halving(), True), (WithoutElement(), False)):
        model, used = MLPClassifier(9, optimizer=optimizer, batch_size=20, max_iter=5), []
        model.set_params(random_state=0)
        weights.append(fitted(monkeypatch, "always", model, X, y, used).coefs_[0])
        assert bool(used) == compiles
    np.testing.assert_array_equal(*weights)


class ManySlots(ElementwiseOptimizer):
    n_slots = 6

    def rule(self, params, grad, scratch, *args):
        np.subtract(params, args[-1] * grad, out=params)

    @staticmethod
    def element(param, grad, a, b, c, d, e, f, learning_rate):
        return param - learning_rate * grad, a, b, c, d, e, f


@NEEDS_NUMBA
@NEEDS_NUMBA
def test_a_form_that_cannot_be_compiled_is_named(monkeypatch):
    class Importing(ElementwiseOptimizer):
        def rule(self, params, grad, scratch, learning_rate):
            params -= learning_rate * grad

        @staticmethod
        def element(param, grad, learning_rate):
            from math import sqrt

            return (param - sqrt(learning_rate) * grad,)

    monkeypatch.setenv("SKNN_COMPILE", "always")
    X, y = load_iris(return_X_y=True)
    text = r"numba cannot compile .*Importing\.element.*SKNN_COMPILE=never"
    with pytest.raises(ValueError, match=text):
        MLPClassifier((9,), optimizer=Importing(), batch_size=20).fit(X, y)


def test_a_rule_with_many_slots_stays_with_numpy(monkeypatch):
    X, y = data()
    used = []
    fitted(
        monkeypatch, "always", MLPClassifier(9, optimizer=ManySlots(), batch_size=20), X, y, used
    )
    assert not used


# ---------------------------------------------------------------- where it pays


@NEEDS_NUMBA
def test_a_fit_in_which_it_pays_compiles_without_being_asked(auto, monkeypatch):
    monkeypatch.setattr(one_pass, "_kernels", {})
    layout, adam = Layout([Block("first", (1000, 1000), 999_000)]), Adam()
    params = np.zeros(layout.size, np.float32)
    bound = adam.bind(params, np.zeros_like(params), adam.init(params, layout), at_once=False)
    for n_steps, compiles in ((10, False), (100_000, True)):
        updates = in_one_pass(bound.groups, layout, 4, n_steps)
        assert all((update is not None) == compiles for update in updates)


def test_the_switch_has_three_positions(monkeypatch):
    monkeypatch.setenv("SKNN_COMPILE", "yes")
    X, y = data()
    message = "SKNN_COMPILE must be 'auto', 'always' or 'never', got 'yes'"
    with pytest.raises(ValueError, match=message):
        MLPClassifier(3).fit(X, y)


def in_new_process(code, **environment):
    """Run code in another process, and return the words that it printed."""
    variables = {**os.environ, "PYTHONPATH": str(Path(sknn.__file__).parents[1]), **environment}
    result = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


FIT = """
import sys
import warnings
import numpy as np
warnings.simplefilter("ignore")
import sknn
PREPARE
rng = np.random.default_rng(0)
X, y = rng.normal(size=(400, 64)), np.arange(400) % 10
for optimizer in ("adam", "radam"):
    model = sknn.MLPClassifier(optimizer=optimizer, max_iter=20, random_state=0).fit(X, y)
    print(abs(model.coefs_[0]).sum().hex())
print("numba" in sys.modules)
from sknn._training.one_pass import _kernels
for kernel in _kernels.values():
    print(kernel.stats.cache_hits.total(), bool(kernel.stats.cache_path))
"""
NOT_IMPORTED = 'assert "numba" not in sys.modules'


@cache
def fits_in_new_process(mode, prepare=NOT_IMPORTED, cache_folder=None):
    """Return what FIT prints: the bits of two models, and what happened to their kernels."""
    root = str(Path(sknn.__file__).parents[1])
    variables = {**os.environ, "PYTHONPATH": root, "SKNN_COMPILE": mode}
    if cache_folder:
        variables["NUMBA_CACHE_DIR"] = cache_folder
    result = subprocess.run(
        [sys.executable, "-c", FIT.replace("PREPARE", prepare)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    return lines[:2], lines[2], lines[3:]


def test_neither_the_import_nor_a_short_fit_imports_numba():
    assert fits_in_new_process("auto")[1:] == ("False", [])


@NEEDS_NUMBA
def test_kernels_are_cached_on_disk(tmp_path):
    """The kernels of the two optimizers take arguments of the same types."""
    expected, _, _ = fits_in_new_process("auto")
    first = fits_in_new_process("always", cache_folder=str(tmp_path))
    second = fits_in_new_process("always", NOT_IMPORTED + "\n", str(tmp_path))
    assert first == (expected, "True", ["0 True", "0 True"])
    assert second == (expected, "True", ["1 True", "1 True"])


@NEEDS_NUMBA
def test_an_installation_without_a_place_for_the_cache_compiles_in_memory():
    """As if neither the folder of the package nor that of the user could be written to."""
    prepare = """
import tempfile
import numba

def fail(*args, **kwargs):
    raise OSError(30, "Read-only file system")

tempfile.TemporaryFile = fail
"""
    expected, _, _ = fits_in_new_process("auto")
    assert fits_in_new_process("always", prepare) == (expected, "True", ["0 False", "0 False"])


@NEEDS_NUMBA
def test_a_numba_that_refuses_this_numpy_is_left_alone():
    prepare = """
import sys
sys.modules["numba"] = None  # its import raises ImportError
"""
    bits, _, kernels = fits_in_new_process("always", prepare)
    assert (bits, kernels) == (fits_in_new_process("auto")[0], [])


@NEEDS_NUMBA
def test_a_full_disk_does_not_end_a_fit(monkeypatch, tmp_path):
    """As if the first call raised after it had compiled."""
    X, y = data()
    calls = []

    class Full:
        signatures = ("one",)

        def __call__(self, *arguments):
            calls.append(arguments)
            if len(calls) == 1:
                raise OSError(28, "No space left on device")
            return kernel(*arguments)

    model = MLPClassifier(9, batch_size=20, max_iter=3, random_state=0)
    expected = fitted(monkeypatch, "always", model, X, y)
    (kernel,) = [
        k for key, k in one_pass._kernels.items() if key[0] is Adam.element and key[1] == "d"
    ]
    monkeypatch.setitem(one_pass._kernels, (Adam.element, "d", 2), Full())
    np.testing.assert_array_equal(
        fitted(monkeypatch, "always", model, X, y).coefs_[0], expected.coefs_[0]
    )
    assert len(calls) > 1
