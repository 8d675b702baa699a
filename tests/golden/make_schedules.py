"""Write schedules.json: rates of torch's schedulers that ours must follow. Needs torch.

Each scheduler takes 50 steps, one an epoch, from the rate 0.1.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.optim import lr_scheduler

N_STEPS = 50

# Our name and hyperparameters; torch's class and hyperparameters; the epochs that ours plans for.
CASES = [
    ("step", {}, "StepLR", {"step_size": 30}, N_STEPS),
    ("step", {"step_size": 7, "factor": 0.5}, "StepLR", {"step_size": 7, "gamma": 0.5}, N_STEPS),
    ("exponential", {}, "ExponentialLR", {"gamma": 0.97}, N_STEPS),
    ("polynomial", {}, "PolynomialLR", {"total_iters": N_STEPS}, N_STEPS),
    ("polynomial", {"power": 2.5}, "PolynomialLR", {"total_iters": 80, "power": 2.5}, 80),
    ("cosine", {}, "CosineAnnealingLR", {"T_max": N_STEPS}, N_STEPS),
    ("cosine", {"minimum": 0.01}, "CosineAnnealingLR", {"T_max": 60, "eta_min": 0.01}, 60),
    ("cosine", {"n_cycles": 5}, "CosineAnnealingWarmRestarts", {"T_0": 10}, 50),
    (
        "cosine",
        {"n_cycles": 3, "cycle_factor": 2.0, "minimum": 0.02},
        "CosineAnnealingWarmRestarts",
        {"T_0": 10, "T_mult": 2, "eta_min": 0.02},
        70,
    ),
    # torch's rise ends at the step 0.3 total_steps - 1, of total_steps - 1.
    (
        "one_cycle",
        {"warmup_fraction": (0.3 * 51 - 1) / 50},
        "OneCycleLR",
        {"max_lr": 0.1, "total_steps": 51},
        50,
    ),
    (
        "one_cycle",
        {"warmup_fraction": (0.5 * 61 - 1) / 60, "start_divisor": 10.0, "end_divisor": 100.0},
        "OneCycleLR",
        {
            "max_lr": 0.1,
            "total_steps": 61,
            "pct_start": 0.5,
            "div_factor": 10.0,
            "final_div_factor": 100.0,
        },
        60,
    ),
    ("reduce_on_plateau", {}, "ReduceLROnPlateau", {"patience": 5}, N_STEPS),
    (
        "reduce_on_plateau",
        {"factor": 0.5, "patience": 1, "threshold": 0.01, "cooldown": 2, "minimum": 0.001},
        "ReduceLROnPlateau",
        {
            "factor": 0.5,
            "patience": 1,
            "threshold": 0.01,
            "cooldown": 2,
            "min_lr": 0.001,
            "eps": 0.0,
        },
        N_STEPS,
    ),
    (
        "warmup",
        {"n_epochs": 8, "start_factor": 0.25},
        "LinearLR",
        {"start_factor": 0.25, "total_iters": 8},
        N_STEPS,
    ),
]


def rates(scheduler_class, hyperparameters, metrics):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = getattr(lr_scheduler, scheduler_class)(optimizer, **hyperparameters)
    found = []
    for metric in metrics:
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([metric] if scheduler_class == "ReduceLROnPlateau" else []))
    return found


def main():
    generator = np.random.default_rng(0)
    metrics = (1 / np.arange(1, N_STEPS + 1) + 0.1 * generator.random(N_STEPS)).tolist()
    cases = [
        {
            "schedule": name,
            "hyperparameters": ours,
            "n_epochs": n_epochs,
            "rates": rates(scheduler_class, theirs, metrics),
        }
        for name, ours, scheduler_class, theirs, n_epochs in CASES
    ]
    golden = {"torch": torch.__version__, "metrics": metrics, "cases": cases}
    path = Path(__file__).with_name("schedules.json")
    path.write_text(json.dumps(golden).replace('{"schedule"', '\n{"schedule"') + "\n")


if __name__ == "__main__":
    main()
