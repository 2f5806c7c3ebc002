"""Layers that keep the largest, or the mean, of each window or of everything."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field

from ..base import LayerSpec
from .fields import DataFormat

Size = Annotated[int, Field(ge=1)]

Sizes1 = Size | tuple[Size]
Sizes2 = Size | tuple[Size, Size]
Sizes3 = Size | tuple[Size, Size, Size]

WINDOW = "Size of the window: one number, or one an axis."
STEP = "How far the window moves at a time; `null` means its own size."

PoolSize1 = Annotated[Sizes1, Field(description="Length of the window.")]
PoolSize2 = Annotated[Sizes2, Field(description=WINDOW)]
PoolSize3 = Annotated[Sizes3, Field(description=WINDOW)]
Strides1 = Annotated[Sizes1 | None, Field(description=STEP)]
Strides2 = Annotated[Sizes2 | None, Field(description=STEP)]
Strides3 = Annotated[Sizes3 | None, Field(description=STEP)]
Padding = Annotated[
    Literal["valid", "same"],
    Field(description="Whether windows that stick out are left out (valid) or kept (same)."),
]
KeepDims = Annotated[
    bool, Field(description="Whether to keep the axes that are pooled, with size 1.")
]


@final
class MaxPooling1D(LayerSpec):
    """Keeps the largest of each window of a sequence, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize1 = 2
    strides: Strides1 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class MaxPooling2D(LayerSpec):
    """Keeps the largest of each window of an image, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize2 = (2, 2)
    strides: Strides2 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class MaxPooling3D(LayerSpec):
    """Keeps the largest of each window of a volume, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize3 = (2, 2, 2)
    strides: Strides3 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class AveragePooling1D(LayerSpec):
    """Keeps the mean of each window of a sequence, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize1
    strides: Strides1 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class AveragePooling2D(LayerSpec):
    """Keeps the mean of each window of an image, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize2
    strides: Strides2 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class AveragePooling3D(LayerSpec):
    """Keeps the mean of each window of a volume, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize3
    strides: Strides3 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class GlobalMaxPooling1D(LayerSpec):
    """Keeps the largest of each channel of a sequence."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalMaxPooling2D(LayerSpec):
    """Keeps the largest of each channel of an image."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalMaxPooling3D(LayerSpec):
    """Keeps the largest of each channel of a volume."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalAveragePooling1D(LayerSpec):
    """Keeps the mean of each channel of a sequence."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalAveragePooling2D(LayerSpec):
    """Keeps the mean of each channel of an image."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalAveragePooling3D(LayerSpec):
    """Keeps the mean of each channel of a volume."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


LAYERS: tuple[type[LayerSpec], ...] = (
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)

ALIASES: dict[str, str] = {
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
}

OMITTED: dict[str, dict[str, str]] = {}
