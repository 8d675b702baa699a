"""The output of `verbose`: a single updated line in a terminal, a few lines elsewhere."""

import io
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import joblib
import pytest
from common import problem

from sknn._training.engine import Engine
from sknn.estimators._verbose import _worker

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 4, "batch_size": 40, "random_state": 0, "tol": 0.0}
ENDLESS = {"n_iter_no_change": 10**6}


def make(**params):
    cls, X, y = problem("multiclass")
    return cls(**SMALL | params), X, y


def epochs(lines):
    return [int(match[1]) for match in map(re.compile(r"Epoch (\d+)").match, lines) if match]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def printed_in_a_terminal(monkeypatch, model, X, y, columns=70):
    """Return what a fit prints; pytest's own capture has set the output before the test begins."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Terminal())
        patch.setenv("COLUMNS", str(columns))
        try:
            model.fit(X, y)
        except RuntimeError as error:
            print(f"Traceback: {error}")
        return sys.stdout.getvalue()


@pytest.fixture
def clock(monkeypatch):
    """Let each look at the clock find it a second on."""
    now = iter(range(10**6))
    monkeypatch.setattr("sknn.estimators._verbose.time.monotonic", lambda: float(next(now)))


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_every_epoch(capsys, optimizer):
    early = {"early_stopping": True, "scoring": "accuracy"}
    model, X, y = make(verbose=2, max_iter=5, optimizer=optimizer, **early)
    model.fit(X, y)
    *lines, end = capsys.readouterr().out.splitlines()
    assert epochs(lines) == [1, 2, 3, 4, 5]
    curves = model.loss_curve_, model.validation_loss_curve_, model.validation_scores_
    for line, loss, validation_loss, score in zip(lines, *curves, strict=True):
        told = f"loss {loss:.6f}, validation loss {validation_loss:.6f}, "
        assert told + f"validation score {score:.6f}, " in line
        assert re.search(r"/5: .* [\d,]+ samples/s, at most \d+\.\d s left$", line)
    assert re.fullmatch(r"5 epochs in \d+\.\d s: not converged\.", end)


@pytest.mark.parametrize(
    ("max_iter", "expected"),
    [
        (5, [1, 2, 3, 4, 5]),
        (20, list(range(1, 21))),
        (47, [1, *range(3, 46, 3), 47]),
        (200, [1, *range(10, 201, 10)]),
    ],
)
@pytest.mark.parametrize("verbose", [1, True])
def test_about_twenty_lines(capsys, verbose, max_iter, expected):
    model, X, y = make(verbose=verbose, max_iter=max_iter, **ENDLESS)
    model.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert epochs(lines) == expected
    assert len(lines) == len(expected) + 1


def test_the_last_epoch_is_shown_wherever_it_ends(capsys):
    model, X, y = make(verbose=1, max_iter=1000, tol=10.0, n_iter_no_change=3)
    model.fit(X, y)
    *lines, end = capsys.readouterr().out.splitlines()
    assert epochs(lines) == [1, 4]
    assert end.startswith("4 epochs in")
    assert end.endswith(": converged.")


def test_a_warm_start_counts_on_and_partial_fit_prints_its_epoch(capsys):
    model, X, y = make(verbose=1, max_iter=2, warm_start=True)
    model.fit(X, y).fit(X, y).partial_fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert epochs(lines) == [1, 2, 3, 4, 5]
    assert [line.split(":")[0] for line in lines if line.startswith("E")] == [
        *("Epoch 1/2", "Epoch 2/2", "Epoch 3/4", "Epoch 4/4", "Epoch 5")
    ]


def test_time_left_is_that_of_the_epochs_left(capsys, clock):
    model, X, y = make(verbose=2, max_iter=100, tol=10.0, n_iter_no_change=1)
    model.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    # The clock shows 0 at the start, 1 at the first line and 2 at the second.
    assert [line.split(", ")[-1] for line in lines[:2]] == [
        "at most 1 min 39 s left",
        "at most 1 min 38 s left",
    ]
    assert lines[-1] == "2 epochs in 3.0 s: converged."


def test_a_line_renews_itself_in_a_terminal(monkeypatch, clock):
    printed = printed_in_a_terminal(monkeypatch, *make(verbose=1, max_iter=30, **ENDLESS), 60)
    renewed, end, nothing = printed.split("\n")
    states = renewed.split("\r")[1:]
    assert epochs(states) == list(range(1, 31))
    assert all(len(state) == 59 for state in states)  # a column less than there are
    assert end.startswith("30 epochs in")
    assert nothing == ""


def test_a_line_in_a_terminal_is_not_renewed_too_often(monkeypatch):
    monkeypatch.setattr("sknn.estimators._verbose.time.monotonic", lambda: 0.0)
    printed = printed_in_a_terminal(monkeypatch, *make(verbose=1, max_iter=30, **ENDLESS))
    assert epochs(printed.split("\r")[1:]) == [1, 30]


def test_a_shorter_state_covers_the_longer_one(monkeypatch, clock):
    model = make(verbose=1, max_iter=130, **ENDLESS)
    states = printed_in_a_terminal(monkeypatch, *model, columns=200).split("\n")[0].split("\r")[1:]
    lengths = {len(state.rstrip()) for state in states}
    assert len(lengths) > 1
    for before, after in pairwise(states):
        assert len(after) >= len(before.rstrip())


@pytest.mark.parametrize(
    ("error", "end"),
    [(RuntimeError("broken"), "failed.\nTraceback: broken"), (KeyboardInterrupt(), "interrupted.")],
)
@pytest.mark.parametrize("verbose", [1, 2])
@pytest.mark.filterwarnings("ignore:.*was interrupted after 2 whole epochs")
def test_an_error_and_an_interrupt_end_the_line(monkeypatch, error, end, verbose):
    take_step, counts = Engine.step, iter(range(100))

    def step(self, *args):
        if next(counts) == 7:  # of three steps an epoch: the third epoch's second
            raise error
        return take_step(self, *args)

    monkeypatch.setattr(Engine, "step", step)
    printed = printed_in_a_terminal(monkeypatch, *make(verbose=verbose, max_iter=30))
    *_, last_of_epochs, told = printed.partition("2 epochs in")
    assert last_of_epochs == "2 epochs in"
    assert re.fullmatch(rf" \d+\.\d s: {re.escape(end)}\n", told)


def test_callback_that_stops(capsys):
    class Stop:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            return True

    model, X, y = make(verbose=1)
    model.set_callbacks(Stop()).fit(X, y)
    assert re.search(r"\n1 epoch in \d+\.\d s: stopped by a callback\.\n", capsys.readouterr().out)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_quiet_by_default(capsys, optimizer):
    model, X, y = make(optimizer=optimizer, max_iter=3)
    model.fit(X, y)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


# ---------------------------------------------------------------- several fits at once


class Chunks(io.StringIO):
    """Keeps what each call to `write` writes."""

    def __init__(self):
        super().__init__()
        self.chunks = []

    def write(self, text):
        self.chunks.append(text)
        return super().write(text)


@pytest.mark.parametrize("verbose", [1, 2])
def test_each_line_is_written_at_once(monkeypatch, verbose):
    model, X, y = make(verbose=verbose, max_iter=3)
    out = Chunks()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        model.fit(X, y).partial_fit(X, y)
    assert epochs(out.chunks) == [1, 2, 3, 4]
    assert [chunk.count("\n") for chunk in out.chunks] == [1] * 5
    assert all(chunk.endswith("\n") for chunk in out.chunks)


def test_a_thread_names_itself_and_what_it_fits(monkeypatch):
    model, X, y = make(verbose=1, max_iter=30, alpha=0.5, **ENDLESS)
    out = Terminal()
    with monkeypatch.context() as patch, ThreadPoolExecutor(1, "worker") as pool:
        patch.setattr(sys, "stdout", out)
        pool.submit(model.fit, X, y).result()
    first, *lines = out.getvalue().splitlines()
    call = "MLPClassifier(alpha=0.5, batch_size=40, hidden_layer_sizes=4, max_iter=30, "
    assert (
        first == f"[worker_0] {call}n_iter_no_change=1000000, random_state=0, tol=0.0, verbose=1)"
    )
    assert all(line.startswith("[worker_0] ") for line in lines)
    assert epochs(line.removeprefix("[worker_0] ") for line in lines) == [1, *range(2, 31, 2)]
    assert "\r" not in out.getvalue()


def test_a_worker_process_names_itself():
    names = joblib.Parallel(2)(joblib.delayed(_worker)() for _ in range(2))
    assert all(re.fullmatch(r"LokyProcess-\d+", name) for name in names)
    assert _worker() == ""


@pytest.mark.parametrize("verbose", [1, 2])
def test_no_output(monkeypatch, verbose):
    """As in a program without a console."""
    model, X, y = make(verbose=verbose, max_iter=2)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        model.fit(X, y).partial_fit(X, y)
    assert len(model.loss_curve_) == 3
