"""Layers that scale their input, or vary pictures while training."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field, model_validator

from ..base import LayerSpec, conflict
from .fields import DataFormat, Seed

Scalars = float | Annotated[tuple[float, ...], Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Turn = Annotated[float, Field(ge=-1, le=1)]
Zoom = Annotated[float, Field(gt=-1, le=1)]

FillMode = Annotated[
    Literal["reflect", "constant", "wrap", "nearest"],
    Field(description="What fills the places that no pixel lands on."),
]
Interpolation = Annotated[
    Literal["bilinear", "nearest"], Field(description="How the values between pixels are found.")
]
FillValue = Annotated[
    float, Field(description="What fills the empty places if `fill_mode` is `constant`.")
]


@final
class Rescaling(LayerSpec):
    """Multiplies every entry by one number and adds another."""

    scale: Annotated[Scalars, Field(description="The factor: one number, or one a channel.")]
    offset: Annotated[
        Scalars, Field(description="What is added then: one number, or one a channel.")
    ] = 0.0


@final
class RandomFlip(LayerSpec):
    """Mirrors pictures at random while training."""

    mode: Annotated[
        Literal["horizontal", "vertical", "horizontal_and_vertical"],
        Field(description="Left and right (horizontal), top and bottom (vertical), or both."),
    ] = "horizontal_and_vertical"
    seed: Seed = None
    data_format: DataFormat = None


@final
class RandomRotation(LayerSpec):
    """Turns pictures at random while training."""

    factor: Annotated[
        Turn | tuple[Turn, Turn],
        Field(description="Largest turn, as a part of a full circle, or (least, largest)."),
    ]
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0
    data_format: DataFormat = None


@final
class RandomZoom(LayerSpec):
    """Enlarges and shrinks pictures at random while training."""

    height_factor: Annotated[
        Zoom | tuple[Zoom, Zoom],
        Field(description="Largest change of the height, or (least, largest); above 0 shrinks."),
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
    """Shifts pictures at random while training."""

    height_factor: Annotated[
        Turn | tuple[Turn, Turn],
        Field(description="Largest shift, as a part of the height, or (least, largest)."),
    ]
    width_factor: Annotated[
        Turn | tuple[Turn, Turn],
        Field(description="Largest shift, as a part of the width, or (least, largest)."),
    ]
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0
    data_format: DataFormat = None


@final
class RandomContrast(LayerSpec):
    """Strengthens and weakens the contrast of pictures at random while training."""

    factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Largest change, as a part of the contrast, or (weaker, stronger)."),
    ]
    value_range: Annotated[
        tuple[float, float], Field(description="Least and largest value of a pixel.")
    ] = (0, 255)
    seed: Seed = None

    @model_validator(mode="after")
    def _range(self) -> RandomContrast:
        least, largest = self.value_range
        if least >= largest:
            message = f"`value_range` begins at {least:g}, which is not below its end, {largest:g}"
            raise conflict("value_range", message)
        return self


LAYERS: tuple[type[LayerSpec], ...] = (
    Rescaling,
    RandomFlip,
    RandomRotation,
    RandomZoom,
    RandomTranslation,
    RandomContrast,
)

ALIASES: dict[str, str] = {}

OMITTED: dict[str, dict[str, str]] = {}
