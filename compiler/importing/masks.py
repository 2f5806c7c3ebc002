"""Masks that Keras computes by itself: a spec that has the layers has them too.

Keras writes the computation of such a mask into the graph and names it at every call that
received it. Where what is named is what the layers give anyway, nothing needs to be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from ..masking import RECURRENT, THROUGH
from .flat import Flat, FlatCall, Tensor, tensors

Mask: TypeAlias = int | None
"""A number for each computation of a mask, so that two are compared however deep they are."""

MERGES: Final = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"})
ATTENTIONS: Final = ("Attention", "AdditiveAttention")
MASKS: Final = ("mask", "query_mask", "value_mask", "key_mask")
QUERY_VALUE_KEY: Final[Mapping[str, int]] = {"query_mask": 0, "value_mask": 1, "key_mask": 2}


class Masks:
    """What is known of the masks of a flat graph."""

    def __init__(self, flat: Flat) -> None:
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.carried: dict[tuple[int, int], Mask] = {}
        self.computed: dict[tuple[int, int], Mask] = {}
        for number, call in flat.calls.items():  # each stands behind what it takes
            self.carried[number, 0] = self._of_output(call)
            self.computed[number, 0] = self._computation(call)

    def implied(self, call: FlatCall, name: str, given: Any) -> bool:
        """Tell whether a mask that a call is given is the one that it would have anyway."""
        listed = given if isinstance(given, tuple) else (given,)
        if all(one is None for one in listed):
            return True
        operand: Any = call.args[:1]
        if name in QUERY_VALUE_KEY:
            by_name = call.kwargs.get(name.removesuffix("_mask"))
            operand = dict(enumerate(call.args)).get(QUERY_VALUE_KEY[name], by_name)
        wanted = [self.carried.get(one.key) for one in tensors(operand)]
        found = [self._found(one) for one in listed]
        return found == wanted and None not in found

    def _found(self, given: Any) -> Mask:
        return self.computed.get(given.key) if isinstance(given, Tensor) else None

    def _all(self, name: str, *parts: Any) -> Mask:
        """Return the number of a computation, None where a part of it is not known."""
        if any(part is None for part in parts):
            return None
        return self.numbers.setdefault((name, *parts), len(self.numbers))

    # What layers give

    def _of_output(self, call: FlatCall) -> Mask:
        """Return the mask that is on what a call makes."""
        kind, config = call.layer.kind, call.layer.config
        taken = list(tensors(call.args[:1]))
        if not taken or not call.layer.module.startswith("keras.layers"):
            return None
        masks = [self.carried.get(one.key) for one in taken]
        if kind in MERGES:
            found = masks[0]
            for one in masks[1:]:
                found = self._all("or", found, one)
            return found
        if kind == "Concatenate":
            return self._joined(taken, masks, config.get("axis"))
        if kind in ATTENTIONS:
            return masks[0]
        if len(taken) != 1:
            return None
        if kind == "Embedding":
            zero = config.get("mask_zero") is True
            return self._all("differs", taken[0].key, 0) if zero else None
        if kind == "Masking":
            value = _number(config.get("mask_value", 0))
            return self._all("any", self._all("differs", taken[0].key, value))
        handed_on = kind in THROUGH and (kind not in RECURRENT or _sequences(config))
        return masks[0] if handed_on else None

    def _joined(self, taken: list[Tensor], masks: list[Mask], axis: object) -> Mask:
        """Return the mask of values that are joined, those without a mask counting throughout."""
        if all(one is None for one in masks):
            return None
        parts = [
            self._all("ones", tensor.key)
            if mask is None
            else self._all("or", self._all("wide", mask), self._all("zeros", tensor.key))
            for tensor, mask in zip(taken, masks, strict=True)
        ]
        return self._all("any", self._all("joined", _number(axis), *parts))

    # What the graph computes

    def _computation(self, call: FlatCall) -> Mask:
        """Return the computation that an operation ends, if it is one that makes masks."""
        kind, args, axis = call.layer.kind, call.args, call.layer.config.get("axis")
        if not args:
            return None
        if kind == "Concatenate" and isinstance(args[0], tuple):
            return self._all("joined", _number(axis), *(self._found(one) for one in args[0]))
        if not isinstance(args[0], Tensor):
            return None
        if kind == "NotEqual" and len(args) == 2:
            return self._all("differs", args[0].key, _number(args[1]))
        if kind in ("ZerosLike", "OnesLike"):
            return self._all(kind.removesuffix("Like").lower(), args[0].key)
        if kind in ("Any", "ExpandDims") and axis in (-1, [-1], (-1,)):
            return self._all("any" if kind == "Any" else "wide", self._found(args[0]))
        if kind == "LogicalOr" and len(args) == 2:
            return self._all("or", *(self._found(one) for one in args))
        return None


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) else None


def _sequences(config: Mapping[str, Any]) -> bool:
    """Tell whether a recurrent layer returns a step for each step."""
    inside = config.get("layer")
    if isinstance(inside, Mapping) and isinstance(inside.get("config"), Mapping):
        config = inside["config"]
    return config.get("return_sequences") is True
