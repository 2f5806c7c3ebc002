"""Layers that sum up a window, or all, of each channel in one number."""

from __future__ import annotations

from typing import ClassVar, final

from ..base import LayerSpec
from .fields import (
    DataFormat,
    KeepDims,
    Padding,
    PoolSize1,
    PoolSize2,
    PoolSize3,
    PoolStrides1,
    PoolStrides2,
    PoolStrides3,
)


@final
class MaxPooling1D(LayerSpec):
    """Takes the largest entry of each window of a sequence, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize1 = 2
    strides: PoolStrides1 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class MaxPooling2D(LayerSpec):
    """Takes the largest entry of each window of an image, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize2 = (2, 2)
    strides: PoolStrides2 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class MaxPooling3D(LayerSpec):
    """Takes the largest entry of each window of a volume, channel by channel."""

    positional: ClassVar[int | None] = 1

    pool_size: PoolSize3 = (2, 2, 2)
    strides: PoolStrides3 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class AveragePooling1D(LayerSpec):
    """Averages the entries of each window of a sequence, channel by channel."""

    pool_size: PoolSize1
    strides: PoolStrides1 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class AveragePooling2D(LayerSpec):
    """Averages the entries of each window of an image, channel by channel."""

    pool_size: PoolSize2
    strides: PoolStrides2 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class AveragePooling3D(LayerSpec):
    """Averages the entries of each window of a volume, channel by channel."""

    pool_size: PoolSize3
    strides: PoolStrides3 = None
    padding: Padding = "valid"
    data_format: DataFormat = None


@final
class GlobalMaxPooling1D(LayerSpec):
    """Takes the largest entry of each channel of a sequence."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalMaxPooling2D(LayerSpec):
    """Takes the largest entry of each channel of an image."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalMaxPooling3D(LayerSpec):
    """Takes the largest entry of each channel of a volume."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalAveragePooling1D(LayerSpec):
    """Averages the entries of each channel of a sequence."""

    calls: ClassVar[tuple[str, ...]] = ("mask",)

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalAveragePooling2D(LayerSpec):
    """Averages the entries of each channel of an image."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


@final
class GlobalAveragePooling3D(LayerSpec):
    """Averages the entries of each channel of a volume."""

    data_format: DataFormat = None
    keepdims: KeepDims = False


OMITTED: dict[str, dict[str, str]] = {}
