"""Saving and loading: what a model is made of, and whether the parts fit each other."""

import copy
import os
from collections.abc import Iterable
from typing import Any, Final

from sknn._core.parameters import Parameters
from sknn._network.network import Architecture
from sknn._training.state import Training
from sknn._version import __version__
from sknn.estimators import BaseMLP
from sknn.estimators._attributes import OF_CALLBACKS, view
from sknn.losses import BINARY, Loss
from sknn.optimizers import State
from sknn.persistence import _file
from sknn.persistence._catalogue import all_classes, name_class
from sknn.persistence._encoding import Decoder, Encoder, UnknownClassError

# Attributes with a place of their own in the file; scikit-learn's callbacks have none.
_APART: Final = ("_architecture", "_loss", "_training", "_metadata_request")


def save(model: Any, path: str | os.PathLike[str], *, training_state: bool = False) -> None:
    """Write a model to a file that holds arrays and JSON, and no code.

    The file is an ``.npz``, not compressed: ``header.json`` in it says what the arrays are. It is
    written to a temporary file beside it, and renamed: it is there whole or not at all.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted or not.
    path : str or path-like
        Where; nothing is appended to the name, and a file that is there is replaced.
    training_state : bool, default=False
        Whether to keep the optimizer's state, the random state, the order of the rows, the counts
        and the best weights, so that ``partial_fit``, and ``fit`` with ``warm_start=True``, go on
        to the same bits. The weights alone predict.

    Raises
    ------
    ValueError
        If a parameter cannot be stored, such as a function as ``scoring``; the error names it.
    OSError
        If the file cannot be written; what was there is untouched then.

    See Also
    --------
    load : Reads the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sknn
    >>> model = sknn.MLPRegressor(max_iter=500, tol=0.01).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.npz"
    ...     sknn.save(model, path)
    ...     twin = sknn.load(path)
    >>> bool((twin.predict([[0.5]]) == model.predict([[0.5]])).all())
    True
    """
    if not isinstance(model, BaseMLP):
        raise _not_a_network(model)
    model = view(model)  # as it is now, whatever another thread makes of it meanwhile
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
        skipped = {*header["parameters"], *_APART, *OF_CALLBACKS}
        held = {name: each for name, each in model.__getstate__().items() if name not in skipped}
        header["network"] = _encode_network(encoder, model)
        header["attributes"] = _encode_all(encoder, held)
        header["training"] = _encode_training(encoder, model) if training_state else None
    _file.write(path, header, encoder.arrays)


def _not_a_network(model: Any) -> ValueError:
    """Make the error for what is none of our estimators."""
    public = [part for part in type(model).__module__.split(".") if not part.startswith("_")]
    found = ".".join([*public, type(model).__name__])
    expected = "a sknn.MLPClassifier or sknn.MLPRegressor, or a subclass of one"
    if any(base.__module__.startswith("sklearn.neural_network.") for base in type(model).__mro__):
        return ValueError(
            f"Pass sknn.compat.convert(model), since model is a {found}: it must be {expected}."
        )
    return ValueError(
        f"model must be {expected}, got a {found}. Of a Pipeline or a search save the network "
        "itself, as in pipeline[-1] or search.best_estimator_."
    )


def check_parameters(model: BaseMLP) -> None:
    """Raise a ValueError if a parameter of a model cannot be stored; fitted it need not be."""
    _encode_all(Encoder(), model.get_params(deep=False))


def _encode_all(encoder: Encoder, values: dict[str, Any]) -> dict[str, Any]:
    return {name: encoder.encode(value, name) for name, value in values.items()}


def _encode_network(encoder: Encoder, model: BaseMLP) -> dict[str, Any]:
    """Return all of the architecture but the link, which the loss and the target tell."""
    architecture = model._architecture
    return {
        "layer_sizes": list(architecture.layer_sizes),
        "activations": encoder.encode(list(architecture.activations), "activation"),
        "dropouts": encoder.encode(list(architecture.dropouts), "dropout"),
        "loss": encoder.encode(model._loss, "loss"),
        "target": model._target,
    }


def _encode_training(encoder: Encoder, model: BaseMLP) -> Any:
    if model._training is None:
        raise ValueError(
            "training_state=True, and this model has no training state: it was loaded from a file "
            "without one."
        )
    return encoder.encode(copy.copy(model._training), "training state")


def _requests(model: BaseMLP) -> dict[str, dict[str, Any]]:
    """Return what ``set_fit_request`` and its like have set, by method."""
    methods = vars(getattr(model, "_metadata_request", object)).items()
    asked = {method: dict(each.requests) for method, each in methods if hasattr(each, "requests")}
    return {method: each for method, each in asked.items() if each}


def load(path: str | os.PathLike[str], *, strategies: Iterable[type[Any]] = ()) -> Any:
    """Return the model that a file holds; no code from the file is executed.

    Parameters
    ----------
    path : str or path-like
        A file that `save` wrote.
    strategies : sequence of classes, default=()
        Your own classes of activations, losses, optimizers and other parts that the model was made
        with. A class that is neither the library's nor among these is refused.

    Returns
    -------
    model : MLPClassifier or MLPRegressor
        With the parameters and the attributes that it had, and the same predictions to the last
        bit. Saved with ``training_state=True``, it also trains on to the same bits; without,
        ``partial_fit``, and ``fit`` with ``warm_start=True``, raise a ValueError that says so.

    Raises
    ------
    ValueError
        If the file is of another kind, of another version, cut short, changed by a single bit,
        or holds a class that is not known.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Writes the file, and has an example.
    """
    classes = all_classes(strategies)
    header, arrays = _file.read(path)
    try:
        model = _build(header, Decoder(arrays, classes))
        _check(model)
    except UnknownClassError as error:
        raise ValueError(f"{path} cannot be loaded: {error}.") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise _file.damaged(path, error) from error
    return model


def _build(header: dict[str, Any], decoder: Decoder) -> BaseMLP:
    """Return the model; parts are decoded in the order in which they were encoded."""
    cls = decoder.class_named(header["class"])
    if not issubclass(cls, BaseMLP):
        raise ValueError(f"a {cls.__name__} is no model")
    model: BaseMLP = cls(**_decode_all(decoder, header["parameters"]))
    _set_requests(model, header["requests"])
    if header["network"] is not None:
        model._architecture, model._loss = _decode_network(decoder, header["network"])
        decoder.layout = model._architecture.layout()
        model.__dict__.update(_decode_all(decoder, header["attributes"]))
        model._training = decoder.decode(header["training"])
    return model


def _decode_all(decoder: Decoder, nodes: dict[str, Any]) -> dict[str, Any]:
    return {name: decoder.decode(node) for name, node in nodes.items()}


def _decode_network(decoder: Decoder, node: dict[str, Any]) -> tuple[Architecture, Loss]:
    parts = _decode_all(decoder, node)
    sizes, loss = tuple(parts["layer_sizes"]), parts["loss"]
    link = loss.link(parts["target"])
    return Architecture(sizes, parts["activations"], link, parts["dropouts"]), loss


def _set_requests(model: BaseMLP, requests: dict[str, dict[str, Any]]) -> None:
    if requests:
        request = model._get_metadata_request()
        for method, each in requests.items():
            for name, alias in each.items():
                getattr(request, method).add_request(param=name, alias=alias)
        model._metadata_request = request


# ---------------------------------------------------------------- whether the parts fit


def _check(model: BaseMLP) -> None:
    """Raise a ValueError if shapes, dtypes or counts disagree."""
    if not model.__sklearn_is_fitted__():
        return
    sizes, n_hidden = model._architecture.layer_sizes, model._architecture.n_hidden
    names = getattr(model, "feature_names_in_", range(model.n_features_in_))
    counts = {
        "n_features_in_": (model.n_features_in_, sizes[0]),
        "feature_names_in_": (len(names), sizes[0]),
        "n_outputs_": (model.n_outputs_, sizes[-1]),
        "n_layers_": (model.n_layers_, len(sizes)),
        "activations": (len(model._architecture.activations), n_hidden),
        "dropouts": (len(model._architecture.dropouts), n_hidden + 1),
    }
    if hasattr(model, "classes_"):
        n_classes = 2 if model._target == BINARY else sizes[-1]
        counts["classes_"] = (len(model.classes_), n_classes)
    for name, (found, wanted) in counts.items():
        if found != wanted:
            raise ValueError(f"{name} and the network disagree, {found} and {wanted}")
    _check_vectors(model._parameters, model._training)


def _check_vectors(parameters: Parameters, training: Training | None) -> None:
    vectors = {"parameters": parameters.vector}
    if training is not None:
        others = (training.parameters, training.best_parameters, training.average)
        vectors |= {f"parameters {i}": each.vector for i, each in enumerate(others) if each}
        if isinstance(training.optimizer_state, State):
            slots = training.optimizer_state.slots
            vectors |= {f"slot {i}": slot for i, slot in enumerate(slots)}
        for rows in (training.order, training.validation_rows):
            if rows is not None and not (rows.min() >= 0 and rows.max() < training.n_samples):
                raise ValueError(
                    f"rows are numbered beyond the {training.n_samples} that there are"
                )
    like = parameters.vector
    for name, vector in vectors.items():
        if vector.dtype.name not in ("float32", "float64"):
            raise ValueError(f"{name} are of dtype {vector.dtype}")
        if (vector.shape, vector.dtype) != (like.shape, like.dtype):
            raise ValueError(f"{name} and the weights disagree in shape or dtype")
