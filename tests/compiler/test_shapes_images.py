"""Rules of the image layers by known answers: shapes, work, sentences."""

from __future__ import annotations

from typing import Any

import pytest

from hornbook.compiler.graph import Inference, TensorType
from hornbook.compiler.shapes import infer
from hornbook.compiler.shapes.rule import RuleError
from hornbook.specs.base import LayerSpec
from hornbook.specs.choices import read_choice
from hornbook.specs.registries import LAYER

Shape = tuple[int | None, ...]
Arguments = dict[str, Any]
CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"
FIRST = {"data_format": "channels_first"}
SIZE = {"height": 4, "width": 5}


def rule(name: str, arguments: Arguments, shape: Shape, dtype: str = "float32") -> Inference:
    layer = read_choice(LAYER, {name: arguments})
    assert isinstance(layer, LayerSpec), layer
    return infer(layer, (TensorType((None, *shape), dtype),))


def error(name: str, arguments: Arguments, shape: Shape, dtype: str = "float32") -> RuleError:
    with pytest.raises(RuleError) as caught:
        rule(name, arguments, shape, dtype)
    return caught.value


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "output"),
    [
        ("Resizing", SIZE, (None, None, 3), (4, 5, 3)),
        ("Resizing", SIZE | FIRST, (3, 9, 9), (3, 4, 5)),
        ("CenterCrop", SIZE, (9, 9, None), (4, 5, None)),
        ("CenterCrop", SIZE | FIRST, (3, 2, 2), (3, 4, 5)),
        ("RandomHue", {"factor": 0.5} | FIRST, (3, 9, None), (3, 9, None)),
        ("RandAugment", {}, (None, None, 1), (None, None, 1)),
    ],
)
def test_outputs(name: str, arguments: Arguments, shape: Shape, output: Shape) -> None:
    found = rule(name, arguments, shape)
    assert found.output == TensorType((None, *output))
    assert found.weights == ()


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "flops"),
    [
        # Four neighbours, weighed and added, for each of 4 x 5 x 3 entries.
        ("Resizing", SIZE, (9, 9, 3), 480),
        ("Resizing", SIZE | {"interpolation": "nearest"}, (9, 9, 3), 0),
        ("CenterCrop", SIZE, (9, 9, 3), 0),
        ("CenterCrop", SIZE, (3, 9, 3), 480),
        ("AutoContrast", {}, (2, 2, 3), 48),
        ("AutoContrast", {}, (None, 2, 3), None),
        # 3 x 3 is padded to 4 x 4, and each entry held against 256 shades.
        (CLAHE, {"tile_grid_size": (2, 2)}, (3, 3, 1), 2 * 256 * 16),
        ("RandomErasing", {}, (9, 9, 3), 0),
    ],
)
def test_work(name: str, arguments: Arguments, shape: Shape, flops: int | None) -> None:
    assert rule(name, arguments, shape).flops == flops


@pytest.mark.parametrize("name", ["AutoContrast", "RandomShear", "RandAugment", "Solarization"])
def test_integers_become_floats(name: str) -> None:
    assert rule(name, {}, (4, 4, 3), "uint8").output.dtype == "float32"


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "dtype", "code", "words"),
    [
        ("Resizing", SIZE, (4, 4), "float32", "HB401", "takes 4 axes"),
        ("Resizing", SIZE, (4, 4, 3), "uint8", "HB405", "receives uint8"),
        ("RandomGrayscale", {}, (4, 4, 3), "int32", "HB405", "receives int32"),
        ("RandomGrayscale", {}, (4, 4, 2), "float32", "HB404", "images of 1 or 3 channels"),
        ("RandomHue", {"factor": 0.5}, (4, 4, None), "float32", "HB406", "must know their number"),
        ("CenterCrop", SIZE, (None, 4, 3), "float32", "HB406", "a known height and width"),
        ("RandomErasing", {}, (4, None, 3), "float32", "HB406", "a known height and width"),
        ("RandomPerspective", {}, (4, 1, 3), "float32", "HB402", "the width (axis 2) has 1 entry"),
        (
            CLAHE,
            {},
            (3, 9, 1),
            "float32",
            "HB402",
            "lays 8 tiles along the height (axis 1), but its input has 3 entries there",
        ),
    ],
)
def test_refusals(
    name: str, arguments: Arguments, shape: Shape, dtype: str, code: str, words: str
) -> None:
    found = error(name, arguments, shape, dtype)
    assert found.code == code
    assert words in found.message


def test_help_points_at_where_the_channels_are() -> None:
    assert error("RandomGrayscale", {}, (3, 4, 4)).help == "use `data_format: channels_first`"
    assert error("RandomGrayscale", FIRST, (4, 4, 3)).help == "use `data_format: channels_last`"
    assert error("RandAugment", {}, (3, 4, 4)).help is None


def test_the_factor_that_needs_colours_is_pointed_at() -> None:
    found = error("RandomColorJitter", {"brightness_factor": 0.5, "hue_factor": 0.1}, (4, 4, 1))
    assert (found.code, found.field) == ("HB404", "hue_factor")
    assert error("RandomErasing", {"fill_value": (0, 1, 2)}, (4, 4, 1)).field == "fill_value"


def test_the_help_names_a_number_of_tiles_that_fits() -> None:
    assert error(CLAHE, {}, (3, 9, 1)).help == "use at most 6 tiles"
    rule(CLAHE, {"tile_grid_size": (6, 18)}, (3, 9, 1))
