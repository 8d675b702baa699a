"""Write optimizers.json: trajectories of torch.optim that ours must follow. Needs torch.

The problem has 12 parameters and the gradient ``A x + sin(x)``, with ``A`` in the file.
"""

import json
from pathlib import Path

import numpy as np
import torch

N_PARAMETERS = 12
KEPT_STEPS = [1, 2, 3, 5, 10, 20, 35, 50]

# Our name and hyperparameters; torch's class and hyperparameters; the first rate, and what it
# is multiplied by after each step. Empty hyperparameters are each side's own defaults.
CASES = [
    ("sgd", {}, "SGD", {}, 0.1, 1.0),
    ("sgd", {}, "SGD", {}, 0.2, 0.97),
    ("momentum", {}, "SGD", {"momentum": 0.9}, 0.02, 1.0),
    ("momentum", {"momentum": 0.5}, "SGD", {"momentum": 0.5}, 0.1, 0.97),
    ("nesterov", {}, "SGD", {"momentum": 0.9, "nesterov": True}, 0.02, 1.0),
    ("nesterov", {"momentum": 0.5}, "SGD", {"momentum": 0.5, "nesterov": True}, 0.1, 0.97),
    ("adagrad", {}, "Adagrad", {}, 0.01, 1.0),
    ("adagrad", {"epsilon": 1e-2}, "Adagrad", {"eps": 1e-2}, 0.3, 0.97),
    ("rmsprop", {}, "RMSprop", {}, 0.01, 1.0),
    ("rmsprop", {"rho": 0.8, "epsilon": 1e-2}, "RMSprop", {"alpha": 0.8, "eps": 1e-2}, 0.03, 0.97),
    ("adadelta", {}, "Adadelta", {}, 1.0, 1.0),
    ("adadelta", {"rho": 0.8, "epsilon": 1e-3}, "Adadelta", {"rho": 0.8, "eps": 1e-3}, 0.5, 0.97),
    ("adam", {}, "Adam", {}, 1e-3, 1.0),
    (
        "adam",
        {"beta_1": 0.6, "beta_2": 0.9, "epsilon": 1e-2},
        "Adam",
        {"betas": (0.6, 0.9), "eps": 1e-2},
        0.03,
        0.97,
    ),
]


def trajectory(matrix, start, optimizer_class, hyperparameters, learning_rate, decay):
    x = torch.tensor(start, requires_grad=True)
    matrix = torch.tensor(matrix)
    optimizer = getattr(torch.optim, optimizer_class)([x], lr=learning_rate, **hyperparameters)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    points = {}
    for step in range(1, max(KEPT_STEPS) + 1):
        x.grad = matrix @ x.detach() + torch.sin(x.detach())
        optimizer.step()
        scheduler.step()
        points[step] = x.detach().tolist()
    return [points[step] for step in KEPT_STEPS]


def main():
    generator = np.random.default_rng(0)
    factor = generator.standard_normal((N_PARAMETERS, N_PARAMETERS))
    matrix = factor @ factor.T / N_PARAMETERS
    start = generator.standard_normal(N_PARAMETERS)
    cases = [
        {
            "optimizer": name,
            "hyperparameters": ours,
            "learning_rate": rate,
            "decay": decay,
            "points": trajectory(matrix, start, optimizer_class, theirs, rate, decay),
        }
        for name, ours, optimizer_class, theirs, rate, decay in CASES
    ]
    golden = {
        "torch": torch.__version__,
        "matrix": matrix.tolist(),
        "start": start.tolist(),
        "steps": KEPT_STEPS,
        "cases": cases,
    }
    path = Path(__file__).with_name("optimizers.json")
    path.write_text(json.dumps(golden).replace('{"optimizer"', '\n{"optimizer"') + "\n")


if __name__ == "__main__":
    main()
