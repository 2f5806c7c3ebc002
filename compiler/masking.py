"""Masks that Keras computes by itself, and hands on from layer to layer.

A mask tells which steps are there. `Masking`, and `Embedding` with `mask_zero`, make one with all axes
of a value but the last; the layers below hand it on as it is, whatever becomes of the shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..specs.base import LayerSpec, NodeSpec
from ..specs.layers import FAMILIES
from .graph import Shape, TensorType
from .shapes.rule import RuleError

THROUGH: Final = frozenset(
    {
        "Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization",
        "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Dense", "Dropout", "ELU", "GRU",
        "GaussianDropout", "GaussianNoise", "GroupNormalization", "Identity", "LSTM",
        "LayerNormalization", "LeakyReLU", "MultiHeadAttention", "Normalization", "PReLU", "RNN",
        "ReLU", "Rescaling", "SimpleRNN", "Softmax", "SpatialDropout1D", "TimeDistributed",
        "UnitNormalization",
    }
)  # fmt: skip
"""Layers that hand on the mask of their input; recurrent ones where they return all steps."""

CONV_RECURRENT: Final = frozenset(FAMILIES["conv_recurrent"])
RECURRENT: Final = CONV_RECURRENT | {"Bidirectional", "GRU", "LSTM", "RNN", "SimpleRNN"}


def mask_after(
    spec: NodeSpec, inputs: Sequence[TensorType], masks: Sequence[Shape | None]
) -> Shape | None:
    """Return the shape of the mask on what a layer makes; None where there is none, or it is not followed.

    Not followed are the masks of several values that are merged.
    """
    name = type(spec).__name__
    if name == "Masking" or (name == "Embedding" and getattr(spec, "mask_zero", False)):
        given = inputs[0].shape
        return given if name == "Embedding" else given[:-1]
    if not isinstance(spec, LayerSpec) or len(masks) != 1 or name not in THROUGH:
        return None
    inner = getattr(spec, "layer", spec)
    if name in RECURRENT and not getattr(inner, "return_sequences", False):
        return None
    return masks[0]


def check_mask(
    spec: NodeSpec,
    given: TensorType,
    output: TensorType,
    mask: Shape | None,
    arguments: Mapping[str, object],
) -> None:
    """Raise HB404 where a layer would lay the mask that reaches it over values of another shape.

    `Softmax` lays it over its input, entry by entry, so the batch must meet the batch. A ConvLSTM lays that of a
    step over what the step makes, which is smaller than what went in where nothing was padded.
    """
    if mask is None or "mask" in arguments:
        return
    name = type(spec).__name__
    inner: Any = getattr(spec, "layer", spec)
    if isinstance(spec, LayerSpec) and name == "Softmax":
        fits = len(mask) == given.rank and _fits(mask[1:], given.shape[1:])
        over, help = given, "use `Activation: softmax`, which takes no mask"
    elif type(inner).__name__ in CONV_RECURRENT:
        fits = _fits(mask[2:], output.shape[2 if inner.return_sequences else 1 :])
        over, help = output, "pad it: `padding: same`"
    else:
        return
    if not fits:
        message = f"`{name}` would lay the mask from above, {TensorType(mask, 'bool')}, over {over}"
        raise RuleError("HB404", message, help=help)


def _fits(mask: Shape, shape: Shape) -> bool:
    return all(one in (1, size) for one, size in zip(mask, shape, strict=False))
