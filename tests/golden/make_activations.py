"""Write activations.json: torch's activations and their derivatives. Needs torch.

All inputs are float32 numbers, so that both precisions can be compared.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

MAGNITUDES = [1e-30, 1e-6, 1e-3, 0.1, 0.5, 1, 2, 3.5, 5, 8, 12, 17, 20, 36, 50, 80, 1000]

CASES = [
    ("identity", {}, lambda z: 1 * z),
    ("sigmoid", {}, torch.sigmoid),
    ("tanh", {}, torch.tanh),
    ("relu", {}, functional.relu),
    ("leaky_relu", {}, functional.leaky_relu),
    ("leaky_relu", {"negative_slope": 0.25}, lambda z: functional.leaky_relu(z, 0.25)),
    ("softmax", {}, lambda z: torch.softmax(z, dim=0)),
]


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
        variable = torch.tensor(z, requires_grad=True)
        a = function(variable)
        a.backward(torch.tensor(delta))
        cases.append(
            {
                "activation": name,
                "hyperparameters": hyperparameters,
                "a": a.tolist(),
                "backward": variable.grad.tolist(),
            }
        )
    golden = {"torch": torch.__version__, "z": z.tolist(), "delta": delta.tolist(), "cases": cases}
    path = Path(__file__).with_name("activations.json")
    path.write_text(json.dumps(golden).replace('{"activation"', '\n{"activation"') + "\n")


if __name__ == "__main__":
    main()
