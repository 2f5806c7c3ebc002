"""What the classes of the image layers take and refuse, in words."""

from __future__ import annotations

from typing import Any

import pytest

from families import layers_of
from hornbook.specs.base import Fault, LayerSpec, registry
from hornbook.specs.choices import read_choice
from hornbook.specs.layers import REFUSED, augmentation

Arguments = dict[str, Any]


def read(name: str, arguments: Arguments) -> LayerSpec:
    found = read_choice(registry("layer"), {name: arguments})
    assert isinstance(found, LayerSpec), found
    return found


def faults(name: str, arguments: Arguments) -> tuple[Fault, ...]:
    found = read_choice(registry("layer"), {name: arguments})
    assert isinstance(found, tuple), f"{name} takes {arguments}"
    return found


@pytest.mark.parametrize("cls", layers_of(augmentation), ids=lambda cls: cls.__name__)
def test_every_field_has_one_line(cls: type[LayerSpec]) -> None:
    for name, info in cls.model_fields.items():
        assert info.description, name
        assert info.description.endswith("."), name
        assert "\n" not in info.description, name
    assert cls.__doc__


@pytest.mark.parametrize("cls", layers_of(augmentation), ids=lambda cls: cls.__name__)
def test_required_fields_lead(cls: type[LayerSpec]) -> None:
    """Source writes them without their names."""
    own = [info for name, info in cls.model_fields.items() if name not in LayerSpec.model_fields]
    required = [info.is_required() for info in own]
    assert required == sorted(required, reverse=True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Resizing", {"height": 4, "width": 5, "interpolation": "lanczos5", "antialias": True}),
        ("RandomHue", {"factor": 1}),
        ("RandomBrightness", {"factor": (-1, 1), "value_range": (0, 1)}),
        ("RandomSaturation", {"factor": 1, "value_range": (0, 1)}),
        ("RandomSaturation", {"factor": (0.5, -0.5)}),
        ("RandomPosterization", {"factor": (8, 1)}),
        ("RandomErasing", {"fill_value": (1, 2, 3)}),
        ("RandomGaussianBlur", {"kernel_size": (1, 5)}),
        ("RandomShear", {"x_factor": (1, 1), "y_factor": 1}),
        ("RandomColorJitter", {"brightness_factor": 0.5, "data_format": "channels_first"}),
        ("Solarization", {"addition_factor": (0, 1)}),
        ("RandAugment", {}),
    ],
)
def test_taken(name: str, arguments: Arguments) -> None:
    read(name, arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "field"),
    [
        ("Resizing", {"height": 0, "width": 4}, "height"),
        ("Resizing", {"height": 4, "width": 4, "fill_mode": "reflect"}, "fill_mode"),
        ("Resizing", {"height": 4, "width": 4, "interpolation": "area"}, "interpolation"),
        ("RandomBrightness", {"factor": 1.5}, "factor"),
        ("RandomBrightness", {"factor": True}, "factor"),
        ("RandomHue", {"factor": -0.5}, "factor"),
        ("RandomGrayscale", {"factor": (0, 1)}, "factor"),
        ("RandomPosterization", {"factor": 0}, "factor"),
        ("RandomPosterization", {"factor": 2.5}, "factor"),
        ("RandomErasing", {"fill_value": (1, 2)}, "fill_value"),
        ("RandomPerspective", {"interpolation": "bicubic"}, "interpolation"),
        ("RandomShear", {"x_factor": -0.5}, "x_factor"),
        ("RandAugment", {"num_ops": 0}, "num_ops"),
        (
            "ContrastLimitedAdaptiveHistogramEqualization",
            {"tile_grid_size": (8, 0)},
            "tile_grid_size",
        ),
    ],
)
def test_types_and_bounds(name: str, arguments: Arguments, field: str) -> None:
    found = faults(name, arguments)
    assert {fault.path[1] for fault in found} == {field}
    assert {fault.code for fault in found} <= {"HB203", "HB204"}


RANGE = "value_range"
CONFLICTS: list[tuple[str, Arguments, str, str]] = [
    ("AutoContrast", {RANGE: (1, 1)}, RANGE, "`value_range` goes from 1"),
    (
        "Resizing",
        {"height": 4, "width": 4, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
        "pad_to_aspect_ratio",
        "by cropping or by padding, not by both",
    ),
    ("RandomSaturation", {"factor": 0.6}, "factor", "above 0.5 the saturation grows"),
    ("RandomSaturation", {"factor": 0.1, RANGE: (-1, 1)}, RANGE, "would be cut off at -1"),
    (
        "RandomColorJitter",
        {"saturation_factor": (0.1, 0.9)},
        "saturation_factor",
        "above 0.5 the saturation grows",
    ),
    (
        "RandomColorJitter",
        {"hue_factor": 0.1, "data_format": "channels_first"},
        "data_format",
        "look for the channels in the last axis",
    ),
    ("RandAugment", {"data_format": "channels_first"}, "data_format", "`AutoContrast`"),
    ("RandAugment", {"factor": (1, 1)}, "factor", "makes a line of an image"),
    ("RandomShear", {"x_factor": (1, 1), "y_factor": (1, 1)}, "y_factor", "is a line"),
    ("RandomInvert", {RANGE: (-1, 1)}, RANGE, "leaves a range from -1"),
    ("Solarization", {"threshold_factor": (0.2, 0.5)}, "threshold_factor", "smaller one, 0.2"),
    (
        "RandomErasing",
        {"fill_value": (1, 2, 3), "data_format": "channels_first"},
        "fill_value",
        "does not hold the channels",
    ),
    ("RandomGaussianBlur", {"kernel_size": 4}, "kernel_size", "an odd size"),
    ("RandomGaussianBlur", {"kernel_size": (3, 5)}, "kernel_size", "a kernel of 3 by 5"),
]


@pytest.mark.parametrize(("name", "arguments", "field", "words"), CONFLICTS)
def test_conflicts(name: str, arguments: Arguments, field: str, words: str) -> None:
    (fault,) = faults(name, arguments)
    assert (fault.code, fault.path) == ("HB207", (name, field))
    assert words in fault.message


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_left_out_says_why(name: str) -> None:
    (fault,) = faults(name, {})
    assert REFUSED[name] in f"{fault.message} {fault.help}"
