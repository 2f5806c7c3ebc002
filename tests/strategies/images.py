"""Hypothesis strategies for the layers that prepare images and vary them while training.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.normalization import SEED, Arguments, Shape, options

LAST = ("channels_last", None)
FORMATS = ("channels_last", "channels_first", None)
FLOATS = ("float32",)
DTYPES = ("float32", "int32", "int64", "uint8", "bool")

SHARE = st.sampled_from([0.0, 0.25, 0.5, 1.0])
SHARES = SHARE | st.tuples(SHARE, SHARE)
BELOW = st.tuples(SHARE, SHARE).filter(lambda bounds: min(bounds) < 1)
"""Two bounds that leave room below 1."""
SIGNED = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])
EITHER = SIGNED | st.tuples(SIGNED, SIGNED)
MUTED = st.sampled_from([-1.0, 0.0, 0.25, 0.5])
BITS = st.integers(1, 8)
SIZE = st.integers(1, 6)
RANGE = st.sampled_from([(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)])
FROM_ZERO = st.sampled_from([(0.0, 255.0), (0.0, 1.0)])
INTERPOLATION = st.sampled_from(["nearest", "bilinear"])


def axis_of_channels(data_format: str | None) -> int:
    return 1 if data_format == "channels_first" else 3


def spatial(shape: Shape, data_format: str | None) -> Shape:
    return shape[2:] if data_format == "channels_first" else shape[1:3]


def formats(
    shape: Shape,
    allowed: Sequence[str | None] = FORMATS,
    channels: Sequence[int] | None = None,
    least: int = 0,
) -> list[str | None]:
    """The values of ``data_format`` with which a layer takes a shape.

    ``least`` is the size that height and width must be known to have; 0 leaves them open.
    """
    return [
        one
        for one in allowed
        if (channels is None or shape[axis_of_channels(one)] in channels)
        and (least == 0 or all((size or 0) >= least for size in spatial(shape, one)))
    ]


@st.composite
def saturating(draw: st.DrawFn, factor: str) -> Arguments:
    """Draw a saturation together with a range in which it stays."""
    if draw(st.booleans()):
        return {factor: draw(EITHER), "value_range": (0.0, 1.0)}
    return {factor: draw(MUTED | st.tuples(MUTED, MUTED)), "value_range": draw(FROM_ZERO)}


@dataclass(frozen=True)
class Image:
    """Which images a layer takes, and the arguments that it takes whatever the image."""

    arguments: SearchStrategy[Arguments]
    dtypes: Sequence[str] = DTYPES
    formats: Sequence[str | None] = FORMATS
    channels: Sequence[int] | None = None
    least: int = 0
    named: bool = True
    """Whether ``data_format`` is among the arguments."""

    def ways(self, shape: Shape) -> list[str | None]:
        return formats(shape, self.formats, self.channels, self.least) if len(shape) == 4 else []

    def accepts(self, shape: Shape, dtype: str) -> bool:
        return dtype in self.dtypes and bool(self.ways(shape))

    def fitting(self, shape: Shape) -> SearchStrategy[Arguments]:
        ways = st.sampled_from(self.ways(shape))
        return st.builds(self._placed, self.arguments, ways)

    def _placed(self, drawn: Arguments, data_format: str | None) -> Arguments:
        if not self.named or data_format is None:
            return drawn
        return drawn | {"data_format": data_format}


@st.composite
def resized(draw: st.DrawFn) -> Arguments:
    kept = draw(st.sampled_from(["crop_to_aspect_ratio", "pad_to_aspect_ratio", None]))
    ways = ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"]
    found: Arguments = {"height": draw(SIZE), "width": draw(SIZE)}
    if kept is not None:
        found[kept] = True
    return found | draw(
        options(
            interpolation=st.sampled_from(ways),
            fill_value=st.sampled_from([0.0, 0.5]),
            antialias=st.booleans(),
        )
    )


@st.composite
def equalized(draw: st.DrawFn, shape: Shape) -> Arguments:
    """Draw tiles that fit: padding mirrors the image, and no more than once."""
    image = TABLE["ContrastLimitedAdaptiveHistogramEqualization"]
    data_format = draw(st.sampled_from(image.ways(shape)))
    most = [2 * (size or 1) for size in spatial(shape, data_format)]
    tiles = tuple(draw(st.integers(1, min(size, 8))) for size in most)
    drawn = {"tile_grid_size": tiles} | draw(image.arguments)
    return drawn if data_format is None else drawn | {"data_format": data_format}


BLUR = st.sampled_from([1, 3, 5, (3, 3), (1, 5), (3, 1)])

TABLE: dict[str, Image] = {
    "Resizing": Image(resized(), FLOATS),
    "CenterCrop": Image(options({"height": SIZE, "width": SIZE}), least=1),
    "AutoContrast": Image(options(value_range=RANGE), formats=LAST, named=False),
    "ContrastLimitedAdaptiveHistogramEqualization": Image(
        options(value_range=RANGE, clip_limit=st.sampled_from([0.0, 0.5, 4.0])), FLOATS, least=1
    ),
    "RandomBrightness": Image(
        options({"factor": EITHER}, value_range=RANGE, seed=SEED), FLOATS, LAST, named=False
    ),
    "RandomColorDegeneration": Image(
        options({"factor": EITHER}, value_range=RANGE, seed=SEED), FLOATS, channels=(3,)
    ),
    "RandomColorJitter": Image(
        st.builds(
            lambda *parts: {name: value for part in parts for name, value in part.items()},
            options(brightness_factor=EITHER, contrast_factor=SHARES, hue_factor=SHARES, seed=SEED),
            saturating("saturation_factor"),
        ),
        FLOATS,
        LAST,
        channels=(3,),
    ),
    "RandomGrayscale": Image(options(factor=SHARE, seed=SEED), FLOATS, channels=(1, 3)),
    "RandomHue": Image(
        options({"factor": SHARES}, value_range=RANGE, seed=SEED), FLOATS, channels=(3,)
    ),
    "RandomInvert": Image(options(factor=SHARES, value_range=FROM_ZERO, seed=SEED), FLOATS),
    "RandomPosterization": Image(
        options({"factor": BITS | st.tuples(BITS, BITS)}, value_range=RANGE, seed=SEED), FLOATS
    ),
    "RandomSaturation": Image(saturating("factor"), FLOATS, channels=(3,)),
    "Solarization": Image(
        options(
            addition_factor=SHARE | st.tuples(st.just(0.0), SHARE),
            threshold_factor=SHARE,
            value_range=RANGE,
            seed=SEED,
        ),
        formats=LAST,
        named=False,
    ),
    "RandomErasing": Image(
        options(
            factor=SHARES,
            scale=SHARES,
            fill_value=st.sampled_from([None, 0.0, 0.5]),
            value_range=RANGE,
            seed=SEED,
        ),
        least=1,
    ),
    "RandomGaussianBlur": Image(
        options(factor=SHARES, kernel_size=BLUR, sigma=SHARES, value_range=RANGE, seed=SEED)
    ),
    "RandomPerspective": Image(
        options(
            factor=SHARES,
            scale=SHARE,
            interpolation=INTERPOLATION,
            fill_value=st.sampled_from([0.0, 0.5]),
            seed=SEED,
        ),
        least=2,
    ),
    "RandomSharpness": Image(options({"factor": SHARES}, value_range=RANGE, seed=SEED)),
    "RandomShear": Image(
        options(
            x_factor=SHARES,
            y_factor=SHARE | BELOW,
            interpolation=INTERPOLATION,
            fill_mode=st.sampled_from(["reflect", "wrap", "constant", "nearest"]),
            fill_value=st.sampled_from([0.0, 0.5]),
            seed=SEED,
        )
    ),
    "RandAugment": Image(
        options(
            value_range=RANGE,
            num_ops=st.integers(1, 2),
            factor=SHARE | BELOW,
            interpolation=INTERPOLATION,
            seed=SEED,
        ),
        formats=LAST,
        channels=(1, 3),
    ),
}

SHAPED: dict[str, Callable[[Shape], SearchStrategy[Arguments]]] = {
    "ContrastLimitedAdaptiveHistogramEqualization": equalized,
}
"""Layers some of whose arguments depend on the size of the image."""


def arguments_for(name: str, shape: Shape) -> SearchStrategy[Arguments]:
    """Draw arguments of a layer that are valid for an image that the layer takes."""
    return SHAPED[name](shape) if name in SHAPED else TABLE[name].fitting(shape)


def valid_items(shape: Shape, dtype: str) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers that take this shape and dtype, with arguments that they take."""
    return [
        (name, arguments_for(name, shape))
        for name, image in TABLE.items()
        if image.accepts(shape, dtype)
    ]
