"""Export of estimators that contain networks to ONNX, by skl2onnx."""

from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted

from sknn.estimators import BaseMLP, MLPClassifier, MLPRegressor
from sknn.estimators.internals import RegressionTargets, fitted_model
from sknn.export._onnx import INPUT, OPSET, network_to_onnx, portable_classes
from sknn.losses import MULTILABEL

# The version of the operators for scikit-learn's models, of the same age as `OPSET`.
ML_OPSET: Final = 3
# The estimators that may contain a network. In these, skl2onnx uses the right output of a network,
# predictions or probabilities. In other estimators it may confuse the two without an error.
HOLDERS: Final = {
    *("Pipeline", "GridSearchCV", "RandomizedSearchCV", "MultiOutputRegressor"),
    *("BaggingClassifier", "BaggingRegressor", "VotingClassifier", "VotingRegressor"),
    *("StackingClassifier", "StackingRegressor"),
}
# Ensembles whose converters use one output of each network, and ignore the others.
SINGLE_OUTPUT: Final = {"BaggingRegressor", "VotingRegressor", "StackingRegressor"}


def other_to_onnx(model: Any, X: Any) -> Any:
    """Convert a fitted estimator that contains networks to an ONNX model.

    Parameters
    ----------
    model : estimator
        A Pipeline, a search or an ensemble.
    X : DataFrame, ndarray or None
        A sample of inputs; None if all inputs are float32 numbers.

    Raises
    ------
    ValueError
        If skl2onnx cannot convert a part of the estimator, which the error names.
    ImportError
        If skl2onnx is not installed.
    """
    _check_estimator(model)
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError(
            f"to_onnx of a {type(model).__name__} needs the package skl2onnx: pip install skl2onnx."
        ) from error
    check_is_fitted(model)
    _check_holders(model)
    _register(skl2onnx)
    try:
        made = skl2onnx.convert_sklearn(
            model,
            name=type(model).__name__,
            initial_types=_initial_types(skl2onnx, model, X),
            final_types=[(name, None) for name in _output_names(model)] or None,
            target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
            options={id(model): {"zipmap": False}} if is_classifier(model) else None,
        )
    except (RuntimeError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"skl2onnx cannot convert a part of this {type(model).__name__}: {reason}"
        ) from error
    return _without_second_dimension(made, model)


def _check_estimator(model: Any) -> None:
    cls = type(model)
    if any(base.__module__.startswith("sklearn.neural_network.") for base in cls.__mro__):
        raise ValueError(
            f"Pass sknn.compat.convert(model), since model is a {cls.__module__}.{cls.__name__}, "
            "which to_onnx does not take."
        )
    if not isinstance(model, BaseEstimator):
        raise ValueError(
            "model must be a sknn.MLPClassifier or sknn.MLPRegressor, or an estimator that holds "
            f"one, such as a Pipeline, got {model!r}."
        )


def _check_holders(value: Any) -> int:
    """Return the most outputs of a network that a value contains; 0 if it contains none.

    Raises
    ------
    ValueError
        If a network is in an estimator that skl2onnx would convert wrongly.
    """
    if isinstance(value, BaseMLP):
        if not hasattr(value, "n_outputs_"):  # constructor parameters are not fitted
            return 1
        targets = fitted_model(value).targets
        if isinstance(targets, RegressionTargets):
            return targets.n_predictions
        return targets.n_outputs
    is_estimator = type(value).__module__.startswith("sklearn.") and hasattr(value, "__dict__")
    if isinstance(value, dict) or is_estimator:
        inside = value if isinstance(value, dict) else vars(value)
        parts = [part for name, part in inside.items() if name != "scorer_"]
    else:
        parts = list(value) if isinstance(value, (list, tuple)) else []
    n_outputs = max(map(_check_holders, parts), default=0)  # check all first, to name the innermost
    name = type(value).__name__
    is_known = name in HOLDERS | {"Bunch"} and not (n_outputs > 1 and name in SINGLE_OUTPUT)
    if "decision_function" in getattr(value, "stack_method_", ()):
        is_known = False
    if n_outputs and is_estimator and not is_known:
        of_several = f" of {n_outputs} outputs" if name in SINGLE_OUTPUT else ""
        raise ValueError(
            f"to_onnx cannot export a network{of_several} inside a {name}: skl2onnx has no "
            "converter for that. Export the estimator that it holds."
        )
    return n_outputs


def _initial_types(skl2onnx: Any, model: Any, X: Any) -> list[tuple[str, Any]]:
    types = skl2onnx.common.data_types
    if X is None:
        if hasattr(model, "feature_names_in_"):
            raise ValueError(
                f"This {type(model).__name__} was fitted on a DataFrame: pass to_onnx(model, X) "
                "some rows of it, which tell the types of its columns."
            )
        return [(INPUT, types.FloatTensorType([None, model.n_features_in_]))]
    if hasattr(X, "columns"):
        guessed = types.guess_data_type(X)
        return [(name, kind.__class__([None, 1])) for name, kind in guessed]
    kind = types.guess_data_type(np.asarray(X))[0][1]
    return [(INPUT, kind.__class__([None, np.shape(X)[1]]))]


def _output_names(model: Any) -> list[str]:
    if is_classifier(model):
        has_probabilities = hasattr(model, "predict_proba")
        return ["label", "probabilities" if has_probabilities else "decision_function"]
    return ["prediction"] if is_regressor(model) else []


def _last_step(model: Any) -> Any:
    """Return the final estimator of nested Pipelines and searches."""
    while hasattr(model, "best_estimator_") or hasattr(model, "steps"):
        model = model.steps[-1][1] if hasattr(model, "steps") else model.best_estimator_
    return model


def _without_second_dimension(made: Any, model: Any) -> Any:
    """Give the last output the shape that `predict` or `decision_function` returns."""
    last = _last_step(model)
    network_output = network_to_onnx(last).graph.output[-1] if isinstance(last, BaseMLP) else None
    output = made.graph.output[-1]
    if network_output is None or len(network_output.type.tensor_type.shape.dim) == len(
        output.type.tensor_type.shape.dim
    ):
        return made
    import onnx

    name, column = output.name, f"{output.name}_column"
    for node in made.graph.node:
        node.output[:] = [
            column if output_name == name else output_name for output_name in node.output
        ]
    flat = onnx.helper.make_node("Reshape", [column, f"{name}_shape"], [name])
    made.graph.node.append(flat)
    made.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array([-1], np.int64), f"{name}_shape")
    )
    output.type.CopyFrom(network_output.type)
    onnx.checker.check_model(made)
    return made


# ---------------------------------------------------------------- the converter of a network


def _register(skl2onnx: Any) -> None:
    """Register the converters of networks with skl2onnx."""
    skl2onnx.update_registered_converter(
        MLPClassifier,
        "SknnMLPClassifier",
        _classifier_types,
        _convert,
        options={"zipmap": [True, False, "columns"], "nocl": [True, False]},
    )
    skl2onnx.update_registered_converter(
        MLPRegressor, "SknnMLPRegressor", _regressor_types, _convert
    )


def _classifier_types(operator: Any) -> None:
    """Set the types of a classifier's outputs."""
    from skl2onnx.common import data_types as types

    model, n = operator.raw_operator, operator.inputs[0].get_first_dimension()
    classes = portable_classes(model.classes_)
    fitted = fitted_model(model)
    if fitted.targets.kind == MULTILABEL:
        operator.outputs[0].type = types.Int64TensorType([n, len(classes)])
    else:
        is_text = classes.dtype.kind == "O"
        kind = types.StringTensorType if is_text else type(types.guess_data_type(classes)[0][1])
        operator.outputs[0].type = kind([n])
    n_columns = len(classes) if fitted.loss.has_probabilities else model.n_outputs_
    operator.outputs[1].type = types.FloatTensorType([n, n_columns])


def _regressor_types(operator: Any) -> None:
    """Set the type of a regressor's output."""
    from skl2onnx.common import data_types as types

    model, n = operator.raw_operator, operator.inputs[0].get_first_dimension()
    targets = fitted_model(model).targets
    assert isinstance(targets, RegressionTargets)
    operator.outputs[0].type = types.FloatTensorType([n, targets.n_predictions])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the graph of a network, with inputs cast to float32 and outputs of two dimensions."""
    import onnx

    graph = network_to_onnx(operator.raw_operator, with_deviation=False).graph
    *others, last = [output.full_name for output in operator.outputs]
    raw = scope.get_unique_variable_name("raw")
    names = {"": ""}  # the name of an omitted input
    names |= {output.name: name for output, name in zip(graph.output, [*others, raw], strict=True)}
    names[INPUT] = scope.get_unique_variable_name(INPUT)
    container.add_node(
        "Cast", operator.inputs[0].full_name, names[INPUT], to=onnx.TensorProto.FLOAT
    )
    for constant in graph.initializer:
        names[constant.name] = scope.get_unique_variable_name(constant.name)
        constant.name = names[constant.name]
        container.initializers.append(constant)
    for node in graph.node:
        for name in node.output:
            if name not in names:
                names[name] = scope.get_unique_variable_name(name)
        values = {
            attribute.name: onnx.helper.get_attribute_value(attribute)
            for attribute in node.attribute
        }
        ends = ([names[name] for name in side] for side in (node.input, node.output))
        container.add_node(node.op_type, *ends, op_version=OPSET, **values)
    shape = scope.get_unique_variable_name("shape")
    n_columns = operator.outputs[-1].type.shape[1]
    container.add_initializer(shape, onnx.TensorProto.INT64, [2], [-1, n_columns])
    container.add_node("Reshape", [raw, shape], last)
