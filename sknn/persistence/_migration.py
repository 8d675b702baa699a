"""Migration of objects in files of earlier versions to this version."""

from typing import Any

from sknn.model_state import PlateauState


def migrate(name: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name and the fields of an object in a file as this version has them.

    In earlier files the state of every optimizer has the running product of NAdam, and `Progress`
    has the counts of ReduceOnPlateau.

    Examples
    --------
    >>> from sknn.persistence._migration import migrate
    >>> migrate("state/optimizer", {"step": 7, "product": 1.0})
    ('state/optimizer', {'step': 7})
    """
    if name in ("state/optimizer", "state/muon") and "product" in values:
        product = values.pop("product")
        # Before the first step nothing else identifies NAdam; other rules ignore the product.
        if name == "state/optimizer" and (product != 1 or values["step"] == 0):
            return "state/nadam", {**values, "product": product}
    elif name == "state/progress" and "metric_best" in values:
        fields = ("metric_best", "n_bad_epochs", "n_cooldown", "n_reductions")
        state = PlateauState(*(values.pop(field) for field in fields))
        values["state"] = None if state == PlateauState() else state
    return name, values
