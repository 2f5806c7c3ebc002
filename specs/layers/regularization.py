"""Layers that disturb their input while training, so that the model relies on no detail."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field

from ..base import LayerSpec
from ..regularizers import L1Factor, L2Factor
from .fields import DataFormat, Seed

Rate = Annotated[float, Field(ge=0, lt=1, description="Fraction of the entries to drop.")]
NoiseShape = Annotated[
    tuple[Annotated[int, Field(ge=1)] | None, ...] | None,
    Field(
        min_length=1,
        description="Shape of the random mask, the batch included; 1 shares it along an axis.",
    ),
]
NoWeights = Annotated[
    Literal[True], Field(description="Always true: the layer has no weights, and Keras no switch.")
]


@final
class Dropout(LayerSpec):
    """Sets a random fraction of the entries to zero while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    rate: Rate
    noise_shape: NoiseShape = None
    seed: Seed = None


@final
class AlphaDropout(LayerSpec):
    """Sets random entries to the least that `selu` makes while training; keeps mean and variance."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    rate: Rate
    noise_shape: NoiseShape = None
    seed: Seed = None


@final
class SpatialDropout1D(LayerSpec):
    """Sets random whole channels of a sequence to zero while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    trainable: NoWeights = True

    rate: Rate
    seed: Seed = None


@final
class SpatialDropout2D(LayerSpec):
    """Sets random whole channels of an image to zero while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    trainable: NoWeights = True

    rate: Rate
    data_format: DataFormat = None
    seed: Seed = None


@final
class SpatialDropout3D(LayerSpec):
    """Sets random whole channels of a volume to zero while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    trainable: NoWeights = True

    rate: Rate
    data_format: DataFormat = None
    seed: Seed = None


@final
class GaussianNoise(LayerSpec):
    """Adds normal noise while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    stddev: Annotated[float, Field(ge=0, le=1, description="Standard deviation of the noise.")]
    seed: Seed = None


@final
class GaussianDropout(LayerSpec):
    """Multiplies by normal noise around one while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    rate: Annotated[
        float, Field(ge=0, lt=1, description="Drop rate that the strength of the noise is that of.")
    ]
    seed: Seed = None


@final
class ActivityRegularization(LayerSpec):
    """Hands its input on, and adds a penalty on its entries to the loss."""

    l1: L1Factor = 0.0
    l2: L2Factor = 0.0


OMITTED: dict[str, dict[str, str]] = {}
