"""The base of all strategies: hyperparameters, checks of their ranges, and lookup by name."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, Final, TypeVar

from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Range:
    """An interval of allowed numbers.

    Parameters
    ----------
    low, high : float
        The ends. ``-math.inf`` and ``math.inf`` leave an end open.
    closed : {"both", "left", "right", "neither"}
        The ends that belong to the interval.
    integer : bool
        Whether only whole numbers are allowed.

    Examples
    --------
    >>> from sknn import Range
    >>> Range(0, 1, "left").check("rate", 1.5)
    Traceback (most recent call last):
        ...
    ValueError: rate must be a number in [0, 1), got 1.5.
    """

    low: float = -math.inf
    high: float = math.inf
    closed: str = "both"
    integer: bool = False

    def __contains__(self, value: object) -> bool:
        # The plain types come first, because the test for an abstract class takes longer.
        types = (int, Integral) if self.integer else (int, float, Real)
        if isinstance(value, bool) or not isinstance(value, types):
            return False
        try:
            number = float(value)
        except OverflowError:  # an integer or a fraction beyond all floats
            return False
        above = number >= self.low if self.closed in ("both", "left") else number > self.low
        below = number <= self.high if self.closed in ("both", "right") else number < self.high
        return above and below

    def __str__(self) -> str:
        kind = "an integer" if self.integer else "a number"
        left = "[" if self.closed in ("both", "left") and self.low != -math.inf else "("
        right = "]" if self.closed in ("both", "right") and self.high != math.inf else ")"
        return f"{kind} in {left}{self.low:g}, {self.high:g}{right}"

    def check(self, name: str, value: object) -> None:
        """Raise a ValueError that names the parameter, the value and the interval.

        Parameters
        ----------
        name : str
            The name of the parameter.
        value : object
            The value to check.
        """
        if value not in self:
            raise ValueError(f"{name} must be {self}, got {value!r}.")


# The intervals of most hyperparameters.
BELOW_ONE: Final = Range(0, 1, "left")
COUNT: Final = Range(1, integer=True)
FINITE: Final = Range(closed="neither")
NOT_NEGATIVE: Final = Range(0, closed="left")
POSITIVE: Final = Range(0, closed="neither")


@dataclass(frozen=True, init=False)
class Choice:
    """A few allowed strings.

    Parameters
    ----------
    *values : str
        The strings.

    Examples
    --------
    >>> from sknn._core.strategy import Choice
    >>> Choice("none", "tanh").check("approximate", "erf")
    Traceback (most recent call last):
        ...
    ValueError: approximate must be one of 'none', 'tanh', got 'erf'.
    """

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and value in self.values

    def __str__(self) -> str:
        return f"one of {', '.join(map(repr, self.values))}"

    def check(self, name: str, value: object) -> None:
        """Raise a ValueError that names the parameter, the value and the allowed strings."""
        if value not in self:
            raise ValueError(f"{name} must be {self}, got {value!r}.")


class Strategy(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Base of all strategies, which have hyperparameters and pure rules but no state.

    A strategy is a dataclass whose fields are its hyperparameters. scikit-learn's
    ``BaseEstimator`` gives it nested parameters, ``clone``, a repr and pickle.

    Attributes
    ----------
    ranges : dict
        The `Range` or `Choice` of each hyperparameter; `check` reads it.
    """

    ranges: ClassVar[Mapping[str, Range | Choice]] = {}

    def check(self, name: str) -> None:
        """Raise a ValueError if a hyperparameter is out of its range.

        Parameters
        ----------
        name : str
            The parameter of the estimator that contains this strategy, for the error message.
        """
        for field, allowed in self.ranges.items():
            allowed.check(f"{name}__{field}", getattr(self, field))

    def check_order(self, name: str, low: str, high: str) -> None:
        """Raise a ValueError unless the hyperparameter `low` is below the hyperparameter `high`.

        Parameters
        ----------
        name : str
            The parameter of the estimator, as for `check`.
        low, high : str
            The names of the two hyperparameters.
        """
        if float(getattr(self, low)) >= float(getattr(self, high)):
            raise ValueError(
                f"{name}__{low} must be below {name}__{high}, got {getattr(self, low)} >= "
                f"{getattr(self, high)}."
            )


S = TypeVar("S", bound=Strategy)

# The names of strategies in other libraries.
SYNONYMS: Final = {
    "logistic": "sigmoid",
    "swish": "silu",
    "hard_swish": "hard_silu",
    "hswish": "hard_silu",
    "linear": "identity",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
    "glorot_uniform": "xavier_uniform",
    "glorot_normal": "xavier_normal",
    "mse": "squared_error",
    "mean_squared_error": "squared_error",
    "mae": "absolute_error",
    "mean_absolute_error": "absolute_error",
    "cross_entropy": "log_loss",
    "binary_crossentropy": "log_loss",
    "categorical_crossentropy": "log_loss",
    "pinball": "quantile",
    "l-bfgs": "lbfgs",
    "he": "he_normal",
    "kaiming": "he_normal",
    "xavier": "xavier_uniform",
    "glorot": "xavier_uniform",
    "cosine_annealing": "cosine",
    "onecycle": "one_cycle",
}


def _closest(value: str, allowed: list[str]) -> str | None:
    """Return the allowed name that is most similar to a value, or None.

    Examples
    --------
    >>> from sknn._core.strategy import _closest
    >>> [_closest(name, ["adam", "adamax", "silu"]) for name in ("swish", "adma", "sil", "best")]
    ['silu', 'adam', 'silu', None]
    """
    for name in (value, SYNONYMS.get(value, value)):
        if name in allowed:
            return name
    swapped = [name for name in allowed if sorted(name) == sorted(value)]
    return next(iter(swapped or difflib.get_close_matches(value, allowed, n=1)), None)


def unknown(name: str, value: object, allowed: list[str], also: str = "") -> ValueError:
    """Return the error for an unknown name; it suggests the closest known name.

    Examples
    --------
    >>> from sknn._core.strategy import unknown
    >>> unknown("optimizer", "adm", ["adam", "sgd"])
    ValueError("optimizer='adm' is not known; did you mean 'adam'? Allowed: 'adam', 'sgd'.")
    """
    close = _closest(str(value).lower(), allowed)
    hint = f"; did you mean {close!r}?" if close else "."
    return ValueError(
        f"{name}={value!r} is not known{hint} Allowed: {', '.join(map(repr, allowed))}{also}."
    )


def resolve(
    name: str, value: object, family: Mapping[str, type[S]], bases: tuple[type[S], ...]
) -> S:
    """Return the strategy for a name or an instance.

    Parameters
    ----------
    name : str
        The name of the parameter, for the error message.
    value : str or instance of one of `bases`
        A key of `family` stands for that class with default hyperparameters; an instance is
        returned as it is.
    family : dict of str to class
        The named members, such as `sknn.optimizers.OPTIMIZERS`.
    bases : tuple of class
        The base classes of the family.

    Raises
    ------
    ValueError
        If the name is unknown, or the value is not an instance of one of `bases`.

    Examples
    --------
    >>> from sknn._core.strategy import resolve
    >>> from sknn.activations import ACTIVATIONS, Activation
    >>> resolve("activation", "leaky_relu", ACTIVATIONS, (Activation,))
    LeakyReLU()
    """
    if isinstance(value, str) and value in family:  # the most frequent case, first
        return family[value]()
    if isinstance(value, bases):
        return value
    also = f", or an instance of {' or '.join(base.__name__ for base in bases)}"
    if isinstance(value, str):
        raise unknown(name, value, list(family), also)
    if isinstance(value, type) and issubclass(value, bases):
        raise ValueError(
            f"{name} got the class {value.__name__}; pass an instance, {value.__name__}()."
        )
    raise ValueError(f"{name} must be one of {', '.join(map(repr, family))}{also}; got {value!r}.")


def registered_name(strategy: Strategy, family: Mapping[str, type[Any]]) -> str:
    """Return the name under which a strategy's class is registered, or its class name.

    Examples
    --------
    >>> from sknn._core.strategy import registered_name
    >>> from sknn.activations import ACTIVATIONS, Sigmoid
    >>> registered_name(Sigmoid(), ACTIVATIONS)
    'sigmoid'
    """
    names = [key for key, member in family.items() if member is type(strategy)]
    return names[0] if names else type(strategy).__name__
