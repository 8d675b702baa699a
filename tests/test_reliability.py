"""Any legal estimator fits and predicts finite values, or says what is wrong and changes nothing.

``pytest tests/test_reliability.py --hypothesis-profile=thorough --hypothesis-show-statistics``
tries many more cases, and prints how many.
"""

import re
import warnings
from fractions import Fraction

import numpy as np
import pytest
from common import changes, leaves
from drawing import Case, cases, spoilt_cases
from hypothesis import event, given
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning

from sknn import MLPClassifier, MLPRegressor
from sknn.activations import LeakyReLU, Softplus, SoftShrink
from sknn.exceptions import TrainingWarning
from sknn.initializers import Normal, Orthogonal
from sknn.optimizers import Adam, Rprop
from sknn.schedules import Adaptive, InvScaling, Progress

pytestmark = pytest.mark.filterwarnings("ignore::sknn.exceptions.TrainingWarning")

# What a fit with legal parameters may refuse, beside divergence.
REFUSALS = {
    "diverged": r"Training diverged in epoch \d+: .* is not finite\. Likeliest cause: .*",
    "needs steps": r"(dropout|max_norm=\S+|averaging=.+) needs an optimizer that takes steps.*",
    "few rows to validate": r"The validation set is too small: validation_fraction=.*",
    "weights": r"(sample_weight|Sample weights) .*must .*",
    "class weight": r"class_weight(=.*has no meaning| must hold weights of 0 or more).*",
    "zeros of sparse X": r"input_dropout=AlphaDropout.* replaces zeros, and X is sparse.*",
    "targets": r"y(_val)? (must be (0 or )?more than 0|must be 0 or more|is 0 throughout).*",
    "unused set": r"X_val and y_val are passed to fit while early_stopping=False.*",
    "levels": r"y has \d+ columns, and several levels, .*, need one\..*",
    "loss": r"loss=.* cannot serve (binary|multiclass|multilabel) targets, only .*",
    "float32": r"Input (X|y) contains infinity or a value too large for dtype\('float32'\).*",
    "score": r"scoring=.* must return a finite number on the validation set, got .*",
}


def outcome_of(error, case):
    """Return what kind of refusal an error is; fail if it is none that is documented."""
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
    assert np.isin(prediction, [0, 1] if model._target == "multilabel" else model.classes_).all()
    assert np.isfinite(model.decision_function(X)).all()
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(X)
        assert ((probabilities >= 0) & (probabilities <= 1)).all()
        if model._target != "multilabel":
            np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def content(value):
    """Return all that data hold."""
    return leaves(vars(value) if sparse.issparse(value) else value)


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


@given(cases())
def test_legal_parameters(case):
    event(examine(case))


@given(spoilt_cases())
def test_parameters_that_are_hardly_legal(case):
    event(examine(case))


# ---------------------------------------------------------------- what was found, and mended

INPUTS = np.random.default_rng(0).normal(size=(40, 3))
CODES, VALUES = np.arange(40) % 3, INPUTS[:, 0] ** 2
FOUND = {
    "power beyond all floats": MLPRegressor(learning_rate=InvScaling(power_t=1e5)),
    "divisor": MLPRegressor(learning_rate=Adaptive(1e300, 1e-320), tol=1e9, n_iter_no_change=1),
    "penalty": MLPClassifier(alpha=1e308),
    "penalty of the absolute values": MLPClassifier(alpha=1e308, l1_ratio=1.0, init="normal"),
    "weights": MLPRegressor(init=Normal(std=1e308), dtype="float32"),
    "long weights": MLPRegressor(init=Orthogonal(gain=1.7e308)),
    "step": MLPRegressor(optimizer=Rprop(minimum_step=np.float32(1e-6), maximum_step=1e308)),
    "slope": MLPRegressor(activation=Softplus(beta=1.2e308)),
    "threshold": MLPRegressor(activation=SoftShrink(threshold=1e308), dtype="float32"),
    "class weight": MLPClassifier(class_weight={0: 1e100}),
    "long double": MLPRegressor(optimizer=Adam(beta_1=np.longdouble("0.9")), dtype="float32"),
    "fraction": MLPClassifier(activation=LeakyReLU(Fraction(1, 100))),
    "validation": MLPRegressor(
        learning_rate_init=1e308, early_stopping=True, scoring="r2", optimizer="sgd"
    ),
    "last step": MLPRegressor(learning_rate_init=1e307, optimizer="sgd", max_iter=1, alpha=0.0),
}


@pytest.mark.parametrize("found", FOUND)
def test_found_and_mended(found):
    model = clone(FOUND[found]).set_params(random_state=0, hidden_layer_sizes=(5, 4))
    y = CODES if isinstance(model, MLPClassifier) else VALUES
    weights = {"sample_weight": 1e250 * (1 + CODES)} if found == "class weight" else {}
    examine(Case(model, INPUTS, y, weights))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alpha": 1e308}, r"epoch 1: the penalty is not .* alpha=1e\+308 is too large a penalty"),
        (
            {"optimizer": "sgd", "learning_rate_init": 1e307, "max_iter": 1, "alpha": 0.0},
            "epoch 1: a prediction after it is not finite.*learning_rate_init below",
        ),
        (
            {"init": Normal(std=1e308)},
            "epoch 1: a parameter of layer_0 is not finite",
        ),
        ({"max_iter": 10**400}, "^max_iter must be an integer"),
        ({"alpha": 10**400}, "^alpha must be a number"),
        ({"dtype": np.array([])}, r"^dtype must be None, 'float32' or 'float64', got array"),
    ],
)
def test_what_is_said_of_it(params, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**{"random_state": 0} | params).fit(INPUTS, VALUES)


@pytest.mark.parametrize("model", [MLPRegressor(), MLPClassifier(), MLPRegressor(loss="poisson")])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_array])
def test_predictions_that_are_not_finite_are_refused(model, wrap):
    y = CODES if isinstance(model, MLPClassifier) else VALUES
    model = clone(model).set_params(max_iter=1, tol=1e9, n_iter_no_change=1, init="normal")
    model.fit(INPUTS, y)
    far = INPUTS.copy()
    far[-1] = 1e308
    with pytest.raises(ValueError, match=r"^X has values up to 1e\+308 for which predictions are"):
        model.predict(wrap(far))


def test_rates_beyond_all_floats():
    assert InvScaling(power_t=1e5)(0.1, Progress(epoch=1)) == 0
    assert Adaptive(divisor=1e200)(0.1, Progress(plateaus=2)) == 0
    assert not Adaptive(divisor=1e200).outlasts_plateau(0.1, Progress(plateaus=2))
