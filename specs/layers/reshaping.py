"""Layers that move, repeat, add or drop entries without changing one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from ..base import LayerSpec, conflict
from .fields import Count, DataFormat, Ends, Size

_PADDING = "Zeros to add at the ends of each axis: one number, or one for the start and the end."
_CROPPING = (
    "Entries to drop at the ends of each axis: one number, or one for the start and the end."
)
_SIZE = "How often to repeat the entries: one number, or one for each axis."


@final
class Flatten(LayerSpec):
    """Puts all entries of an example in one row."""

    data_format: DataFormat = None


@final
class Reshape(LayerSpec):
    """Gives the entries of an example another shape, in the same order."""

    target_shape: Annotated[
        tuple[Size | Literal[-1], ...],
        Field(description="The new shape, without the batch; one -1 takes what is left."),
    ]

    @model_validator(mode="after")
    def _one_open(self) -> Reshape:
        if self.target_shape.count(-1) > 1:
            raise conflict(
                "target_shape",
                f"`target_shape` leaves {self.target_shape.count(-1)} sizes open with -1, "
                "but only one can be found",
                "the batch is no part of `target_shape`",
            )
        return self


@final
class Permute(LayerSpec):
    """Puts the axes of an example in another order."""

    dims: Annotated[
        tuple[Size, ...],
        Field(min_length=1, description="The axes in their new order; the first has number 1."),
    ]

    @model_validator(mode="after")
    def _each_once(self) -> Permute:
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise conflict(
                "dims",
                f"`dims` must name each axis from 1 to {len(self.dims)} once, "
                f"but is {list(self.dims)}",
                "the batch is no part of `dims`",
            )
        return self


@final
class RepeatVector(LayerSpec):
    """Makes a sequence of equal steps out of a vector."""

    n: Annotated[Size, Field(description="Number of steps.")]


@final
class ZeroPadding1D(LayerSpec):
    """Adds zeros around a sequence."""

    positional: ClassVar[int | None] = 1

    padding: Annotated[Ends, Field(description=_PADDING)] = 1
    data_format: DataFormat = None


@final
class ZeroPadding2D(LayerSpec):
    """Adds zeros around an image."""

    positional: ClassVar[int | None] = 1

    padding: Annotated[Count | tuple[Ends, Ends], Field(description=_PADDING)] = (1, 1)
    data_format: DataFormat = None


@final
class ZeroPadding3D(LayerSpec):
    """Adds zeros around a volume."""

    positional: ClassVar[int | None] = 1

    padding: Annotated[Count | tuple[Ends, Ends, Ends], Field(description=_PADDING)] = (
        (1, 1),
        (1, 1),
        (1, 1),
    )
    data_format: DataFormat = None


@final
class Cropping1D(LayerSpec):
    """Drops entries at the ends of a sequence."""

    positional: ClassVar[int | None] = 1

    cropping: Annotated[Ends, Field(description=_CROPPING)] = (1, 1)


@final
class Cropping2D(LayerSpec):
    """Drops entries at the ends of an image."""

    positional: ClassVar[int | None] = 1

    cropping: Annotated[Count | tuple[Ends, Ends], Field(description=_CROPPING)] = ((0, 0), (0, 0))
    data_format: DataFormat = None


@final
class Cropping3D(LayerSpec):
    """Drops entries at the ends of a volume."""

    positional: ClassVar[int | None] = 1

    cropping: Annotated[Count | tuple[Ends, Ends, Ends], Field(description=_CROPPING)] = (
        (1, 1),
        (1, 1),
        (1, 1),
    )
    data_format: DataFormat = None


@final
class UpSampling1D(LayerSpec):
    """Enlarges a sequence by repeating its entries."""

    positional: ClassVar[int | None] = 1

    size: Annotated[Size, Field(description=_SIZE)] = 2


@final
class UpSampling2D(LayerSpec):
    """Enlarges an image, by repeating its entries or by interpolating."""

    positional: ClassVar[int | None] = 1

    size: Annotated[Size | tuple[Size, Size], Field(description=_SIZE)] = (2, 2)
    data_format: DataFormat = None
    interpolation: Annotated[
        Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"],
        Field(description="How to find the new entries; `nearest` repeats the old ones."),
    ] = "nearest"


@final
class UpSampling3D(LayerSpec):
    """Enlarges a volume by repeating its entries."""

    positional: ClassVar[int | None] = 1

    size: Annotated[Size | tuple[Size, Size, Size], Field(description=_SIZE)] = (2, 2, 2)
    data_format: DataFormat = None


OMITTED: dict[str, dict[str, str]] = {}
