"""Layers that scale their input, and layers that vary images while training."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from ..base import LayerSpec, conflict
from .fields import DataFormat, Seed

Turn = Annotated[float, Field(ge=-1, le=1)]
Zoom = Annotated[float, Field(gt=-1, le=1)]
Shift = Annotated[float, Field(ge=-1, le=1)]
Contrast = Annotated[float, Field(ge=0, le=1)]

FillMode = Annotated[
    Literal["reflect", "wrap", "constant", "nearest"],
    Field(description="What stands where the image does not reach."),
]
Interpolation = Annotated[
    Literal["nearest", "bilinear"], Field(description="How to find an entry between others.")
]
FillValue = Annotated[float, Field(description="The value that `fill_mode: constant` fills in.")]


@final
class Rescaling(LayerSpec):
    """Multiplies by a factor and adds an offset, to bring data into a range."""

    scale: Annotated[
        float | Annotated[tuple[float, ...], Field(min_length=1)],
        Field(description="Factor: one number, or one for each entry of the last axis."),
    ]
    offset: Annotated[
        float | Annotated[tuple[float, ...], Field(min_length=1)],
        Field(description="Offset: one number, or one for each entry of the last axis."),
    ] = 0.0


@final
class RandomFlip(LayerSpec):
    """Mirrors random images while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    positional: ClassVar[int | None] = 1

    mode: Annotated[
        Literal["horizontal", "vertical", "horizontal_and_vertical"],
        Field(description="Left to right, top to bottom, or both."),
    ] = "horizontal_and_vertical"
    seed: Seed = None
    data_format: DataFormat = None


@final
class RandomRotation(LayerSpec):
    """Turns images by random angles while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Turn | tuple[Turn, Turn],
        Field(description="Largest angle either way, or both bounds; 1 is a whole turn."),
    ]
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0
    data_format: DataFormat = None


@final
class RandomZoom(LayerSpec):
    """Zooms images in and out at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    height_factor: Annotated[
        Zoom | tuple[Zoom, Zoom],
        Field(description="Largest zoom either way, or both bounds; below 0 zooms in."),
    ]
    width_factor: Annotated[
        Zoom | tuple[Zoom, Zoom] | None,
        Field(description="The same for the width; `null` keeps the proportions."),
    ] = None
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0
    data_format: DataFormat = None


@final
class RandomTranslation(LayerSpec):
    """Shifts images at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    height_factor: Annotated[
        Shift | tuple[Shift, Shift],
        Field(description="Largest shift up or down, or both bounds, as a fraction of the height."),
    ]
    width_factor: Annotated[
        Shift | tuple[Shift, Shift],
        Field(
            description="Largest shift left or right, or both bounds, as a fraction of the width."
        ),
    ]
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0
    data_format: DataFormat = None


@final
class RandomContrast(LayerSpec):
    """Raises and lowers the contrast of images at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Contrast | tuple[Contrast, Contrast],
        Field(description="Largest increase, or how much less and how much more."),
    ]
    value_range: Annotated[
        tuple[float, float],
        Field(description="Smallest and largest entry; what leaves the range is cut off."),
    ] = (0, 255)
    seed: Seed = None

    @model_validator(mode="after")
    def _ordered(self) -> RandomContrast:
        low, high = self.value_range
        if low >= high:
            raise conflict(
                "value_range", f"`value_range` goes from {low} to {high}, which is empty"
            )
        return self


OMITTED: dict[str, dict[str, str]] = {}
