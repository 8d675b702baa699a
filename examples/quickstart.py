"""Fit a network to digits, then search over optimizers and initializers, in under a minute."""

import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

pipeline = Pipeline([("scale", StandardScaler()), ("mlp", MLPClassifier(random_state=0))])
pipeline.fit(X_train, y_train)
print(f"Accuracy at the defaults: {pipeline.score(X_test, y_test):.3f}")

grid = {
    "mlp__optimizer": ["sgd", "momentum", "rmsprop", "adam"],
    "mlp__init": ["normal", "xavier_uniform", "he_normal"],
}
search = GridSearchCV(pipeline.set_params(mlp__max_iter=20), grid, cv=3, n_jobs=2)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # 20 epochs are enough to compare
    search.fit(X_train, y_train)

print("\nCross-validated accuracy after 20 epochs:\n")
results = search.cv_results_
print(f"{'':12}", *(f"{init:>15}" for init in grid["mlp__init"]))
for optimizer in grid["mlp__optimizer"]:
    of = [
        score
        for score, params in zip(results["mean_test_score"], results["params"], strict=True)
        if params["mlp__optimizer"] == optimizer
    ]
    print(f"{optimizer:12}", *(f"{score:15.3f}" for score in of))
print(f"\nBest: {search.best_params_}, test accuracy {search.score(X_test, y_test):.3f}")
