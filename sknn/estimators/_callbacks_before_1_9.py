"""A replacement for the callbacks of scikit-learn 1.9 on 1.7 and 1.8: `set_callbacks` and tasks.

Callbacks work on an estimator and on its clones, with a separate tree of tasks for each fit. The
callback support of scikit-learn's meta-estimators (one tree for a whole search, callbacks passed to
inner estimators) needs 1.9.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from sknn.estimators._model import OF_CALLBACKS

_HOOKS = ("setup", "on_fit_task_begin", "on_fit_task_end", "teardown")


class Context:
    """A task of a fit: the fit itself, or an epoch.

    Parameters
    ----------
    callbacks : list
        The callbacks to call.
    estimator_name : str
        The name of the class that is fitted.
    task_name : str
        The name of the task.
    task_id : int
        The number of the task among the subtasks of its parent.
    max_subtasks : int
        The most subtasks of the task.
    parent : Context or None
        The task that contains this one.
    """

    def __init__(
        self,
        callbacks: list[Any],
        estimator_name: str,
        task_name: str,
        task_id: int = 0,
        max_subtasks: int = 0,
        parent: "Context | None" = None,
    ) -> None:
        self.estimator_name, self.task_name, self.task_id = estimator_name, task_name, task_id
        self.max_subtasks, self.parent = max_subtasks, parent
        self._callbacks, self._n_subtasks = callbacks, 0

    def subcontext(self, task_name: str = "", max_subtasks: int = 0) -> "Context":
        """Return the next subtask of this task."""
        number, self._n_subtasks = self._n_subtasks, self._n_subtasks + 1
        return Context(
            self._callbacks, self.estimator_name, task_name, number, max_subtasks, parent=self
        )

    def call_on_fit_task_begin(self, *, estimator: Any, **arguments: Any) -> "Context":
        """Tell all callbacks that the task begins."""
        self._call("on_fit_task_begin", estimator, arguments)
        return self

    def call_on_fit_task_end(self, *, estimator: Any, **arguments: Any) -> bool:
        """Tell all callbacks that the task is over, and return whether one asks to stop."""
        return self._call("on_fit_task_end", estimator, arguments)

    def _call(self, hook: str, estimator: Any, arguments: dict[str, Any]) -> bool:
        known: dict[str, Any] = {}
        answers = []
        for callback in self._callbacks:
            method = getattr(callback, hook)
            for name in _wanted(method):
                if name not in known:
                    known[name] = _argument(name, estimator, arguments)
            answers.append(
                method(estimator, self, **{name: known[name] for name in _wanted(method)})
            )
        return any(answers)


def _wanted(method: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(method).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]


def _argument(name: str, estimator: Any, arguments: dict[str, Any]) -> Any:
    """Return the value of a hook's argument; functions are called only for hooks that want it."""
    fitted = name == "fitted_estimator"
    value = arguments.get("reconstruction_attributes" if fitted else name)
    value = value() if callable(value) else value
    if not fitted or value is None:
        return value
    copied = object.__new__(type(estimator))
    attributes = vars(estimator) | value
    vars(copied).update(
        {name: value for name, value in attributes.items() if name not in OF_CALLBACKS}
    )
    return copied


class CallbackSupportMixin:
    """A mixin that gives an estimator `set_callbacks`."""

    _skl_callbacks: list[Any]
    _callback_fit_ctx: Context

    def set_callbacks(self, *callbacks: Any) -> Any:
        """Set the callbacks of this estimator and of its clones; none removes them.

        Parameters
        ----------
        *callbacks : callback instances
            Each has the methods ``setup``, ``on_fit_task_begin``, ``on_fit_task_end`` and
            ``teardown``.

        Returns
        -------
        self : estimator instance
        """
        for callback in callbacks:
            if isinstance(callback, type) or not all(hasattr(callback, name) for name in _HOOKS):
                raise TypeError(
                    f"callbacks must be instances with the methods {', '.join(_HOOKS)}; "
                    f"got {callback!r}."
                )
        if callbacks:
            self._skl_callbacks = list(callbacks)
        else:
            vars(self).pop("_skl_callbacks", None)
        return self

    def __sklearn_clone__(self) -> Any:
        clone = super().__sklearn_clone__()  # type: ignore[misc]
        if "_skl_callbacks" in vars(self):
            clone._skl_callbacks = self._skl_callbacks
        return clone

    def _init_callback_context(self, max_subtasks: int = 0) -> Context:
        callbacks = vars(self).get("_skl_callbacks", [])
        self._callback_fit_ctx = Context(
            callbacks, type(self).__name__, "fit", max_subtasks=max_subtasks
        )
        for callback in callbacks:
            callback.setup(estimator=self, context=self._callback_fit_ctx)
        return self._callback_fit_ctx


def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a fit method that tears its callbacks down at the end, even after an error."""

    @functools.wraps(method)
    def managed(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(estimator, *args, **kwargs)
        finally:
            context = vars(estimator).pop("_callback_fit_ctx", None)
            if context is not None:
                for callback in context._callbacks:
                    callback.teardown(estimator=estimator, context=context)

    return managed
