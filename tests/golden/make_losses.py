"""Write losses.json: values and gradients of losses by torch, with its autograd. Needs torch.

Where torch has the loss, it is torch's; the others are their published formulas in torch's
operations. Arrays are (n_outputs, n_samples), as the library has them.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

N_SAMPLES = 40


def cross_entropy(z, y, **options):
    return functional.cross_entropy(z.T, y, reduction="none", **options)


def binary_cross_entropy(z, y):
    return functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(0)


def focal_of_classes(z, y, gamma):
    log_p = torch.log_softmax(z, 0)[y, torch.arange(len(y))]
    return -((1 - log_p.exp()) ** gamma) * log_p


def focal_of_labels(z, y, gamma):
    p = torch.where(y == 1, torch.sigmoid(z), torch.sigmoid(-z))
    log_p = torch.where(y == 1, functional.logsigmoid(z), functional.logsigmoid(-z))
    return (-((1 - p) ** gamma) * log_p).sum(0)


def hinge_of_classes(z, y):
    own = z[y, torch.arange(len(y))]
    others = z.clone()
    others[y, torch.arange(len(y))] = -torch.inf
    return torch.relu(1 + others.max(0).values - own)


def hinge_of_labels(z, y):
    return torch.relu(1 - (2 * y - 1) * z).sum(0)


def pinball(z, y, quantile):
    return torch.maximum(quantile * (y - z), (quantile - 1) * (y - z)).sum(0)


def crossing_free_pinball(z, y, quantile):
    steps = torch.cat([z[:1], functional.softplus(z[1:])])
    return pinball(torch.cumsum(steps, 0), y, torch.tensor(quantile)[:, None])


def poisson(z, y):
    return (functional.poisson_nll_loss(z, y, reduction="none") + torch.xlogy(y, y) - y).sum(0)


def gamma(z, y):
    return (z - torch.log(y) + y * torch.exp(-z) - 1).sum(0)


def tweedie(z, y, power):
    low, high = 1 - power, 2 - power
    terms = y**high / (low * high) - y * torch.exp(low * z) / low + torch.exp(high * z) / high
    return terms.sum(0)


def gaussian(z, y, beta=0.0):
    """Return torch's loss; with beta, the likelihood with the gradient of Seitzer et al., eq. 5."""
    mean, variance = z[: len(y)], torch.exp(z[len(y) :]) + 1e-6
    loss = functional.gaussian_nll_loss(mean, y, variance, eps=1e-6, reduction="none")
    weighted = loss * variance.detach() ** beta
    return (loss.detach() + weighted - weighted.detach()).sum(0)


def error(function, **options):
    return lambda z, y: function(z, y, reduction="none", **options).sum(0)


# Name and hyperparameters; the kind of target; the loss; the outputs.
CASES = [
    ("log_loss", {}, "multiclass", cross_entropy, 4),
    (
        "log_loss",
        {"label_smoothing": 0.2},
        "multiclass",
        lambda z, y: cross_entropy(z, y, label_smoothing=0.2),
        4,
    ),
    ("log_loss", {}, "multilabel", binary_cross_entropy, 3),
    (
        "log_loss",
        {"label_smoothing": 0.2},
        "multilabel",
        lambda z, y: binary_cross_entropy(z, 0.8 * y + 0.1),
        3,
    ),
    *[
        (
            "focal",
            {"gamma": g},
            "multiclass",
            lambda z, y, g=g: focal_of_classes(z, y, g),
            4,
        )
        for g in (2.0, 0.5)
    ],
    *[
        ("focal", {"gamma": g}, "multilabel", lambda z, y, g=g: focal_of_labels(z, y, g), 3)
        for g in (2.0, 0.5)
    ],
    ("hinge", {}, "multiclass", hinge_of_classes, 4),
    ("hinge", {}, "multilabel", hinge_of_labels, 3),
    ("squared_error", {}, "regression", lambda z, y: error(functional.mse_loss)(z, y) / 2, 3),
    ("absolute_error", {}, "regression", error(functional.l1_loss), 3),
    ("huber", {"delta": 0.7}, "regression", error(functional.huber_loss, delta=0.7), 3),
    ("log_cosh", {}, "regression", lambda z, y: torch.log(torch.cosh(z - y)).sum(0), 3),
    ("quantile", {"quantile": 0.2}, "regression", lambda z, y: pinball(z, y, 0.2), 3),
    (
        "quantile",
        {"quantile": [0.1, 0.5, 0.8]},
        "one column",
        lambda z, y: crossing_free_pinball(z, y, [0.1, 0.5, 0.8]),
        3,
    ),
    ("poisson", {}, "positive", poisson, 3),
    ("gamma", {}, "positive", gamma, 3),
    ("tweedie", {"power": 1.3}, "positive", lambda z, y: tweedie(z, y, 1.3), 3),
    ("gaussian", {}, "half the outputs", gaussian, 4),
    (
        "gaussian",
        {"beta": 0.5},
        "half the outputs",
        lambda z, y: gaussian(z, y, 0.5),
        4,
    ),
]


def targets(kind, n_outputs, generator):
    if kind == "multiclass":
        return generator.integers(n_outputs, size=N_SAMPLES)
    if kind == "multilabel":
        return generator.integers(2, size=(n_outputs, N_SAMPLES)).astype(float)
    if kind == "positive":
        return np.exp(generator.standard_normal((n_outputs, N_SAMPLES)))
    n_targets = {"one column": 1, "half the outputs": n_outputs // 2}.get(kind, n_outputs)
    return 2 * generator.standard_normal((n_targets, N_SAMPLES))


def main():
    torch.set_default_dtype(torch.float64)
    cases = []
    for name, hyperparameters, kind, function, n_outputs in CASES:
        generator = np.random.default_rng(len(cases))
        raw = 2 * generator.standard_normal((n_outputs, N_SAMPLES))
        y = targets(kind, n_outputs, generator)
        z = torch.tensor(raw, requires_grad=True)
        value = function(z, torch.tensor(y))
        value.sum().backward()
        cases.append(
            {
                "loss": name,
                "hyperparameters": hyperparameters,
                "target": kind,
                "raw_prediction": raw.tolist(),
                "y_true": y.tolist(),
                "value": value.tolist(),
                "gradient": z.grad.tolist(),
            }
        )
    golden = {"torch": torch.__version__, "cases": cases}
    path = Path(__file__).with_name("losses.json")
    path.write_text(json.dumps(golden).replace('{"loss"', '\n{"loss"') + "\n")


if __name__ == "__main__":
    main()
