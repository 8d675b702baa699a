"""Time of an epoch at the start and at the end of long fits in float32.

Run it as ``python tests/benchmarks/long_fits.py [--epochs 1000]``. What shrinks by a factor at each
step becomes a subnormal number, with which a processor takes up to a hundred times as long: the
weights of the pixels of digits that are always zero do, under a penalty. All train 64-100-10 on
batches of 200 with Adam and scikit-learn's alpha, in turns of 25 epochs in one process; torch, if
it is installed, as a bare eager loop.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as Theirs
from threadpoolctl import threadpool_limits

from sknn import MLPClassifier, compat

TURN, BATCH, ALPHA = 25, 200, 1e-4


def make_torch(X, y):
    """Return a call that trains a torch network for a turn, or None."""
    try:
        import torch
    except ImportError:
        return None
    torch.manual_seed(0)
    torch.set_num_threads(1)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    network = torch.nn.Sequential(
        torch.nn.Linear(64, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10)
    )
    rule = torch.optim.Adam(network.parameters(), weight_decay=ALPHA / BATCH, fused=True)
    loss = torch.nn.CrossEntropyLoss()

    def train():
        for _ in range(TURN):
            for rows in torch.randperm(len(y)).split(BATCH):
                rule.zero_grad()
                loss(network(X[rows]), y[rows]).backward()
                rule.step()

    return train


def trainers(X, y):
    """Return a call for each package that trains for a turn."""
    shared = {"random_state": 0, "warm_start": True, "max_iter": TURN, "n_iter_no_change": 10**6}
    models = {
        "scikit-learn": Theirs(alpha=ALPHA, **shared),
        "sknn.compat": compat.MLPClassifier(alpha=ALPHA, **shared),
        "sknn": MLPClassifier(alpha=ALPHA / BATCH, **shared),
    }
    calls = {name: lambda model=model: model.fit(X, y) for name, model in models.items()}
    in_torch = make_torch(X, y)
    return calls | ({"torch": in_torch} if in_torch else {})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1000)
    n_turns = parser.parse_args().epochs // TURN
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load_digits(return_X_y=True)
    calls = trainers((X / 16).astype(np.float32), y)
    seconds = {name: [] for name in calls}
    with threadpool_limits(1):
        for _ in range(n_turns):
            for name, train in calls.items():
                started = time.perf_counter()
                train()
                seconds[name].append((time.perf_counter() - started) / TURN)
    print("| milliseconds an epoch | the first 100 | the slowest 100 | the last 100 |")
    print("|---|---|---|---|")
    for name, measured in seconds.items():
        by_100 = np.median(np.reshape(measured[: n_turns // 4 * 4], (-1, 4)), axis=1) * 1e3
        print(f"| {name} | {by_100[0]:.2f} | {by_100.max():.2f} | {by_100[-1]:.2f} |")


if __name__ == "__main__":
    main()
