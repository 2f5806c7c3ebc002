"""Layers that rearrange, pad, crop or repeat the entries of their input."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field, model_validator

from ..base import LayerSpec, conflict
from .fields import DataFormat

Count = Annotated[int, Field(ge=0)]
Times = Annotated[int, Field(ge=1)]
Side = Count | tuple[Count, Count]

PADDING = "Zeros to add at the ends: one number, one an axis, or a pair (before, after) an axis."
CROPPING = "Entries to cut at the ends: one number, one an axis, or a pair (before, after) an axis."
SIZE = "How often each entry is repeated: one number, or one an axis."

Padding1D = Annotated[Side, Field(description="Zeros to add: one number, or (before, after).")]
Padding2D = Annotated[Count | tuple[Side, Side], Field(description=PADDING)]
Padding3D = Annotated[Count | tuple[Side, Side, Side], Field(description=PADDING)]
Cropping1 = Annotated[Side, Field(description="Entries to cut: one number, or (before, after).")]
Cropping2 = Annotated[Count | tuple[Side, Side], Field(description=CROPPING)]
Cropping3 = Annotated[Count | tuple[Side, Side, Side], Field(description=CROPPING)]

OMITTED: dict[str, dict[str, str]] = {}


@final
class Flatten(LayerSpec):
    """Lays out all entries of an example in one axis."""

    data_format: DataFormat = None


@final
class Reshape(LayerSpec):
    """Lays out the entries of an example in another shape."""

    target_shape: Annotated[
        tuple[Annotated[int, Field(ge=-1)], ...],
        Field(description="The new shape, without the batch; one -1 takes what is left."),
    ]

    @model_validator(mode="after")
    def _shape(self) -> Reshape:
        if self.target_shape.count(-1) > 1:
            raise conflict("target_shape", "only one axis of `target_shape` can be -1")
        if 0 in self.target_shape:
            raise conflict("target_shape", "an axis of size 0 would hold no entries")
        return self


@final
class Permute(LayerSpec):
    """Puts the axes of an example in another order."""

    dims: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        Field(min_length=1, description="The old axes in their new order, counted from 1."),
    ]

    @model_validator(mode="after")
    def _order(self) -> Permute:
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            message = (
                f"`dims` must hold each of 1 to {len(self.dims)} once; 0, the batch, stays first"
            )
            raise conflict("dims", message)
        return self


@final
class RepeatVector(LayerSpec):
    """Makes a sequence of one vector, repeated."""

    n: Annotated[int, Field(ge=1, description="How often the vector is repeated.")]


@final
class ZeroPadding1D(LayerSpec):
    """Adds zeros before and after a sequence."""

    positional = 1

    padding: Padding1D = 1
    data_format: DataFormat = None


@final
class ZeroPadding2D(LayerSpec):
    """Adds rows and columns of zeros around an image."""

    positional = 1

    padding: Padding2D = (1, 1)
    data_format: DataFormat = None


@final
class ZeroPadding3D(LayerSpec):
    """Adds zeros around a volume."""

    positional = 1

    padding: Padding3D = ((1, 1), (1, 1), (1, 1))
    data_format: DataFormat = None


@final
class Cropping1D(LayerSpec):
    """Cuts entries off both ends of a sequence."""

    positional = 1

    cropping: Cropping1 = (1, 1)


@final
class Cropping2D(LayerSpec):
    """Cuts rows and columns off an image."""

    positional = 1

    cropping: Cropping2 = ((0, 0), (0, 0))
    data_format: DataFormat = None


@final
class Cropping3D(LayerSpec):
    """Cuts the sides off a volume."""

    positional = 1

    cropping: Cropping3 = ((1, 1), (1, 1), (1, 1))
    data_format: DataFormat = None


@final
class UpSampling1D(LayerSpec):
    """Repeats each step of a sequence."""

    positional = 1

    size: Annotated[Times, Field(description="How often each step is repeated.")] = 2


@final
class UpSampling2D(LayerSpec):
    """Enlarges an image by whole factors."""

    positional = 1

    size: Annotated[Times | tuple[Times, Times], Field(description=SIZE)] = (2, 2)
    data_format: DataFormat = None
    interpolation: Annotated[
        Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"],
        Field(description="How the values between are found."),
    ] = "nearest"


@final
class UpSampling3D(LayerSpec):
    """Enlarges a volume by whole factors."""

    positional = 1

    size: Annotated[Times | tuple[Times, Times, Times], Field(description=SIZE)] = (2, 2, 2)
    data_format: DataFormat = None


LAYERS: tuple[type[LayerSpec], ...] = (
    Flatten,
    Reshape,
    Permute,
    RepeatVector,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
)

ALIASES: dict[str, str] = {}
