"""Strategies: ranges, lookup by name, the promises of every registered one, one-way imports."""

import ast
import math
import pickle
import re
import sys
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone

import sknn
from sknn._strategy import Choice, Range, Strategy, registered_name, resolve
from sknn.activations import ACTIVATIONS, Activation, ReLU, Sigmoid
from sknn.estimators._parameters import FAMILIES, _activations
from sknn.losses import LOSSES, Loss

EVERY_STRATEGY = pytest.mark.parametrize(
    "member",
    [
        pytest.param(member, id=f"{parameter}-{name}")
        for parameter, (family, _) in FAMILIES.items()
        for name, member in family.items()
    ],
)
EVERY_FAMILY = pytest.mark.parametrize("parameter", FAMILIES)


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        (Range(0, 1), [0, 0.5, 1], [-1e-9, 1.001]),
        (Range(0, 1, "left"), [0, 0.999], [1, -0.1]),
        (Range(0, 1, "right"), [1, 0.001], [0, 1.1]),
        (Range(0, 1, "neither"), [0.5], [0, 1]),
        (Range(), [-math.inf, 0, math.inf], []),
        (Range(1, integer=True), [1, 10**9, np.int64(3)], [0, 1.0, 2.5, np.float64(2)]),
        (Range(0, math.inf, "left"), [0, np.float32(0.5), np.int8(1)], [math.inf, -math.inf]),
    ],
)
def test_range_contains(allowed, inside, outside):
    assert all(value in allowed for value in inside)
    assert not any(value in allowed for value in outside)


@pytest.mark.parametrize("value", [True, False, np.True_, math.nan, np.nan, "1", None, [1], 1j])
@pytest.mark.parametrize("allowed", [Range(), Range(-5, 5), Range(integer=True)])
def test_range_refuses_what_is_no_number(allowed, value):
    assert value not in allowed
    with pytest.raises(ValueError, match="rate must be"):
        allowed.check("rate", value)


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        (Range(0, 1), "a number in [0, 1]"),
        (Range(0, 1, "left"), "a number in [0, 1)"),
        (Range(0, 1, "right"), "a number in (0, 1]"),
        (Range(0, 0.5, "neither"), "a number in (0, 0.5)"),
        (Range(1, integer=True), "an integer in [1, inf)"),
        (Range(), "a number in (-inf, inf)"),
    ],
)
def test_range_reads_as_mathematics(allowed, text):
    assert str(allowed) == text


def test_choice_holds_its_strings_and_nothing_else():
    allowed = Choice("none", "tanh")
    assert str(allowed) == "one of 'none', 'tanh'"
    assert all(value in allowed for value in ("none", "tanh"))
    for value in ("Tanh", "", None, 1, ["none"], True):
        assert value not in allowed
        with pytest.raises(ValueError, match=r"^form must be one of 'none', 'tanh', got "):
            allowed.check("form", value)


@EVERY_FAMILY
def test_resolve_takes_names_and_instances(parameter):
    family, bases = FAMILIES[parameter]
    for name, member in family.items():
        assert type(resolve(parameter, name, family, bases)) is member
        instance = member()
        assert resolve(parameter, instance, family, bases) is instance
        assert registered_name(instance, family) == name


@EVERY_FAMILY
def test_resolve_suggests_the_closest_name(parameter):
    family, bases = FAMILIES[parameter]
    for name in family:
        misspelt = name + "x"
        with pytest.raises(ValueError, match=f"^{parameter}='{misspelt}' is not known; did you"):
            resolve(parameter, misspelt, family, bases)


@EVERY_FAMILY
@pytest.mark.parametrize("value", ["qqq", None, 3, object()])
def test_resolve_lists_every_name(parameter, value):
    family, bases = FAMILIES[parameter]
    with pytest.raises(ValueError, match=f"^{parameter}") as error:
        resolve(parameter, value, family, bases)
    assert all(repr(name) in str(error.value) for name in family)
    assert f"or an instance of {bases[0].__name__}" in str(error.value)
    assert "did you mean" not in str(error.value)


@EVERY_FAMILY
def test_resolve_wants_an_instance_not_a_class(parameter):
    family, bases = FAMILIES[parameter]
    member = next(iter(family.values()))
    message = rf"{parameter} got the class {member.__name__}; .* {member.__name__}\(\)\."
    with pytest.raises(ValueError, match=message):
        resolve(parameter, member, family, bases)


@pytest.mark.parametrize("value", [ReLU(), ReLU, int])
def test_resolve_refuses_another_familys_member(value):
    with pytest.raises(ValueError, match=r"loss must be one of 'log_loss', .* instance of Loss"):
        resolve("loss", value, LOSSES, (Loss,))


def test_unregistered_class_goes_by_its_own_name():
    class Own(Sigmoid):
        pass

    assert registered_name(Own(), ACTIVATIONS) == "Own"


@dataclass(repr=False, eq=False)
class Pair(Strategy):
    first: float = 1
    second: float = 1

    ranges: ClassVar[dict[str, Range]] = {"first": Range(0), "second": Range(0)}


def test_check_names_parameter_field_and_value():
    Pair().check("pair")
    with pytest.raises(
        ValueError, match=r"^pair__second must be a number in \[0, inf\), got -2\.$"
    ):
        Pair(second=-2).check("pair")


@dataclass(repr=False, eq=False)
class Switched(Activation):
    on: bool = False
    slope: float = 1


def test_a_switch_stays_a_switch_where_numbers_become_pythons_own():
    (read,) = _activations(Switched(on=True, slope=np.float64(0.5)), 1)
    assert repr(read) == "Switched(on=True, slope=0.5)"
    assert type(read.slope) is float


def other_word(name, allowed):
    return "invscaling" if name == "schedule" else allowed[name].values[-1]


def changed(member):
    """Return an instance none of whose hyperparameters is at its default."""
    params, allowed = member().get_params(), member.ranges
    return member(
        **{
            name: other_word(name, allowed) if isinstance(value, str) else value + 1
            for name, value in params.items()
        }
    )


def evaluated(strategy):
    return eval(repr(strategy), vars(sys.modules[type(strategy).__module__]))


@EVERY_STRATEGY
def test_every_strategy_is_a_checked_dataclass(member):
    strategy = member()
    strategy.check("parameter")
    assert is_dataclass(member)
    assert set(member.ranges) == set(strategy.get_params()) - {"schedule"}
    assert vars(strategy) == strategy.get_params()


@EVERY_STRATEGY
@pytest.mark.parametrize("make", [lambda member: member(), changed], ids=["default", "changed"])
@pytest.mark.parametrize(
    "copy", [clone, lambda strategy: pickle.loads(pickle.dumps(strategy)), evaluated]
)
def test_every_strategy_survives(member, make, copy):
    strategy = make(member)
    twin = copy(strategy)
    assert twin is not strategy
    assert type(twin) is member
    assert twin.get_params() == strategy.get_params()


@EVERY_STRATEGY
def test_every_strategy_is_documented(member):
    assert "Examples\n" in member.__doc__
    assert all(name in member.__doc__ for name in member().get_params())


def test_no_two_names_share_a_class():
    for family, _ in FAMILIES.values():
        assert len(set(family.values())) == len(family)


# What each module may import of the others. A package counts as one module.
IMPORTS = {
    "_public": set(),
    "_typing": set(),
    "_blas": {"_typing"},
    "_interrupt": set(),
    "_subnormal": {"_typing"},
    "_strategy": set(),
    "_table": set(),
    "parameters": {"_typing"},
    "activations": {"_public", "_strategy", "_typing"},
    "dropout": {"_strategy", "_typing"},
    "schedules": {"_public", "_strategy"},
    "averaging": {"_blas", "_strategy", "_typing"},
    "regularization": {"_blas", "_typing", "parameters"},
    "initializers": {"_public", "_strategy", "_typing", "activations"},
    "losses": {"_public", "_strategy", "_typing", "activations"},
    "optimizers": {
        "_public",
        "_blas",
        "_strategy",
        "_subnormal",
        "_typing",
        "losses",
        "parameters",
    },
    "gauge": {"_blas", "_typing", "parameters"},
    "stages": {"_blas", "_typing", "activations", "dropout"},
    "network": {"_typing", "activations", "dropout", "initializers", "parameters", "stages"},
    "batch": {"_blas", "_subnormal", "_typing", "losses", "network"},
    "engine": {
        *("_blas", "_subnormal", "_typing", "batch", "gauge", "losses", "network", "optimizers"),
        *("parameters", "regularization", "stages"),
    },
    "exceptions": set(),
    "diagnosis": {
        *("_typing", "activations", "batch", "losses", "network", "parameters", "stages"),
    },
    "plan": {"averaging", "optimizers", "schedules"},
    "training": {"_typing", "parameters", "schedules"},
    "trainer": {
        *(
            "_interrupt",
            "_subnormal",
            "_typing",
            "averaging",
            "batch",
            "engine",
            "optimizers",
            "plan",
        ),
        "training",
    },
    "estimators": {
        *(
            "_public",
            "_strategy",
            "_table",
            "_typing",
            "activations",
            "averaging",
            "diagnosis",
            "dropout",
        ),
        *("engine", "exceptions", "initializers", "losses", "network", "optimizers", "parameters"),
        *("batch", "plan", "regularization", "schedules", "trainer", "training"),
    },
    "inspection": {
        *("_public", "_strategy", "_table", "_typing", "activations", "engine", "estimators"),
        *("batch", "initializers", "losses", "network", "optimizers", "parameters", "stages"),
    },
    "compat": {
        *("_blas", "_public", "_strategy", "_typing", "activations", "batch", "dropout", "engine"),
        *("estimators", "losses", "network", "optimizers", "parameters", "plan", "regularization"),
        *("schedules", "trainer", "training"),
    },
    "_version": set(),
    "model_state": {
        *("_public", "compat", "network", "optimizers", "parameters", "schedules", "training"),
    },
    "persistence": {
        *("_strategy", "_typing", "_version", "activations", "averaging", "compat", "dropout"),
        *("estimators", "initializers", "losses", "model_state", "network", "optimizers"),
        *("parameters", "schedules"),
    },
    "callbacks": {"_public", "_strategy", "estimators", "persistence", "training"},
    "export": {"_typing", "_version", "activations", "estimators", "losses"},
    "__init__": {"_public", "_strategy", "_version", "estimators", "persistence"},
}
# Checks for what users write: it may import anything, and nothing imports it.
TESTING = "testing"
THIRD_PARTY = {module: {"numpy", "scipy"} for module in IMPORTS} | {
    "_blas": {"numpy", "scipy", "threadpoolctl"},  # which comes with scikit-learn
    "parameters": {"numpy"},
    "gauge": {"numpy"},
    "_strategy": {"sklearn"},
    "exceptions": {"sklearn"},
    "estimators": {"numpy", "scipy", "sklearn"},
    "compat": {"numpy", "sklearn"},
    "inspection": {"matplotlib", "numpy", "scipy", "sklearn"},
    "persistence": {"numpy", "skops", "sklearn"},
    "export": {"numpy", "sklearn", "onnx", "skl2onnx"},
}

ROOT = Path(sknn.__file__).parent


def imported(path):
    """Yield the dotted names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = node.module == "sknn"
            yield from (f"sknn.{alias.name}" for alias in node.names) if whole else [node.module]


def module_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.name))
def test_imports_go_one_way(path):
    module, names = module_of(path), [name.split(".") for name in imported(path)]
    if module == TESTING:
        return
    own = {name[1] for name in names if name[0] == "sknn"} - {module}
    others = {name[0] for name in names} - {"sknn"} - set(sys.stdlib_module_names)
    assert own <= IMPORTS[module]
    assert others <= THIRD_PARTY[module]


def test_the_page_on_architecture_names_all_who_know_scikit_learn():
    text = (ROOT.parent / "docs" / "architecture.md").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("scikit-learn is known to "))
    knowing = {module for module, others in THIRD_PARTY.items() if "sklearn" in others}
    assert set(re.findall("`(.*?)`", line)) == knowing | {TESTING}


def test_imports_that_are_allowed_are_needed():
    used = {module: set() for module in IMPORTS}
    for path in ROOT.rglob("*.py"):
        names = {name.split(".")[1] for name in imported(path) if name.startswith("sknn.")}
        used.setdefault(module_of(path), set()).update(names - {module_of(path)})
    assert {module: used[module] for module in IMPORTS} == IMPORTS


def test_imports_have_no_cycle():
    order = list(IMPORTS)
    for module, allowed in IMPORTS.items():
        assert all(order.index(other) < order.index(module) for other in allowed)
