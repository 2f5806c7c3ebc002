"""What a loss expects of the labels and of the head, by its name alone."""

from __future__ import annotations

from typing import Literal

from ..specs.base import Item

LabelForm = Literal["integer", "one_hot", "binary", "values"]

FORMS: dict[str, LabelForm] = {
    "sparsecategoricalcrossentropy": "integer",
    "categoricalcrossentropy": "one_hot",
    "categoricalfocalcrossentropy": "one_hot",
    "categoricalgeneralizedcrossentropy": "integer",
    "categoricalhinge": "one_hot",
    "binarycrossentropy": "binary",
    "binaryfocalcrossentropy": "binary",
    "hinge": "binary",
    "squaredhinge": "binary",
}

CROSSENTROPIES = frozenset(
    {
        "sparsecategoricalcrossentropy",
        "categoricalcrossentropy",
        "categoricalfocalcrossentropy",
        "binarycrossentropy",
        "binaryfocalcrossentropy",
    }
)

ALIASES = {"bce": "binarycrossentropy"}


def key(choice: str | Item) -> str:
    """Return one spelling for ``MeanSquaredError``, ``mean_squared_error`` and the like."""
    name = choice if isinstance(choice, str) else type(choice).__name__
    plain = name.replace("_", "").lower()
    return ALIASES.get(plain, plain)


def label_form(loss: str | Item) -> LabelForm:
    """Return the form of labels that a loss takes; most regressions take values."""
    return FORMS.get(key(loss), "values")


def from_logits(loss: str | Item) -> bool:
    """Tell whether a loss applies softmax or sigmoid itself."""
    return bool(getattr(loss, "from_logits", False))
