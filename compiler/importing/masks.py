"""Masks that Keras computes by itself: a spec that has the layers has them too.

Keras writes the computation of such a mask into the graph and names it at every call that
received it. Where what is named is what the layers give anyway, nothing needs to be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from .flat import Flat, FlatCall, Tensor, tensors

Mask: TypeAlias = tuple[Any, ...] | None
"""A mask as the computation that makes it, so that two of them can be compared."""

THROUGH: Final = frozenset(
    {
        "Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization",
        "Bidirectional", "Dense", "Dropout", "ELU", "EinsumDense", "GRU", "GaussianDropout",
        "GaussianNoise", "GroupNormalization", "Identity", "LSTM", "LayerNormalization",
        "LeakyReLU", "Normalization", "PReLU", "RMSNormalization", "ReLU", "Rescaling",
        "SimpleRNN", "Softmax", "SpatialDropout1D", "TimeDistributed", "UnitNormalization",
    }
)  # fmt: skip
"""Layers that hand on the mask of their input."""

RECURRENT: Final = frozenset({"GRU", "LSTM", "SimpleRNN", "Bidirectional"})
MASKS: Final = ("mask", "query_mask", "value_mask", "key_mask")


class Masks:
    """What is known of the masks of a flat graph."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.known: dict[tuple[int, int], Mask] = {}
        for number, call in flat.calls.items():  # each stands behind what it takes
            self.known[number, 0] = self._output(call)

    def implied(self, call: FlatCall, name: str, given: Any) -> bool:
        """Tell whether a mask that a call is given is the one that it would have anyway."""
        if all(one is None for one in _listed(given)):
            return True
        if name == "mask":
            wanted = [self._of(one) for one in tensors(call.args[:1])]
        else:
            position = {"query_mask": 0, "value_mask": 1, "key_mask": 2}[name]
            operand = dict(enumerate(call.args)).get(position, call.kwargs.get(name[:-5]))
            wanted = [self._of(one) for one in tensors((operand,))]
        found = [self._computed(one) for one in _listed(given)]
        return found == wanted and None not in found

    def _of(self, tensor: Tensor) -> Mask:
        return self.known.get(tensor.key) if tensor.output == 0 else None

    def _output(self, call: FlatCall) -> Mask:
        """Return the mask of what a call makes."""
        kind, config = call.layer.kind, call.layer.config
        taken = list(tensors(call.args[:1]))
        if len(taken) != 1 or not call.layer.module.startswith("keras.layers"):
            return None
        source = taken[0]
        if kind == "Embedding":
            return ("differs", source.key, 0) if config.get("mask_zero") is True else None
        if kind == "Masking":
            return ("any", ("differs", source.key, config.get("mask_value", 0)))
        if kind not in THROUGH or (kind in RECURRENT and not _sequences(config)):
            return None
        return self._of(source)

    def _computed(self, given: Any) -> Mask:
        """Return the computation behind a value that is used as a mask."""
        if not isinstance(given, Tensor):
            return None
        call = self.flat.calls[given.call]
        args = call.args
        if call.layer.kind == "Any" and len(args) == 1:
            found = self._computed(args[0])
            return None if found is None else ("any", found)
        if call.layer.kind == "NotEqual" and len(args) == 2 and isinstance(args[0], Tensor):
            return ("differs", args[0].key, args[1])
        return None


def _listed(given: Any) -> tuple[Any, ...]:
    return given if isinstance(given, tuple) else (given,)


def _sequences(config: Mapping[str, Any]) -> bool:
    """Tell whether a recurrent layer returns a step for each step."""
    inside = config.get("layer")
    if isinstance(inside, Mapping) and isinstance(inside.get("config"), Mapping):
        config = inside["config"]
    return config.get("return_sequences") is True
