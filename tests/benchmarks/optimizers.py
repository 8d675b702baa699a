"""Time of each optimizer's step, in nanoseconds a parameter, beside torch's.

Run it as ``OPENBLAS_NUM_THREADS=1 python tests/benchmarks/optimizers.py [--rounds 15]
[--only adam]``. Each round measures ours and torch's foreach form in turns, on one thread and in
one process; a cell has the medians over the rounds, and the median of the rounds' ratios: above
1, torch is faster. torch is left out where it is not installed, or has no such optimizer. Muon
without layers is Adam: here it has square hidden layers of 200 units, and torch the same matrices,
which it multiplies in bfloat16.
"""

import argparse
import statistics
import time

import numpy as np

from sknn._core.parameters import Block, Layout
from sknn.optimizers import OPTIMIZERS, Minimizer

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None

SIZES = (100_000, 1_000_000)
N_UNITS = 200
REPEATS = {100_000: 20, 1_000_000: 4}  # steps that one measurement takes
TORCH = {
    **{"gd": ("SGD", {}), "sgd": ("SGD", {}), "momentum": ("SGD", {"momentum": 0.9})},
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    **{"adagrad": ("Adagrad", {}), "rmsprop": ("RMSprop", {}), "adadelta": ("Adadelta", {})},
    **{"adam": ("Adam", {}), "adamw": ("AdamW", {}), "amsgrad": ("Adam", {"amsgrad": True})},
    **{"adamax": ("Adamax", {}), "nadam": ("NAdam", {}), "radam": ("RAdam", {})},
    **{"rprop": ("Rprop", {}), "muon": ("Muon", {"adjust_lr_fn": "match_rms_adamw"})},
}


def layout(size):
    """Return square hidden layers, and a last layer of one output."""
    hidden = size // (N_UNITS * (N_UNITS + 1))
    blocks = [Block(f"hidden_{i}", (N_UNITS + 1, N_UNITS), N_UNITS**2) for i in range(hidden)]
    return Layout([*blocks, Block("last", (N_UNITS + 1, 1), N_UNITS)])


def ours(name, size, dtype):
    optimizer, layers, n_steps = OPTIMIZERS[name](), layout(size), REPEATS[size]
    generator = np.random.default_rng(0)
    size = layers.size if name == "muon" else size
    params, source = (generator.standard_normal(size).astype(dtype) for _ in range(2))
    grad, state = source.copy(), optimizer.init(params, layers if name == "muon" else None)

    def run():
        seconds = 0.0
        for _ in range(n_steps):
            np.copyto(grad, source)
            start = time.perf_counter()
            optimizer.update(params, grad, state, 1e-4)
            seconds += time.perf_counter() - start
        return seconds / size

    return run


def theirs(name, size, dtype):
    """Return a function for torch's step, or None."""
    if torch is None or name not in TORCH:
        return None
    kind, hyperparameters = TORCH[name]
    shapes = [(size,), *[(N_UNITS,)] * 3]
    if name == "muon":
        shapes = [(N_UNITS, N_UNITS)] * (len(layout(size).blocks) - 1)
    else:
        hyperparameters = {**hyperparameters, "foreach": True}
    generator = np.random.default_rng(0)
    params = [
        torch.tensor(generator.standard_normal(shape).astype(dtype), requires_grad=True)
        for shape in shapes
    ]
    for param in params:
        param.grad = torch.tensor(generator.standard_normal(tuple(param.shape)).astype(dtype))
    sources = [param.grad.clone() for param in params]
    optimizer = getattr(torch.optim, kind)(params, lr=1e-4, **hyperparameters)

    def run():
        seconds = 0.0
        for _ in range(REPEATS[size]):
            for param, source in zip(params, sources, strict=True):
                param.grad.copy_(source)  # as ours, which is overwritten: as warm in cache
            start = time.perf_counter()
            optimizer.step()
            seconds += time.perf_counter() - start
        return seconds / sum(param.numel() for param in params)

    return run


def measure(name, size, dtype, n_rounds):
    """Return nanoseconds a parameter of ours and torch's, and the ratio; None without torch."""
    mine, other = ours(name, size, dtype), theirs(name, size, dtype)
    nanoseconds = 1e9 / REPEATS[size]
    mine()
    if other is None:
        return statistics.median(mine() for _ in range(n_rounds)) * nanoseconds, None, None
    other()
    pairs = [(mine(), other()) for _ in range(n_rounds)]
    medians = [statistics.median(times) * nanoseconds for times in zip(*pairs, strict=True)]
    return *medians, statistics.median(a / b for a, b in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="+", default=list(OPTIMIZERS), choices=OPTIMIZERS)
    args = parser.parse_args()
    columns = [(size, dtype) for dtype in ("float32", "float64") for size in SIZES]
    print("| optimizer |", " | ".join(f"{dtype}, {size:.0e}" for size, dtype in columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for name, member in OPTIMIZERS.items():
        if name not in args.only or issubclass(member, Minimizer):
            continue
        cells = []
        for size, dtype in columns:
            mine, other, ratio = measure(name, size, dtype, args.rounds)
            cells.append(f"{mine:.2f}" + (f" / {other:.2f} = {ratio:.2f}" if other else ""))
        print(f"| `{name}` |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
