"""Time of each activation's forward and backward pass, an element, beside torch's.

Run it as ``python tests/benchmarks/activations.py [--rounds 15]``. Each round measures all of them
in turns, on one thread; the table shows the medians over the rounds, in nanoseconds an element.
torch is left out where it is not installed, or has no such function.
"""

import argparse
import statistics
import time

import numpy as np

from sknn.activations import ACTIVATIONS

try:
    import torch
    from torch.nn import functional
except ImportError:
    torch = None

SHAPE = (256, 200)  # units, rows of a batch
REPEATS = 4  # calls that one measurement takes
# torch's names, where they are not ours.
NAMES = {
    **{"hard_sigmoid": "hardsigmoid", "hard_tanh": "hardtanh", "hard_silu": "hardswish"},
    **{"hard_shrink": "hardshrink", "soft_shrink": "softshrink", "tanh_shrink": "tanhshrink"},
    "log_sigmoid": "logsigmoid",
}
ARGUMENTS = {"threshold": (0.0, 0.0), "softmax": (0,)}


def passes(name, dtype):
    """Return functions for our forward and backward pass; each is timed on fresh numbers."""
    activation, rng = ACTIVATIONS[name](), np.random.default_rng(0)
    source, slope = (rng.standard_normal(SHAPE).astype(dtype) for _ in range(2))
    z, delta = source.copy(), slope.copy()
    a = np.empty_like(z) if activation.needs_z else z
    scratch = activation.scratch(z)
    start = activation.initial_parameters(len(z))
    if start is not None:
        scratch.parameters, scratch.gradient = start.astype(dtype), np.empty_like(start, dtype)

    def run():
        forward = backward = 0.0
        for _ in range(REPEATS):
            np.copyto(z, source)
            np.copyto(delta, slope)
            start = time.perf_counter()
            activation.forward(z, a, scratch)
            middle = time.perf_counter()
            activation.backward(delta, z, a, scratch)
            forward += middle - start
            backward += time.perf_counter() - middle
        return forward, backward

    return run


def torch_pass(name, dtype):
    """Return a function for torch's forward and backward pass together, or None."""
    known = torch is not None and hasattr(functional, NAMES.get(name, name))
    if not known and (torch is None or name != "exponential"):
        return None
    function = torch.exp if name == "exponential" else getattr(functional, NAMES.get(name, name))
    rng = np.random.default_rng(0)
    z, delta = (torch.tensor(rng.standard_normal(SHAPE).astype(dtype)) for _ in range(2))
    z.requires_grad_()
    arguments = ARGUMENTS.get(name, ())
    if name == "prelu":  # a slope a unit, and units are rows here: torch wants them in columns
        z, delta = z.detach().T.contiguous().requires_grad_(), delta.T.contiguous()
        arguments = (torch.full((SHAPE[0],), 0.25, dtype=z.dtype, requires_grad=True),)

    def run():
        start = time.perf_counter()
        for _ in range(REPEATS):
            z.grad = None
            function(z, *arguments).backward(delta)
        return (time.perf_counter() - start,)

    return run


def measure(n_rounds):
    """Return the median seconds of forward, backward, and torch by name and dtype."""
    runs = {}
    for name in ACTIVATIONS:
        for dtype in ("float32", "float64"):
            runs[name, dtype, "sknn"] = passes(name, dtype)
            if torch_run := torch_pass(name, dtype):
                runs[name, dtype, "torch"] = torch_run
    times = {key: [] for key in runs}
    for _ in range(n_rounds):
        for key, run in runs.items():
            times[key].append(run())
    return {
        key: [statistics.median(column) for column in zip(*rounds, strict=True)]
        for key, rounds in times.items()
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    if torch is not None:
        torch.set_num_threads(1)
    medians = measure(rounds)
    scale = 1e9 / REPEATS / np.prod(SHAPE)
    kinds = ("forward", "backward", "torch, both")
    heads = [f"{kind}, {dtype}" for dtype in ("float32", "float64") for kind in kinds]
    print(f"| activation | {' | '.join(heads)} |")
    print("|---" * 7 + "|")
    for name in ACTIVATIONS:
        cells = []
        for dtype in ("float32", "float64"):
            cells += [f"{scale * seconds:.2f}" for seconds in medians[name, dtype, "sknn"]]
            other = medians.get((name, dtype, "torch"))
            cells.append(f"{scale * other[0]:.2f}" if other else "")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
