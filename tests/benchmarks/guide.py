"""Measure the tables of the guide and of the how-to pages, on data that scikit-learn brings.

Run it as ``python tests/benchmarks/guide.py [table ...]``; each takes up to two minutes. Set
``OPENBLAS_NUM_THREADS=1`` for the same numbers everywhere but for rounding.
"""

import sys
import warnings

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_classification,
    make_friedman1,
)
from sklearn.metrics import average_precision_score, balanced_accuracy_score, log_loss
from sklearn.model_selection import (
    RepeatedKFold,
    RepeatedStratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.inspection import learning_rate_range_test
from sknn.losses import LogLoss, Quantile


def scaled(model):
    """Return a network whose inputs are standardized."""
    return make_pipeline(StandardScaler(), model)


def both_scaled(model):
    """Return a network whose inputs and targets are standardized."""
    return TransformedTargetRegressor(scaled(model), transformer=StandardScaler())


def activations():
    """Mean score of activations on five sets: docs/activations.md."""
    classes = [load(return_X_y=True) for load in (load_digits, load_breast_cancer, load_wine)]
    numbers = [load_diabetes(return_X_y=True), make_friedman1(1000, noise=1.0, random_state=0)]
    params = {"hidden_layer_sizes": (50, 50), "early_stopping": True, "random_state": 0}
    for name in ("relu", "leaky_relu", "elu", "silu", "tanh", "sigmoid"):
        classifier = scaled(MLPClassifier(activation=name, **params))
        regressor = both_scaled(MLPRegressor(activation=name, **params))
        folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
        scores = [cross_val_score(classifier, X, y, cv=folds).mean() for X, y in classes]
        folds = RepeatedKFold(n_splits=5, n_repeats=2, random_state=0)
        scores += [cross_val_score(regressor, X, y, cv=folds).mean() for X, y in numbers]
        print(f"{name:12}", *(f"{score:.3f}" for score in scores))


def rates():
    """Loss after 50 epochs at the automatic rate and at the range test's: docs/optimizers.md."""
    X, y = load_digits(return_X_y=True)
    for name in ("sgd", "momentum", "adam"):
        model = MLPClassifier((50, 50), optimizer=name, max_iter=50, random_state=0)
        found = learning_rate_range_test(model, X / 16, y).suggestion
        for rate in ("auto", found / 3, found):
            model.set_params(learning_rate_init=rate)
            losses = [model.set_params(random_state=i).fit(X / 16, y).loss_ for i in range(3)]
            print(f"{name:10} {rate if rate == 'auto' else format(rate, '.2g'):6}", *losses)


def schedules():
    """Error against the true function by schedule: docs/schedules.md."""
    rng = np.random.default_rng(0)
    X, X_test = rng.uniform(-2, 2, (1000, 2)), rng.uniform(-2, 2, (2000, 2))
    true = [np.sin(2 * each[:, 0]) * each[:, 1] for each in (X, X_test)]
    y = true[0] + rng.normal(scale=0.3, size=1000)
    model = MLPRegressor((50, 50), "silu", learning_rate_init=0.02, batch_size=50, max_iter=40)
    model.set_params(n_iter_no_change=40)
    for name in ("constant", "exponential", "invscaling", "cosine", "one_cycle"):
        model.set_params(learning_rate=name)
        fits = [model.set_params(random_state=i).fit(X, y).predict(X_test) for i in range(4)]
        print(f"{name:12}", np.mean([np.sqrt(np.mean((fit - true[1]) ** 2)) for fit in fits]))


def dropout():
    """Validation error on the digits as they are: docs/dropout.md."""
    X, y = load_digits(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X / 16, y, test_size=0.5, random_state=0)
    for rate in (0.0, 0.5):
        model = MLPClassifier((300, 300), dropout=rate, batch_size=50, alpha=0, random_state=0)
        for _ in range(60):
            model.partial_fit(X_train, y_train, classes=range(10))
        print(f"dropout {rate}: {100 - 100 * model.score(X_val, y_val):.1f} %")


REGULARIZERS = {
    "none": [{}],
    "early stopping": [{"early_stopping": True}],
    "alpha": [{"alpha": value} for value in (0.001, 0.01, 0.03, 0.1)],
    "alpha, l1_ratio=1": [{"alpha": value, "l1_ratio": 1.0} for value in (1e-4, 1e-3, 3e-3)],
    "dropout": [{"dropout": value} for value in (0.2, 0.5, 0.7)],
    "max_norm": [{"max_norm": value} for value in (0.5, 1.0, 2.0)],
    "averaging": [{"averaging": "ema"}],
    "label_smoothing": [{"loss": LogLoss(label_smoothing=value)} for value in (0.05, 0.1, 0.2)],
    "dropout, early stopping": [
        {"dropout": value, "early_stopping": True} for value in (0.2, 0.5, 0.7)
    ],
}


def regularization():
    """Test error by regularizer, some labels wrong: docs/guide/regularization.md.

    The value of each parameter is chosen by the log-loss of validation rows, split by split.
    """
    X, y = load_digits(return_X_y=True)
    found = {name: [] for name in REGULARIZERS}
    for seed in range(5):
        X_train, X_test, y_train, y_test = train_test_split(
            X / 16, y, train_size=900, random_state=seed
        )
        wrong = np.random.default_rng(seed).random(900) < 0.1
        y_train = np.where(wrong, (y_train + 1) % 10, y_train)
        rows, kept = slice(0, 600), slice(600, 900)
        validation = {"X_val": X_train[kept], "y_val": y_train[kept]}
        for name, candidates in REGULARIZERS.items():
            models = []
            for params in candidates:
                model = MLPClassifier((100, 100), batch_size=50, max_iter=100, alpha=0)
                model.set_params(n_iter_no_change=10 if "early" in name else 100)
                model.set_params(random_state=seed, **params)
                models.append(model.fit(X_train[rows], y_train[rows], **validation))
            best = min(
                models,
                key=lambda model: log_loss(y_train[kept], model.predict_proba(X_train[kept])),
            )
            probabilities = best.predict_proba(X_test)
            found[name].append(
                (100 - 100 * best.score(X_test, y_test), log_loss(y_test, probabilities))
            )
    for name, numbers in found.items():
        mean, error = np.mean(numbers, axis=0), np.std(numbers, axis=0, ddof=1) / 5**0.5
        print(f"{name:24} {mean[0]:.1f} ± {error[0]:.1f} %  {mean[1]:.2f} ± {error[1]:.2f}")


def imbalanced():
    """Average precision and balanced accuracy by weights: docs/how_to/imbalanced.md."""
    X, y = make_classification(
        8000,
        n_features=12,
        n_informative=8,
        n_clusters_per_class=3,
        weights=[0.98],
        flip_y=0.0,
        class_sep=1.0,
        random_state=2,
    )
    parts = train_test_split(StandardScaler().fit_transform(X), y, stratify=y, random_state=0)
    X_train, X_test, y_train, y_test = parts
    variants = [{}, {"class_weight": "balanced"}, {"class_weight": {1: 10}}, {"loss": "focal"}]
    for variant in variants:
        model = MLPClassifier(40, learning_rate_init=0.003, early_stopping=True, random_state=0)
        share = model.set_params(**variant).fit(X_train, y_train).predict_proba(X_test)[:, 1]
        print(
            variant,
            f"average precision {average_precision_score(y_test, share):.2f}, balanced accuracy",
            *(f"{balanced_accuracy_score(y_test, share > at):.2f} at {at}" for at in (0.5, 0.02)),
        )


def units():
    """R² of a target in three units, as it is and scaled: docs/how_to/regression.md."""
    X, y = load_diabetes(return_X_y=True)
    mlp = MLPRegressor(50, early_stopping=True, learning_rate_init=0.01, random_state=0)
    for unit in (1e-3, 1, 1e3):
        scores = [cross_val_score(make(mlp), X, y * unit).mean() for make in (scaled, both_scaled)]
        print(f"y * {unit:g}", *(f"{score:.3f}" for score in scores))


def coverage():
    """Share of rows within the 5 and 95 % quantiles, by alpha: docs/how_to/regression.md."""
    X, y = make_friedman1(2000, noise=1.0, random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    mlp = MLPRegressor((64, 64), "silu", loss=Quantile([0.05, 0.5, 0.95]), early_stopping=True)
    mlp.set_params(learning_rate_init=0.003)
    for alpha in (1e-5, 1e-3, 1e-2):
        for seed in range(3):
            model = scaled(mlp.set_params(alpha=alpha, random_state=seed)).fit(X_train, y_train)
            low, _, high = model.predict(X_test).T
            inside = np.mean((low <= y_test) & (y_test <= high))
            print(f"alpha {alpha}: {inside:.2f} inside, mean width {np.mean(high - low):.1f}")


TABLES = {
    measure.__name__: measure
    for measure in (
        activations,
        rates,
        schedules,
        dropout,
        imbalanced,
        units,
        coverage,
        regularization,
    )
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name in sys.argv[1:] or TABLES:
        print(f"\n{name}: {TABLES[name].__doc__}")
        TABLES[name]()
