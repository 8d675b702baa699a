"""Fitted models as ONNX models."""

from typing import Any

from sknn.estimators import BaseMLP
from sknn.export._onnx import network_to_onnx
from sknn.export._pipelines import other_to_onnx


def to_onnx(model: Any, X: Any = None) -> Any:
    """Return a fitted model as an ONNX model, which other languages and devices run.

    A network computes in float32, whatever its dtype. The input ``X`` is of shape
    (n_samples, n_features), the outputs are

    - of a classifier: ``label``, as `predict` returns it, and ``probabilities``, as
      `predict_proba`; with a loss that gives none, such as ``"hinge"``, ``decision_function``
      in their place. Integer classes are int64, the others of their own type;
    - of a regressor: ``prediction``, as `predict` returns it; with ``loss="gaussian"`` also
      ``deviation``, the standard deviation of the noise. A Pipeline has ``prediction`` alone.

    A Pipeline, or any other estimator that holds networks, goes through the package skl2onnx.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or an estimator that holds them
        Fitted.
    X : DataFrame or ndarray of shape (n_samples, n_features), default=None
        Some inputs of a Pipeline whose columns are not all numbers: the ONNX model has an input of
        shape (n_samples, 1) for each column of a DataFrame, by its name.

    Returns
    -------
    onnx_model : onnx.ModelProto
        ``onnx.save(onnx_model, path)`` writes it to a file.

    Raises
    ------
    ValueError
        If the model has an activation that is not the library's, weights that are infinite in
        float32, or classes that ONNX cannot hold; or if it holds an estimator that skl2onnx cannot
        convert, such as TransformedTargetRegressor, which the error names.
    NotFittedError
        If the model is not fitted.
    ImportError
        If the package onnx is not installed, or skl2onnx, for a Pipeline.

    Notes
    -----
    Operators are those of opset 18, which ONNX Runtime reads since version 1.14.

    Examples
    --------
    >>> from sknn import MLPRegressor
    >>> from sknn.export import to_onnx
    >>> model = MLPRegressor(max_iter=500, tol=0.01).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> [output.name for output in to_onnx(model).graph.output]
    ['prediction']
    """
    if not isinstance(model, BaseMLP):
        return other_to_onnx(model, X)
    return network_to_onnx(model)
