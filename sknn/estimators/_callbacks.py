"""The one place that knows whether scikit-learn has callbacks: 1.9 and later have."""

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:
    from sknn.estimators._callbacks_before_1_9 import CallbackSupportMixin, with_callbacks

__all__ = ["CallbackSupportMixin", "with_callbacks"]
