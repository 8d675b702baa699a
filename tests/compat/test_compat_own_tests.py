"""scikit-learn's tests of its MLPs, run from the installed package with both classes replaced."""

from pathlib import Path

import pytest
from sklearn.neural_network.tests import test_mlp

pytestmark = pytest.mark.filterwarnings("default")

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
REPLACED = "from sknn.compat import MLPClassifier, MLPRegressor"


@pytest.fixture
def global_random_seed():
    return 42


def load_tests():
    """Return the tests' module as text, with this package's estimators in it."""
    source = Path(test_mlp.__file__).read_text()
    assert source.count(IMPORT) == 1
    return source.replace(IMPORT, REPLACED)


exec(compile(load_tests(), test_mlp.__file__, "exec"))
