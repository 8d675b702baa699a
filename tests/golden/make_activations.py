"""Write activations.json: torch's activations and their derivatives. Needs torch.

All inputs are float32 numbers, so that both precisions can be compared.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

MAGNITUDES = [1e-30, 1e-6, 1e-3, 0.1, 0.5, 1, 2, 3, 3.5, 5, 6, 8, 12, 17, 20, 30, 36, 50, 80, 1000]


def exact_gelu(z):
    """Return torch's GELU with erfc: its own 1 + erf cancels in the negative tail."""
    return z * torch.special.erfc(-z / math.sqrt(2)) / 2


def exact_tanh_gelu(z):
    """Return torch's tanh GELU with the sigmoid: its own 1 + tanh cancels in the negative tail."""
    return z * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))


def exact_softplus(z, beta=1.0):
    """Return torch's softplus with a late switch to the line: at its default, 20, 2e-9 are lost."""
    return functional.softplus(z, beta, threshold=40)


def exact_hard_sigmoid(z):
    """Return torch's hard sigmoid from its parts: its own derivative is a float32 sixth."""
    return functional.relu6(z + 3) / 6


def squareplus(z, b=4.0):
    """Return Barron's (z + sqrt(z^2 + b)) / 2; for z < 0 as the same without cancellation."""
    root = torch.sqrt(z**2 + b)
    return torch.where(z < 0, b / 2 / (root + torch.abs(z)), (z + root) / 2)


CASES = [
    ("identity", {}, lambda z: 1 * z),
    ("sigmoid", {}, torch.sigmoid),
    ("tanh", {}, torch.tanh),
    ("relu", {}, functional.relu),
    ("leaky_relu", {}, functional.leaky_relu),
    ("leaky_relu", {"negative_slope": 0.25}, lambda z: functional.leaky_relu(z, 0.25)),
    ("prelu", {}, lambda z: functional.prelu(z, torch.tensor([0.25], dtype=z.dtype))),
    (
        "prelu",
        {"negative_slope": -0.5},
        lambda z: functional.prelu(z, torch.tensor([-0.5], dtype=z.dtype)),
    ),
    ("softmax", {}, lambda z: torch.softmax(z, dim=0)),
    ("elu", {}, functional.elu),
    ("elu", {"alpha": 0.5}, lambda z: functional.elu(z, 0.5)),
    ("selu", {}, functional.selu),
    ("celu", {}, functional.celu),
    ("celu", {"alpha": 2.0}, lambda z: functional.celu(z, 2.0)),
    ("exponential", {}, torch.exp),
    ("gelu", {}, exact_gelu),
    ("gelu", {"approximate": "tanh"}, exact_tanh_gelu),
    ("silu", {}, functional.silu),
    ("mish", {}, functional.mish),
    ("hard_silu", {}, functional.hardswish),
    ("softplus", {}, exact_softplus),
    ("softplus", {"beta": 2.0}, lambda z: exact_softplus(z, 2.0)),
    ("squareplus", {}, squareplus),
    ("squareplus", {"b": 0.25}, lambda z: squareplus(z, 0.25)),
    ("softsign", {}, functional.softsign),
    ("log_sigmoid", {}, functional.logsigmoid),
    ("hard_sigmoid", {}, exact_hard_sigmoid),
    ("hard_tanh", {}, functional.hardtanh),
    (
        "hard_tanh",
        {"min_value": -0.5, "max_value": 2.0},
        lambda z: functional.hardtanh(z, -0.5, 2.0),
    ),
    ("relu6", {}, functional.relu6),
    ("threshold", {}, lambda z: functional.threshold(z, 0.0, 0.0)),
    (
        "threshold",
        {"threshold": 0.5, "value": 3.0},
        lambda z: functional.threshold(z, 0.5, 3.0),
    ),
    ("hard_shrink", {}, functional.hardshrink),
    ("hard_shrink", {"threshold": 2.0}, lambda z: functional.hardshrink(z, 2.0)),
    ("soft_shrink", {}, functional.softshrink),
    ("soft_shrink", {"threshold": 2.0}, lambda z: functional.softshrink(z, 2.0)),
    ("tanh_shrink", {}, functional.tanhshrink),
]
# The largest input of those whose values no float32 holds beyond.
LARGEST = {"exponential": 80.0}


def single(values):
    return np.asarray(values, np.float32).astype(np.float64)


def inputs():
    """Return both tails, the kink and its neighbourhood, in rows of units."""
    positive = single(MAGNITUDES)
    line = np.concatenate([-positive[::-1], [0.0], positive])
    noise = single(np.random.default_rng(0).standard_normal((5, len(line))))
    return np.stack([line, line[::-1], *noise])


def main():
    z = inputs()
    delta = single(np.random.default_rng(1).standard_normal(z.shape))
    cases = []
    for name, hyperparameters, function in CASES:
        largest = LARGEST.get(name, 1000.0)
        variable = torch.tensor(np.minimum(z, largest), requires_grad=True)
        a = function(variable)
        a.backward(torch.tensor(delta))
        cases.append(
            {
                "activation": name,
                "hyperparameters": hyperparameters,
                "largest": largest,
                "a": a.tolist(),
                "backward": variable.grad.tolist(),
            }
        )
    golden = {"torch": torch.__version__, "z": z.tolist(), "delta": delta.tolist(), "cases": cases}
    path = Path(__file__).with_name("activations.json")
    path.write_text(json.dumps(golden).replace('{"activation"', '\n{"activation"') + "\n")


if __name__ == "__main__":
    main()
