"""The pictures of the lessons, of the first steps and of the page on regularization."""

import numpy as np
from picture_style import COLORS, digits, fit, panels
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.activations import Softmax
from sknn.initializers import Constant, Normal
from sknn.inspection import (
    ActivationDisplay,
    LossCurveDisplay,
    OptimizerPathDisplay,
    WeightDisplay,
)
from sknn.uncertainty import class_uncertainty


def first_steps():
    """The training loss of the first network of docs/first_steps.md."""
    X, y = load_breast_cancer(return_X_y=True)
    X_train, _, y_train, _ = train_test_split(X, y, stratify=y, random_state=0)
    network = MLPClassifier((50, 20), learning_rate_init=0.01, random_state=0)
    model = fit(make_pipeline(StandardScaler(), network), X_train, y_train)
    figure, (ax,) = panels(1, 1, 3.0)
    LossCurveDisplay.from_estimator(model, ax=ax)
    return figure


def activation_shapes():
    """One hidden layer of ten units with three activations, fitted to a sine."""
    x = np.linspace(-1, 1, 100)[:, np.newaxis]
    y = np.sin(4 * x[:, 0])
    fine = np.linspace(-1, 1, 401)[:, np.newaxis]
    figure, (ax,) = panels(1, 1, 3.2)
    ax.plot(x[::3, 0], y[::3], ".", color="0.6", label="some of the rows")
    for activation, style in (("identity", ":"), ("relu", "--"), ("tanh", "-")):
        model = MLPRegressor(10, activation, learning_rate_init=0.02, max_iter=300, random_state=0)
        ax.plot(fine, fit(model, x, y).predict(fine), style, label=activation)
    ax.set(xlabel="x", ylabel="y")
    ax.legend()
    return figure


def softmax_overflow():
    """The softmax of (z, 0) by its definition and after subtracting the maximum, in float32."""
    z = np.linspace(0, 120, 481, dtype=np.float32)
    with np.errstate(all="ignore"):
        plain = np.exp(z) / (np.exp(z) + 1)
    last = z[np.isfinite(plain)].max()
    figure, (ax,) = panels(1, 1, 3.0)
    ax.plot(z, Softmax()(np.stack([z, np.zeros_like(z)]))[0], label="maximum subtracted first")
    ax.plot(z, plain - 0.03, "--", label="as defined (drawn a little lower)")
    ax.axvspan(last, 120, color="0.9", lw=0)
    ax.annotate("the definition\ngives NaN", (last + 2, 0.7), color="0.3", fontsize=9)
    ax.set(xlabel="z", ylabel="softmax of (z, 0)", xlim=(0, 120), ylim=(0.45, 1.05))
    ax.legend(loc="lower center")
    return figure


def dying_relu():
    """The share of dead units over the epochs, for two rates and two activations."""
    X, y = digits()
    figure, (ax,) = panels(1, 1, 3.2)
    variants = {
        "relu, rate 1.2": ("relu", 1.2, "o-"),
        "relu, rate 0.1": ("relu", 0.1, "s-"),
        "leaky_relu, rate 1.2": ("leaky_relu", 1.2, "D--"),
    }
    for name, (activation, rate, style) in variants.items():
        model = MLPClassifier((60, 60), activation, learning_rate_init=rate, random_state=0)
        model.set_params(optimizer="sgd", batch_size=50, max_norm=3)
        dead = []
        for _ in range(15):
            model.partial_fit(X, y, classes=range(10))
            shares = ActivationDisplay.compute_from_estimator(model, X).table["dead"]
            dead.append(100 * np.mean(shares))
        ax.plot(range(1, 16), dead, style, markersize=4, label=name)
        print(f"{name}: {dead[-1]:.0f} % dead")
    ax.set(xlabel="epoch", ylabel="dead hidden units (%)", ylim=(-3, 100))
    ax.legend()
    return figure


def identical_units():
    """Weights of nine units after training, from a constant and from random weights."""
    X, y = digits()
    figure, axes = panels(1, 2, 2.4)
    for ax, init, name in zip(
        axes, (Constant(0.1), Normal(std=0.1)), ("Constant(0.1)", "Normal(std=0.1)"), strict=True
    ):
        model = MLPClassifier(9, init=init, alpha=0.01, max_iter=30, random_state=0)
        WeightDisplay.from_estimator(fit(model, X, y), ax=ax)
        ax.set_title(f"init={name}")
    return figure


def initial_losses():
    """The training loss of ten ReLU layers from three initializers; from N(0, 1) it diverges."""
    X, y = digits()
    X = StandardScaler().fit_transform(X)
    models = {}
    for name, init in (
        ("N(0, 0.1²)", Normal(std=0.1)),
        ("Xavier", "xavier_normal"),
        ("He", "he_normal"),
    ):
        model = MLPClassifier((100,) * 10, init=init, optimizer="sgd", random_state=0)
        models[name] = fit(model.set_params(learning_rate_init=0.1, max_iter=10), X, y)
        print(f"{name}: {model.loss_:.3f} after 10 epochs")
    figure, (ax,) = panels(1, 1, 3.0)
    LossCurveDisplay.from_estimator(models, ax=ax)
    ax.set(xticks=range(1, 11))
    return figure


def ravine_rates():
    """Gradient descent in the ravine with three rates."""
    rates = [0.005, 0.05, 0.101]
    figure, (ax,) = panels(1, 1, 3.7)
    OptimizerPathDisplay.from_surface(
        "ravine", {f"rate {rate}": "gd" for rate in rates}, learning_rate=rates, n_steps=40, ax=ax
    )
    return figure


def settling():
    """Error against the true function, with a constant rate and with one that falls."""
    rng = np.random.default_rng(0)
    X, X_val = rng.uniform(-2, 2, (1000, 2)), rng.uniform(-2, 2, (2000, 2))
    true, true_val = (np.sin(2 * rows[:, 0]) * rows[:, 1] for rows in (X, X_val))
    y = true + rng.normal(scale=0.3, size=1000)
    figure, (ax,) = panels(1, 1, 3.0)
    for name, style in (("constant", "--"), ("cosine", "-")):
        model = MLPRegressor((50, 50), "silu", learning_rate=name, random_state=0)
        model.set_params(learning_rate_init=0.02, batch_size=50, max_iter=40, n_iter_no_change=40)
        fit(model, X, y, X_val=X_val, y_val=true_val)
        error = np.sqrt(2 * np.array(model.validation_loss_curve_))  # the loss is half the square
        ax.plot(range(1, 41), error, style, label=name)
        print(f"{name}: {error[-1]:.3f}")
    ax.set(xlabel="epoch", ylabel="error against the true function", ylim=(0, 0.5))
    ax.legend(title="learning_rate")
    return figure


def voters():
    """A network with dropout, the votes of its thinned networks, and rows to vote on."""
    X, y = digits()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    model = MLPClassifier((100, 100), dropout=0.5, max_iter=100, random_state=0)
    votes = fit(model, X_train, y_train).predict_votes(X_test, n_passes=300)
    return votes, y_test, 100 - 100 * model.score(X_test, y_test)


def dropout_votes():
    """The error of the mean of n votes, and that of the network that predicts."""
    votes, y_test, whole = voters()
    counts = np.unique(np.geomspace(1, 100, 13).astype(int))
    rng = np.random.default_rng(0)
    errors = []
    for count in counts:
        drawn = [votes[rng.choice(300, count, replace=False)].mean(axis=0) for _ in range(20)]
        wrong = [100 * np.mean(mean.argmax(axis=1) != y_test) for mean in drawn]
        errors.append((np.mean(wrong), np.std(wrong)))
    mean, spread = np.transpose(errors)
    figure, (ax,) = panels(1, 1, 3.0)
    ax.errorbar(counts, mean, spread, marker="o", markersize=4, capsize=3, label="mean of votes")
    ax.axhline(whole, color=COLORS[1], linestyle="--", label="predict: all units")
    ax.set(xscale="log", xlabel="votes", ylabel="test error (%)", ylim=(0, None))
    ax.legend()
    print(f"1 vote {mean[0]:.1f} %, 100 votes {mean[-1]:.1f} %, predict {whole:.1f} %")
    return figure


def doubtful_rows():
    """The error on the rows that a network keeps, if it hands on those in which it is in doubt."""
    votes, y_test, _ = voters()
    found = class_uncertainty(votes[:100])
    wrong = found.probabilities.argmax(axis=1) != y_test
    order = found.mutual_information.argsort()
    kept = np.arange(1, len(order) + 1)
    figure, (ax,) = panels(1, 1, 3.0)
    ax.plot(100 * kept / len(order), 100 * np.cumsum(wrong[order]) / kept)
    ax.set(xlabel="rows answered, least doubtful first (%)", ylabel="error on them (%)")
    ax.set(xlim=(50, 100), ylim=(0, None))
    return figure


def autoencoder(dropout, max_iter=110):
    """Return a network of 36 units that learns to reproduce the digits."""
    X, _ = digits()
    model = MLPRegressor(36, dropout=dropout, init=Normal(std=0.01), random_state=0)
    model.set_params(optimizer="momentum", batch_size=50, learning_rate_init=0.005)
    return fit(model.set_params(max_iter=max_iter), X, X)


def coadaptation():
    """The features of an autoencoder of the digits, without and with dropout."""
    figure, axes = panels(2, 1, 8.6)
    for ax, dropout in zip(axes, (0.0, 0.5), strict=True):
        model = autoencoder(dropout)
        WeightDisplay.from_estimator(model, ax=ax)
        active = (model.activations(digits()[0])[0] > 0).mean()
        ax.set_title(f"dropout={dropout}: {active:.0%} of the units active for an image")
    return figure


def autoencoder_units():
    """The error of such an autoencoder without one of its units, over that with all of them."""
    X, _ = digits()
    figure, (ax,) = panels(1, 1, 3.0)
    for dropout, style in ((0.0, "o"), (0.5, "s")):
        model = autoencoder(dropout)
        hidden, weights, bias = model.activations(X)[0], model.coefs_[1], model.intercepts_[1]
        error = np.mean((hidden @ weights + bias - X) ** 2)
        ratios = []
        for unit in range(36):
            rest = hidden @ weights - np.outer(hidden[:, unit], weights[unit]) + bias
            ratios.append(np.mean((rest - X) ** 2) / error)
        ax.plot(range(1, 37), sorted(ratios), style, markersize=4, label=f"dropout={dropout}")
        print(f"dropout={dropout}: {np.mean(ratios):.2f} in the mean, at most {max(ratios):.2f}")
    ax.set(xlabel="the unit removed, sorted", ylabel="error without it / with it", ylim=(0, None))
    ax.legend()
    return figure


def early_stopping():
    """Both losses of a network that overfits, and where early stopping ends the fit."""
    X, y = digits()
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.5, random_state=0)
    wrong = np.random.default_rng(0).random(len(y_train)) < 0.1
    y_train = np.where(wrong, (y_train + 1) % 10, y_train)
    model = MLPClassifier((300, 300), batch_size=50, alpha=0, max_iter=40, random_state=0)
    model.set_params(learning_rate_init=0.003)
    fit(model.set_params(n_iter_no_change=40), X_train, y_train, X_val=X_val, y_val=y_val)
    best = int(np.argmin(model.validation_loss_curve_)) + 1
    figure, (ax,) = panels(1, 1, 3.2)
    epochs = range(1, 41)
    ax.plot(epochs, model.loss_curve_, "--", label="training loss")
    ax.plot(epochs, model.validation_loss_curve_, label="validation loss")
    ax.axvline(best, color="0.5", linewidth=0.9, linestyle=":")
    ax.annotate("these weights\nare kept", (best + 0.5, 1.1), color="0.3", fontsize=9)
    ax.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.6))
    ax.legend(loc="upper right")
    print(
        f"best epoch {best}: validation loss {min(model.validation_loss_curve_):.2f}, last "
        f"{model.validation_loss_curve_[-1]:.2f}"
    )
    return figure


PICTURES = {
    draw.__name__: draw
    for draw in (
        first_steps,
        activation_shapes,
        softmax_overflow,
        dying_relu,
        identical_units,
        initial_losses,
        ravine_rates,
        settling,
        dropout_votes,
        doubtful_rows,
        coadaptation,
        autoencoder_units,
        early_stopping,
    )
}
