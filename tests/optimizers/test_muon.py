"""Muon: torch's trajectories with layers, and its orthogonal step against NumPy's."""

import json
import math

import common
import numpy as np
import pytest

from sknn._core import chunks
from sknn._core.chunks import CHUNK_SIZE
from sknn._core.parameters import Block, Layout
from sknn.optimizers import OPTIMIZERS

GOLDEN = json.loads((common.GOLDEN / "optimizers.json").read_text())
BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def layered():
    """Return the layout of the golden problem with layers, its matrix and its start."""
    problem = GOLDEN["muon"]
    blocks = [Block(str(i), (n, m), (n - 1) * m) for i, (n, m) in enumerate(problem["shapes"])]
    return Layout(blocks), np.array(problem["matrix"]), np.array(problem["start"])


def layered_steps(case, dtype, n_steps):
    """Yield Muon's parameters and state after each step on the golden problem with layers."""
    layout, matrix, start = layered()
    optimizer, params = OPTIMIZERS["muon"](**case["hyperparameters"]), start.astype(dtype)
    state = optimizer.init(params, layout)
    for step in range(n_steps):
        grad = matrix.astype(dtype) @ params + np.sin(params)
        optimizer.update(params, grad, state, case["learning_rate"] * case["decay"] ** step)
        yield params, state


@pytest.mark.parametrize("chunk_size", [CHUNK_SIZE, 4])
@pytest.mark.parametrize("case", GOLDEN["muon"]["cases"])
def test_muon_follows_torchs_formula_with_layers(case, chunk_size, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_SIZE", chunk_size)
    expected = dict(zip(GOLDEN["steps"], case["points"], strict=True))
    for step, (params, _) in enumerate(layered_steps(case, np.float64, 50), start=1):
        if step in expected:
            np.testing.assert_allclose(params, expected[step], rtol=1e-10, atol=1e-10)


def newton_schulz(values):
    """Return what Muon's iteration makes of singular values."""
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return values


@pytest.mark.parametrize("momentum", [0.0, 0.95])
@pytest.mark.parametrize("norm", [1e-9, 0.5e-7, 2e-7, 1e-3])
def test_muon_divides_by_the_norm_or_1e_7(norm, momentum):
    """Against the singular value decomposition."""
    layout = Layout([Block("hidden", (5, 3), 12), Block("last", (2, 1), 1)])
    optimizer = OPTIMIZERS["muon"](momentum=momentum, weight_decay=0.0)
    params, grad = np.zeros(layout.size), np.zeros(layout.size)
    matrix = np.random.default_rng(0).standard_normal((4, 3))
    matrix *= norm / np.linalg.norm(matrix)
    grad[:12] = matrix.ravel() / (1 - momentum**2)  # of which U is the matrix, at the first step
    optimizer.update(params, grad, optimizer.init(params, layout), 1.0)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    expected = left @ np.diag(newton_schulz(values / max(norm, 1e-7))) @ right
    np.testing.assert_allclose(params[:12].reshape(4, 3) / -0.4, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("dtype", "felt"), [(np.float32, 2.0**-50), (np.float64, 2.0**-475)])
@pytest.mark.parametrize(("factor", "stays"), [(0.5, False), (1.0, True), (2.0, True)])
def test_muon_drops_entries_whose_squares_are_tiny(factor, stays, dtype, felt):
    layout = Layout([Block("hidden", (3, 2), 4), Block("last", (2, 1), 1)])
    optimizer = OPTIMIZERS["muon"](momentum=0.0, weight_decay=0.0)
    params, grad = np.zeros(layout.size, dtype), np.zeros(layout.size, dtype)
    grad[0], grad[3] = 1, factor * felt  # diagonal, of norm 1
    optimizer.update(params, grad, optimizer.init(params, layout), 1.0)
    step = params[:4] / (-0.2 * math.sqrt(2))
    assert step[0] == pytest.approx(newton_schulz(1.0), rel=1e-5)
    expected = 3.4445**5 * factor * felt if stays else 0.0
    assert step[3] == pytest.approx(expected, rel=1e-5, abs=0)


@pytest.mark.parametrize("case", GOLDEN["muon"]["cases"])
def test_muon_stays_in_float32_with_layers(case):
    *_, (params, state) = layered_steps(case, np.float32, 20)
    arrays = [params, *state.slots, state.scratch, *state.products]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    expected = case["points"][GOLDEN["steps"].index(20)]
    np.testing.assert_allclose(params, expected, rtol=1e-3, atol=1e-3)


@BOTH_DTYPES
@pytest.mark.parametrize("shape", [(60, 30), (30, 60), (40, 40)])
def test_muons_step_is_nearly_orthogonal(shape, dtype):
    rows, columns = shape
    layout = Layout(
        [Block("hidden", (rows + 1, columns), rows * columns), Block("last", (2, 1), 1)]
    )
    optimizer, params = OPTIMIZERS["muon"](weight_decay=0.0), np.zeros(layout.size, dtype)
    generator = np.random.default_rng(0)
    left, right = (np.linalg.qr(generator.standard_normal((n, n)))[0] for n in shape)
    singular = np.zeros(shape)
    np.fill_diagonal(singular, np.linspace(0.1, 1, min(shape)))  # flat enough for five iterations
    grad = np.zeros(layout.size, dtype)
    grad[: rows * columns] = (left @ singular @ right).ravel()
    optimizer.update(params, grad, optimizer.init(params, layout), 1.0)
    step = params[: rows * columns].reshape(shape) / (0.2 * math.sqrt(max(shape)))
    values = np.linalg.svd(step, compute_uv=False)
    assert 0.6 < values.min() <= values.max() < 1.3
    turned = -left.T @ step @ right.T  # the same directions
    np.fill_diagonal(turned, 0)
    assert abs(turned).max() < 1e3 * np.finfo(dtype).eps
