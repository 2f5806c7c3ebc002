"""Rules of the layers that prepare images, and of those that vary them while training.

The latter do no work in a forward pass of a trained model.
"""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.augmentation import (
    AutoContrast,
    CenterCrop,
    ContrastLimitedAdaptiveHistogramEqualization,
    RandAugment,
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomErasing,
    RandomGaussianBlur,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPerspective,
    RandomPosterization,
    RandomSaturation,
    RandomSharpness,
    RandomShear,
    Resizing,
    Solarization,
)
from ..graph import Inference, TensorType
from .checks import entries, need_float, times
from .rule import Rule, RuleError
from .windows import AXES, Layout, layout_of, need_axes

Coloured = RandomColorDegeneration | RandomGrayscale | RandomHue | RandomSaturation
Cut = CenterCrop | Resizing

LAST = Layout(2, False)

NEIGHBOURS = {"nearest": 0, "bilinear": 4, "bicubic": 16, "lanczos3": 36, "lanczos5": 100}
"""How many old entries an interpolation weighs for a new one."""

SHADES = 256
"""Number of values that an equalized image can have."""


def _layout(layer: LayerSpec) -> Layout:
    return layout_of(getattr(layer, "data_format", None), 2)


def _only_floats(layer: LayerSpec, given: TensorType) -> None:
    """Raise HB405 for integers, which Keras keeps in use and outside graphs only."""
    need_float(type(layer).__name__, given, "takes floating-point numbers")


def _sizes(layer: LayerSpec, given: TensorType, remedy: str | None = None) -> tuple[int, int]:
    """Return the height and the width; raise HB406 where one is not known."""
    height, width = (given.shape[axis] for axis in _layout(layer).spatial)
    if height is None or width is None:
        raise RuleError(
            "HB406",
            f"`{type(layer).__name__}` needs a known height and width, but receives {given}",
            help=remedy or "put a `Resizing` before it",
        )
    return height, width


def _channels(
    layer: LayerSpec, given: TensorType, allowed: tuple[int, ...], field: str | None = None
) -> None:
    """Raise HB406 or HB404 unless the number of channels is known and one of those allowed."""
    found, name = given.shape[_layout(layer).channels], type(layer).__name__
    wanted = " or ".join(str(one) for one in allowed)
    if found is None:
        raise RuleError(
            "HB406",
            f"`{name}` takes images of {wanted} channels, and must know their number, "
            f"but receives {given}",
            field=field,
        )
    if found not in allowed:
        axis = _layout(layer).channels
        raise RuleError(
            "HB404",
            f"`{name}` takes images of {wanted} channels, but axis {axis} of its input "
            f"has {found}: {given}",
            field=field,
            help=_elsewhere(layer, given, allowed),
        )


def _elsewhere(layer: LayerSpec, given: TensorType, allowed: tuple[int, ...]) -> str | None:
    """Suggest the other ``data_format`` where the channels seem to stand there."""
    first = not _layout(layer).first
    if "data_format" not in type(layer).model_fields or isinstance(layer, RandAugment):
        return None
    if given.shape[Layout(2, first).channels] not in allowed:
        return None
    return f"use `data_format: {'channels_first' if first else 'channels_last'}`"


def _any_numbers(
    layer: RandomGaussianBlur | RandomSharpness | RandomShear | Solarization,
    inputs: tuple[TensorType, ...],
) -> Inference:
    (given,) = inputs
    need_axes(type(layer).__name__, given, _layout(layer))
    return Inference(TensorType(given.shape))


def _floats(
    layer: RandomBrightness | RandomInvert | RandomPosterization, inputs: tuple[TensorType, ...]
) -> Inference:
    (given,) = inputs
    need_axes(type(layer).__name__, given, _layout(layer))
    _only_floats(layer, given)
    return Inference(given)


def _coloured(*allowed: int) -> Rule:
    def rule(layer: Coloured, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        need_axes(type(layer).__name__, given, _layout(layer))
        _only_floats(layer, given)
        _channels(layer, given, allowed)
        return Inference(given)

    return rule


def _jitter(layer: RandomColorJitter, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes("RandomColorJitter", given, _layout(layer))
    _only_floats(layer, given)
    for field in ("saturation_factor", "hue_factor"):
        if getattr(layer, field) is not None:
            _channels(layer, given, (3,), field)
    return Inference(given)


def _rand_augment(layer: RandAugment, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes("RandAugment", given, LAST)
    _channels(layer, given, (1, 3))
    return Inference(TensorType(given.shape))


def _erasing(layer: RandomErasing, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes("RandomErasing", given, _layout(layer))
    _sizes(layer, given)
    if isinstance(layer.fill_value, tuple):
        _channels(layer, given, (len(layer.fill_value),), "fill_value")
    return Inference(TensorType(given.shape))


def _perspective(layer: RandomPerspective, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    layout = _layout(layer)
    need_axes("RandomPerspective", given, layout)
    for place, size in enumerate(_sizes(layer, given)):
        if size < 2:
            # Two of the corners that it moves would be one, and its equations have no solution.
            raise RuleError(
                "HB402",
                f"`RandomPerspective` moves the four corners of an image, but the "
                f"{AXES[2][place]} (axis {layout.spatial[place]}) has 1 entry: {given}",
            )
    return Inference(TensorType(given.shape))


# In training and in use alike


def _resized(layer: Cut, given: TensorType) -> TensorType:
    layout = _layout(layer)
    return TensorType(layout.shape((layer.height, layer.width), given.shape[layout.channels]))


def _resizing(layer: Resizing, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes("Resizing", given, _layout(layer))
    _only_floats(layer, given)
    output = _resized(layer, given)
    return Inference(output, (), times(2 * NEIGHBOURS[layer.interpolation], entries(output)))


def _center_crop(layer: CenterCrop, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes("CenterCrop", given, _layout(layer))
    remedy = "`Resizing: {crop_to_aspect_ratio: true}` takes images of any size"
    height, width = _sizes(layer, given, remedy)
    output = _resized(layer, given)
    if height >= layer.height and width >= layer.width:
        return Inference(output)
    return Inference(output, (), times(2 * NEIGHBOURS["bilinear"], entries(output)))


def _auto_contrast(_: AutoContrast, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes("AutoContrast", given, LAST)
    # The smallest and the largest entry, a product and a sum.
    return Inference(TensorType(given.shape), (), times(4, entries(given)))


def _equalized(
    layer: ContrastLimitedAdaptiveHistogramEqualization, inputs: tuple[TensorType, ...]
) -> Inference:
    (given,) = inputs
    name, layout = type(layer).__name__, _layout(layer)
    need_axes(name, given, layout)
    _only_floats(layer, given)
    sizes = _sizes(layer, given)
    for place, (size, tiles) in enumerate(zip(sizes, layer.tile_grid_size, strict=True)):
        if _padded(size, tiles) > 2 * size:
            raise RuleError(
                "HB402",
                f"`{name}` lays {tiles} tiles along the {AXES[2][place]} "
                f"(axis {layout.spatial[place]}), but its input has {size} entries there: {given}",
                field="tile_grid_size",
                help=f"use at most {2 * size} tiles",
            )
    height, width = (
        _padded(size, tiles) for size, tiles in zip(sizes, layer.tile_grid_size, strict=True)
    )
    # Keras counts shades by comparing every entry with each of them, and adding up.
    work = times(2 * SHADES, height, width, given.shape[layout.channels])
    return Inference(given, (), work)


def _padded(size: int, tiles: int) -> int:
    """Return the size that tiles of equal size cover."""
    return -(-size // tiles) * tiles


RULES: dict[type[LayerSpec], Rule] = {
    AutoContrast: _auto_contrast,
    CenterCrop: _center_crop,
    ContrastLimitedAdaptiveHistogramEqualization: _equalized,
    RandAugment: _rand_augment,
    RandomBrightness: _floats,
    RandomColorDegeneration: _coloured(3),
    RandomColorJitter: _jitter,
    RandomErasing: _erasing,
    RandomGaussianBlur: _any_numbers,
    RandomGrayscale: _coloured(1, 3),
    RandomHue: _coloured(3),
    RandomInvert: _floats,
    RandomPerspective: _perspective,
    RandomPosterization: _floats,
    RandomSaturation: _coloured(3),
    RandomSharpness: _any_numbers,
    RandomShear: _any_numbers,
    Resizing: _resizing,
    Solarization: _any_numbers,
}
