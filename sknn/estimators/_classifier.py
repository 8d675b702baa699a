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
from sknn.estimators._votes import both_classes, mean_vote, to_predictions, votes_and_noise
from sknn.losses import BINARY, MULTICLASS, MULTILABEL

Self = TypeVar("Self", bound="MLPClassifier")


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # it has no types
    """Multi-layer perceptron classifier.

    Each layer computes ``a = activation(W^T a + b)``. The output layer returns probabilities: its
    activation is the sigmoid for two classes and for labels, and the softmax for more classes.
    Gradient steps minimize the log-loss or another `loss`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        The number of units in each hidden layer; ``()`` for no hidden layer.
    activation : str, Activation or sequence of them, default="relu"
        The activation of the hidden layers, one for all or one for each: a name in
        `sknn.activations.ACTIVATIONS` or an instance. Members of a sequence have no nested
        parameter names.
    init : str or Initializer, default="auto"
        The initial weights: a name in `sknn.initializers.INITIALIZERS` or an instance.
        ``"auto"`` is He for ReLU and its family, LeCun for SELU and Xavier for the others, layer
        by layer, and zeros for the output layer.
    bias_init : str or Initializer, default="auto"
        The initial biases. ``"auto"`` is zeros, and for the output layer of a regressor the best
        constant prediction by its loss.
    optimizer : str, Optimizer or Minimizer, default="adam"
        The rule that updates the weights: a name in `sknn.optimizers.OPTIMIZERS` or an instance.
        ``"gd"`` and ``"lbfgs"`` use all rows in each step.
    learning_rate : str or Schedule, default="constant"
        The schedule of the rate: a name in `sknn.schedules.SCHEDULES` or an instance. Ignored by
        ``"lbfgs"``.
    learning_rate_init : float or "auto", default="auto"
        The learning rate at the start, positive. ``"auto"`` is the optimizer's default for the
        loss. Ignored by ``"lbfgs"``.
    dropout : float in [0, 1), Dropout or sequence of them, default=0.0
        The probability that a training step drops a hidden unit, one for all layers or one for
        each.
    input_dropout : float in [0, 1) or Dropout, default=0.0
        The probability that a training step drops an input.
    loss : str or Loss, default="log_loss"
        The loss to minimize: a name in `sknn.losses.LOSSES` or an instance.
    alpha : float, default=1e-4
        The strength of the weight penalty, not negative. The objective is ``sum_i w_i l_i / sum_i
        w_i + alpha (l1_ratio sum(|W|) + (1 - l1_ratio) / 2 sum(W^2))`` over the rows of a step,
        without biases. Its effect does not depend on the batch size, unlike in scikit-learn, which
        divides it by the weight of a batch.
    l1_ratio : float in [0, 1], default=0.0
        The share of the absolute values in the penalty (elastic net). They drive weights near
        zero, not to zero exactly.
    max_norm : float or None, default=None
        The largest norm of the incoming weights of a hidden unit, positive. After each step,
        larger norms are scaled down to it. Values of 2 to 4 work well with dropout. Not allowed
        with ``"lbfgs"``.
    clip_norm : float or None, default=None
        The largest norm of the gradient in a step, positive; larger gradients are scaled down to
        it. Ignored by ``"lbfgs"``.
    averaging : None, "ema" or Averaging, default=None
        The average of the weights over the steps, which is used for predictions and validation: a
        name in `sknn.averaging.AVERAGINGS` or an instance. None uses no average. Not allowed
        with ``"lbfgs"``.
    batch_size : int or "auto", default="auto"
        The number of rows in a step. If it exceeds the number of training rows, it is reduced, with
        a warning. ``"auto"`` is ``min(200, n_samples)``. Ignored by ``"gd"`` and ``"lbfgs"``.
    max_iter : int, default=200
        The largest number of epochs (iterations, for ``"lbfgs"``) of a call to `fit`.
    shuffle : bool or "blocks", default=True
        Whether each epoch shuffles the rows. ``"blocks"`` is for memory-mapped X: it reads long
        pieces of the file, each about once.
    random_state : int, RandomState or None, default=None
        The source of initial weights, validation rows, the order of the rows and dropout masks.
    tol : float, default=1e-4
        The smallest improvement of the loss or the score that counts. With ``"lbfgs"``, the
        largest element of the gradient that counts as zero.
    n_iter_no_change : int, default=10
        The number of epochs without improvement after which training ends. ``float("inf")``
        disables this criterion.
    early_stopping : bool, default=False
        Whether a validation set decides when to stop, and the best weights are kept. Otherwise
        the training loss decides, and the last weights are kept; the loss and the score on a
        validation set that is passed to `fit` are then only recorded.
    validation_fraction : float in (0, 1), default=0.1
        The share of the rows set aside with ``early_stopping=True``, stratified by class, unless
        a validation set is passed to `fit`. For few rows the share may be up to twice as large,
        so that the set has two rows and one of each class.
    scoring : "loss", str, callable or None, default="loss"
        The measure of validation: the loss, a scorer's name, a function
        ``scorer(estimator, X, y)``, or None for `score`. If the scorer takes weights, rows
        count by their weights, including those of their classes.
    class_weight : dict, "balanced" or None, default=None
        The weight of each class, which multiplies the weights of its rows. Classes that are missing
        in a dict have weight 1. ``"balanced"`` gives each class the same total weight.
    dtype : None, "float32" or "float64", default=None
        The dtype of training and prediction. None keeps the dtype of X if it is float32 or
        float64, and takes float64 otherwise.
    warm_start : bool, default=False
        Whether `fit` continues from the last call. Two calls of n epochs give results that are
        bit-for-bit identical to one call of 2n epochs. Exceptions are ``"lbfgs"``, which discards
        its estimate of the curvature, and ``"polynomial"``, ``"cosine"`` and ``"one_cycle"``, which
        plan each call to its end.
    verbose : int, default=0
        1 shows the progress of training. In a terminal it updates a single line in place; elsewhere
        it prints lines for the first epoch, for each twentieth of `max_iter` and for the last. 2
        prints every epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, or the numbers of the labels.
    coefs_ : list of ndarray of shape (fan_in, fan_out)
        The weights of each layer, as views of the network's parameters.
    intercepts_ : list of ndarray of shape (fan_out,)
        The biases of each layer, as views of the network's parameters.
    optimizer_ : Optimizer or Minimizer
        The fitted clone of `optimizer`.
    n_iter_ : int
        The number of epochs of the last call.
    t_ : int
        The number of rows processed in all epochs.
    loss_ : float
        The loss of the last epoch, as in `loss_curve_`.
    best_loss_ : float
        The smallest loss in `loss_curve_`.
    loss_curve_ : list of float
        For each epoch, the mean loss of its steps plus the penalty at its end.
    history_ : dict of str to ndarray of shape (n_epochs,)
        An entry per epoch, over all calls that continued training: ``"loss"``, the ``"penalty"``
        in it, ``"validation_loss"`` and ``"validation_score"`` if validated, ``"learning_rate"``
        and ``"gradient_norm"`` of the last step, ``"update_ratio_0"`` and so on, the change of each
        layer's weights in that step relative to their size, and ``"seconds"``.
    validation_loss_curve_ : list of float, or None without a validation set
        For each epoch, the loss on the validation set, without the penalty.
    validation_scores_ : list of float, or None without a validation set or a score
        For each epoch, the score on the validation set.
    best_validation_score_ : float, or None without a validation set or a score
        The largest score in `validation_scores_`.
    n_layers_ : int
        The number of layers, including inputs and outputs.
    n_outputs_ : int
        The number of units in the output layer.
    out_activation_ : str
        ``"softmax"`` for more than two classes, ``"sigmoid"`` for two classes and for labels.
    n_features_in_ : int
        The number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the columns, if all of them are strings.

    See Also
    --------
    MLPRegressor : The regressor.

    Notes
    -----
    The network has one output unit for two classes, one per class for more classes, and one per
    label for a 0/1 matrix of labels. Labels are independent of each other.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> network = MLPClassifier(dropout=0.2, random_state=0)
    >>> model = make_pipeline(StandardScaler(), network)
    >>> print(f"{model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]):.2f}")
    0.93
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
        shuffle: bool | str = True,
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
        """Train for one epoch on X and y, continuing the previous training.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or a 0/1 matrix of labels.
        classes : array-like of shape (n_classes,), default=None
            The classes of all calls; required in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the rows, not negative.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            As for `fit`, or if ``class_weight="balanced"``.
        AttributeError
            If the optimizer is ``"lbfgs"`` or ``early_stopping=True``.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"partial_fit does not support class_weight={self.class_weight!r}: it sees a part "
                "of the data, in which the classes may have other shares. Pass a dict of weights."
            )
        if classes is None and not self.__sklearn_is_fitted__():
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._partial_fit(X, y, sample_weight, classes)

    # ---------------------------------------------------------------- predictions

    def decision_function(self, X: Any) -> Array:
        """Return raw predictions, the output layer before the sigmoid or softmax.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        raw_prediction : ndarray of shape (n_samples,), (n_samples, n_classes) or \
(n_samples, n_labels)
            The raw predictions. With two classes, positive values mean the second class.
        """
        if fitted_model(self).targets.kind != MULTILABEL and self.n_outputs_ == 1:
            return self._predict(X, lambda raw: raw[0])
        return self._predict(X, np.transpose, self.n_outputs_)

    def predict(self, X: Any) -> Array:
        """Predict the most probable class of each row, or the labels with a probability above 1/2.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The predicted classes, or a 0/1 matrix of labels.
        """
        return self._predict_targets(X)

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, *, n_passes: int | None = None, random_state: Any = 0) -> Array:
        """Predict the probability of each class or label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        n_passes : int or None, default=None
            The number of votes with random dropout masks (see `predict_votes`) that are averaged;
            it needs a network with dropout. None predicts without dropout.
        random_state : int, RandomState or None, default=0
            The random state that draws the dropout masks.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            The probabilities. Over classes, each row sums to 1. Labels are independent, and their
            probabilities lie strictly between 0 and 1.
        """
        if n_passes is not None:
            return mean_vote(self, X, n_passes, random_state)
        return self._predict(X, *to_predictions(fitted_model(self)))

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_votes(self, X: Any, n_passes: int = 100, *, random_state: Any = 0) -> Array:
        """Predict probabilities with random dropout masks (Monte-Carlo dropout).

        Each vote is a prediction with one random mask per layer, which is the same for all rows. So
        the votes for a row do not depend on other rows, and more passes do not change the first
        votes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        n_passes : int, default=100
            The number of votes.
        random_state : int, RandomState or None, default=0
            The random state that draws the dropout masks.

        Returns
        -------
        votes : ndarray of shape (n_passes, n_samples, n_classes) or \
(n_passes, n_samples, n_labels)
            The votes, each as returned by `predict_proba`.

        Raises
        ------
        ValueError
            If the network was trained without dropout.
        """
        return votes_and_noise(self, X, n_passes, random_state)[0]

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of probabilities, without taking the logarithm of zero.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            The logarithms, which are finite even if a probability rounds to zero.
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
