"""Many categories: the mean of the target in each, beside one-hot columns, or no column at all.

Usage
-----
``python categories.py FRAMES``

FRAMES is a folder with ``adult.csv``, whose target is ``income`` and whose official split is in
the column ``split``.

Notes
-----
The columns occupation, native_country and education are joined to one of some 1,000 categories;
they, and education_num, are left out otherwise. Each repetition draws other training rows and has
another seed; all are scored on the official test rows. The script prints a markdown table, in which
``±`` is a standard error and differences are paired.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sknn.tabular import TabularMLPClassifier

JOINED = ["occupation", "native_country", "education"]
N_ROWS, N_REPETITIONS = 6_000, 3


def one_hot(**parameters):
    """Return a transformer that gives the joined column one column for each category."""
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False, **parameters)
    columns = make_column_transformer(
        (encoder, ["joined"]), remainder="passthrough", verbose_feature_names_out=False
    )
    return columns.set_output(transform="pandas")


def make(variant, seed):
    """Return an estimator by the name of the variant."""
    network = TabularMLPClassifier(n_members=1, random_state=seed)
    if variant == "left out":
        without = make_column_transformer(
            ("drop", ["joined"]), remainder="passthrough", verbose_feature_names_out=False
        )
        return make_pipeline(without.set_output(transform="pandas"), network)
    if variant == "one-hot, the 64 most frequent":
        return make_pipeline(one_hot(max_categories=64), network)
    if variant == "one-hot, of 5 rows or more":
        return make_pipeline(one_hot(min_frequency=5), network)
    return network


VARIANTS = (
    "left out",
    "one-hot, the 64 most frequent",
    "one-hot, of 5 rows or more",
    "target means and the 64 most frequent (the default)",
)


def results(frame):
    """Yield variant, repetition, accuracy, log-loss and seconds of the processor."""
    is_test = frame["split"] == "test"
    y = frame["income"].to_numpy()
    X = frame.drop(columns=["income", "split", "education_num", *JOINED])
    X["joined"] = frame[JOINED].fillna("?").agg("/".join, axis=1)
    X_test, y_test = X[is_test], y[is_test]
    for repetition in range(N_REPETITIONS):
        rng = np.random.default_rng(repetition)
        rows = rng.choice(np.flatnonzero(~is_test), N_ROWS, replace=False)
        for variant in VARIANTS:
            began = time.process_time()
            model = make(variant, repetition).fit(X.iloc[rows], y[rows])
            seconds = time.process_time() - began
            loss = log_loss(y_test, model.predict_proba(X_test))
            yield variant, repetition, model.score(X_test, y_test), loss, seconds


def cell(values, digits):
    """Return the mean and its standard error."""
    error = np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):.{digits}f} ± {error:.{digits}f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where adult.csv is")
    frame = pd.read_csv(parser.parse_args().folder / "adult.csv")
    found = {variant: [] for variant in VARIANTS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of unseen categories
        for variant, repetition, *values in results(frame):
            found[variant].append(values)
            print(variant, repetition, *values, flush=True)
    chosen = np.array(found[VARIANTS[-1]])
    print("| joined column | accuracy | log-loss | against the default | seconds |")
    print("|---|---|---|---|---|")
    for variant, values in found.items():
        accuracy, loss, seconds = np.array(values).T
        difference = cell(loss - chosen[:, 1], 4) if variant != VARIANTS[-1] else ""
        print(
            f"| {variant} | {cell(accuracy, 4)} | {cell(loss, 4)} | {difference} "
            f"| {seconds.mean():.1f} |"
        )


if __name__ == "__main__":
    main()
