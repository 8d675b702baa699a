"""The style of the pages' pictures, and what several of them need."""

import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

# A phone shows 350 of 480 pixels, so letters stay legible on it.
WIDTH = 5.0
# The palette of M. Okabe and K. Ito, Color universal design, 2008, without its yellow.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
STYLE = {
    "svg.hashsalt": "sknn",
    "svg.fonttype": "none",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Helvetica"],
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 9,
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
}


def pyplot():
    """Return ``matplotlib.pyplot`` with the pages' style; only pictures need it."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcdefaults()
    plt.rcParams.update(STYLE, **{"axes.prop_cycle": plt.cycler(color=COLORS)})
    return plt


def panels(rows, columns, height, **options):
    """Return a figure of the pages' width and its axes in a flat array."""
    figure, axes = pyplot().subplots(
        rows, columns, figsize=(WIDTH, height), squeeze=False, layout="constrained", **options
    )
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06)
    return figure, axes.ravel()


def digits():
    """Return the digits with pixels from 0 to 1."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def fit(model, *data, **options):
    """Fit for the epochs given, converged or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data, **options)
