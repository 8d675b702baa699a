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
    ("adamw", {}, "AdamW", {}, 1e-3, 1.0),
    (
        "adamw",
        {"beta_1": 0.6, "beta_2": 0.9, "epsilon": 1e-2, "weight_decay": 0.5},
        "AdamW",
        {"betas": (0.6, 0.9), "eps": 1e-2, "weight_decay": 0.5},
        0.03,
        0.97,
    ),
    ("amsgrad", {}, "Adam", {"amsgrad": True}, 1e-3, 1.0),
    (
        "amsgrad",
        {"beta_1": 0.6, "beta_2": 0.7, "epsilon": 1e-2},
        "Adam",
        {"amsgrad": True, "betas": (0.6, 0.7), "eps": 1e-2},
        0.03,
        0.97,
    ),
    ("adamax", {}, "Adamax", {}, 2e-3, 1.0),
    (
        "adamax",
        {"beta_1": 0.6, "beta_2": 0.7, "epsilon": 1e-2},
        "Adamax",
        {"betas": (0.6, 0.7), "eps": 1e-2},
        0.03,
        0.97,
    ),
    ("nadam", {}, "NAdam", {}, 2e-3, 1.0),
    (
        "nadam",
        {"beta_1": 0.6, "beta_2": 0.9, "epsilon": 1e-2, "momentum_decay": 0.1},
        "NAdam",
        {"betas": (0.6, 0.9), "eps": 1e-2, "momentum_decay": 0.1},
        0.03,
        0.97,
    ),
    ("radam", {}, "RAdam", {}, 1e-3, 1.0),
    (
        "radam",
        {"beta_1": 0.6, "beta_2": 0.9, "epsilon": 1e-2},
        "RAdam",
        {"betas": (0.6, 0.9), "eps": 1e-2},
        0.03,
        0.97,
    ),
    ("rprop", {}, "Rprop", {}, 1e-2, 1.0),
    (
        "rprop",
        {"eta_minus": 0.3, "eta_plus": 1.5, "minimum_step": 1e-3, "maximum_step": 0.2},
        "Rprop",
        {"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.2)},
        0.1,
        1.0,
    ),
    ("lion", {}, "published formula", {}, 1e-3, 1.0),
    (
        "lion",
        {"beta_1": 0.6, "beta_2": 0.7, "weight_decay": 0.5},
        "published formula",
        {"beta_1": 0.6, "beta_2": 0.7, "weight_decay": 0.5},
        0.03,
        0.97,
    ),
    ("adan", {}, "published formula", {}, 1e-3, 1.0),
    (
        "adan",
        {"beta_1": 0.6, "beta_2": 0.7, "beta_3": 0.8, "epsilon": 1e-2, "weight_decay": 0.5},
        "published formula",
        {"beta_1": 0.6, "beta_2": 0.7, "beta_3": 0.8, "epsilon": 1e-2, "weight_decay": 0.5},
        0.03,
        0.97,
    ),
]


def lion(x, gradient, rate_at, beta_1=0.9, beta_2=0.99, weight_decay=0.0):
    """Chen et al. 2023, program 1; yields each point."""
    m = np.zeros_like(x)
    for step in range(max(KEPT_STEPS)):
        grad, rate = gradient(x), rate_at(step)
        update = np.sign(beta_1 * m + (1 - beta_1) * grad)
        m = beta_2 * m + (1 - beta_2) * grad
        x = x - rate * (update + weight_decay * x)
        yield x


def adan(
    x, gradient, rate_at, beta_1=0.98, beta_2=0.92, beta_3=0.99, epsilon=1e-8, weight_decay=0.0
):
    """Xie et al. 2022, algorithm 1, bias-corrected and with decay as optax has it."""
    m, v, n, before = (np.zeros_like(x) for _ in range(4))
    for step in range(max(KEPT_STEPS)):
        grad, rate, t = gradient(x), rate_at(step), step + 1
        change = grad - before if step else np.zeros_like(x)
        before = grad
        m = beta_1 * m + (1 - beta_1) * grad
        v = beta_2 * v + (1 - beta_2) * change
        n = beta_3 * n + (1 - beta_3) * (grad + beta_2 * change) ** 2
        m_hat, v_hat, n_hat = m / (1 - beta_1**t), v / (1 - beta_2**t), n / (1 - beta_3**t)
        update = (m_hat + beta_2 * v_hat) / (np.sqrt(n_hat) + epsilon)
        x = x - rate * (update + weight_decay * x)
        yield x


FORMULAS = {"lion": lion, "adan": adan}


def formula_trajectory(matrix, start, name, hyperparameters, learning_rate, decay):
    points = FORMULAS[name](
        start,
        lambda x: matrix @ x + np.sin(x),
        lambda step: learning_rate * decay**step,
        **hyperparameters,
    )
    points = dict(enumerate(points, start=1))
    return [points[step].tolist() for step in KEPT_STEPS]


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
    torch.set_default_dtype(torch.float64)  # NAdam keeps a product in it
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
            "source": optimizer_class,
            "points": formula_trajectory(matrix, start, name, theirs, rate, decay)
            if name in FORMULAS
            else trajectory(matrix, start, optimizer_class, theirs, rate, decay),
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
