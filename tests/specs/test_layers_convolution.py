"""What the classes of core, reshaping, convolution, pooling and preprocessing take and refuse."""

from __future__ import annotations

from typing import Any

import pytest

from families import layers_of
from hornbook.specs.base import Fault, LayerSpec, registry
from hornbook.specs.choices import read_choice
from hornbook.specs.layers import conv, core, pooling, preprocessing, reshaping

FAMILIES = (core, reshaping, conv, pooling, preprocessing)
CLASSES = [cls for family in FAMILIES for cls in layers_of(family)]
SIZED = [cls for cls in layers_of(conv) if "filters" in cls.model_fields]
Arguments = dict[str, Any]


def read(name: str, arguments: Arguments) -> LayerSpec:
    found = read_choice(registry("layer"), {name: arguments})
    assert isinstance(found, LayerSpec), found
    return found


def faults(name: str, arguments: Arguments) -> tuple[Fault, ...]:
    found = read_choice(registry("layer"), {name: arguments})
    assert isinstance(found, tuple), f"{name} takes {arguments}"
    return found


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_field_has_one_line(cls: type[LayerSpec]) -> None:
    for name, info in cls.model_fields.items():
        assert info.description, name
        assert info.description.endswith("."), name
        assert "\n" not in info.description, name
    assert cls.__doc__


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_tables_name_what_is_there(family: Any) -> None:
    names = {cls.__name__ for cls in layers_of(family)}
    assert set(family.OMITTED) <= names
    assert all(reason for omitted in family.OMITTED.values() for reason in omitted.values())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_required_fields_lead(cls: type[LayerSpec]) -> None:
    """Source writes them without their names."""
    own = [info for name, info in cls.model_fields.items() if name not in LayerSpec.model_fields]
    required = [info.is_required() for info in own]
    assert required == sorted(required, reverse=True)


@pytest.mark.parametrize("cls", layers_of(pooling)[:6], ids=lambda cls: cls.__name__)
def test_a_window_of_a_pooling_goes_without_its_name(cls: type[LayerSpec]) -> None:
    assert next(name for name in cls.model_fields if name not in LayerSpec.model_fields) == (
        "pool_size"
    )
    assert cls.positional == 1 or cls.model_fields["pool_size"].is_required()


REQUIRED: Arguments = {
    "activation": "relu",
    "dims": (2, 1),
    "factor": 0.5,
    "filters": 4,
    "height_factor": 0.5,
    "input_dim": 3,
    "kernel_size": 3,
    "n": 2,
    "output_dim": 2,
    "pool_size": 2,
    "scale": 0.5,
    "target_shape": (2, -1),
    "units": 2,
    "width_factor": 0.5,
}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_takes_its_own_defaults(cls: type[LayerSpec]) -> None:
    """Pydantic does not validate defaults: one that its field refuses could not be written out."""
    own = {
        name: info for name, info in cls.model_fields.items() if name not in LayerSpec.model_fields
    }
    needed = {name: REQUIRED[name] for name, info in own.items() if info.is_required()}
    spelt = {name: needed.get(name, info.get_default()) for name, info in own.items()}
    assert read(cls.__name__, spelt) == read(cls.__name__, needed)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_no_class_inherits_from_another(cls: type[LayerSpec]) -> None:
    assert cls.__bases__ == (LayerSpec,)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("MaxPool2D", "MaxPooling2D"),
        ("AvgPool1D", "AveragePooling1D"),
        ("GlobalAvgPool3D", "GlobalAveragePooling3D"),
        ("GlobalMaxPool1D", "GlobalMaxPooling1D"),
        ("Convolution2D", "Conv2D"),
        ("Convolution3DTranspose", "Conv3DTranspose"),
        ("SeparableConvolution1D", "SeparableConv1D"),
    ],
)
def test_aliases(alias: str, name: str) -> None:
    needed = {
        "pool_size": 2,
        "filters": 2,
        "kernel_size": 2,
    }
    cls = registry("layer").items[name]
    arguments = {key: value for key, value in needed.items() if key in cls.model_fields}
    assert type(read(alias, arguments)) is cls


@pytest.mark.parametrize(
    ("name", "arguments", "field"),
    [
        ("Conv1D", {"strides": 2, "dilation_rate": 2}, "dilation_rate"),
        ("Conv2D", {"strides": (1, 2), "dilation_rate": (2, 1)}, "dilation_rate"),
        ("Conv3D", {"strides": 2, "dilation_rate": (1, 1, 2)}, "dilation_rate"),
        ("Conv2DTranspose", {"strides": 2, "dilation_rate": 2}, "dilation_rate"),
        ("Conv2D", {"groups": 3}, "groups"),
        ("Conv1DTranspose", {"output_padding": 1}, "output_padding"),
        ("Conv2DTranspose", {"strides": (3, 2), "output_padding": (2, 2)}, "output_padding"),
        ("Conv3DTranspose", {"strides": 2, "output_padding": 2}, "output_padding"),
        (
            "Conv1DTranspose",
            {"output_padding": 0, "padding": "same", "kernel_size": 2},
            "output_padding",
        ),
        (
            "Conv2DTranspose",
            {
                "output_padding": (1, 0),
                "padding": "same",
                "kernel_size": (2, 4),
                "strides": 2,
            },
            "output_padding",
        ),
    ],
)
def test_conflicts(name: str, arguments: Arguments, field: str) -> None:
    (fault,) = faults(name, {"filters": 4, "kernel_size": 3} | arguments)
    assert fault.code == "HB207"
    assert fault.path[-1] == field
    assert fault.help


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Conv2D", {"strides": (1, 2), "dilation_rate": 1}),
        ("Conv2D", {"strides": 1, "dilation_rate": (2, 3)}),
        ("Conv2D", {"groups": 2, "padding": "same"}),
        ("Conv1D", {"padding": "causal", "dilation_rate": 4}),
        ("Conv1D", {"strides": (2,)}),
        ("Conv2DTranspose", {"strides": (3, 2), "output_padding": (2, 1)}),
        ("Conv2DTranspose", {"output_padding": 0, "padding": "same", "dilation_rate": 3}),
        ("Conv2DTranspose", {"output_padding": 0, "padding": "valid", "kernel_size": 2}),
        (
            "Conv2DTranspose",
            {"output_padding": 1, "padding": "same", "strides": 2, "kernel_size": 2},
        ),
        ("SeparableConv2D", {"strides": 2, "dilation_rate": 2}),
        ("Conv3D", {"kernel_initializer": {"HeNormal": {"seed": 1}}, "activation": "relu"}),
    ],
)
def test_what_goes_together(name: str, arguments: Arguments) -> None:
    found = read(name, {"filters": 4, "kernel_size": 3} | arguments)
    assert all(
        getattr(found, key) == value
        for key, value in arguments.items()
        if key != ("kernel_initializer")
    )


@pytest.mark.parametrize(
    ("name", "arguments", "field"),
    [
        ("Conv2D", {"kernel_size": (3, 3, 3)}, "kernel_size"),
        ("Conv2D", {"kernel_size": 0}, "kernel_size"),
        ("Conv2D", {"kernel_size": 2.0}, "kernel_size"),
        ("Conv2D", {"filters": True}, "filters"),
        ("Conv2D", {"filters": "4"}, "filters"),
        ("Conv2D", {"padding": "causal"}, "padding"),
        ("Conv2D", {"padding": "SAME"}, "padding"),
        ("Conv2D", {"use_bias": 1}, "use_bias"),
        ("Conv2D", {"data_format": "NHWC"}, "data_format"),
        ("Conv1D", {"strides": (0,)}, "strides"),
        ("Conv1DTranspose", {"padding": "causal"}, "padding"),
        ("SeparableConv1D", {"depth_multiplier": 0}, "depth_multiplier"),
    ],
)
def test_types_and_bounds(name: str, arguments: Arguments, field: str) -> None:
    found = faults(name, {"filters": 4, "kernel_size": 3} | arguments)
    assert {fault.path[1] for fault in found} == {field}
    assert {fault.code for fault in found} <= {"HB203", "HB204"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("MaxPooling2D", {"pool_size": (2,)}),
        ("MaxPooling1D", {"strides": 0}),
        ("AveragePooling2D", {}),
        ("GlobalMaxPooling2D", {"pool_size": 2}),
        ("Rescaling", {}),
        ("Rescaling", {"scale": ()}),
        ("Rescaling", {"scale": True}),
        ("Cropping1D", {"cropping": (1, 2, 3)}),
        ("Cropping2D", {"cropping": (1, (2, -1))}),
        ("ZeroPadding3D", {"padding": (1, 1)}),
        ("UpSampling2D", {"size": 0}),
        ("UpSampling1D", {"size": (2,)}),
        ("UpSampling2D", {"interpolation": "area"}),
        ("Reshape", {"target_shape": (0, 2)}),
        ("Reshape", {"target_shape": 6}),
        ("Permute", {"dims": ()}),
        ("RepeatVector", {"n": 0}),
        ("Embedding", {"input_dim": 0, "output_dim": 2}),
        ("Activation", {}),
        ("Activation", {"activation": None}),
        ("Dense", {"units": 2, "lora_rank": 2}),
        ("RandomZoom", {"height_factor": 0.1, "fill_mode": "mirror"}),
        ("RandomContrast", {"factor": (0.1, 1.5)}),
        ("Rescaling", {"scale": float("nan")}),
        ("RandomFlip", {"mode": "sideways"}),
        ("RandomRotation", {"factor": 1.5}),
        ("RandomRotation", {"factor": (0.1, 0.2, 0.3)}),
        ("RandomZoom", {"height_factor": -1.0}),
        ("RandomTranslation", {"height_factor": 0.1}),
        ("RandomContrast", {"factor": -0.1}),
        ("RandomContrast", {"factor": 0.1, "value_range": (1, 0)}),
        ("RandomRotation", {"factor": 0.1, "seed": -1}),
        ("Dense", {"units": 0}),
        ("Reshape", {"target_shape": (-1, -1)}),
        ("Permute", {"dims": (1, 3)}),
        ("ZeroPadding2D", {"padding": -1}),
    ],
)
def test_refused(name: str, arguments: Arguments) -> None:
    assert all(fault.message for fault in faults(name, arguments))


@pytest.mark.parametrize("cls", SIZED, ids=lambda cls: cls.__name__)
def test_both_sizes_must_be_said(cls: type[LayerSpec]) -> None:
    found = faults(cls.__name__, {})
    assert {fault.code for fault in found} == {"HB202"}
    assert len(found) == 2
