"""Export of fitted models to ONNX."""

from typing import Any

from sknn.estimators import BaseMLP
from sknn.export._onnx import network_to_onnx
from sknn.export._pipelines import other_to_onnx


def to_onnx(model: Any, X: Any = None) -> Any:
    """Convert a fitted model to an ONNX model, which other languages and devices can run.

    The ONNX model computes in float32, whatever the dtype of the network. The input ``X`` is of
    shape (n_samples, n_features). The outputs are

    - for a classifier, ``label``, as `predict` returns it, and ``probabilities``, as
      `predict_proba` returns them. With a loss that gives no probabilities, such as ``"hinge"``,
      ``decision_function`` takes their place. Integer classes are int64, and others keep their
      type;
    - for a regressor, ``prediction``, as `predict` returns it. With ``loss="gaussian"`` there is
      also ``deviation``, the standard deviation of the noise; a Pipeline has ``prediction`` alone.

    The package skl2onnx converts Pipelines and other estimators that contain networks.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or an estimator that holds them
        The fitted model.
    X : DataFrame or ndarray of shape (n_samples, n_features), default=None
        A sample of inputs, for a Pipeline whose columns are not all numbers. The ONNX model has an
        input of shape (n_samples, 1) for each column of a DataFrame, with the name of the column.

    Returns
    -------
    onnx_model : onnx.ModelProto
        The ONNX model; ``onnx.save(onnx_model, path)`` writes it to a file.

    Raises
    ------
    ValueError
        If the model has an activation that is not from the library, weights that are infinite in
        float32, or classes that ONNX does not support. Also if it contains an estimator that
        skl2onnx cannot convert, such as TransformedTargetRegressor, which the error names.
    NotFittedError
        If the model is not fitted.
    ImportError
        If the package onnx, or for a Pipeline skl2onnx, is not installed.

    Notes
    -----
    The ONNX model uses opset 18, which ONNX Runtime supports since version 1.14.

    Examples
    --------
    >>> from sknn import MLPRegressor
    >>> from sknn.export import to_onnx
    >>> model = MLPRegressor(max_iter=500, tol=0.01).fit(
    ...     [[0.0], [1.0]], [0.0, 1.0]
    ... )
    >>> [output.name for output in to_onnx(model).graph.output]
    ['prediction']
    """
    if not isinstance(model, BaseMLP):
        return other_to_onnx(model, X)
    return network_to_onnx(model)
