"""The plots of the displays: axes, content, and behaviour without matplotlib."""

import inspect
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, MLPRegressor
from sknn._core.table import Table
from sknn.inspection import (
    ActivationDisplay,
    GradientDisplay,
    LossCurveDisplay,
    OptimizerPathDisplay,
    PredictionIntervalDisplay,
    RejectionCurveDisplay,
    WeightDisplay,
)

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)

X, Y = load_digits(return_X_y=True)
X = X / 16
NETWORK = MLPClassifier((6, 5), max_iter=2, random_state=0)
FITTED = MLPClassifier(20, early_stopping=True, max_iter=4, random_state=0)
VOTER = MLPRegressor(5, dropout=0.2, max_iter=2, random_state=0)
# Each constructor, its positional and its other arguments, and what the repr of the result is.
CONSTRUCTORS = {
    "activations": (
        *(ActivationDisplay, "from_estimator", lambda fitted: (fitted, X), {}),
        "ActivationDisplay(networks=['fitted'], n_layers=1)",
    ),
    "initializers": (
        *(ActivationDisplay, "from_initializers", lambda _: (NETWORK, X), {"init": "auto"}),
        "ActivationDisplay(networks=['auto'], n_layers=2)",
    ),
    "gradients": (
        *(GradientDisplay, "from_estimator", lambda _: (NETWORK, X, Y), {}),
        "GradientDisplay(n_epochs=2, n_layers=3)",
    ),
    "surface": (
        *(OptimizerPathDisplay, "from_surface", lambda _: ("ravine", "adam")),
        {"learning_rate": 0.1, "n_steps": 9},
        "OptimizerPathDisplay(n_points={'adam': 10}, minimum=(0.0, 0.0))",
    ),
    "plane": (
        *(OptimizerPathDisplay, "from_estimator", lambda _: (NETWORK, X, Y, ["sgd"])),
        {"grid_size": 4},
        "OptimizerPathDisplay(n_points={'sgd': 3}, explained_variance_ratio=1.0)",
    ),
    "curves": (
        *(LossCurveDisplay, "from_estimator", lambda fitted: ({"a": fitted},), {}),
        "LossCurveDisplay(n_epochs={'a': 4})",
    ),
    "rejection": (
        *(RejectionCurveDisplay, "from_estimator", lambda _: (voter(), X[:, 2:3], Y / 9)),
        {"n_passes": 3, "name": "network"},
        "RejectionCurveDisplay(name='network', n_points=1797, metric='rmse', area=0.308)",
    ),
    "rejection_of_predictions": (
        *(RejectionCurveDisplay, "from_predictions", lambda _: (Y % 2, Y % 3 % 2, np.arange(1797))),
        *({}, "RejectionCurveDisplay(n_points=1797, metric='error_rate', area=0.4)"),
    ),
    "intervals": (
        *(PredictionIntervalDisplay, "from_estimator", lambda _: (voter(), X[:, 2:3], Y / 9)),
        {"n_passes": 3},
        "PredictionIntervalDisplay(n_points=200, start=0.0, end=1.0, has_noise=False)",
    ),
    "weights": (
        *(WeightDisplay, "from_estimator", lambda fitted: (fitted,), {"shape": (4, 16)}),
        "WeightDisplay(n_units=20, shape=(4, 16))",
    ),
}
every_constructor = pytest.mark.parametrize("name", CONSTRUCTORS)


@pytest.fixture(scope="module")
def fitted():
    return FITTED.fit(X, Y)


@cache
def voter():
    return VOTER.fit(X[:, 2:3], Y / 9)


@pytest.fixture
def plt():
    return pytest.importorskip("matplotlib.pyplot")


def make(name, fitted, prefix="", **options):
    """Call a constructor, or its twin with a prefix."""
    cls, constructor, arguments, others, _ = CONSTRUCTORS[name]
    return getattr(cls, prefix + constructor)(*arguments(fitted), **others, **options)


def axes_of(display):
    """Return the axes of a display that has one network, or one plot."""
    if isinstance(display, ActivationDisplay):
        assert not hasattr(display, "ax_")
        assert display.axes_.shape == (1,)
        return display.axes_[0]
    return display.ax_


def numbers(display):
    """Return the arrays that a display holds."""
    found, to_see = [], list(vars(display).values())
    while to_see:
        value = to_see.pop()
        if isinstance(value, np.ndarray) and value.dtype != object:
            found.append(value)
        elif isinstance(value, dict):
            to_see += [each for key, each in value.items() if key != "seconds"]
        elif isinstance(value, list | tuple):
            to_see += value
    return found


# ------------------------------------------------------------------- drawing, once


@every_constructor
def test_constructor_draws_on_one_new_figure(plt, name, fitted):
    display = make(name, fitted)
    assert [plt.figure(number) for number in plt.get_fignums()] == [display.figure_]
    display.figure_.canvas.draw()
    ax = axes_of(display)
    assert ax.figure is display.figure_
    assert ax.lines or ax.images or ax.patches
    # A notebook shows a figure that is open, and the repr of the value at the end of a cell.
    assert repr(display) == CONSTRUCTORS[name][-1]
    assert not {"_repr_html_", "_repr_png_", "_repr_svg_", "_ipython_display_"} & {*dir(display)}


@every_constructor
def test_constructor_draws_on_given_axes_and_opens_no_figure(plt, name, fitted):
    figure, (left, right) = plt.subplots(1, 2)
    display = make(name, fitted, ax=right)
    figure.canvas.draw()
    assert axes_of(display) is right
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1
    assert right.lines or right.images or right.patches
    assert not left.has_data()


@every_constructor
def test_plot_draws_again_elsewhere(plt, name, fitted):
    display = make(name, fitted)
    first = axes_of(display)
    before = len(first.get_children())
    figure, ax = plt.subplots()
    assert display.plot(ax) is display
    figure.canvas.draw()
    assert axes_of(display) is ax
    assert display.figure_ is figure
    assert len(first.get_children()) == before
    assert len(plt.get_fignums()) == 2
    display.plot()
    assert len(plt.get_fignums()) == 3
    assert display.figure_ not in (figure, first.figure)


@every_constructor
def test_twin_computes_the_same_and_draws_nothing(plt, name, fitted):
    computed = make(name, fitted, "compute_")
    assert plt.get_fignums() == []
    assert not {"ax_", "axes_", "figure_"} & {*vars(computed)}
    drawn = make(name, fitted)
    assert repr(computed) == repr(drawn)
    assert len(numbers(computed)) >= 1
    for one, other in zip(numbers(computed), numbers(drawn), strict=True):
        np.testing.assert_array_equal(one, other)


def parameters_of(function):
    """Return parameters by name, each with its kind, its default and what its docstring says."""
    text = inspect.getdoc(function).partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    told = {}
    for line in text.splitlines():
        if not line.startswith(" "):
            names = line.partition(" : ")[0]
        told.setdefault(names, []).append(line)
    parameters = inspect.signature(function).parameters.values()
    return {each.name: (each.kind, each.default, told.get(each.name)) for each in parameters}


@every_constructor
def test_constructor_has_the_parameters_of_its_twin_and_of_plot(name):
    cls, constructor, *_ = CONSTRUCTORS[name]
    drawing = parameters_of(getattr(cls, constructor))
    computing = parameters_of(getattr(cls, f"compute_{constructor}"))
    plotting = parameters_of(cls.plot)
    del plotting["self"]
    assert [*drawing] == [*computing, *plotting]
    for each, (kind, default, told) in drawing.items():
        assert told, f"{each} is not documented"
        if each in plotting:
            assert kind is inspect.Parameter.KEYWORD_ONLY
            assert default == plotting[each][1]
        else:
            assert (kind, default) == computing[each][:2]
            assert told[0] == computing[each][2][0]


def test_a_subclass_makes_its_own_kind(plt, fitted):
    class Own(LossCurveDisplay):
        pass

    assert type(Own.from_estimator(fitted)) is Own
    assert repr(Own.compute_from_estimator(fitted)) == "Own(n_epochs={'MLPClassifier': 4})"


# ------------------------------------------------------------------- what is drawn


def test_plot_of_initializers_has_a_panel_each(plt):
    model = MLPClassifier((30,) * 3, random_state=0)
    display = ActivationDisplay.from_initializers(model, X)
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["normal", "Normal(std=0.1)", "xavier_normal", "he_normal"]
    assert len(plt.get_fignums()) == 1
    figure, grid = plt.subplots(2, 2)
    shown = ActivationDisplay.from_initializers(model, X, ax=grid)
    assert shown.axes_.tolist() == grid.ravel().tolist()
    assert display.plot(list(grid[0]) * 2).figure_ is figure
    display.figure_.canvas.draw()


def test_plot_of_signals_of_very_different_size_and_of_none(plt):
    wild = {"wild": [np.zeros((4, 2)), np.full((4, 2), -3e9), np.array([[1.0, np.inf]])]}
    table = Table({"std": [0.0] * 3, "saturated": [1.0] * 3, "dead": [0.0] * 3})
    ActivationDisplay(wild, table).plot().figure_.canvas.draw()


def test_plot_of_curves_draws_what_was_recorded(plt, fitted):
    display = LossCurveDisplay.from_estimator({"one": fitted})
    training, validation = display.ax_.lines
    np.testing.assert_array_equal(training.get_ydata(), fitted.loss_curve_)
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(validation.get_ydata(), fitted.validation_loss_curve_)
    assert validation.get_linestyle() == "--"
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["one", "one, validation"]


def test_another_quantity_is_an_option_of_both(plt, fitted):
    display = LossCurveDisplay.from_estimator(fitted, quantity="learning_rate")
    again = LossCurveDisplay.compute_from_estimator(fitted).plot(quantity="learning_rate")
    for each in (display, again):
        (line,) = each.ax_.lines
        np.testing.assert_array_equal(line.get_ydata(), fitted.history_["learning_rate"])
        assert each.ax_.get_ylabel() == "learning rate"


def test_plot_of_weights_puts_units_side_by_side(plt, fitted):
    display = WeightDisplay.from_estimator(fitted, n_units=7)
    tiles = np.ma.filled(display.ax_.images[0].get_array(), np.nan)
    assert tiles.shape == (26, 26)
    np.testing.assert_array_equal(tiles[9:17, 18:26], display.images[5])
    assert np.isnan(tiles[8]).all()


# ------------------------------------------------------------------- what goes wrong


class NeverFitted(MLPClassifier):
    """Fails the test where something is computed that cannot be drawn."""

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        raise AssertionError("fit was called")


@every_constructor
def test_without_matplotlib_an_error_comes_first_and_numbers_stay(monkeypatch, name, fitted):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    cls, constructor, *_ = CONSTRUCTORS[name]
    arguments = ["nothing"] * len(CONSTRUCTORS[name][2](fitted))
    needed = {"learning_rate": None} if name == "surface" else {}
    message = (
        rf'^{cls.__name__}\.{constructor} needs matplotlib: pip install matplotlib, .* extra "plot"'
        rf"\. {cls.__name__}\.compute_{constructor} returns the numbers without it\.$"
    )
    with pytest.raises(ImportError, match=message):
        getattr(cls, constructor)(*arguments, **needed)
    display = make(name, fitted, "compute_")
    assert numbers(display)
    with pytest.raises(ImportError, match=rf'^{cls.__name__}\.plot needs .* extra "plot"\.$'):
        display.plot()


def test_matplotlib_is_imported_when_something_is_drawn():
    code = (
        "import sys\n"
        "from sknn.inspection import OptimizerPathDisplay\n"
        "OptimizerPathDisplay.compute_from_surface('ravine', 'sgd', learning_rate=0.1)\n"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["gradients", "plane"])
def test_axes_are_checked_before_anything_is_trained(plt, name):
    cls, constructor, arguments, _, _ = CONSTRUCTORS[name]
    _, axes = plt.subplots(1, 2)
    call = getattr(cls, constructor)
    with pytest.raises(ValueError, match=r"^ax must be one Axes .* got a value of type ndarray\.$"):
        call(NeverFitted(), *arguments(None)[1:], ax=axes)
    with pytest.raises(AssertionError, match="fit was called"):
        call(NeverFitted(), *arguments(None)[1:], ax=axes[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda fitted: LossCurveDisplay.from_estimator(fitted, quantity="los"),
            r"^quantity='los' is not known; did you mean 'loss'",
        ),
        (
            lambda fitted: WeightDisplay.from_estimator(fitted, n_units=0),
            r"^n_units must be an integer in \[1, inf\), got 0",
        ),
        (
            lambda fitted: WeightDisplay.from_estimator(fitted, shape=(8, 9)),
            r"^shape must be .* = 64, .* got \(8, 9\)\.$",
        ),
        (
            lambda fitted: ActivationDisplay.from_estimator(fitted, X, ax="right"),
            r"^ax must be one Axes .* got a value of type str\.$",
        ),
    ],
)
def test_bad_input_opens_no_figure(plt, fitted, call, message):
    with pytest.raises(ValueError, match=message):
        call(fitted)
    assert plt.get_fignums() == []


def test_panels_want_as_many_axes(plt):
    _, ax = plt.subplots()
    model = MLPClassifier((30,) * 3, random_state=0)
    with pytest.raises(ValueError, match="ax must be 4 axes here, one for each panel; got 1"):
        ActivationDisplay.from_initializers(model, X, ax=ax)
    with pytest.raises(ValueError, match="ax must be 1 axes here, one for each panel; got 2"):
        ActivationDisplay.from_initializers(model, X, init="auto", ax=[ax, ax])
    assert not ax.has_data()
    assert len(plt.get_fignums()) == 1
