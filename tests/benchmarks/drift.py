"""How far long fits by L-BFGS drift from scikit-learn's, and scikit-learn's own from themselves.

Run it as ``python tests/benchmarks/drift.py [--seeds 8]``. All start from the same weights and end
after the same number of iterations; with the rows in another order sums are rounded otherwise, and
nothing else changes. Distances are the largest difference of weights by the largest weight of a
layer: the median over the seeds, and the largest.
"""

import argparse
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.preprocessing import StandardScaler

from sknn.compat import MLPClassifier


def distance(ours, theirs):
    """Return the largest difference of weights, by the largest weight of their layer."""
    pairs = zip(ours.coefs_, theirs.coefs_, strict=True)
    return max(float(np.abs(our - their).max() / np.abs(their).max()) for our, their in pairs)


def compare(X, y, n_seeds, **params):
    """Return distances from scikit-learn: ours, its own, and the relative one of our loss."""
    found = []
    for seed in range(n_seeds):
        order = np.random.RandomState(seed).permutation(len(y))
        shared = params | {"solver": "lbfgs", "tol": 0, "max_fun": 10**6, "random_state": seed}
        theirs = Theirs(**shared).fit(X, y)
        ours = MLPClassifier(**shared).fit(X, y)
        other = Theirs(**shared).fit(X[order], y[order])
        loss = abs(ours.loss_ / theirs.loss_ - 1)
        found.append((distance(ours, theirs), distance(other, theirs), loss))
    return np.array(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    n_seeds = parser.parse_args().seeds
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    print("| activation | iterations | sknn.compat | most | scikit-learn | most | loss |")
    print("|---|---|---|---|---|---|---|")
    for activation in ("tanh", "relu"):
        for n_iter in (12, 25, 50, 100, 200):
            found = compare(X, y, n_seeds, activation=activation, max_iter=n_iter)
            (ours, itself, loss), most = np.median(found, axis=0), found.max(axis=0)
            print(
                f"| {activation} | {n_iter} | {ours:.0e} | {most[0]:.0e} | {itself:.0e} "
                f"| {most[1]:.0e} | {loss:.0e}, {most[2]:.0e} |"
            )


if __name__ == "__main__":
    main()
