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


# Muon needs layers: a tall and a wide one, then the last; rows count a row of biases.
MUON_SHAPES = [(5, 3), (4, 6), (7, 2)]
MUON_CASES = [
    ({}, {}, 1e-3, 1.0),
    (
        {"momentum": 0.6, "weight_decay": 0.5, "beta_1": 0.6, "beta_2": 0.9, "epsilon": 1e-2},
        {"momentum": 0.6, "weight_decay": 0.5, "betas": (0.6, 0.9), "eps": 1e-2},
        0.03,
        0.97,
    ),
]


def orthogonalized(matrix, a=3.4445, b=-4.7750, c=2.0315):
    """torch.optim.Muon's Newton-Schulz iteration, which torch computes in bfloat16."""
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / max(np.linalg.norm(x), 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def blocks_of(vector):
    """Return the weights and the biases of each layer, as views."""
    ends = np.cumsum([n * m for n, m in MUON_SHAPES])[:-1]
    parts = zip(np.split(vector, ends), MUON_SHAPES, strict=True)
    blocks = [part.reshape(shape) for part, shape in parts]
    return [block[:-1] for block in blocks], [block[-1] for block in blocks]


def muon_trajectory(matrix, start, learning_rate, decay, momentum=0.95, weight_decay=0.1, **adam):
    """torch.optim.Muon's formula for hidden weights, torch.optim.AdamW for the others."""
    x, gradient = start.copy(), np.empty_like(start)
    (*hidden, last), biases = blocks_of(x)
    (*hidden_grads, last_grad), bias_grads = blocks_of(gradient)
    others = [torch.from_numpy(part) for part in (last, *biases)]  # they share memory with x
    for parameter, grad in zip(others, (last_grad, *bias_grads), strict=True):
        parameter.grad = torch.from_numpy(grad)
    groups = [
        {"params": others[:1], "weight_decay": weight_decay},
        {"params": others[1:], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, **adam)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    buffers, points = [np.zeros_like(weights) for weights in hidden], {}
    for step in range(1, max(KEPT_STEPS) + 1):
        rate = learning_rate * decay ** (step - 1)
        gradient[:] = matrix @ x + np.sin(x)
        for weights, grad, buffer in zip(hidden, hidden_grads, buffers, strict=True):
            buffer[:] = momentum * buffer + (1 - momentum) * grad
            update = orthogonalized((1 - momentum) * grad + momentum * buffer)
            adjusted = rate * 0.2 * np.sqrt(max(grad.shape))
            weights[:] = weights * (1 - rate * weight_decay) - adjusted * update
        optimizer.step()
        scheduler.step()
        points[step] = x.tolist()
    return [points[step] for step in KEPT_STEPS]


def muon_problem(generator):
    """Return what the file holds about Muon."""
    size = sum(n * m for n, m in MUON_SHAPES)
    factor, start = generator.standard_normal((size, size)), generator.standard_normal(size)
    matrix = factor @ factor.T / size
    cases = [
        {
            "hyperparameters": ours,
            "learning_rate": rate,
            "decay": decay,
            "source": "torch.optim.Muon's formula in float64 for hidden weights, else AdamW",
            "points": muon_trajectory(matrix, start, rate, decay, **theirs),
        }
        for ours, theirs, rate, decay in MUON_CASES
    ]
    return {
        "matrix": matrix.tolist(),
        "start": start.tolist(),
        "shapes": MUON_SHAPES,
        "cases": cases,
    }


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
        "muon": muon_problem(generator),
    }
    path = Path(__file__).with_name("optimizers.json")
    path.write_text(
        json.dumps(golden).replace('{"optimizer"', '\n{"optimizer"').replace('"muon"', '\n"muon"')
        + "\n"
    )


if __name__ == "__main__":
    main()
