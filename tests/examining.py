"""Fit and predict one case, and classify the outcome."""

import re
import warnings

import numpy as np
from common import changes, leaves
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from sknn.exceptions import TrainingWarning

# What a fit with legal parameters may refuse, beside divergence.
REFUSALS = {
    "diverged": r"Training diverged in epoch \d+: .* is not finite\. Likeliest cause: .*",
    "needs steps": r"(dropout|max_norm=\S+|averaging=.+) needs an optimizer that takes steps.*",
    "few rows to validate": r"The validation set is too small: validation_fraction=.*",
    "weights": r"(sample_weight|Sample weights) .*must .*",
    "class weight": r"class_weight(=.*has no meaning| must hold weights of 0| has keys).*",
    "zeros of sparse X": r"input_dropout=AlphaDropout.* replaces zeros, and X is sparse.*",
    "targets": r"y(_val)? (must be (0 or )?more than 0|must be 0 or more).*",
    "levels": r"y has \d+ columns, but .* with several levels needs one\..*",
    "loss": r"loss=.* is not for (binary|multiclass|multilabel) targets, only for .*",
    "float32": r"Input (X|y) contains infinity or a value too large for dtype\('float32'\).*",
    "score": r"scoring=.* must return a finite number on the validation set, got .*",
}

# What scikit-learn's and NumPy's reading of data says of hostile ones, and the labels' reading.
HOSTILE = {
    "not finite": r"Input (X |y |sample_weight )?contains (NaN|infinity)",
    "complex": r"Complex data not supported",
    "no number": r"could not convert|setting an array element|float\(\) argument must be",
    "too large": r"int too large to convert to float",
    "missing": r"boolean value of NA is ambiguous",
    "other labels": r"y_val has classes .* that are not among",
    "labels": r"Unknown label type|y has several columns|y cannot be read as|.*legacy multi-label",
}


def outcome_of(error, case):
    """Return what kind of refusal an error is; fail if it is none that is documented."""
    if case.hostile and isinstance(error, (ValueError, TypeError, OverflowError)):
        for kind, pattern in HOSTILE.items():
            if re.match(pattern, str(error)):
                return kind
    if isinstance(error, ValueError):
        if case.spoilt and re.match(rf"{case.spoilt}(__\w+)?\b", str(error)):
            return f"{case.spoilt} refused"
        if case.spoilt == "hidden_layer_sizes" and "one for each of the" in str(error):
            return "activation or dropout refused"
        for kind, pattern in REFUSALS.items():
            if re.fullmatch(pattern, str(error), re.DOTALL):
                return kind
    raise AssertionError(f"not a documented refusal of {case}") from error


def check_warnings(caught, model):
    """Fail on any warning but the library's own, of which there is one at most, and scorers'."""
    own = [each for each in caught if issubclass(each.category, TrainingWarning)]
    assert len(own) <= 1, [str(each.message) for each in own]
    scored = () if isinstance(model.scoring, str) and model.scoring == "loss" else (UserWarning,)
    allowed = (TrainingWarning, DataConversionWarning, *scored)
    wrong = [each for each in caught if not issubclass(each.category, allowed)]
    assert not wrong, [str(each.message) for each in wrong]


def check_predictions(model, X):
    """Fail unless predictions are finite, and probabilities of several classes sum to 1."""
    assert all(np.isfinite(each).all() for each in (*model.coefs_, *model.intercepts_))
    prediction = model.predict(X)
    if not hasattr(model, "classes_"):
        assert np.isfinite(prediction).all()
        return
    assert np.isin(
        prediction, [0, 1] if model._model.targets.kind == "multilabel" else model.classes_
    ).all()
    assert np.isfinite(model.decision_function(X)).all()
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(X)
        assert ((probabilities >= 0) & (probabilities <= 1)).all()
        if model._model.targets.kind != "multilabel":
            np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def content(value):
    """Return all that data hold, but for what SciPy notes of the order of indices."""
    if not sparse.issparse(value):
        return leaves(value)
    return leaves({key: each for key, each in vars(value).items() if "has_" not in key})


def examine(case):
    """Fit and predict; return how it went."""
    data = {"X": case.X, "y": case.y, **case.fit_params}
    before, given = leaves(vars(case.model)), {name: content(each) for name, each in data.items()}
    params = leaves(case.model.get_params(deep=False))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            case.model.fit(**data)
        except Exception as error:
            outcome = outcome_of(error, case)
            assert changes(before, leaves(vars(case.model))) == []
        else:
            outcome = "fitted"
            check_predictions(case.model, case.X)
    check_warnings(caught, case.model)
    assert {name: content(each) for name, each in data.items()} == given
    after = leaves(case.model.get_params(deep=False))
    assert [path for path in changes(params, after) if "random_state" not in path] == []
    return outcome
