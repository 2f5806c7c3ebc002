"""Layers that pool an axis of any size to one of a given size."""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field

from ..base import LayerSpec
from .fields import DataFormat, Size

_OUTPUT = "Size that each axis is pooled to: one number, or one for each axis."

OutputSize1 = Annotated[Size | tuple[Size], Field(description=_OUTPUT)]
OutputSize2 = Annotated[Size | tuple[Size, Size], Field(description=_OUTPUT)]
OutputSize3 = Annotated[Size | tuple[Size, Size, Size], Field(description=_OUTPUT)]


@final
class AdaptiveAveragePooling1D(LayerSpec):
    """Parts a sequence into so many stretches and averages each, channel by channel."""

    output_size: OutputSize1
    data_format: DataFormat = None


@final
class AdaptiveAveragePooling2D(LayerSpec):
    """Parts an image into so many tiles and averages each, channel by channel."""

    output_size: OutputSize2
    data_format: DataFormat = None


@final
class AdaptiveAveragePooling3D(LayerSpec):
    """Parts a volume into so many blocks and averages each, channel by channel."""

    output_size: OutputSize3
    data_format: DataFormat = None


@final
class AdaptiveMaxPooling1D(LayerSpec):
    """Takes the largest entry of each of so many stretches of a sequence, channel by channel."""

    output_size: OutputSize1
    data_format: DataFormat = None


@final
class AdaptiveMaxPooling2D(LayerSpec):
    """Takes the largest entry of each of so many tiles of an image, channel by channel."""

    output_size: OutputSize2
    data_format: DataFormat = None


@final
class AdaptiveMaxPooling3D(LayerSpec):
    """Takes the largest entry of each of so many blocks of a volume, channel by channel."""

    output_size: OutputSize3
    data_format: DataFormat = None


OMITTED: dict[str, dict[str, str]] = {}
