"""The gallery: every example runs from any directory, draws, and shows what its text claims."""

import os
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from common import ROOT
from sklearn.datasets import load_digits

EXAMPLES = ROOT / "examples"
GALLERY = sorted(EXAMPLES.glob("plot_*.py"))
# These take less than 3 seconds.
QUICK = ("activations", "optimizers_mnist", "quantile_regression", "quickstart")


def name_of(path):
    return path.stem.removeprefix("plot_")


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Return a function that runs an example and returns what it printed and its figures."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)

    def run(name, *arguments):
        path = str(EXAMPLES / f"plot_{name}.py")
        monkeypatch.setattr(sys, "argv", [path, *map(str, arguments)])
        runpy.run_path(path, run_name="__main__")
        figures = [plt.figure(number) for number in plt.get_fignums()]
        for figure in figures:
            figure.canvas.draw()
        return capsys.readouterr().out, figures

    yield run
    plt.close("all")


def built(name):
    """Return what an example printed, and its pictures, from its page of a built gallery."""
    page = (Path(os.environ["BUILT_GALLERY"]) / f"plot_{name}.rst").read_text()
    printed = re.findall(r"script-out\n\n \.\. code-block:: none\n\n((?: {4}.*\n|\n)+)", page)
    return "".join(printed), re.findall(r"image-sg:: (\S+)", page)


def assert_drawn_once(figures):
    """Check that no axes is empty, and that no figure or line is the copy of another."""
    for figure in figures:
        assert figure.axes
        for ax in figure.axes:
            assert ax.has_data()
            lines = [(line.get_label(), line.get_xydata().tobytes()) for line in ax.lines]
            assert len(set(lines)) == len(lines)
    pictures = {bytes(figure.canvas.buffer_rgba()) for figure in figures}
    assert len(pictures) == len(figures)


def numbers(printed, pattern):
    found = re.findall(pattern, printed)
    assert found, printed
    return [float(number) for number in found]


def dies(printed):
    shares = numbers(printed, r"([\d.]+) % dead")
    assert shares[0] > 80
    assert max(shares[1:]) < 20


def only_he_keeps_its_size(printed):
    first, last = (np.array(numbers(printed, rf"layer_{i}  std +(\S+)")) for i in (0, 9))
    growth = last / first
    assert growth[0] > 1e6
    assert growth[1:3].max() < 0.1
    assert 0.3 < growth[3] < 2
    assert "Normal(): Training diverged" in printed


def all_lower_the_loss(printed):
    before, after = (numbers(printed, rf"([\d.]+) {when}") for when in ("before", "after"))
    assert max(after) < 0.2 * min(before)


def dropout_closes_the_gap(printed):
    training, test = (numbers(printed, rf"([\d.]+) % in {rows}") for rows in ("training", "test"))
    assert test[1] - training[1] < test[0] - training[0]


def weights_find_the_rare_class(printed):
    recall = numbers(printed, r"recall ([\d.]+)")
    assert min(recall[1], recall[2]) > recall[0] + 0.2


def levels_are_kept(printed):
    levels, below = numbers(printed, r"level ([\d.]+)"), numbers(printed, r": ([\d.]+) of the")
    np.testing.assert_allclose(below, levels, atol=0.03)
    assert "cross in 0 rows" in printed


def the_network_beats_the_line(printed):
    adam, _, line = numbers(printed, r"([\d.]+) over the last")
    assert adam > line + 0.2


def votes_are_better_calibrated(printed):
    one, *others = numbers(printed, r"log-loss ([\d.]+)")
    assert max(others) < one - 0.05
    whole, doubt = numbers(printed, r"area ([\d.]+)")
    assert whole < doubt


def networks_disagree_in_the_gap(printed):
    left, gap, right = numbers(printed, r"five networks, .* doubt ([\d.]+)")
    assert gap > 5 * max(left, right)
    doubts = numbers(printed, r"dropout, .* doubt ([\d.]+)")
    assert max(doubts) < 1.5 * min(doubts)


# What each example's text says, where it is in what it prints.
CLAIMS = {
    "calibration": votes_are_better_calibrated,
    "dropout_mnist": dropout_closes_the_gap,
    "dying_relu": dies,
    "imbalanced": weights_find_the_rare_class,
    "initializers": only_he_keeps_its_size,
    "noise_and_doubt": networks_disagree_in_the_gap,
    "online_learning": the_network_beats_the_line,
    "optimizer_paths": all_lower_the_loss,
    "optimizers_mnist": lambda printed: min(numbers(printed, r"accuracy ([\d.]+)")) > 0.94,
    "quantile_regression": levels_are_kept,
    "quickstart": lambda printed: numbers(printed, r"accuracy: ([\d.]+)")[0] > 0.9,
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
        for name in map(name_of, GALLERY)
    ],
)
def test_example_runs_draws_and_shows_what_it_says(run, name):
    # The build of the documentation has run them all: then its pages tell.
    if "BUILT_GALLERY" in os.environ and name not in QUICK:
        printed, figures = built(name)
    else:
        printed, figures = run(name)
        assert_drawn_once(figures)
    assert figures
    assert CLAIMS.get(name, lambda printed: None)(printed) is not False


@pytest.mark.slow
@pytest.mark.parametrize("name", ["optimizers_mnist", "dropout_mnist"])
def test_the_path_of_a_data_file_is_an_argument(run, tmp_path, name):
    X, y = load_digits(return_X_y=True)
    X = np.kron(X[:400].reshape(-1, 8, 8), np.ones((1, 2, 2))).reshape(-1, 256)
    np.savez(tmp_path / "images.npz", X=(X * 15.9).astype(np.uint8), y=y[:400])
    _, figures = run(name, tmp_path / "images.npz")
    (tiles,) = (image.get_array() for image in figures[-1].axes[0].images)
    assert (np.array(tiles.shape) + 1).tolist() == [17 * (8 if "dropout" in name else 6)] * 2


@pytest.mark.parametrize("path", GALLERY, ids=name_of)
def test_example_is_a_gallery_page(path):
    text = path.read_text()
    assert text.count("\n") < 80
    rule, title, _ = re.match(r'"""\n(=+)\n(.+)\n(=+)\n\n', text).groups()
    assert len(rule) == len(title)
    assert "\n# %%\n# " in text
    assert text.endswith("plt.show()\n") or "plt.show()" in text
