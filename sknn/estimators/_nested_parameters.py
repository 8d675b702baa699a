"""Nested parameters, such as ``optimizer__momentum``, of parameters that are names or numbers."""

from numbers import Real
from typing import Any, TypeVar

from sklearn.base import BaseEstimator

from sknn._core.strategy import resolve
from sknn.estimators._parameters import FAMILIES, as_dropout

Self = TypeVar("Self", bound="NestedParameters")


class NestedParameters(BaseEstimator):  # type: ignore[misc]  # it has no types
    """A mixin whose `set_params` sets nested parameters of names and numbers as well."""

    def set_params(self: Self, **params: Any) -> Self:
        """Set parameters; ``optimizer__momentum`` and its like work on a name too.

        A name (``optimizer="momentum"``) or a number (``dropout=0.5``) is first replaced by the
        instance that it stands for. Members of a tuple of activations or rates have no nested
        names.

        Parameters
        ----------
        **params : dict
            Parameters, ``<parameter>`` or ``<parameter>__<its parameter>``.

        Returns
        -------
        self : object
            The estimator itself.
        """
        nested = {key: value for key, value in params.items() if "__" in key}
        before = {name: getattr(self, name) for name in self._get_param_names()}
        try:
            super().set_params(**{key: params[key] for key in params.keys() - nested.keys()})
            for name in {key.partition("__")[0] for key in nested}:
                self._make_instance(name)
            known = self.get_params()
            # Outer parameters come before nested ones, and unknown ones, which fail, come first.
            for key in sorted(nested, key=lambda key: (key.count("__"), key in known)):
                super().set_params(**{key: nested[key]})
        except Exception:
            self.__dict__.update(before)
            raise
        return self

    def _make_instance(self, name: str) -> None:
        value = getattr(self, name, None)
        if name in FAMILIES and isinstance(value, str):
            setattr(self, name, resolve(name, value, *FAMILIES[name]))
        elif name in ("dropout", "input_dropout") and isinstance(value, Real):
            setattr(self, name, as_dropout(name, value))
        elif name in self._get_param_names() and not hasattr(value, "set_params"):
            raise ValueError(
                f"{name}={value!r} has no nested parameters to set: a name or an instance has "
                "them, but the members of a sequence do not."
            )
