"""Layers that prepare images, and layers that vary their colours and shapes while training."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from ..base import LayerSpec, conflict
from .fields import DataFormat, Seed, Size
from .preprocessing import FillMode, FillValue, Interpolation

Share = Annotated[float, Field(ge=0, le=1)]
Signed = Annotated[float, Field(ge=-1, le=1)]
Bits = Annotated[int, Field(ge=1, le=8)]

Chance = Annotated[
    Share | tuple[Share, Share],
    Field(
        description="How likely an image is varied: at most this likely, or a chance between two."
    ),
]


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    """Refuse a range that holds no number."""
    low, high = bounds
    if low >= high:
        raise conflict("", f"`value_range` goes from {low} to {high}, which is empty")
    return bounds


ValueRange = Annotated[
    tuple[float, float],
    AfterValidator(_ascending),
    Field(description="Smallest and largest entry that an image can have."),
]


def _bounds(factor: float | tuple[float, float]) -> tuple[float, float]:
    """Return the smallest and the largest number that a factor asks for, one number being both."""
    return (factor, factor) if not isinstance(factor, tuple) else (min(factor), max(factor))


def _saturable(
    field: str, factor: float | tuple[float, float], value_range: tuple[float, float]
) -> None:
    """Refuse a change of saturation that drives colours out of their range.

    Keras cuts the saturation, which runs from 0 to 1, off at the ends of ``value_range``.
    """
    low, high = value_range
    if low != 0 or high < 1:
        raise conflict(
            "value_range",
            f"a saturation runs from 0 to 1, and would be cut off at {low} and {high}",
            "scale the images to `value_range: [0, 1]`, or to `[0, 255]`",
        )
    if high > 1 and _bounds(factor)[1] > 0.5:
        raise conflict(
            field,
            f"above 0.5 the saturation grows, and only `value_range: [0, 1]` would keep it "
            f"below 1, not {list(value_range)}",
            "use at most 0.5, or put a `Rescaling` before it",
        )


def _always_whole(*factors: float | tuple[float, float]) -> bool:
    """Tell whether slants can only be as large as the image, which makes a line of it."""
    return all(isinstance(one, tuple) and min(one) == 1 for one in factors)


def _misplaced(what: str) -> PydanticCustomError:
    """Make the error of a layer whose parts do not heed where the channels stand."""
    return conflict(
        "data_format",
        f"{what} for the channels in the last axis, whatever `data_format` says",
        "put a `Permute: {dims: [2, 3, 1]}` before it",
    )


# In training and in use alike


@final
class Resizing(LayerSpec):
    """Brings images to one size."""

    height: Annotated[Size, Field(description="Height of the output.")]
    width: Annotated[Size, Field(description="Width of the output.")]
    interpolation: Annotated[
        Literal["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"],
        Field(description="How to find an entry between others."),
    ] = "bilinear"
    crop_to_aspect_ratio: Annotated[
        bool, Field(description="Whether to cut off what does not fit the new proportions.")
    ] = False
    pad_to_aspect_ratio: Annotated[
        bool, Field(description="Whether to fill up what the new proportions leave empty.")
    ] = False
    fill_mode: Annotated[
        Literal["constant"], Field(description="How `pad_to_aspect_ratio` fills up.")
    ] = "constant"
    fill_value: Annotated[
        float, Field(description="The value that `pad_to_aspect_ratio` fills in.")
    ] = 0.0
    antialias: Annotated[
        bool, Field(description="Whether to smooth an image that is made smaller.")
    ] = False
    data_format: DataFormat = None

    @model_validator(mode="after")
    def _one_way(self) -> Resizing:
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise conflict(
                "pad_to_aspect_ratio",
                "an image is brought to its new proportions by cropping or by padding, not by both",
                "remove `crop_to_aspect_ratio` or `pad_to_aspect_ratio`",
            )
        return self


@final
class CenterCrop(LayerSpec):
    """Cuts out the middle of images, enlarging images that are too small."""

    height: Annotated[Size, Field(description="Height of the output.")]
    width: Annotated[Size, Field(description="Width of the output.")]
    data_format: DataFormat = None


@final
class AutoContrast(LayerSpec):
    """Stretches every channel of an image over the whole range of values."""

    value_range: ValueRange = (0, 255)


@final
class ContrastLimitedAdaptiveHistogramEqualization(LayerSpec):
    """Evens out the contrast of every region of an image; no gradient passes through it."""

    value_range: ValueRange = (0, 255)
    clip_limit: Annotated[
        float, Field(ge=0, description="Limit to the contrast of a tile; 0 sets none.")
    ] = 4.0
    tile_grid_size: Annotated[
        tuple[Size, Size], Field(description="Number of tiles along the height and the width.")
    ] = (8, 8)
    data_format: DataFormat = None


# While training: colours


@final
class RandomBrightness(LayerSpec):
    """Makes images brighter and darker at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Signed | tuple[Signed, Signed],
        Field(description="Largest shift either way, or both bounds, as a share of the range."),
    ]
    value_range: ValueRange = (0, 255)
    seed: Seed = None


@final
class RandomColorDegeneration(LayerSpec):
    """Takes colour from images, or adds to it, at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Signed | tuple[Signed, Signed],
        Field(description="Largest change either way, or both bounds; 1 makes gray."),
    ]
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


@final
class RandomColorJitter(LayerSpec):
    """Varies brightness, contrast, saturation and hue of images at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    value_range: ValueRange = (0, 255)
    brightness_factor: Annotated[
        Signed | tuple[Signed, Signed] | None,
        Field(description="What `RandomBrightness` calls `factor`; `null` leaves it."),
    ] = None
    contrast_factor: Annotated[
        Share | tuple[Share, Share] | None,
        Field(description="What `RandomContrast` calls `factor`; `null` leaves it."),
    ] = None
    saturation_factor: Annotated[
        Signed | tuple[Signed, Signed] | None,
        Field(description="What `RandomSaturation` calls `factor`; `null` leaves it."),
    ] = None
    hue_factor: Annotated[
        Share | tuple[Share, Share] | None,
        Field(description="What `RandomHue` calls `factor`; `null` leaves it."),
    ] = None
    seed: Seed = None
    data_format: DataFormat = None

    @model_validator(mode="after")
    def _in_range(self) -> RandomColorJitter:
        if self.saturation_factor is not None:
            _saturable("saturation_factor", self.saturation_factor, self.value_range)
        return self

    @model_validator(mode="after")
    def _channels_last(self) -> RandomColorJitter:
        parts = (self.contrast_factor, self.saturation_factor, self.hue_factor)
        if self.data_format == "channels_first" and parts != (None, None, None):
            raise _misplaced("contrast, saturation and hue look")
        return self


@final
class RandomGrayscale(LayerSpec):
    """Turns random images gray while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[Share, Field(description="How likely an image turns gray.")] = 0.5
    data_format: DataFormat = None
    seed: Seed = None


@final
class RandomHue(LayerSpec):
    """Turns the hue of images at random while training; no gradient passes through it."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Largest turn either way, or both bounds; 1 is half of the circle."),
    ]
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


@final
class RandomInvert(LayerSpec):
    """Turns random images into their negatives while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Chance = 1.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None

    @model_validator(mode="after")
    def _from_zero(self) -> RandomInvert:
        low, high = self.value_range
        if low != 0:
            raise conflict(
                "value_range",
                f"a negative is {high} less the entry, which leaves a range from {low}",
                "scale the images to a range that begins at 0",
            )
        return self


@final
class RandomPosterization(LayerSpec):
    """Leaves images fewer shades at random while training; no gradient passes through it."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Bits | tuple[Bits, Bits],
        Field(description="Bits kept: fewer than this, or at least one and fewer than another."),
    ]
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


@final
class RandomSaturation(LayerSpec):
    """Varies the saturation of images at random while training; no gradient passes through it."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Signed | tuple[Signed, Signed],
        Field(
            description="Both bounds, or one and its negative: up to 0 is gray, 0.5 is no change."
        ),
    ]
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None

    @model_validator(mode="after")
    def _in_range(self) -> RandomSaturation:
        _saturable("factor", self.factor, self.value_range)
        return self


@final
class Solarization(LayerSpec):
    """Turns the bright parts of images into their negatives while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    addition_factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Most that is added before, as a share of the range."),
    ] = 0.0
    threshold_factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Highest threshold of what is bright, as a share of the range."),
    ] = 0.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    @model_validator(mode="after")
    def _from_zero(self) -> Solarization:
        for field in ("addition_factor", "threshold_factor"):
            factor: float | tuple[float, float] = getattr(self, field)
            if isinstance(factor, tuple) and min(factor) > 0:
                raise conflict(
                    field,
                    f"Keras takes the larger bound of `{field}` for a share of the range, and the "
                    f"smaller one, {min(factor)}, for a value",
                    f"write the larger bound alone: `{field}: {max(factor)}`",
                )
        return self


# While training: shapes and regions


@final
class RandomErasing(LayerSpec):
    """Covers a random region of images while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Chance = 1.0
    scale: Annotated[
        Share | tuple[Share, Share],
        Field(description="Size of the region, as a share of the image: at most, or both bounds."),
    ] = (0.02, 0.33)
    fill_value: Annotated[
        float | tuple[float, float, float] | None,
        Field(description="What covers it: a number, one for each of 3 channels, or noise."),
    ] = None
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None

    @model_validator(mode="after")
    def _last_axis(self) -> RandomErasing:
        if isinstance(self.fill_value, tuple) and self.data_format == "channels_first":
            raise conflict(
                "fill_value",
                "three numbers are for the last axis, which does not hold the channels here",
                "give one number, or put a `Permute: {dims: [2, 3, 1]}` before it",
            )
        return self


@final
class RandomGaussianBlur(LayerSpec):
    """Blurs random images while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Chance = 1.0
    kernel_size: Annotated[
        Size | tuple[Size, Size], Field(description="Size of the kernel, an odd number.")
    ] = 3
    sigma: Annotated[
        Share | tuple[Share, Share],
        Field(description="Width of the blur: at most this wide, or both bounds."),
    ] = 1.0
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None

    @model_validator(mode="after")
    def _kernel(self) -> RandomGaussianBlur:
        size = self.kernel_size
        one, other = size if isinstance(size, tuple) else (size, size)
        if one % 2 == 0 or other % 2 == 0:
            raise conflict("kernel_size", "a kernel with a middle has an odd size")
        if one != other and 1 not in (one, other):
            raise conflict(
                "kernel_size",
                f"Keras mixes up the rows and columns of a kernel of {one} by {other}",
                f"use the same size both ways: `kernel_size: {max(one, other)}`",
            )
        return self


@final
class RandomPerspective(LayerSpec):
    """Tilts random images while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Chance = 1.0
    scale: Annotated[Share, Field(description="How far the corners move at most.")] = 1.0
    interpolation: Interpolation = "bilinear"
    fill_value: Annotated[
        float, Field(description="The value that stands where the image does not reach.")
    ] = 0.0
    seed: Seed = None
    data_format: DataFormat = None


@final
class RandomSharpness(LayerSpec):
    """Blurs and sharpens images at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Upper bound, or both bounds: 0 blurs, 0.5 is no change, 1 sharpens."),
    ]
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


@final
class RandomShear(LayerSpec):
    """Slants images at random while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    x_factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Largest slant of the columns, or both bounds."),
    ] = 0.0
    y_factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Largest slant of the rows, or both bounds."),
    ] = 0.0
    interpolation: Interpolation = "bilinear"
    fill_mode: FillMode = "reflect"
    fill_value: FillValue = 0.0
    data_format: DataFormat = None
    seed: Seed = None

    @model_validator(mode="after")
    def _area(self) -> RandomShear:
        if _always_whole(self.x_factor, self.y_factor):
            raise conflict(
                "y_factor",
                "an image slanted by its whole size both ways is a line, which has no way back",
                "lower one of the bounds",
            )
        return self


@final
class RandAugment(LayerSpec):
    """Applies a few random variations of colour and shape to images while training."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    value_range: ValueRange = (0, 255)
    num_ops: Annotated[Size, Field(description="Number of variations, one after the other.")] = 2
    factor: Annotated[
        Share | tuple[Share, Share],
        Field(description="Strength of each variation: at most this, or both bounds."),
    ] = 0.5
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    data_format: DataFormat = None

    @model_validator(mode="after")
    def _area(self) -> RandAugment:
        if _always_whole(self.factor):
            raise conflict(
                "factor",
                "at full strength its slant makes a line of an image, which has no way back",
                "lower one of the bounds",
            )
        return self

    @model_validator(mode="after")
    def _channels_last(self) -> RandAugment:
        if self.data_format == "channels_first":
            raise _misplaced("`AutoContrast`, one of its variations, looks")
        return self


OMITTED: dict[str, dict[str, str]] = {}
