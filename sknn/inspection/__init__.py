"""See inside a network: what it does before, while and after it trains."""

from sknn.inspection._range_test import RangeTest, learning_rate_range_test

__all__ = ["RangeTest", "learning_rate_range_test"]
