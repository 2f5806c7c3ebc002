"""The closed lists: what is in them, what they accept, what they refuse and why."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

from hornbook.specs import layers
from hornbook.specs.base import Fault, Item, Registry, registry
from hornbook.specs.choices import read_choice
from hornbook.specs.layers import FAMILIES
from hornbook.specs.registries import REGISTRIES

KINDS = {
    "layer",
    "cell",
    "activation",
    "initializer",
    "regularizer",
    "constraint",
    "optimizer",
    "schedule",
    "loss",
    "metric",
    "callback",
}
ALL = [(kind, name) for kind in sorted(KINDS) for name in REGISTRIES[kind].items]


def read(kind: str, data: Any) -> Any:
    return read_choice(registry(kind), data)


def fault(kind: str, data: Any) -> Fault:
    found = read(kind, data)
    assert isinstance(found, tuple), f"{data} is accepted as {found!r}"
    assert len(found) == 1, found
    return found[0]


def test_kinds() -> None:
    assert set(REGISTRIES) >= KINDS
    assert all(REGISTRIES[kind].kind == kind for kind in KINDS)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_class_is_final_frozen_and_described(kind: str, name: str) -> None:
    cls = REGISTRIES[kind].items[name]
    assert cls.__name__ == name
    assert not cls.__subclasses__()
    if sys.version_info >= (3, 11):  # since then `final` leaves a mark
        assert getattr(cls, "__final__", False)
    assert cls.model_config["frozen"]
    assert cls.model_config["strict"]
    assert cls.__doc__
    assert "\n\n" not in cls.__doc__ or kind == "layer"
    for field, info in cls.model_fields.items():
        assert info.description, f"{name}.{field} has no description"
        assert info.description.endswith("."), f"{name}.{field}: {info.description}"


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_defaults_are_values_that_the_class_accepts(kind: str, name: str) -> None:
    """Defaults are not validated when they are used, so they are here."""
    cls = REGISTRIES[kind].items[name]
    required = {
        field: EXAMPLES[field] for field, info in cls.model_fields.items() if info.is_required()
    }
    if name == "SpectralNormalization":
        required = {"layer": {"Dense": {"units": 2}}}
    if name == "L1L2":
        required = {"l1": 0.5}
    if name == "RandomPosterization":
        required = {"factor": 4}
    required |= NEEDED.get(name, {})
    given = {
        field: info.get_default()
        for field, info in cls.model_fields.items()
        if not info.is_required()
    }
    made = read(kind, {name: given | required})
    assert isinstance(made, Item), made
    assert made == read(kind, {name: required})


NEEDED: dict[str, dict[str, Any]] = {
    "CategoryEncoding": {"num_tokens": 2},
    "Discretization": {"bin_boundaries": (0.5,)},
    "IntegerLookup": {"vocabulary": (1, 2)},
    "L1L2": {"l1": 0.5},
    "Normalization": {"mean": 0.5, "variance": 0.5},
    "StringLookup": {"vocabulary": ("a", "b")},
    "TextVectorization": {"vocabulary": ("a", "b")},
}
"""What a class asks for though Keras has a default, with which nothing works."""

EXAMPLES: dict[str, Any] = {
    "axes": 1,
    "boundaries": (10,),
    "cell": {"GRUCell": {"units": 2}},
    "cells": ({"GRUCell": {"units": 2}}, {"LSTMCell": {"units": 2}}),
    "decay_rate": 0.5,
    "decay_steps": 10,
    "equation": "ab,bc->ac",
    "output_shape": 2,
    "output_size": 2,
    "num_bins": 2,
    "filters": 2,
    "first_decay_steps": 10,
    "head_dim": 2,
    "initial_learning_rate": 0.5,
    "key_dim": 2,
    "kernel_size": 2,
    "layer": {"LSTM": {"units": 2}},
    "num_classes": 3,
    "num_heads": 2,
    "num_key_value_heads": 1,
    "num_query_heads": 2,
    "precision": 0.5,
    "rate": 0.5,
    "recall": 0.5,
    "sensitivity": 0.5,
    "specificity": 0.5,
    "stddev": 0.5,
    "target_class_ids": (0, 1),
    "units": 2,
    "values": (0.5, 0.25),
    "activation": "relu",
    "dims": (1,),
    "factor": 0.5,
    "height": 3,
    "height_factor": 0.5,
    "input_dim": 3,
    "n": 2,
    "output_dim": 3,
    "pool_size": 2,
    "scale": 0.5,
    "target_shape": (2,),
    "width": 3,
    "width_factor": 0.5,
}


def test_aliases_lead_to_classes_and_refusals_to_nothing() -> None:
    for one in REGISTRIES.values():
        assert set(one.aliases.values()) <= set(one.items), one.kind
        assert not set(one.aliases) & set(one.items), one.kind
        assert not set(one.refused) & set(one.spellings()), one.kind
        assert all(reason and not reason.endswith(".") for reason in one.refused.values())


def test_words_are_lower_case_names_or_keras_capitals() -> None:
    for one in REGISTRIES.values():
        assert all(word.islower() or word.isupper() for word in one.names)
        assert not set(one.names) & set(one.items)


@pytest.mark.parametrize(
    ("kind", "data", "word"),
    [
        ("activation", "relu", "relu"),
        ("initializer", "he_normal", "he_normal"),
        ("regularizer", "l2", "l2"),
        ("constraint", "max_norm", "max_norm"),
        ("optimizer", "adam", "adam"),
        ("loss", "sparse_categorical_crossentropy", "sparse_categorical_crossentropy"),
        ("loss", "mse", "mse"),
        ("metric", "accuracy", "accuracy"),
        ("metric", "acc", "acc"),
        ("metric", "MAE", "MAE"),
    ],
)
def test_words_stay_words(kind: str, data: str, word: str) -> None:
    assert read(kind, data) == word


@pytest.mark.parametrize(
    ("kind", "data", "name", "given"),
    [
        ("initializer", "HeNormal", "HeNormal", {}),
        ("initializer", {"he_normal": {"seed": 1}}, "HeNormal", {"seed": 1}),
        ("initializer", "constant", "Constant", {}),
        ("regularizer", {"l1_l2": {"l1": 0.5}}, "L1L2", {"l1": 0.5}),
        (
            "activation",
            {"leaky_relu": {"negative_slope": 0.5}},
            "LeakyReLU",
            {"negative_slope": 0.5},
        ),
        ("optimizer", "Adam", "Adam", {}),
        ("optimizer", {"sgd": {"momentum": 0.5}}, "SGD", {"momentum": 0.5}),
        ("optimizer", {"Adam": {"learning_rate": 1}}, "Adam", {"learning_rate": 1.0}),
        ("loss", {"mse": {"reduction": "sum"}}, "MeanSquaredError", {"reduction": "sum"}),
        ("metric", {"auc": {"curve": "PR"}}, "AUC", {"curve": "PR"}),
        ("callback", {"EarlyStopping": {"patience": 3}}, "EarlyStopping", {"patience": 3}),
    ],
)
def test_names_with_arguments(kind: str, data: Any, name: str, given: dict[str, Any]) -> None:
    made = read(kind, data)
    assert type(made).__name__ == name
    assert {field: getattr(made, field) for field in given} == given
    assert made.model_fields_set == set(given)


def test_integers_become_floats_where_keras_insists_on_them() -> None:
    made = read("optimizer", {"SGD": {"learning_rate": 1, "momentum": 0}})
    assert [type(value) for value in (made.learning_rate, made.momentum)] == [float, float]


def test_a_learning_rate_may_be_a_schedule() -> None:
    made = read(
        "optimizer",
        {
            "Adam": {
                "learning_rate": {"CosineDecay": {"initial_learning_rate": 0.5, "decay_steps": 10}}
            }
        },
    )
    assert type(made.learning_rate).__name__ == "CosineDecay"


@pytest.mark.parametrize(
    ("kind", "data", "code", "part"),
    [
        ("optimizer", {"Adam": {"learning_rate": -1}}, "HB203", "must be a number of at least 0"),
        ("optimizer", {"Adam": {"learning_rate": True}}, "HB204", "not `true`"),
        ("optimizer", {"Adam": {"learning_rate": "fast"}}, "HB205", "unknown schedule `fast`"),
        ("optimizer", {"Adam": {"learning_rates": 0.5}}, "HB201", "has no argument"),
        ("optimizer", {"Adam": {"gradient_accumulation_steps": 1}}, "HB203", "at least 2"),
        ("optimizer", {"SGD": {"clipnorm": 1, "clipvalue": 2}}, "HB207", "cannot stand beside"),
        ("optimizer", {"AdamW": {"weight_decay": None}}, "HB204", "`weight_decay`"),
        ("optimizer", "LossScaleOptimizer", "HB208", "cannot stand"),
        ("optimizer", {"Muon": {"exclude_layers": ("a.*",)}}, "HB201", "has no argument"),
        (
            "schedule",
            {"ExponentialDecay": {"initial_learning_rate": 1, "decay_rate": 0.5}},
            "HB202",
            "decay_steps",
        ),
        (
            "schedule",
            {"PiecewiseConstantDecay": {"boundaries": (1, 2), "values": (1, 2)}},
            "HB207",
            "2 boundaries need 3 values, but here stand 2",
        ),
        (
            "schedule",
            {"PiecewiseConstantDecay": {"boundaries": (2, 1), "values": (1, 2, 3)}},
            "HB207",
            "must rise",
        ),
        (
            "schedule",
            {"CosineDecay": {"initial_learning_rate": 1, "decay_steps": 1, "warmup_steps": 1}},
            "HB207",
            "has no effect",
        ),
        ("initializer", {"HeNormal": {"input_axes": (0,)}}, "HB207", "give both or neither"),
        ("initializer", {"RandomUniform": {"minval": 1, "maxval": 0}}, "HB207", "is above"),
        ("initializer", {"VarianceScaling": {"scale": 0}}, "HB203", "above 0"),
        ("initializer", "STFT", "HB208", "cannot stand"),
        ("regularizer", "l1_l2", "HB207", "penalizes nothing"),
        ("regularizer", {"L2": {"l2": -1}}, "HB203", "at least 0"),
        ("constraint", {"MinMaxNorm": {"min_value": 2}}, "HB207", "is above"),
        ("loss", "crossentropy", "HB208", "cannot stand"),
        ("loss", {"Huber": {"delta": 0}}, "HB203", "above 0"),
        ("loss", {"MeanSquaredError": {"reduction": None}}, "HB203", "`reduction`"),
        ("loss", "mean_square_error", "HB205", "unknown loss"),
        ("metric", "Accuracy", "HB208", "cannot stand"),
        ("metric", {"accuracy": {"name": "a"}}, "HB201", "takes no arguments"),
        ("metric", {"IoU": {"num_classes": 2, "target_class_ids": (2,)}}, "HB207", "names 2"),
        ("metric", {"BinaryIoU": {"target_class_ids": (2,)}}, "HB207", "names 2"),
        ("metric", {"AUC": {"num_labels": 2}}, "HB207", "multi_label"),
        ("metric", {"AUC": {"label_weights": (1.0,)}}, "HB207", "multi_label"),
        ("metric", {"Precision": {"thresholds": 2}}, "HB203", "at most 1"),
        ("activation", "glu", "HB208", "cannot stand"),
        ("activation", "rellu", "HB205", "unknown activation"),
        ("activation", {"Softmax": {"axis": ()}}, "HB203", "`axis`"),
        ("callback", {"ReduceLROnPlateau": {"factor": 1}}, "HB203", "below 1"),
        ("callback", "ModelCheckpoint", "HB208", "cannot stand"),
        ("layer", "Lambda", "HB208", "cannot stand"),
        ("layer", "InputLayer", "HB208", "cannot stand"),
    ],
)
def test_mistakes(kind: str, data: Any, code: str, part: str) -> None:
    found = fault(kind, data)
    assert found.code == code, found
    assert part in found.message, found


MODULES = sorted(
    {place.module for one in REGISTRIES.values() for place in one.items.places.values()} - {"base"}
)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_holds_what_is_listed_and_no_more(module: str) -> None:
    """A class that no registry lists could be written, and never be named in a spec."""
    holds = vars(import_module(f"hornbook.specs.{module}"))
    own = {
        attribute: value
        for attribute, value in holds.items()
        if isinstance(value, type) and issubclass(value, Item)
        if value.__module__ == f"hornbook.specs.{module}" and not value.__subclasses__()
    }
    listed = {
        place.attribute: name
        for one in REGISTRIES.values()
        for name, place in one.items.places.items()
        if place.module == module
    }
    assert set(own) <= set(listed)
    for attribute, name in listed.items():
        assert issubclass(holds[attribute], Item)
        assert holds[attribute].__name__ == name


def test_every_file_of_layers_is_a_family_and_no_layer_is_in_two() -> None:
    """Of two classes under one name the first could never be named."""
    found = {path.stem for path in Path(layers.__path__[0]).glob("*.py")}
    assert found == {*FAMILIES, "__init__", "cells", "fields", "ops"}
    names = [name for family in FAMILIES.values() for name in family]
    assert len(set(names)) == len(names)


def test_omitted_arguments_belong_to_layers_and_are_no_fields() -> None:
    for family, names in FAMILIES.items():
        omitted = import_module(f"hornbook.specs.layers.{family}").OMITTED
        assert set(omitted) <= set(names)
        for name, reasons in omitted.items():
            assert not set(reasons) & set(REGISTRIES["layer"].items[name].model_fields)
            assert all(reasons.values())


def test_a_registry_knows_its_classes_from_others_of_the_same_name() -> None:
    layer, activation = (REGISTRIES[kind].items for kind in ("layer", "activation"))
    assert layer.holds(layer["Softmax"])
    assert not activation.holds(layer["Softmax"])
    assert activation.holds(activation["Softmax"])
    assert not layer.holds(Item)


KINDS_APART = {
    "activations", "callbacks", "constraints", "initializers", "losses", "metrics", "optimizers",
    "regularizers",
}  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "families", "others"),
    [
        ("mnist", {"core", "conv", "reshaping"}, set()),
        (
            "text_lstm",
            {"core", "recurrent", "cells", "regularization"},
            {"callbacks", "regularizers"},
        ),
        ("unet", {"conv", "merging", "pooling"}, set()),
    ],
)
def test_only_what_a_spec_names_is_loaded(spec: str, families: set[str], others: set[str]) -> None:
    code = f"""
import sys
from hornbook.compiler.driver import STYLES, advise, analyse, emit, styles_of
from hornbook.specs.load import load
spec = load({spec!r})
typed = analyse(spec)
advise(spec, typed)
for style in styles_of(typed):
    emit(typed, style)
found = [one.split(".")[1:] for one in sys.modules if one.startswith("hornbook.")]
layers = {{one[2] for one in found if one[:2] == ["specs", "layers"] and len(one) > 2}}
assert layers == {families | {"fields"}!r}, layers
kinds = {KINDS_APART!r} & {{one[1] for one in found if one[0] == "specs" and len(one) > 1}}
assert kinds == {others!r}, kinds
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_language_is_cheap() -> None:
    """No schema is built before a class is used, and nothing of Keras or NumPy is imported."""
    code = """
import sys
from hornbook.specs.registries import REGISTRIES
built = [name for one in REGISTRIES.values() for name, cls in one.items.items()
         if cls.__pydantic_complete__]
assert not built, built
heavy = {"keras", "tensorflow", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_registry_is_a_frozen_list() -> None:
    assert isinstance(registry("layer"), Registry)
    assert registry("loss") is REGISTRIES["loss"]
    assert get_args(registry("layer").items["Dense"].model_fields["units"].annotation) == ()
