"""Saving and loading of models."""

import os
from collections.abc import Iterable
from typing import Any, Final

from sknn._network.architecture import Architecture
from sknn._network.network import Network
from sknn._version import __version__
from sknn.estimators import BaseMLP
from sknn.estimators.internals import (
    MODEL,
    OF_CALLBACKS,
    ClassTargets,
    FittedModel,
    RegressionTargets,
    fitted_model,
    view,
)
from sknn.losses import REGRESSION, Loss
from sknn.persistence import _file
from sknn.persistence._archive import Members
from sknn.persistence._catalogue import all_classes, name_class
from sknn.persistence._checks import check_fitted, check_parts, check_sizes
from sknn.persistence._encoding import Decoder, Encoder
from sknn.persistence._sealed import SKOPS, check_seal, open_to_read
from sknn.persistence._skops import check_other, load_with_skops, save_with_skops

# Attributes that the file stores in a separate field; scikit-learn's callbacks are not stored.
_APART: Final = ("_metadata_request",)


def save(model: Any, path: str | os.PathLike[str], *, training_state: bool = False) -> None:
    """Write a model to a file that holds arrays and JSON, and no code.

    The file of a network is an uncompressed ``.npz``, whose ``header.json`` describes the arrays.
    For a Pipeline, a search or any other scikit-learn estimator, the package skops writes the file.
    Either file ends with a checksum. It is written to a temporary file, which is then renamed, so
    that the file is complete or does not exist.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or another estimator
        The model, fitted or not.
    path : str or path-like
        The file. Nothing is appended to the name. A file that exists is replaced and keeps its
        mode.
    training_state : bool, default=False
        Whether to store the optimizer's state, the random state, the order of the rows, the counts
        and the best weights, so that ``partial_fit``, and ``fit`` with ``warm_start=True``,
        continue with bit-for-bit identical results. Predictions need only the weights. In a
        Pipeline it applies to all networks.

    Raises
    ------
    ValueError
        If a parameter cannot be stored, such as a function as ``scoring``; the error names it.
    OSError
        If the file cannot be written, or if the path is a directory, a FIFO or a device. A previous
        file does not change.
    ImportError
        If the model is not a network, and skops is not installed.

    See Also
    --------
    load : Reads the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sknn
    >>> model = sknn.MLPRegressor(8, optimizer="lbfgs", random_state=0)
    >>> model = model.fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.npz"
    ...     sknn.save(model, path)
    ...     twin = sknn.load(path)
    >>> print(
    ...     model.predict([[0.0], [1.0]]).round(1),
    ...     twin.predict([[0.0], [1.0]]).round(1),
    ... )
    [0. 1.] [0. 1.]
    """
    if isinstance(model, BaseMLP):
        _save_network(model, path, training_state)
    else:
        check_other(model)
        save_with_skops(model, path, training_state)


def _save_network(model: BaseMLP, path: str | os.PathLike[str], training_state: bool) -> None:
    model = view(model)  # constant, even if another thread fits the model
    encoder = Encoder()
    header: dict[str, Any] = {
        "sknn": __version__,
        "class": name_class(type(model)),
        "parameters": _encode_all(encoder, model.get_params(deep=False)),
        "requests": _requests(model),
        "network": None,
        "attributes": {},
        "training": None,
    }
    if model.__sklearn_is_fitted__():
        fitted = fitted_model(model)
        header["network"] = _encode_network(encoder, fitted)
        header["attributes"] = _encode_all(encoder, _attributes(model, fitted))
        if training_state:
            header["training"] = encoder.encode(fitted.training_to_keep(), "training state")
    _file.write(path, header, encoder.arrays)


def check_parameters(model: BaseMLP) -> None:
    """Raise a ValueError if a parameter of a model, fitted or not, cannot be stored."""
    _encode_all(Encoder(), model.get_params(deep=False))


def _encode_all(encoder: Encoder, values: dict[str, Any]) -> dict[str, Any]:
    return {name: encoder.encode(value, name) for name, value in values.items()}


def _attributes(model: BaseMLP, fitted: FittedModel) -> dict[str, Any]:
    """Return the attributes of a fitted estimator by their names in files."""
    skipped = {*model.get_params(deep=False), *_APART, *OF_CALLBACKS}
    attributes: dict[str, Any] = {}
    for name, value in model.__getstate__().items():
        if name == MODEL:
            attributes["_parameters"] = fitted.network.parameters
        elif name not in skipped:
            attributes[name] = value
    if isinstance(fitted.targets, RegressionTargets):
        attributes["_single"] = fitted.targets.is_vector
    return attributes


def _encode_network(encoder: Encoder, model: FittedModel) -> dict[str, Any]:
    """Encode the network; the link is left out, since loss and target determine it."""
    architecture = model.network.architecture
    return {
        "layer_sizes": list(architecture.layer_sizes),
        "activations": encoder.encode(list(architecture.activations), "activation"),
        "dropouts": encoder.encode(list(architecture.dropouts), "dropout"),
        "loss": encoder.encode(model.loss, "loss"),
        "target": model.targets.kind,
    }


def _requests(model: BaseMLP) -> dict[str, dict[str, Any]]:
    """Return the metadata requests that ``set_fit_request`` and similar methods set, by method."""
    methods = vars(getattr(model, "_metadata_request", object)).items()
    asked = {
        method: dict(bound.requests) for method, bound in methods if hasattr(bound, "requests")
    }
    return {method: requests for method, requests in asked.items() if requests}


def load(path: str | os.PathLike[str], *, strategies: Iterable[type[Any]] = ()) -> Any:
    """Return the model in a file; no code from the file is executed.

    Parameters
    ----------
    path : str or path-like
        A file that `save` wrote.
    strategies : sequence of classes, default=()
        Your own classes of activations, losses, optimizers and other strategies in the model. Any
        class that is neither among these nor from the library is refused. For the file of a
        Pipeline, functions and names such as ``"package.module.name"`` are allowed as well.

    Returns
    -------
    model : MLPClassifier, MLPRegressor or the other estimator that was saved
        The model with its parameters and attributes. Its predictions are bit-for-bit identical. If
        it was saved with ``training_state=True``, continued training is identical as well. If not,
        ``partial_fit``, and ``fit`` with ``warm_start=True``, raise a ValueError.

    Raises
    ------
    ValueError
        If the file is of another kind or version, is truncated, differs by a single bit, or
        contains an unknown class.
    OSError
        If the file cannot be read.
    ImportError
        If the file is that of a Pipeline, and skops is not installed.

    Warns
    -----
    InconsistentVersionWarning
        If a Pipeline was saved with another version of scikit-learn, as scikit-learn warns.

    See Also
    --------
    save : Writes the file; its documentation has an example.
    """
    with open_to_read(path) as file:
        if check_seal(file, path) == SKOPS:
            return load_with_skops(file, path, strategies)
        classes = all_classes(strategies)
        with _file.reading(file, path) as (header, members):
            model = _build(header, members, classes)
    return model


def _build(header: dict[str, Any], members: Members, classes: dict[str, type[Any]]) -> BaseMLP:
    """Return the model, decoded in the order in which it was encoded."""
    decoder = Decoder(members, classes)
    cls = decoder.class_named(header["class"])
    if not issubclass(cls, BaseMLP):
        raise ValueError(f"a {cls.__name__} is not a model")
    model: BaseMLP = cls(**_decode_all(decoder, header["parameters"]))
    _set_requests(model, header["requests"])
    if header["network"] is not None:
        architecture, loss = _decode_network(decoder, header["network"], members.size)
        decoder.layout = architecture.layout()
        attributes = _decode_all(decoder, header["attributes"])
        targets = _targets(header["network"]["target"], loss, architecture, attributes)
        network = Network(architecture, attributes["_parameters"])
        decoder.native = True
        training = decoder.decode(header["training"])
        # The model takes the position of its parameters among the attributes, so that saving it
        # again gives the same file.
        places = {MODEL if name == "_parameters" else name: name for name in attributes}
        model.__dict__.update({name: attributes[place] for name, place in places.items()})
        model.__dict__[MODEL] = FittedModel(network, loss, targets, training)
        check_fitted(model)
    return model


def _targets(
    kind: str, loss: Loss, architecture: Architecture, attributes: dict[str, Any]
) -> ClassTargets | RegressionTargets:
    """Return the targets, and remove from the attributes those that only describe them."""
    attributes.pop("_target", None)
    if kind == REGRESSION:
        is_vector = bool(attributes.pop("_single"))
        return RegressionTargets(loss, architecture.layer_sizes[-1], is_vector)
    return ClassTargets.of(kind, attributes["classes_"])


def _decode_all(decoder: Decoder, nodes: dict[str, Any]) -> dict[str, Any]:
    return {name: decoder.decode(node) for name, node in nodes.items()}


def _decode_network(
    decoder: Decoder, node: dict[str, Any], n_bytes: int
) -> tuple[Architecture, Loss]:
    parts = _decode_all(decoder, node)
    sizes, loss = tuple(parts["layer_sizes"]), parts["loss"]
    check_sizes(sizes, n_bytes)
    check_parts(parts["activations"], parts["dropouts"], loss, parts["target"], len(sizes) - 2)
    link = loss.link(parts["target"])
    return Architecture(sizes, parts["activations"], link, parts["dropouts"]), loss


def _set_requests(model: BaseMLP, requests: dict[str, dict[str, Any]]) -> None:
    if requests:
        request = model._get_metadata_request()
        for method, aliases in requests.items():
            for name, alias in aliases.items():
                getattr(request, method).add_request(param=name, alias=alias)
        model._metadata_request = request
