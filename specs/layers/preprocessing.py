"""Layers that scale their input, or vary pictures while training."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field, model_validator

from ..base import LayerSpec, conflict
from .fields import DataFormat, Seed

Number = Annotated[float, Field()]
Unit = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]

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

    scale: Annotated[float, Field(description="The factor, for example `1 / 255` for pictures.")]
    offset: Annotated[float, Field(description="What is added after the factor.")] = 0.0
