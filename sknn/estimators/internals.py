"""The internals of the estimators that other packages of sknn use; users need none of them.

The fitted part of an estimator is a `FittedModel`, which `fitted_model` returns. The configuration
of an estimator is in its `Settings`, which `read_settings` returns.
"""

from sknn.estimators._base import run_fit
from sknn.estimators._call import FitCall, FitMode
from sknn.estimators._callbacks import (
    EPOCH,
    CallbackSupportMixin,
    begin_fit_task,
    with_callbacks,
)
from sknn.estimators._checks import (
    check_inputs,
    check_inputs_and_targets,
    check_total_weight,
    check_weights,
    normalize_weights,
    refuse_text,
    replace_extremes,
)
from sknn.estimators._model import (
    MODEL,
    OF_CALLBACKS,
    FittedModel,
    fitted_model,
    fitted_so_far,
    keeps_training,
    set_fitted_model,
    view,
    without_training,
)
from sknn.estimators._parameters import (
    Settings,
    read_batch_size,
    read_optimizer,
    read_settings,
)
from sknn.estimators._rollback import all_or_nothing
from sknn.estimators._start import initial_network
from sknn.estimators._storage import InMemory, Storage
from sknn.estimators._targets import (
    ClassTargets,
    RegressionTargets,
    Targets,
    encode_rows,
    learn_targets,
)
from sknn.estimators._votes import (
    check_deviation,
    has_dropout,
    prediction_and_noise,
    predicts_noise,
)

__all__ = [
    "EPOCH",
    "MODEL",
    "OF_CALLBACKS",
    "CallbackSupportMixin",
    "ClassTargets",
    "FitCall",
    "FitMode",
    "FittedModel",
    "InMemory",
    "RegressionTargets",
    "Settings",
    "Storage",
    "Targets",
    "all_or_nothing",
    "begin_fit_task",
    "check_deviation",
    "check_inputs",
    "check_inputs_and_targets",
    "check_total_weight",
    "check_weights",
    "encode_rows",
    "fitted_model",
    "fitted_so_far",
    "has_dropout",
    "initial_network",
    "keeps_training",
    "learn_targets",
    "normalize_weights",
    "prediction_and_noise",
    "predicts_noise",
    "read_batch_size",
    "read_optimizer",
    "read_settings",
    "refuse_text",
    "replace_extremes",
    "run_fit",
    "set_fitted_model",
    "view",
    "with_callbacks",
    "without_training",
]
