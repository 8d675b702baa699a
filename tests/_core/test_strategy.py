"""Strategies: ranges, lookup by name, the contract of every registered class, and imports."""

import math
import pickle
import sys
from dataclasses import dataclass, is_dataclass
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone

from sknn._core.strategy import Choice, Range, Strategy, registered_name, resolve
from sknn.activations import ACTIVATIONS, Activation, ReLU, Sigmoid
from sknn.estimators._parameters import FAMILIES, _activations
from sknn.initializers import Initializer
from sknn.losses import LOSSES, Loss
from sknn.losses._base import FusedLoss

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

    def forward(self, z, a, scratch):
        np.multiply(z, self.slope if self.on else 1, out=a)


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


@pytest.mark.parametrize("base", [Activation, Initializer, Loss, FusedLoss])
def test_bases_are_abstract(base):
    missing = {
        Activation: "forward",
        Initializer: "sample",
        Loss: "gradient",
        FusedLoss: "value_and_gradient",
    }
    incomplete = type("Incomplete", (base,), {})
    with pytest.raises(TypeError, match=f"abstract class Incomplete .*{missing[base]}"):
        incomplete()
