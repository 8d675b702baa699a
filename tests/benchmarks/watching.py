"""What a fit costs more for being watched: `history_`, the diagnosis at its end, and callbacks.

Run it as ``python tests/benchmarks/watching.py [--rounds 15]``. Each round fits with and without,
in turns, in one process; the table shows the medians over the rounds of the ratios.
"""

import argparse
import statistics
import time
import warnings

import numpy as np
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from sknn import MLPClassifier
from sknn._training.loop import TrainingLoop
from sknn._training.step_statistics import StepStatistics
from sknn.estimators import _base as estimators


class Bare(TrainingLoop):
    """Keeps the loss alone."""

    def _record(self, loss, *rest):
        self.training.loss_curve.append(loss)


def without_history(fit):
    """Return a fit that measures and records nothing but the loss."""

    def bare():
        kept = TrainingLoop._record, StepStatistics.forget
        TrainingLoop._record = Bare._record
        StepStatistics.forget = lambda self: setattr(self, "update_ratios", [])
        StepStatistics.is_on = property(lambda self: False, lambda self, value: None)
        try:
            fit()
        finally:
            TrainingLoop._record, StepStatistics.forget = kept
            del StepStatistics.is_on

    return bare


def without_diagnosis(fit):
    """Return a fit that looks for nothing to warn of."""

    def silent():
        kept = estimators.diagnose
        estimators.diagnose = lambda *args: None
        try:
            fit()
        finally:
            estimators.diagnose = kept

    return silent


def without_warnings(fit):
    """Return a fit whose warnings, which read the history, are left out."""

    def unwarned():
        kept = estimators.compose_warning
        estimators.compose_warning = lambda *args: None
        try:
            fit()
        finally:
            estimators.compose_warning = kept

    return unwarned


class Nothing:
    """A callback that does nothing."""

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...
    def on_fit_task_end(self, estimator, context): ...


def seconds(fit):
    start = time.process_time()
    fit()
    return time.process_time() - start


def ratio(fit, other, rounds):
    """Return the median time of the one fit over that of the other, and the time of the first."""
    fit(), other()
    pairs = []
    for i in range(rounds):
        first, second = (fit, other) if i % 2 else (other, fit)
        times = seconds(first), seconds(second)
        pairs.append(times if i % 2 else times[::-1])
    return statistics.median(a / b for a, b in pairs), statistics.median(a for a, _ in pairs)


def cases():
    X, y = load_digits(return_X_y=True)
    fixed = {"tol": 0.0, "n_iter_no_change": 10**6, "random_state": 0}
    yield "digits, (100,), 100 epochs", MLPClassifier(max_iter=100, **fixed), X / 16, y
    few = MLPClassifier(max_iter=300, **fixed)
    yield "150 digits, (100,), 300 epochs of one step", few, X[:150] / 16, y[:150]
    X = np.random.default_rng(0).standard_normal((4000, 784)).astype(np.float32)
    y = np.arange(4000) % 10
    large = MLPClassifier((256, 256), max_iter=5, **fixed)
    yield "4,000 x 784, (256, 256), float32, 5 epochs", large, X, y


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    print("| fit | seconds | with / without history_ | a diagnosis | a callback |")
    print("|---" * 5, "|", sep="")
    with threadpool_limits(1):
        for name, model, X, y in cases():

            def fit(model=model, X=X, y=y):
                model.fit(X, y)

            def watched(model=model, X=X, y=y):
                model.set_callbacks(Nothing()).fit(X, y)
                model.set_callbacks()

            quiet = without_warnings(fit)
            history, time_of_fit = ratio(quiet, without_history(quiet), rounds)
            diagnosis, _ = ratio(fit, without_diagnosis(fit), rounds)
            callback, _ = ratio(watched, fit, rounds)
            cells = [name, f"{time_of_fit:.2f}"]
            cells += [f"{each:.3f}" for each in (history, diagnosis, callback)]
            print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
