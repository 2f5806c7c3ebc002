"""Masks that Keras computes by itself, and hands on from layer to layer.

A mask tells which steps are there. `Masking`, and `Embedding` with `mask_zero`, make one with all axes
of a value but the last; the layers below hand it on as it is, whatever becomes of the shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..specs.base import LayerSpec, NodeSpec
from ..specs.layers.activation import Softmax
from ..specs.layers.core import Embedding, Masking
from .graph import Shape, TensorType
from .shapes.rule import RuleError

THROUGH: Final = frozenset(
    {
        "Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization",
        "Bidirectional", "Dense", "Dropout", "ELU", "EinsumDense", "GRU", "GaussianDropout",
        "GaussianNoise", "GroupNormalization", "Identity", "LSTM", "LayerNormalization",
        "LeakyReLU", "MultiHeadAttention", "Normalization", "PReLU", "RMSNormalization", "ReLU",
        "Rescaling", "SimpleRNN", "Softmax", "SpatialDropout1D", "TimeDistributed",
        "UnitNormalization",
    }
)  # fmt: skip
"""Layers that hand on the mask of their input; recurrent ones where they return all steps."""

RECURRENT: Final = frozenset({"GRU", "LSTM", "SimpleRNN", "Bidirectional"})


def mask_after(
    spec: NodeSpec, inputs: Sequence[TensorType], masks: Sequence[Shape | None]
) -> Shape | None:
    """Return the shape of the mask on what a layer makes; None where there is none, or it is not followed.

    Not followed are the masks of several values that are merged.
    """
    if isinstance(spec, Masking) or (isinstance(spec, Embedding) and spec.mask_zero):
        given = inputs[0].shape
        return given if isinstance(spec, Embedding) else given[:-1]
    name = type(spec).__name__
    if not isinstance(spec, LayerSpec) or len(masks) != 1 or name not in THROUGH:
        return None
    inner = getattr(spec, "layer", spec)
    if name in RECURRENT and not getattr(inner, "return_sequences", False):
        return None
    return masks[0]


def check_mask(
    spec: NodeSpec, given: TensorType, mask: Shape | None, arguments: Mapping[str, object]
) -> None:
    """Raise HB404 where a layer would lay the mask that reaches it over values of another shape.

    `Softmax` is the one layer that does so entry by entry: the batch must meet the batch.
    """
    if not isinstance(spec, Softmax) or mask is None or "mask" in arguments:
        return
    fits = len(mask) == given.rank and all(
        one == 1 or one == size for one, size in zip(mask[1:], given.shape[1:], strict=True)
    )
    if not fits:
        message = (
            f"`Softmax` would lay the mask from above, {TensorType(mask, 'bool')}, over {given}"
        )
        help = "use `Activation: softmax`, which takes no mask"
        raise RuleError("HB404", message, help=help)
