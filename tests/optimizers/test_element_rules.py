"""Rules for one element, which numba compiles: the same numbers as the rules for arrays."""

import common  # noqa: F401
import numpy as np
import pytest

from sknn._core.parameters import Block, Layout
from sknn.optimizers import OPTIMIZERS, Adam, ElementwiseOptimizer, Momentum
from sknn.testing import check_optimizer

BOTH_DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
LAYOUT = Layout([Block("first", (11, 9), 90), Block("second", (10, 1), 9)])
WITH_RULE = [
    name
    for name, cls in OPTIMIZERS.items()
    if issubclass(cls, ElementwiseOptimizer) and cls().updates_by_chunk()
]


def element_rule(optimizer, params, grad, state):
    """Return the rule for the elements of the first group of a bound optimizer."""
    (group,) = optimizer.bind(params, grad, state, at_once=False).groups
    return group.element_rule()


def apply(rule, coefficients):
    """Apply a rule element by element, in plain Python."""
    numbers = [rule.params.dtype.type(x) for x in (*coefficients, *rule.constants)]
    for i in range(rule.params.size):
        slots = [slot[i] for slot in rule.slots]
        values = rule.function(rule.params[i], rule.grad[i], *slots, *numbers)
        for array, value in zip((rule.params, *rule.slots), values, strict=True):
            array[i] = value


def test_all_rules_of_a_chunk_have_a_form_for_one_element():
    assert [name for name in OPTIMIZERS if name not in ("muon", "lbfgs")] == WITH_RULE
    for name in WITH_RULE:
        optimizer, params = OPTIMIZERS[name](), np.ones(LAYOUT.size)
        state = optimizer.init(params, LAYOUT)
        assert element_rule(optimizer, params, np.ones_like(params), state) is not None


@BOTH_DTYPES
@pytest.mark.parametrize("name", WITH_RULE)
def test_an_element_moves_as_in_an_array(name, dtype):
    rng, optimizer = np.random.default_rng(0), OPTIMIZERS[name]()
    if "weight_decay" in optimizer.get_params():  # which is not part of the rule
        optimizer.set_params(weight_decay=0.0)
    params = rng.normal(size=LAYOUT.size).astype(dtype)
    by_element, grad = params.copy(), np.empty_like(params)
    state, twin = optimizer.init(params, LAYOUT), optimizer.init(by_element, LAYOUT)
    rule = element_rule(optimizer, by_element, grad, twin)
    for _ in range(8):
        # Some derivatives are zero, and some of their signs change from step to step.
        source = (rng.normal(size=params.size) * (rng.random(params.size) > 0.2)).astype(dtype)
        grad[...] = source
        apply(rule, optimizer.begin_update(twin, 0.01))
        optimizer.update(params, source.copy(), state, 0.01)
        tolerance = 8 * np.finfo(dtype).eps
        for actual, expected in zip((by_element, *twin.slots), (params, *state.slots), strict=True):
            np.testing.assert_allclose(actual, expected, tolerance, tolerance * 1e-2)


class OwnRule(Adam):
    def rule(self, params, grad, scratch, m, v, rate, epsilon):
        super().rule(params, grad, scratch, m, v, rate, epsilon)


class OwnElement(Adam):
    @staticmethod
    def element(param, grad, m, v, rate, epsilon, beta_1, beta_2):
        return param, m, v


class Plain(ElementwiseOptimizer):
    def rule(self, params, grad, scratch, learning_rate):
        np.multiply(grad, learning_rate, out=scratch)
        np.subtract(params, scratch, out=params)


class OwnCoefficients(Momentum):
    def coefficients(self, step, learning_rate):
        return (learning_rate / step,)


@pytest.mark.parametrize("cls", [OwnRule, OwnElement, Plain])
def test_a_rule_without_its_own_form_for_one_element_is_not_compiled(cls):
    optimizer, params = cls(), np.ones(LAYOUT.size)
    rule = element_rule(optimizer, params, np.ones_like(params), optimizer.init(params, LAYOUT))
    assert rule is None


def test_a_subclass_with_other_coefficients_keeps_the_form():
    optimizer, params = OwnCoefficients(), np.ones(LAYOUT.size)
    rule = element_rule(optimizer, params, np.ones_like(params), optimizer.init(params, LAYOUT))
    assert rule.function is Momentum.element


class Both(ElementwiseOptimizer):
    def rule(self, params, grad, scratch, learning_rate):
        np.multiply(grad, learning_rate, out=scratch)
        np.subtract(params, scratch, out=params)

    @staticmethod
    def element(param, grad, learning_rate):
        return (param - learning_rate * grad,)


class Different(Both):
    def rule(self, params, grad, scratch, learning_rate):
        np.multiply(grad, learning_rate, out=scratch)
        np.subtract(params, scratch, out=params)

    @staticmethod
    def element(param, grad, learning_rate):
        return (param - 2 * learning_rate * grad,)


class TooMany(Both):
    def rule(self, params, grad, scratch, learning_rate):
        np.multiply(grad, learning_rate, out=scratch)
        np.subtract(params, scratch, out=params)

    @staticmethod
    def element(param, grad, learning_rate):
        return param - learning_rate * grad, param


def test_the_check_of_optimizers_compares_the_two_forms():
    check_optimizer(Both())
    with pytest.raises(AssertionError, match="element and rule"):
        check_optimizer(Different())
    with pytest.raises(AssertionError, match="element returned 2 numbers, expected 1"):
        check_optimizer(TooMany())
