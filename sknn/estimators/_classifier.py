"""The classifier."""

from typing import Any, ClassVar, TypeVar

import numpy as np
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from sknn._core.typing import Array
from sknn.estimators._base import BaseMLP, has_partial_fit
from sknn.estimators._model import fitted_model
from sknn.estimators._parameters import has_probabilities
from sknn.estimators._targets import both_classes
from sknn.estimators._votes import mean_vote, to_predictions, votes_and_noise
from sknn.losses import BINARY, MULTICLASS, MULTILABEL

Self = TypeVar("Self", bound="MLPClassifier")


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # no types there
    """Multi-layer perceptron classifier.

    Layers ``a = activation(W^T a + b)``, trained by gradient steps on the log-loss, which the
    last layer turns into probabilities: sigmoid for two classes and for labels, softmax for
    more classes.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for none.
    activation : str, Activation or sequence of them, default="relu"
        Of the hidden layers, one for all or one for each: a name in
        `sknn.activations.ACTIVATIONS` or an instance. Members of a sequence have no nested
        parameter names.
    init : str or Initializer, default="auto"
        Where weights start: a name in `sknn.initializers.INITIALIZERS` or an instance.
        ``"auto"`` is He for ReLU and its family, LeCun for SELU and Xavier for the others, layer
        by layer, and zeros for the output layer.
    bias_init : str or Initializer, default="auto"
        Where biases start. ``"auto"`` is zeros, and for the output layer of a regressor the best
        constant prediction by its loss.
    optimizer : str, Optimizer or Minimizer, default="adam"
        How weights follow the gradient: a name in `sknn.optimizers.OPTIMIZERS` or an instance.
        ``"gd"`` and ``"lbfgs"`` use all rows at each step.
    learning_rate : str or Schedule, default="constant"
        How the rate changes: a name in `sknn.schedules.SCHEDULES` or an instance. Ignored by
        ``"lbfgs"``.
    learning_rate_init : float or "auto", default="auto"
        The rate at the start, positive. ``"auto"`` asks the optimizer for its rate with this
        loss. Ignored by ``"lbfgs"``.
    dropout : float in [0, 1), Dropout or sequence of them, default=0.0
        The probability with which a hidden unit is left out of a step, one for all layers or
        one for each.
    input_dropout : float in [0, 1) or Dropout, default=0.0
        The probability with which an input is left out of a step.
    loss : str or Loss, default="log_loss"
        A name in `sknn.losses.LOSSES` or an instance.
    alpha : float, default=1e-4
        Weight penalty, not negative: the objective is ``sum_i w_i l_i / sum_i w_i +
        alpha (l1_ratio sum(|W|) + (1 - l1_ratio) / 2 sum(W^2))`` over the rows of a step, without
        biases. It means the same for every batch size; scikit-learn divides it by the batch's
        weight.
    l1_ratio : float in [0, 1], default=0.0
        The share of the absolute values in the penalty (elastic net). They drive weights near
        zero, not to zero exactly.
    max_norm : float or None, default=None
        The largest norm of the weights that come into a hidden unit, positive: after each step,
        what is longer is shortened. 2 to 4 go well with dropout. Refused with ``"lbfgs"``.
    clip_norm : float or None, default=None
        The largest norm of a step's gradient, positive; a longer one is shortened. Ignored by
        ``"lbfgs"``.
    averaging : None, "ema" or Averaging, default=None
        Whether an average of the weights over the steps predicts, and is what validation sees: a
        name in `sknn.averaging.AVERAGINGS` or an instance. Refused with ``"lbfgs"``.
    batch_size : int or "auto", default="auto"
        Rows of a step. A number above the rows to train on is clipped, with a warning.
        ``"auto"`` is ``min(200, n_samples)``. Ignored by ``"gd"`` and ``"lbfgs"``.
    max_iter : int, default=200
        The most epochs (iterations, for ``"lbfgs"``) of a call to `fit`.
    shuffle : bool, default=True
        Whether each epoch shuffles the rows.
    random_state : int, RandomState or None, default=None
        Draws initial weights, validation rows, the order of the rows and dropout masks.
    tol : float, default=1e-4
        How much the loss or the score must improve to count. With ``"lbfgs"``, the largest
        element of the gradient that counts as zero.
    n_iter_no_change : int, default=10
        Epochs without improvement that end training; ``float("inf")`` for never.
    early_stopping : bool, default=False
        Whether a validation set decides when to stop, and the best weights stay. Otherwise
        the training loss decides, and the last weights stay; the loss and the score of a
        validation set that `fit` is given are then only recorded.
    validation_fraction : float in (0, 1), default=0.1
        The share of the rows set aside with ``early_stopping=True``, class by class, unless
        `fit` is given a validation set. Of few rows the share may be up to twice as large,
        so that the set has two rows and one of each class.
    scoring : "loss", str, callable or None, default="loss"
        What validation measures: the loss, a scorer's name, a function
        ``scorer(estimator, X, y)``, or None for `score`. Rows count by their weights, with the
        classes' in them, where the scorer takes weights.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, which multiplies the rows' own; classes left out of a dict have
        1. ``"balanced"`` gives each class the same sum of weights.
    dtype : None, "float32" or "float64", default=None
        What to train and predict in; None keeps X's float32 or float64 (float64 for others).
    warm_start : bool, default=False
        Whether `fit` goes on from where it stopped: n epochs and n more are the same as 2 n,
        to the last bit. Not so with ``"lbfgs"``, whose memory of curvature starts anew, and with
        ``"polynomial"``, ``"cosine"`` and ``"one_cycle"``, which plan each call to its end.
    verbose : int, default=0
        1 shows how training goes on: in a terminal one line that renews itself, elsewhere lines for
        the first epoch, for each twentieth of `max_iter` and for the last. 2 prints every epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, or the numbers of the labels.
    coefs_ : list of ndarray of shape (fan_in, fan_out)
        Weights of each layer; views of the network's own.
    intercepts_ : list of ndarray of shape (fan_out,)
        Biases of each layer; views likewise.
    optimizer_ : Optimizer or Minimizer
        The fitted clone of `optimizer`.
    n_iter_ : int
        Epochs of the last call.
    t_ : int
        Rows seen in all.
    loss_ : float
        The loss of the last epoch, as in `loss_curve_`.
    best_loss_ : float
        The smallest in `loss_curve_`.
    loss_curve_ : list of float
        For each epoch the mean loss of its steps, and the penalty at its end.
    history_ : dict of str to ndarray of shape (n_epochs,)
        An entry an epoch, of all calls that went on: ``"loss"``, the ``"penalty"`` in it,
        ``"validation_loss"`` and ``"validation_score"`` where there are, ``"learning_rate"`` and
        ``"gradient_norm"`` of the last step, ``"update_ratio_0"`` and so on, which say how far that
        step moved the weights of each layer for their size, and ``"seconds"``.
    validation_loss_curve_ : list of float, or None without a validation set
        For each epoch the loss on the validation set, without penalty.
    validation_scores_ : list of float, or None without a validation set or a score
        For each epoch the score on the validation set.
    best_validation_score_ : float, or None likewise
        The largest of them.
    n_layers_ : int
        Layers, inputs and outputs included.
    n_outputs_ : int
        Units of the output layer.
    out_activation_ : str
        ``"softmax"`` for more than two classes, ``"sigmoid"`` for two and for labels.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings.

    See Also
    --------
    MLPRegressor : The same network for numbers.

    Notes
    -----
    Binary targets have one output unit, several classes one each, and a 0/1 matrix of labels one
    each, independent of each other.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier(dropout=0.2, random_state=0))
    >>> bool(model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9)
    True
    """

    targets: ClassVar[frozenset[str]] = frozenset({BINARY, MULTICLASS, MULTILABEL})

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        init: Any = "auto",
        bias_init: Any = "auto",
        optimizer: Any = "adam",
        learning_rate: Any = "constant",
        learning_rate_init: Any = "auto",
        dropout: Any = 0.0,
        input_dropout: Any = 0.0,
        loss: Any = "log_loss",
        alpha: float = 1e-4,
        l1_ratio: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        averaging: Any = None,
        batch_size: Any = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: Any = "loss",
        class_weight: Any = None,
        dtype: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.init = init
        self.bias_init = bias_init
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.loss = loss
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.averaging = averaging
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.class_weight = class_weight
        self.dtype = dtype
        self.warm_start = warm_start
        self.verbose = verbose

    @available_if(has_partial_fit)  # type: ignore[untyped-decorator]
    def partial_fit(
        self: Self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train for one epoch on X and y, going on from where training stands.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, or a 0/1 matrix of labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever come; needed at the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            As `fit`, and with ``class_weight="balanced"``.
        AttributeError
            If the optimizer is ``"lbfgs"``, or with ``early_stopping=True``.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"partial_fit does not support class_weight={self.class_weight!r}: it sees a part "
                "of the data, whose shares are not those of all of it. Pass a dict of weights."
            )
        if classes is None and not self.__sklearn_is_fitted__():
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._partial_fit(X, y, sample_weight, classes)

    # ---------------------------------------------------------------- predictions

    def decision_function(self, X: Any) -> Array:
        """Return raw predictions: the output layer before the sigmoid or softmax.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        raw_prediction : ndarray of shape (n_samples,), (n_samples, n_classes) or \
(n_samples, n_labels)
            One column is raveled: with two classes, positive means the second.
        """
        if fitted_model(self).targets.kind != MULTILABEL and self.n_outputs_ == 1:
            return self._predict(X, lambda raw: raw[0])
        return self._predict(X, np.transpose, self.n_outputs_)

    def predict(self, X: Any) -> Array:
        """Return the likeliest class of each row, or the labels that are likelier than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Members of `classes_`, or a 0/1 matrix.
        """
        return self._predict_targets(X)

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, *, n_passes: int | None = None, random_state: Any = 0) -> Array:
        """Return the probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        n_passes : int or None, default=None
            None for the whole network. A number for the mean over so many votes of thinned
            networks, as `predict_votes` returns them; it needs a network trained with dropout.
        random_state : int, RandomState or None, default=0
            Draws the dropout masks of the votes.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Rows sum to 1 over the classes. Labels are independent of each other, and their
            probabilities lie strictly between 0 and 1, as the sigmoid does before it is rounded.
        """
        if n_passes is not None:
            return mean_vote(self, X, n_passes, random_state)
        return self._predict(X, *to_predictions(fitted_model(self)))

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_votes(self, X: Any, n_passes: int = 100, *, random_state: Any = 0) -> Array:
        """Return the probabilities of thinned networks: Monte-Carlo dropout.

        Each vote is the prediction of the network without the units that its dropout leaves out,
        the same units for every row. So the votes of a row do not depend on the other rows, and
        the first votes of many passes are those of few.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        n_passes : int, default=100
            Votes.
        random_state : int, RandomState or None, default=0
            Draws the dropout masks.

        Returns
        -------
        votes : ndarray of shape (n_passes, n_samples, n_classes) or \
(n_passes, n_samples, n_labels)
            Each of the shape of `predict_proba`.

        Raises
        ------
        ValueError
            If the network was trained without dropout.
        """
        return votes_and_noise(self, X, n_passes, random_state)[0]

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`, computed without taking that of zero.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Finite where the probability itself would round to zero.
        """
        kind = fitted_model(self).targets.kind
        if kind == MULTICLASS:
            return self._predict(X, lambda raw: log_softmax(raw.T, axis=1), self.n_outputs_)
        if kind == BINARY:
            return self._predict(X, lambda raw: log_expit(both_classes(raw).T), 2)
        return self._predict(X, lambda raw: log_expit(raw.T), self.n_outputs_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
