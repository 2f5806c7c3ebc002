"""Arguments that layers of several families share, each with the line that describes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..base import Activation, Constraint, Initializer, Regularizer

Size = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Ends = Count | tuple[Count, Count]
"""How many entries at both ends of an axis, or at its start and at its end."""

Sizes = int | tuple[int, ...]
"""One number for every axis, or one for each."""


def per_axis(value: Sizes, rank: int) -> tuple[int, ...]:
    """Return one number for each of ``rank`` axes."""
    return (value,) * rank if isinstance(value, int) else value


Seed = Annotated[
    int | None, Field(ge=0, lt=2**31, description="Fixes the numbers drawn; `null` draws afresh.")
]
UseBias = Annotated[bool, Field(description="Whether to add a learned offset.")]
DataFormat = Annotated[
    Literal["channels_last", "channels_first"] | None,
    Field(description="Where the channels stand; `null` means last."),
]

# Sizes

Units = Annotated[Size, Field(description="Size of the output's last axis.")]
Filters = Annotated[Size, Field(description="Number of output channels.")]
DepthMultiplier = Annotated[
    Size, Field(description="Number of channels that each input channel becomes.")
]
Groups = Annotated[
    Size,
    Field(description="Number of groups of channels that are convolved apart from each other."),
]

# Windows that slide over one, two or three axes

_KERNEL = "Size of the kernel: one number, or one for each axis."
_POOL = "Size of the window: one number, or one for each axis."
_STRIDES = "How far the kernel moves in one step: one number, or one for each axis."
_POOL_STRIDES = "How far the window moves in one step; `null` means its own size."
_DILATION = "Distance between the entries that the kernel looks at; 1 leaves no gaps."
_OUTPUT_PADDING = "Entries added to the end of the output, fewer than `strides`; `null` chooses."

KernelSize1 = Annotated[Size | tuple[Size], Field(description=_KERNEL)]
KernelSize2 = Annotated[Size | tuple[Size, Size], Field(description=_KERNEL)]
KernelSize3 = Annotated[Size | tuple[Size, Size, Size], Field(description=_KERNEL)]
Strides1 = Annotated[Size | tuple[Size], Field(description=_STRIDES)]
Strides2 = Annotated[Size | tuple[Size, Size], Field(description=_STRIDES)]
Strides3 = Annotated[Size | tuple[Size, Size, Size], Field(description=_STRIDES)]
DilationRate1 = Annotated[Size | tuple[Size], Field(description=_DILATION)]
DilationRate2 = Annotated[Size | tuple[Size, Size], Field(description=_DILATION)]
DilationRate3 = Annotated[Size | tuple[Size, Size, Size], Field(description=_DILATION)]
OutputPadding1 = Annotated[Count | tuple[Count] | None, Field(description=_OUTPUT_PADDING)]
OutputPadding2 = Annotated[Count | tuple[Count, Count] | None, Field(description=_OUTPUT_PADDING)]
OutputPadding3 = Annotated[
    Count | tuple[Count, Count, Count] | None, Field(description=_OUTPUT_PADDING)
]
PoolSize1 = Annotated[Size | tuple[Size], Field(description=_POOL)]
PoolSize2 = Annotated[Size | tuple[Size, Size], Field(description=_POOL)]
PoolSize3 = Annotated[Size | tuple[Size, Size, Size], Field(description=_POOL)]
PoolStrides1 = Annotated[Size | tuple[Size] | None, Field(description=_POOL_STRIDES)]
PoolStrides2 = Annotated[Size | tuple[Size, Size] | None, Field(description=_POOL_STRIDES)]
PoolStrides3 = Annotated[Size | tuple[Size, Size, Size] | None, Field(description=_POOL_STRIDES)]
Padding = Annotated[
    Literal["valid", "same"],
    Field(description="`same` pads both ends of the input, `valid` none."),
]
CausalPadding = Annotated[
    Literal["valid", "same", "causal"],
    Field(description="`same` pads both ends of the input, `causal` its start, `valid` none."),
]
KeepDims = Annotated[bool, Field(description="Whether the axes that are pooled stay, of size 1.")]

# Parts

OutputActivation = Annotated[
    Activation | None, Field(description="Activation of the output; `null` leaves it as it is.")
]
KernelInitializer = Annotated[Initializer, Field(description="Initializer of the kernel.")]
DepthwiseInitializer = Annotated[
    Initializer, Field(description="Initializer of the depthwise kernel.")
]
PointwiseInitializer = Annotated[
    Initializer, Field(description="Initializer of the pointwise kernel.")
]
BiasInitializer = Annotated[Initializer, Field(description="Initializer of the bias.")]
KernelRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of the kernel.")]
DepthwiseRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the depthwise kernel.")
]
PointwiseRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the pointwise kernel.")
]
BiasRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of the bias.")]
ActivityRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of the output.")]
KernelConstraint = Annotated[Constraint | None, Field(description="Constraint of the kernel.")]
DepthwiseConstraint = Annotated[
    Constraint | None, Field(description="Constraint of the depthwise kernel.")
]
PointwiseConstraint = Annotated[
    Constraint | None, Field(description="Constraint of the pointwise kernel.")
]
BiasConstraint = Annotated[Constraint | None, Field(description="Constraint of the bias.")]
