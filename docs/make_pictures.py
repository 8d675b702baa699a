"""Draw the pictures of the pages, with the library itself.

Run it as ``python docs/make_pictures.py [name ...]``. It needs matplotlib and takes about two
minutes. The same library and the same matplotlib draw the same bytes.
"""

import json
import re
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter1d
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from sknn.activations import ACTIVATIONS
from sknn.dropout import Dropout
from sknn.initializers import Normal
from sknn.inspection import (
    ActivationDisplay,
    GradientDisplay,
    LossCurveDisplay,
    OptimizerPathDisplay,
    WeightDisplay,
)
from sknn.losses import LOSSES, Quantile
from sknn.optimizers import Momentum
from sknn.preprocessing import PiecewiseLinearEncoder
from sknn.schedules import SCHEDULES, ReduceOnPlateau, Step, Warmup

sys.path.insert(0, str(Path(__file__).parent))

import lesson_pictures
from picture_style import COLORS, digits, fit, panels, pyplot

FOLDER = Path(__file__).with_name("pictures")


def activations():
    """Activations and their derivatives; grey where the derivative is below 0.01."""
    names = ["sigmoid", "tanh", "softsign", "relu", "leaky_relu", "elu"]
    names += ["selu", "softplus", "gelu", "silu", "hard_silu", "soft_shrink"]
    figure, axes = panels(4, 3, 6.4, sharex=True)
    z = np.linspace(-5, 5, 501)
    for ax, name in zip(axes, names, strict=True):
        activation = ACTIVATIONS[name]()
        value, derivative = activation(z), activation.derivative(z)
        ax.axhline(0, color="0.7", linewidth=0.8)
        (solid,) = ax.plot(z, value)
        (dashed,) = ax.plot(z, derivative, "--")
        flat = maximum_filter1d(np.abs(derivative), 9) < 0.01
        whole = ax.get_xaxis_transform()
        ax.fill_between(z, 0, 1, where=flat, fc="0.9", lw=0, transform=whole, zorder=0)
        ax.set(title=name, ylim=(max(-2, value.min() - 0.3), min(2.5, value.max() + 0.3)))
    figure.legend(
        [solid, dashed], ["activation", "derivative"], loc="outside upper center", ncols=2
    )
    figure.supxlabel("z", fontsize="medium")
    return figure


def vanishing_gradients():
    """Gradient norms by layer, of ten sigmoid and ten ReLU layers, before the first step."""
    X, y = digits()
    X = StandardScaler().fit_transform(X)
    figure, (ax,) = panels(1, 1, 3.2)
    for activation, marker in zip(("sigmoid", "tanh", "relu", "selu"), "osD^", strict=True):
        model = MLPClassifier(
            (50,) * 10, activation=activation, init=FITTING[activation], max_iter=1, random_state=0
        )
        norms = GradientDisplay.compute_from_estimator(model, X, y).gradient_norms[0]
        ax.plot(range(1, len(norms)), norms[:-1], marker + "-", label=activation, markersize=5)
    ax.set(yscale="log", xlabel="hidden layer", ylabel="norm of its gradient", xticks=range(1, 11))
    ax.legend()
    return figure


FITTING = {
    "sigmoid": "xavier_uniform",
    "tanh": "xavier_uniform",
    "relu": "he_normal",
    "selu": "lecun_normal",
}


def layers_before_training(activation):
    """Activations in ten layers from four initializers."""
    X = StandardScaler().fit_transform(digits()[0])
    model = MLPClassifier((100,) * 10, activation=activation, random_state=0)
    figure, axes = panels(2, 2, 7.4)
    ActivationDisplay.from_initializers(model, X, ax=axes)
    return figure


def ravine():
    """Paths in a ravine, twenty times steeper across than along."""
    figure, (ax,) = panels(1, 1, 3.7)
    OptimizerPathDisplay.from_surface(
        "ravine",
        {"sgd": "sgd", "momentum": Momentum(momentum=0.8), "adam": "adam"},
        learning_rate=[0.094, 0.015, 0.1],
        n_steps=60,
        ax=ax,
    )
    return figure


def rosenbrock():
    """Paths in Rosenbrock's bent valley."""
    figure, (ax,) = panels(1, 1, 3.7)
    OptimizerPathDisplay.from_surface(
        "rosenbrock",
        ["sgd", "momentum", "adam", "lbfgs"],
        learning_rate=[0.001, 0.0005, 0.05, 1.0],
        n_steps=200,
        ax=ax,
    )
    for line in ax.lines:
        line.set_marker("" if len(line.get_xdata()) > 1 else line.get_marker())
    return figure


def optimizer_losses():
    """Training loss on the digits, each optimizer at its automatic rate."""
    X, y = digits()
    names = ["sgd", "momentum", "adagrad", "rmsprop", "adam", "nadam", "lbfgs"]
    models = {
        name: fit(MLPClassifier((50, 50), optimizer=name, max_iter=50, random_state=0), X, y)
        for name in names
    }
    figure, (ax,) = panels(1, 1, 3.6)
    LossCurveDisplay.from_estimator(models, ax=ax)
    ax.set(ylim=(0.02, 3), xlabel="epoch (iteration of lbfgs)")
    ax.legend(ncols=2)
    return figure


def schedules():
    """The rate of each epoch in real fits."""
    X, y = digits()
    rules = {name: rule() for name, rule in SCHEDULES.items()}
    rules["step"] = Step(step_size=20, factor=0.3)
    rules["reduce_on_plateau"] = ReduceOnPlateau(factor=0.3, patience=3, threshold=0.05)
    rules["warmup"] = Warmup(schedule="cosine", n_epochs=10)
    figure, axes = panels(5, 2, 7.4, sharex=True, sharey=True)
    for ax, (name, rule) in zip(axes, rules.items(), strict=True):
        model = MLPClassifier(
            30,
            optimizer="momentum",
            learning_rate=rule,
            learning_rate_init=0.1,
            max_iter=60,
            tol=0.01,
            n_iter_no_change=8 if name == "adaptive" else float("inf"),
            random_state=0,
        )
        fit(model, X, y)
        LossCurveDisplay.from_estimator({name: model}, ax=ax, quantity="learning_rate")
        ax.get_legend().remove()
        if name in ("adaptive", "step", "reduce_on_plateau"):
            ax.lines[0].set_drawstyle("steps-mid")
        ax.set(title=name, xlabel="", ylabel="", yscale="linear", xlim=(0, 61), ylim=(0, 0.105))
    figure.supxlabel("epoch", fontsize="medium")
    figure.supylabel("learning rate", fontsize="medium")
    return figure


def dropout_mask():
    """What inverted dropout does to twelve units: three draws, and none for a prediction."""
    a = np.random.default_rng(1).uniform(0.3, 1.0, size=(12, 1))
    generator = np.random.Generator(np.random.Philox(2))
    figure, axes = panels(4, 1, 4.6, sharex=True, sharey=True)
    for i, ax in enumerate(axes):
        mask, out = np.ones_like(a), a.copy()
        if i < 3:
            Dropout(0.5).draw(mask, np.empty(a.shape, np.float32), generator)
            Dropout(0.5).forward(a, mask, out)
        ax.bar(range(1, 13), out[:, 0], color=COLORS[1 if i < 3 else 0])
        left_out = np.flatnonzero(mask == 0) + 1
        if left_out.size:  # the layout leaves room for an empty line, at the origin
            ax.plot(left_out, np.zeros(left_out.size), "kx", clip_on=False)
        title = (
            f"step {i + 1}: what stays counts twice" if i < 3 else "predict: all units, as they are"
        )
        ax.set(title=title, xticks=range(1, 13), ylim=(0, 2.1))
        ax.set_ylabel("a")
    axes[-1].set_xlabel("unit")
    return figure


def dropout_gap():
    """Error on training and other rows, without and with dropout, where labels are wrong."""
    X, y = digits()
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.5, random_state=0)
    wrong = np.random.default_rng(0).random(len(y_train)) < 0.1
    y_train = np.where(wrong, (y_train + 1) % 10, y_train)
    figure, axes = panels(1, 2, 3.3, sharey=True)
    for ax, dropout in zip(axes, (0.0, 0.5), strict=True):
        model = MLPClassifier((300, 300), dropout=dropout, batch_size=50, alpha=0, random_state=0)
        errors = []
        for _ in range(60):
            model.partial_fit(X_train, y_train, classes=range(10))
            scores = model.score(X_train, y_train), model.score(X_val, y_val)
            errors.append([100 - 100 * score for score in scores])
        training, validation = np.transpose(errors)
        ax.plot(range(1, 61), training, "--", label="training")
        ax.plot(range(1, 61), validation, label="validation")
        ax.set(title=f"dropout={dropout}", xlabel="epoch", ylim=(0, 20))
        print(
            f"dropout {dropout}: {training[-1]:.1f} % training, {validation[-1]:.1f} % validation"
        )
    axes[0].set_ylabel("error (%)")
    axes[1].legend()
    return figure


def digit_weights():
    """First-layer weights on the digits."""
    X, y = digits()
    model = MLPClassifier(36, init=Normal(std=0.01), alpha=0.001, dropout=0.3, random_state=0)
    figure, (ax,) = panels(1, 1, 4.05)
    WeightDisplay.from_estimator(fit(model, X, y), ax=ax)
    return figure


def quantiles():
    """Three quantiles of noise that grows with x and is skewed."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 4, size=(1500, 1))
    noise = (0.1 + 0.3 * x[:, 0]) * (rng.gamma(2.0, 0.5, size=1500) - 0.7)
    y = np.sin(2 * x[:, 0]) + noise
    model = MLPRegressor((50, 50), "silu", loss=Quantile([0.05, 0.5, 0.95]), random_state=0)
    model.set_params(learning_rate="cosine", learning_rate_init=0.01, max_iter=60)
    grid = np.linspace(0, 4, 81)[:, np.newaxis]
    low, median, high = fit(model, x, y).predict(grid).T
    figure, (ax,) = panels(1, 1, 3.3)
    ax.plot(x[:300, 0], y[:300], ".", color="0.6", markersize=3, label="some of the rows")
    ax.fill_between(grid[:, 0], low, high, color=COLORS[0], alpha=0.25, lw=0, label="5 to 95 %")
    ax.plot(grid[:, 0], median, color=COLORS[1], label="median")
    ax.set(xlabel="x", ylabel="y")
    ax.legend(loc="upper left")
    return figure


def losses():
    """Losses over what they are functions of."""
    figure, (numbers, classes, positive) = panels(3, 1, 9)
    e = np.linspace(-3, 3, 121)[np.newaxis]
    members = {name: LOSSES[name]() for name in ("squared_error", "absolute_error", "huber")}
    members |= {"log_cosh": LOSSES["log_cosh"](), "quantile, 0.9": Quantile(0.9)}
    for name, loss in members.items():
        numbers.plot(e[0], loss.value(e, np.zeros_like(e)), label=name)
    numbers.set(xlabel="prediction - target", ylabel="loss", ylim=(0, 3))
    z = np.linspace(-4, 4, 121)[np.newaxis]
    for name in ("log_loss", "focal", "hinge"):
        classes.plot(z[0], LOSSES[name]().value(z, np.ones_like(z)), label=name)
    classes.set(xlabel="raw prediction z of a sample of the positive class", ylabel="loss")
    z = np.linspace(-1.5, 2.5, 121)[np.newaxis]
    for name in ("poisson", "gamma", "tweedie"):
        positive.plot(np.exp(z[0]), LOSSES[name]().value(z, np.full_like(z, 2.0)), label=name)
    positive.set(xlabel="prediction exp(z), for a target of 2", ylabel="loss", ylim=(0, 2.5))
    for ax in (numbers, classes, positive):
        for line, style in zip(ax.lines, ("-", "--", "-.", ":", (0, (6, 1, 1, 1))), strict=False):
            line.set_linestyle(style)
        ax.legend()
    return figure


def encoding():
    """The bins of one column, and what a network learns of it with and without them."""
    rng = np.random.default_rng(0)
    x = rng.gamma(1.5, 2.0, size=(1500, 1))
    x[:300] = 0.0
    true = truth(x)
    y = true + rng.normal(scale=0.2, size=1500)
    figure, (above, below) = panels(2, 1, 5.6, sharex=True)
    grid = np.linspace(0, 10, 601)[:, np.newaxis]
    encoder = PiecewiseLinearEncoder(n_bins=6, include_linear=False).fit(x)
    above.plot(grid[:, 0], encoder.transform(grid))
    for edge in encoder.edges_[0][encoder.edges_[0] < 10]:
        above.axvline(edge, color="0.8", linewidth=0.8, zorder=0)
    above.set(ylabel="encoded columns", title="6 bins, edges in grey")
    below.plot(x[::5, 0], y[::5], ".", color="0.75", markersize=3, label="some of the rows")
    for name, transformer, style in (
        ("standardized", StandardScaler(), "--"),
        ("encoded, 64 bins", PiecewiseLinearEncoder(), "-"),
    ):
        network = MLPRegressor((64, 64), max_iter=60, random_state=0)
        model = fit(make_pipeline(transformer, network), x, y)
        below.plot(grid[:, 0], model.predict(grid), style, label=name, linewidth=1.2)
    below.set(xlabel="x", ylabel="y", xlim=(-0.3, 10), title="networks of 64-64 units, 60 epochs")
    below.legend(loc="lower right")
    return figure


def truth(x):
    """A level of its own at zero, then thresholds and slopes."""
    ends = [0.0, 0.7, 0.7, 1.5, 1.5, 2.5, 2.5, 4.0, 5.0, 5.0, 7.0]
    levels = [0.2, 0.2, 1.2, 1.2, 0.4, 0.9, 1.7, 1.7, 0.6, 1.3, 1.0]
    return np.where(x == 0, 1.6, np.interp(x, np.array(ends) + 1e-9 * np.arange(11), levels))[:, 0]


# The floors from the top, with the packages on them; see tests/guarantees/test_layers.py.
FLOORS = [
    ("files and callbacks", ["callbacks", "persistence"]),
    ("displays", ["inspection"]),
    ("tools for models", ["tabular", "uncertainty", "export", "compat", "dask"]),
    ("estimators and encoders", ["estimators", "preprocessing"]),
    ("training", ["_training"]),
    ("the network", ["_network"]),
    (
        "strategies",
        ["optimizers", "losses", "schedules", "activations", "initializers", "dropout"],
    ),
    ("the basis", ["_core"]),
]


def architecture():
    """The packages as rooms on floors; imports go down."""
    figure, (ax,) = panels(1, 1, 5.2)
    top = len(FLOORS)
    for row, (floor, rooms) in enumerate(FLOORS):
        y = top - row
        ax.text(0, y + 0.36, floor, fontsize=8.5, color="0.35", va="bottom")
        color = COLORS[0] if not rooms[0].startswith("_") else "0.45"
        for column, room in enumerate(rooms):
            x, width = column / len(rooms), 1 / len(rooms)
            ax.add_patch(
                pyplot().Rectangle(
                    (x, y - 0.22), width - 0.012, 0.54, fc=color, alpha=0.16, ec=color
                )
            )
            ax.text(x + width / 2 - 0.006, y + 0.05, room, fontsize=8.5, ha="center", va="center")
    ax.annotate(
        "", (1.04, 0.75), (1.04, top + 0.4), arrowprops={"arrowstyle": "->", "color": COLORS[1]}
    )
    ax.text(
        1.065, (top + 1.2) / 2, "imports", rotation=270, va="center", fontsize=8.5, color=COLORS[1]
    )
    ax.set(xlim=(-0.01, 1.1), ylim=(0.6, top + 0.75))
    ax.axis("off")
    return figure


def reproduced(name):
    """Return the results of a script in examples/reproduce."""
    folder = Path(__file__).parent.parent / "examples" / "reproduce" / "results"
    return json.loads((folder / f"{name}.json").read_text())


def removed_shares():
    """Error of networks without a share of the units of a layer."""
    entries = reproduced("coadaptation")
    figure, axes = panels(1, 2, 2.9, sharey=True)
    for layer, ax in enumerate(axes):
        for name, marker in zip(("plain", "penalty", "dropout"), "osD", strict=True):
            fits = [fit for key, fit in entries.items() if key.startswith(f"{name}, ")]
            shares = [0, *map(float, fits[0]["layers"][layer]["error_without"])]
            errors = [
                [fit["error"], *fit["layers"][layer]["error_without"].values()] for fit in fits
            ]
            mean, spread = np.mean(errors, axis=0), np.std(errors, axis=0, ddof=1)
            x = 100 * np.array(shares)
            ax.errorbar(x, mean, spread, fmt=marker + "-", label=name, markersize=4, capsize=2)
        ax.set(title=f"hidden layer {layer + 1}", xlabel="units removed (%)", yscale="log")
        ax.set_yticks([5, 10, 20, 40], ["5", "10", "20", "40"])
        ax.set_yticks([], minor=True)
        ax.set_ylim(4.5, 45)
    axes[0].set(ylabel="test error (%)")
    axes[0].legend()
    return figure


def optimizer_epochs():
    """Epochs of eight optimizers to a validation loss, on four data sets."""
    entries = reproduced("optimizers")
    names = ["gd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam"]
    titles = {"mnist": "MNIST", "letter": "letter", "adult": "adult"}
    titles |= {"california_housing": "California"}
    figure, (ax,) = panels(1, 1, 3.6)
    for number, ((data, title), marker) in enumerate(zip(titles.items(), "osD^", strict=True)):
        reached = [mean_epochs(entries, f"{data}, {name}") for name in names]
        rows = np.arange(len(names)) + 0.15 * (number - 1.5)
        ax.plot(reached, rows, marker, label=title)
    ax.set(xscale="log", xlabel="epochs", yticks=range(len(names)), yticklabels=names)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.invert_yaxis()
    ax.grid(axis="y", color="0.9")
    figure.legend(loc="outside upper center", ncols=4)
    return figure


def mean_epochs(entries, name):
    """Return the mean epochs at the rate that was tuned for speed, or NaN if a fit needs more."""
    rates = {
        key.rpartition(" ")[2]: entry["lowest"]
        for key, entry in entries.items()
        if key.startswith(f"{name}, rate ") and entry["lowest"] is not None
    }
    start = f"{name}, tuned to {min(rates, key=rates.get, default='')}, "
    reached = [entry["reached"] for key, entry in entries.items() if key.startswith(start)]
    return np.mean(reached) if reached and None not in reached else np.nan


PICTURES = {
    "initializers_sigmoid": partial(layers_before_training, "sigmoid"),
    "initializers_relu": partial(layers_before_training, "relu"),
}
PICTURES |= {
    draw.__name__: draw
    for draw in (
        activations,
        vanishing_gradients,
        ravine,
        rosenbrock,
        optimizer_losses,
        schedules,
        dropout_mask,
        dropout_gap,
        losses,
        digit_weights,
        quantiles,
        encoding,
        architecture,
        removed_shares,
        optimizer_epochs,
    )
} | lesson_pictures.PICTURES


def main(names):
    """Draw pictures by their names, or all."""
    plt = pyplot()
    for name in names or PICTURES:
        figure = PICTURES[name]()
        path = FOLDER / f"{name}.svg"
        figure.savefig(path, metadata={"Date": None, "Creator": None}, facecolor="white")
        plt.close(figure)
        path.write_text(shortened(path.read_text()))
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def shortened(svg):
    """Return an SVG with shorter lines: a digit after the point, which is a tenth of a pixel."""
    svg = re.sub(r' d="(M[^"CQ]*)"', lambda path: f' d="{_short_path(path[1])}"', svg)
    svg = re.sub(r"\n *", "\n", re.sub(r' transform="rotate\(-0 [^"]*"', "", svg))
    return re.sub(r"(?<= )(x|y)=\"(-?\d+\.\d+)\"", lambda at: f'{at[1]}="{float(at[2]):.1f}"', svg)


def _short_path(path):
    """Return a path of straight lines without the points that lie on a line of their neighbours."""
    lines = []
    for line in re.findall(r"M[^M]*", path):
        points = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", line), float).round(1)
        kept = [points[i] for i in _corners(points)]
        text = f"M{kept[0][0]:.1f} {kept[0][1]:.1f}"
        for (x0, y0), (x, y) in pairwise(kept):
            text += f"V{y:.1f}" if x == x0 else f"H{x:.1f}" if y == y0 else f"L{x:.1f} {y:.1f}"
        lines.append(text.replace(".0", "") + "z" * ("z" in line))
    return "".join(lines)


def _corners(points, tolerance=0.08):
    """Return which points to keep: Ramer's and Douglas and Peucker's rule, without recursion."""
    kept, spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        chord, inner = points[last] - points[first], points[first + 1 : last] - points[first]
        length = np.hypot(*chord)
        share = inner @ chord / length**2 if length > 0 else np.zeros(len(inner))
        distance = np.hypot(*(inner - np.clip(share, 0, 1)[:, np.newaxis] * chord).T)
        if distance.max() > tolerance:
            middle = first + 1 + int(distance.argmax())
            kept.add(middle)
            spans += [(first, middle), (middle, last)]
    return sorted(kept)


if __name__ == "__main__":
    main(sys.argv[1:])
