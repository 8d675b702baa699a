"""The order of the gallery: from a first fit, through what happens inside, to tasks."""

ORDER = (
    "quickstart",
    "activations",
    "dying_relu",
    "vanishing_gradients",
    "initializers",
    "optimizer_paths",
    "optimizers_mnist",
    "dropout_mnist",
    "grid_search",
    "imbalanced",
    "quantile_regression",
    "online_learning",
    "custom_activation",
    "custom_optimizer",
)


def position(filename: str) -> tuple[int, str]:
    """Return where an example stands; those that are not listed come last, by name."""
    name = str(filename).removeprefix("plot_").removesuffix(".py")
    return ORDER.index(name) if name in ORDER else len(ORDER), name
