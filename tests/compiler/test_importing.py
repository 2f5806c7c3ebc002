"""Configs of Keras models to spec data, without Keras; and files that mean no good."""

from __future__ import annotations

import copy
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import locked
from hornbook.compiler.driver import analyse
from hornbook.compiler.importing import Imported, import_config, read_model, reader
from hornbook.compiler.importing import flat as flat_module
from hornbook.compiler.importing.naming import MAX_NAME, allowed, automatic
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.registries import LAYER
from hornbook.specs.write import write_spec
from hornbook.specs.yaml import read_text

RECORDED = Path(__file__).parents[1] / "recorded"
SCRATCH = tempfile.TemporaryDirectory()
NUMPY = "keras.src.ops.numpy"

# Configs by hand


def tensor(name: str, call: int = 0, output: int = 0, shape: tuple = (None, 4)) -> dict:
    config = {"shape": list(shape), "dtype": "float32", "keras_history": [name, call, output]}
    return {"class_name": "__keras_tensor__", "config": config}


def call(*args: Any, **kwargs: Any) -> dict:
    return {"args": list(args), "kwargs": kwargs}


def entry(kind: str, name: str, *calls: dict, module: str = "keras.layers", **config: Any) -> dict:
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None if module == "keras.layers" else kind,
        "name": name,
        "inbound_nodes": list(calls),
    }


def given_input(name: str, *shape: int | None, dtype: str = "float32", **config: Any) -> dict:
    return entry("InputLayer", name, batch_shape=[None, *shape], dtype=dtype, **config)


def dense(name: str, *calls: dict, units: int = 4, **config: Any) -> dict:
    return entry("Dense", name, *calls, **{"units": units, "activation": "linear", **config})


def ref(name: str, number: int = 0, output: int = 0) -> list:
    return [name, number, output]


def functional(name: str, layers: list, inputs: Any, outputs: Any, **extra: Any) -> dict:
    config = {
        "name": name, "trainable": True, "layers": layers,
        "input_layers": inputs, "output_layers": outputs, **extra,
    }  # fmt: skip
    return {
        "module": "keras.src.models.functional", "class_name": "Functional", "config": config,
        "registered_name": "Functional", "name": name,
    }  # fmt: skip


def sequential(name: str, *layers: dict, **extra: Any) -> dict:
    return {
        "module": "keras", "class_name": "Sequential", "registered_name": None, "name": name,
        "config": {"name": name, "trainable": True, "layers": list(layers), **extra},
    }  # fmt: skip


def chain(*layers: dict, name: str = "net", inputs: dict | None = None) -> dict:
    return sequential(name, inputs or given_input("x", 4), *layers)


def layers_of(config: dict) -> tuple:
    """Return the items of a config, having sent them through the whole way to a typed graph."""
    found = import_config(config)
    compiled(found)
    return found.data["layers"]


def compiled(found: Imported) -> None:
    document = read_text(write_spec(found.data))
    assert document.data == found.data
    typed = analyse(load(document))
    names = {node.node.name for node in typed.nodes}
    paths = {path for path in found.names.values() if path not in found.data["inputs"]}
    assert paths <= names


def refused(config: dict) -> list[str]:
    with pytest.raises(SpecError) as caught:
        import_config(config)
    assert {one.code for one in caught.value.diagnostics} == {"HB802"}
    str(caught.value)
    return [one.message for one in caught.value.diagnostics]


# Models that Keras has written


def recorded(name: str) -> dict:
    return dict(read_model(RECORDED / f"{name}.json"))


def test_branches_operations_and_outputs() -> None:
    found = import_config(recorded("branches"))
    compiled(found)
    assert (
        write_spec(found.data)
        == """\
name: branches
inputs:
  image: [8, 8, 3]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, kernel_regularizer: l2}
  - BatchNormalization
  - ReLU: {max_value: 6}
  - ops.split: {indices_or_sections: 2, axis: -1}
  - ops.multiply: {inputs: [split, 2.0]}
  - ops.concatenate: {axis: -1, inputs: [split.1, multiply]}
  - Add: {inputs: [concatenate, conv2d]}
  - GlobalAveragePooling2D
  - Dense: {units: 3, activation: softmax, name: kind}
  - ops.getitem: {key: ":, 0", inputs: add}
outputs: [kind, get_item]
"""
    )
    assert found.renames == {}


def test_nested_models_and_shared_layers() -> None:
    found = import_config(recorded("towers"))
    compiled(found)
    assert (
        write_spec(found.data)
        == """\
name: towers
inputs:
  left: [6]
  right: [6]
layers:
  - Dense: {units: 4, activation: relu, inputs: left}
  - Dropout: {rate: 0.5}
  - Dense: {units: 2, name: near}
  - call: {layer: dense, name: dense_call, inputs: right}
  - call: {layer: dropout, name: dropout_call}
  - Subtract: {name: far, inputs: [dropout, dropout_call]}
outputs: [far, near]
"""
    )
    assert found.names["tower/dense"] == "dense"
    assert found.names["head/dense"] == "near"
    assert found.renames == {"head/dense": "near", "head/subtract": "far"}


def test_masks_that_layers_make_by_themselves_are_not_said() -> None:
    found = import_config(recorded("words"))
    compiled(found)
    assert found.data == {
        "name": "Words_2",
        "inputs": {"words": {"shape": (None,), "dtype": "int32"}},
        "layers": (
            {"Embedding": {"input_dim": 20, "output_dim": 4, "mask_zero": True}},
            {"Bidirectional": {"layer": {"LSTM": {"units": 3, "return_sequences": True}}}},
            {"GRU": {"units": 2, "dropout": 0.1}},
            {"Dense": {"units": 1}},
        ),
    }
    assert found.renames == {"": "Words_2"}


def test_another_mask_is_said_and_must_be_one_that_the_language_has() -> None:
    config = recorded("words")
    layers = config["config"]["layers"]
    named = next(layer for layer in layers if layer["class_name"] == "NotEqual")
    named["inbound_nodes"][0]["args"][1] = 3
    (message,) = {text.split(": ")[-1] for text in refused(config)}
    assert message == "the language has no operation `NotEqual`"


def test_models_that_are_alike_stay_alike() -> None:
    def inner(k: int) -> dict:
        return sequential(f"blk{k}", dense("fc"), entry("ReLU", "act"), entry("Softmax", "end"))

    found = import_config(chain(*(inner(k) for k in range(4)), dense("fc_last")))
    assert found.data["layers"] == (
        {"blk": {"repeat": 4, "name": "blk{$index - 1}"}},
        {"Dense": {"units": 4, "name": "fc_last"}},
    )
    assert found.names["blk0/fc"] == "blk0_fc"
    assert found.names["blk3/end"] == "blk3_end"


# Arguments


def test_defaults_are_dropped_and_words_are_short() -> None:
    objects = {
        "kernel_initializer": {
            "module": "keras.initializers", "class_name": "GlorotUniform",
            "config": {"seed": None, "input_axes": None, "output_axes": None},
            "registered_name": None,
        },
        "bias_initializer": {
            "module": "keras.initializers", "class_name": "HeNormal", "config": {"seed": 3},
            "registered_name": None,
        },
        "kernel_regularizer": {
            "module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.01},
            "registered_name": None,
        },
        "bias_regularizer": None,
        "quantization_config": None,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
        "use_bias": True,
    }  # fmt: skip
    assert layers_of(chain(dense("dense", **objects))) == (
        {
            "Dense": {
                "units": 4,
                "bias_initializer": {"HeNormal": {"seed": 3}},
                "kernel_regularizer": "l2",
            }
        },
    )


@pytest.mark.parametrize(
    ("kind", "config", "arguments"),
    [
        ("Conv2D", {"filters": 2, "kernel_size": [3, 3], "strides": [1, 1]},
         {"filters": 2, "kernel_size": 3}),
        ("Conv2D", {"filters": 2, "kernel_size": [3, 1], "strides": [2, 2], "padding": "same"},
         {"filters": 2, "kernel_size": (3, 1), "strides": 2, "padding": "same"}),
        ("MaxPooling2D", {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}, {}),
        ("MaxPooling2D", {"pool_size": [3, 3], "strides": [3, 3]}, {"pool_size": 3}),
        ("MaxPooling2D", {"pool_size": [2, 2], "strides": [1, 1]}, {"strides": 1}),
        ("ZeroPadding2D", {"padding": [[1, 1], [1, 1]], "data_format": "channels_last"}, {}),
        ("ZeroPadding2D", {"padding": [[0, 1], [0, 1]]}, {"padding": ((0, 1), (0, 1))}),
        ("Cropping2D", {"cropping": [[2, 2], [2, 2]]}, {"cropping": 2}),
        ("Activation", {"activation": "linear"}, {"activation": "linear"}),
    ],
)  # fmt: skip
def test_sizes_are_as_short_as_they_can_be(kind: str, config: dict, arguments: dict) -> None:
    name = "own"
    (item,) = layers_of(chain(entry(kind, name, **config), inputs=given_input("x", 8, 8, 3)))
    assert item == {kind: {**arguments, "name": name}}


@pytest.mark.parametrize(
    ("axis", "given"), [(1, {"axis": 1}), ([1], {"axis": 1}), (2, {}), ([2], {}), (-1, {})]
)
def test_an_axis_is_left_out_where_it_is_the_last(axis: Any, given: dict) -> None:
    layer = entry("BatchNormalization", "bn", axis=axis)
    layer["build_config"] = {"input_shape": [None, 5, 3]}
    (item,) = layers_of(chain(layer, inputs=given_input("x", 5, 3)))
    assert item == {"BatchNormalization": {**given, "name": "bn"}}


def test_a_number_is_no_truth_value_though_they_are_equal() -> None:
    assert refused(chain(dense("dense", use_bias=1)))
    assert refused(chain(dense("dense", use_bias=0)))


def test_a_layer_inside_another_and_one_as_an_activation() -> None:
    leaky = {
        "module": "keras.layers", "class_name": "LeakyReLU", "registered_name": None,
        "config": {"name": "leaky_re_lu", "trainable": True, "dtype": "float32",
                   "negative_slope": 0.1},
    }  # fmt: skip
    inside = {"module": "keras.layers", "class_name": "Dense", "registered_name": None,
              "config": {"name": "dense", "units": 2, "activation": leaky}}  # fmt: skip
    config = chain(
        entry("TimeDistributed", "time_distributed", layer=inside, trainable=False),
        inputs=given_input("x", 5, 4),
    )
    inner = {"units": 2, "activation": {"LeakyReLU": {"negative_slope": 0.1}}, "trainable": False}
    assert layers_of(config) == ({"TimeDistributed": {"layer": {"Dense": inner}}},)


def test_what_is_frozen_stays_frozen() -> None:
    inner = sequential("inner", dense("dense"), entry("SpatialDropout1D", "drop", rate=0.5))
    inner["config"]["trainable"] = False
    config = chain(inner, dense("last", trainable=False), inputs=given_input("x", 3, 4))
    assert layers_of(config) == (
        {"Dense": {"units": 4, "trainable": False}},
        {"SpatialDropout1D": {"rate": 0.5, "name": "drop"}},
        {"Dense": {"units": 4, "name": "last", "trainable": False}},
    )


# Wiring


def graph(*layers: dict, outputs: Any, shape: tuple = (4,)) -> dict:
    return functional("net", [given_input("x", *shape), *layers], ref("x"), outputs)


def operation(kind: str, name: str, *args: Any, **config: Any) -> dict:
    return entry(kind, name, call(*args), module=NUMPY, **config)


def test_constants_and_operators() -> None:
    array = {"class_name": "__numpy__", "config": {"value": [1, 2, 3, 4], "dtype": "float32"}}
    config = graph(
        operation("TrueDivide", "true_divide", 1, tensor("x")),
        operation("Subtract", "minus", tensor("true_divide"), array),
        operation("Add", "add", tensor("minus"), tensor("x")),
        outputs=ref("add"),
    )
    assert layers_of(config) == (
        {"ops.divide": {"name": "true_divide", "inputs": (1, "x")}},
        {"ops.subtract": {"name": "minus", "inputs": ("true_divide", (1, 2, 3, 4))}},
        {"ops.add": {"inputs": ("minus", "x")}},
    )


SLICE = {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": None}}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ([SLICE, 0], ":, 0"),
        ([{"class_name": "__ellipsis__", "config": {}}, -1], "..., -1"),
        ([SLICE, None], ":, None"),
        ([SLICE, {"class_name": "__slice__", "config": {"start": 1, "stop": -1, "step": 2}}],
         ":, 1:-1:2"),
        ([SLICE, {"class_name": "__slice__", "config": {"start": None, "stop": 2}}], ":, :2"),
    ],
)  # fmt: skip
def test_slices(key: list, text: str) -> None:
    config = graph(
        entry("GetItem", "get_item", call(tensor("x"), key), module=NUMPY), outputs=ref("get_item")
    )
    (item,) = import_config(config).data["layers"]
    assert item == {"ops.getitem": {"key": text}}


@pytest.mark.parametrize("key", [[SLICE, [0, 1]], [SLICE, True], "a", [0], [SLICE, {}]])
def test_parts_that_are_no_slices(key: Any) -> None:
    config = graph(
        entry("GetItem", "part", call(tensor("x"), key), module=NUMPY), outputs=ref("part")
    )
    (message,) = refused(config)
    assert message.startswith("`part` (GetItem): ")


def test_a_layer_of_keras_s_own_architectures() -> None:
    scale = entry(
        "CustomScaleLayer", "mix", call([tensor("a"), tensor("b")]),
        module="keras.src.applications.inception_resnet_v2", scale=0.25, dtype="float32",
    )  # fmt: skip
    config = graph(
        dense("a", call(tensor("x"))), dense("b", call(tensor("x"))), scale, outputs=ref("mix")
    )
    assert layers_of(config)[1:] == (
        {"Dense": {"units": 4, "name": "b", "inputs": "x"}},
        {"ops.multiply": {"name": "mix_scaled", "inputs": ("b", 0.25)}},
        {"ops.add": {"name": "mix", "inputs": ("a", "mix_scaled")}},
    )


@pytest.mark.skipif("EinsumDense" not in LAYER.items, reason="the language has no EinsumDense")
def test_a_scale_for_each_channel() -> None:
    scale = entry(
        "LayerScale", "gamma", module="keras.src.applications.convnext",
        init_values=1e-6, projection_dim=4, dtype="float32",
    )  # fmt: skip
    (item,) = layers_of(chain(scale, inputs=given_input("x", 2, 4)))
    assert item == {
        "EinsumDense": {
            "equation": "...c,c->...c",
            "output_shape": 4,
            "kernel_initializer": {"Constant": {"value": 1e-6}},
            "name": "gamma",
        }
    }


def test_attention_takes_as_little_as_says_it_all() -> None:
    def attends(*args: Any, **kwargs: Any) -> Any:
        layer = entry(
            "MultiHeadAttention", "at", call(*args, **kwargs), num_heads=1, key_dim=2, value_dim=2,
            attention_axes=[1],
        )  # fmt: skip
        layer["build_config"] = {"shapes_dict": {"query_shape": [None, 3, 4]}}
        config = graph(dense("a", call(tensor("x"))), layer, outputs=ref("at"), shape=(3, 4))
        return layers_of(config)[-1]["MultiHeadAttention"]

    x, a = tensor("x"), tensor("a")
    plain = {"num_heads": 1, "key_dim": 2, "name": "at"}
    assert attends(a, a) == plain
    assert attends(a, value=x, key=x) == {**plain, "inputs": ("a", "x")}
    assert attends(a, a, x, use_causal_mask=True, training=None) == {
        **plain,
        "inputs": ("a", "a", "x"),
        "call": {"use_causal_mask": True},
    }


def test_a_training_that_the_model_overrules_is_told_and_an_implied_one_is_not() -> None:
    config = graph(
        entry("Dropout", "dropout", call(tensor("x"), training=False), rate=0.5),
        entry("Dropout", "always", call(tensor("dropout"), training=True), rate=0.5),
        outputs=ref("always"),
    )
    found = import_config(config)
    assert found.data["layers"] == (
        {"Dropout": {"rate": 0.5}},
        {"Dropout": {"rate": 0.5, "name": "always"}},
    )
    assert found.lost == ("always",)


def test_states_of_one_layer_begin_another() -> None:
    layer = {"units": 2, "return_sequences": True}
    first = entry("LSTM", "a", call(tensor("x"), training=False, mask=None), **layer)
    second = entry(
        "LSTM", "b", call(tensor("a"), initial_state=[tensor("a", 0, 1), tensor("a", 0, 2)]),
        **layer,
    )  # fmt: skip
    config = graph(first, second, outputs=ref("b"), shape=(5, 3))
    assert import_config(config).data["layers"][1] == {
        "LSTM": {**layer, "name": "b", "call": {"initial_state": ("a.1", "a.2")}}
    }


def test_a_nested_model_counts_its_calls_from_one_where_outputs_are_listed() -> None:
    inner = functional(
        "inner", [given_input("i", 4), dense("d", call(tensor("i")))], ref("i"), ref("d")
    )
    inner["inbound_nodes"] = [call(tensor("x")), call(tensor("inner"))]
    config = graph(inner, outputs=[ref("inner", 2), ref("inner", 1)])
    found = import_config(config)
    compiled(found)
    assert found.data["layers"] == (
        {"Dense": {"units": 4, "name": "d"}},
        {"call": {"layer": "d", "name": "d_call"}},
    )
    assert found.data["outputs"] == ("d_call", "d")


def test_a_nested_model_is_called_by_keys_or_in_order() -> None:
    def inner(inputs: Any, *given: Any) -> dict:
        made = functional(
            "inner",
            [given_input("i", 4), given_input("j", 4),
             entry("Subtract", "minus", call([tensor("i"), tensor("j")]))],
            inputs, ref("minus"),
        )  # fmt: skip
        made["inbound_nodes"] = [call(*given)]
        return made

    x, a = tensor("x"), tensor("a")
    keyed = {"one": ref("j"), "two": ref("i")}
    for model in (
        inner([ref("i"), ref("j")], [x, a]),
        inner([ref("i"), ref("j")], {"j": a, "i": x}),
        inner(keyed, {"one": a, "two": x}),
        inner(keyed, [a, x]),
    ):
        config = graph(dense("a", call(x)), model, outputs=ref("inner", 1))
        assert layers_of(config)[-1] == {"Subtract": {"name": "minus", "inputs": ("x", "a")}}


def test_outputs_that_are_inputs_or_stand_twice_get_a_name() -> None:
    config = graph(dense("d", call(tensor("x"))), outputs=[ref("d"), ref("x"), ref("d")])
    found = import_config(config)
    compiled(found)
    assert found.data["outputs"] == ("d", "x_output", "d_output")
    assert found.data["layers"][1:] == (
        {"Activation": {"activation": "linear", "name": "d_output"}},
        {"Activation": {"activation": "linear", "name": "x_output", "inputs": "x"}},
    )


def two(outputs: Any) -> Imported:
    layers = [given_input("x", 4), *(dense(f"dense_{k}", call(tensor("x"))) for k in range(3))]
    found = import_config(functional("net", layers, ref("x"), outputs))
    compiled(found)
    return found


def test_an_output_has_the_name_of_its_key() -> None:
    found = two({"first": ref("dense_2"), "second": ref("dense_1")})
    assert found.data["outputs"] == ("first", "second")
    assert found.renames == {"dense_2": "first", "dense_1": "second"}
    assert found.names == {"x": "x", "dense_2": "first", "dense_1": "second"}
    assert found.keys == {}


def test_a_key_that_is_the_name_changes_nothing() -> None:
    found = two({"dense_1": ref("dense_1"), "dense_2": ref("dense_2")})
    assert found.data["outputs"] == ("dense_1", "dense_2")
    assert (found.renames, found.keys) == ({}, {})


@pytest.mark.parametrize(
    ("outputs", "keys"),
    [
        ({"class": ref("dense_1"), "b": ref("dense_2")}, {"class": "dense_1"}),
        ({"x": ref("dense_1"), "b": ref("dense_2")}, {"x": "dense_1"}),
        ({"dense_2": ref("dense_1"), "dense_1": ref("dense_2")},
         {"dense_2": "dense_1", "dense_1": "dense_2"}),
        ({"a": [ref("dense_1"), ref("dense_0")], "b": ref("dense_2")}, {"a": "dense_0"}),
        ({"two words": ref("dense_1")}, {"two words": "dense_1"}),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_the_name_is_told(outputs: Any, keys: dict[str, str]) -> None:
    assert two(outputs).keys == keys


def test_keys_of_inputs_and_of_one_value_twice() -> None:
    layers = [given_input("x", 4), given_input("y", 4), dense("sum", call(tensor("x")))]
    layers.append(entry("Add", "add", call([tensor("sum"), tensor("y")])))
    config = functional(
        "net", layers, {"left": ref("x"), "right": ref("y")}, {"p": ref("add"), "q": ref("add")}
    )
    found = import_config(config)
    compiled(found)
    assert list(found.data["inputs"]) == ["left", "right"]
    assert found.data["outputs"] == ("p", "q")
    assert found.renames == {"x": "left", "y": "right", "add": "p"}
    assert found.keys == {}


def test_outputs_that_repeat_keep_the_names_that_keras_gave_them() -> None:
    layers = [given_input("x", 4)]
    above = "x"
    for k in range(8):
        number = f"_{k}" if k else ""
        layers.append(dense(f"dense{number}", call(tensor(above))))
        above = f"layer_normalization{number}"
        layers.append(entry("LayerNormalization", above, call(tensor(f"dense{number}"))))
        layers.append(entry("ReLU", f"re_lu{number}", call(tensor(above))))
        above = f"re_lu{number}"
    found = import_config(functional("net", layers, ref("x"), [ref("re_lu_3"), ref("re_lu_7")]))
    compiled(found)
    assert found.data["outputs"] == ("re_lu_3", "re_lu_7")


def test_what_leads_to_no_output_is_left_out() -> None:
    inner = functional(
        "inner",
        [given_input("i", 4), dense("used", call(tensor("i"))), dense("not", call(tensor("i")))],
        ref("i"), {"a": ref("used"), "b": ref("not")},
    )  # fmt: skip
    inner["inbound_nodes"] = [call(tensor("x"))]
    found = import_config(graph(inner, outputs=ref("inner", 1, 0)))
    compiled(found)
    assert found.names == {"x": "x", "inner/used": "used"}


# Names


def test_names_that_cannot_stand_are_changed_and_told() -> None:
    config = chain(
        dense("my layer-1"), dense("lambda"), dense("_under"), dense("X"), dense("3d"),
        dense("MY_LAYER_1"), name="2 nets",
    )  # fmt: skip
    found = import_config(config)
    compiled(found)
    assert found.data["name"] == "model_2_nets"
    assert found.renames == {
        "": "model_2_nets",
        "my layer-1": "my_layer_1",
        "lambda": "lambda_layer",
        "_under": "layer_under",
        "X": "X_1",
        "3d": "layer_3d",
        "MY_LAYER_1": "MY_LAYER_1_1",
    }


@given(st.lists(st.text(max_size=80) | st.sampled_from(["a", "A", "dense", "if"]), max_size=8))
def test_any_names_become_names_that_can_stand(names: list[str]) -> None:
    unique = [name for name in dict.fromkeys(names) if name]
    found = import_config(chain(*(dense(name) for name in [*unique, "end"] if name)))
    compiled(found)
    assert all(len(name) <= MAX_NAME for name in found.names.values())


@given(
    st.lists(
        st.sampled_from(["dense", "dense_1", "dense_2", "dense_5", "mine"]), unique=True, min_size=1
    ),
    st.sampled_from(["x", "dense", "dense_1"]),
)
def test_names_that_are_left_out_come_back(names: list[str], taken: str) -> None:
    inputs = given_input(taken, 4)
    found = import_config(chain(*(dense(name) for name in names if name != taken), dense("e"),
                                inputs=inputs))  # fmt: skip
    compiled(found)


def test_half_of_the_names_of_a_kind_are_not_left_out() -> None:
    pairs = [("Dense", "dense"), ("Dense", "dense_2"), ("Add", "add"), ("Dense", "head")]
    assert automatic(pairs, ["x"]) == [False, False, True, False]
    assert automatic(pairs, ["dense_1"]) == [True, True, True, False]
    assert automatic([("Dense", "Dense")], []) == [False]


def test_long_names() -> None:
    assert len(allowed("a" * 500)) == MAX_NAME
    found = import_config(chain(dense("a" * 300 + "1"), dense("a" * 300 + "2")))
    assert len(set(found.names.values())) == 3


# What cannot be imported


def test_everything_that_stands_in_the_way_is_listed_at_once() -> None:
    own = entry("Mine", "own", module="my.package")
    own["registered_name"] = "my>Mine"
    config = chain(
        entry("Lambda", "code", function={}),
        own,
        dense("half", dtype={"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}),
        dense("odd", activation={"class_name": "function", "module": "mine", "config": "f"}),
        entry("Conv2D", "cut", filters=0, kernel_size=[3, 3]),
        dense("strange", surprise=7),
    )
    messages = refused(config)
    assert [text.split(" ")[0] for text in messages] == [
        "`code`", "`own`", "`half`", "`odd`", "`cut`", "`strange`",
    ]  # fmt: skip
    assert "the activation is the function `f`, which is code" in messages[3]
    assert "`code` (Lambda): it runs code of your own, and a spec holds data" in messages
    assert "`own` (Mine): the class `my>Mine` is not Keras's own" in messages
    assert "`half` (Dense): it computes in `mixed_float16`" in messages
    assert "`strange` (Dense): the language has no `surprise: 7`" in messages


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class_name": "Mine", "module": "own", "config": {}}, "the model is a `Mine`"),
        (sequential("net", dense("d")), "the model has no input shape yet"),
        (chain(dense("d"), inputs=given_input("x")), "an input without an axis"),
        (chain(dense("d"), inputs=given_input("x", 4, dtype="float16")), "an input of dtype"),
        (chain(dense("d"), inputs=given_input("x", 4, sparse=True)), "an input with `sparse"),
        (graph(dense("d", call(tensor("d"))), outputs=ref("d")), "`d` takes what does not exist"),
        (graph(dense("d", call(tensor("y"))), outputs=ref("d")), "`d` takes what does not exist"),
        (graph(outputs=ref("d")), "output 0 of call 0 of `d`"),
        (graph(dense("d", call(1)), outputs=ref("d")), "it takes something that is no value"),
        (graph(dense("d", [["x", 0, 0, {}]]), outputs=ref("d")), "its wiring is in the form"),
        (graph(dense("d", call(tensor("x"), mask=tensor("x"))), outputs=ref("d")),
         "its call has the argument `mask"),
        (graph(operation("Where", "w", tensor("x")), outputs=ref("w")),
         "the language has no operation `Where`"),
        (graph(operation("Sum", "w", tensor("x"), axis=None), outputs=ref("w")), "`axis` of"),
    ],
)  # fmt: skip
def test_one_obstacle(config: dict, message: str) -> None:
    (found,) = refused(config)
    assert message in found


def test_an_input_that_nothing_takes() -> None:
    layers = [given_input("x", 4), given_input("y", 4), dense("d", call(tensor("x")))]
    config = functional("net", layers, [ref("x"), ref("y")], ref("d"))
    assert refused(config) == ["`y` (InputLayer): nothing that leads to an output takes this input"]


def test_models_in_models_do_not_explode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat_module, "MAX_CALLS", 500)
    for leaf in ([dense("d")], []):
        model = sequential("m0", *leaf)
        for depth in range(1, 25):
            model = sequential(f"m{depth}", *(copy.deepcopy(model) for _ in range(2))) \
                if depth < 4 else nested_twice(model, depth)  # fmt: skip
        (message,) = refused(chain(model))
        assert "calls of" in message


def nested_twice(model: dict, depth: int) -> dict:
    model["inbound_nodes"] = [call(tensor("i")), call(tensor(model["name"]))]
    output = ref(model["name"], 1 if model["class_name"] == "Sequential" else 2)
    return functional(f"m{depth}", [given_input("i", 4), model], ref("i"), output)


def test_models_in_models_are_not_too_deep() -> None:
    model = sequential("m", dense("d"))
    for depth in range(40):
        model = sequential(f"m{depth}", model)
    (message,) = refused(chain(model))
    assert "nested deeper than" in message
    for depth in range(3000):
        model = sequential(f"m{depth}", model)
    refused(chain(model))


# Configs that mean no good

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["x", "d", "Dense", "Functional", "__keras_tensor__", "InputLayer", "name"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["class_name", "config", "module", "name", "layers", "a"]), inner,
        max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip
VALID = [
    json.loads((RECORDED / f"{name}.json").read_text()) for name in ("branches", "towers", "words")
]
VALID += [
    chain(dense("d"), entry("Conv2D", "c", filters=2, kernel_size=[1, 1])),
    graph(operation("Add", "add", tensor("x"), 1), outputs=ref("add")),
]


def places(data: Any, at: tuple = ()) -> list[tuple]:
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    return [at, *(place for key, part in items for place in places(part, (*at, key)))]


def changed(data: Any, at: tuple, value: Any, remove: bool) -> Any:
    if not at:
        return value
    data = copy.copy(data)
    if len(at) == 1 and remove:
        del data[at[0]]
    else:
        data[at[0]] = changed(data[at[0]], at[1:], value, remove)
    return data


def survives(config: Any) -> None:
    """Import what may be anything: a spec that can be written and read, or an error of ours."""
    try:
        found = import_config(config)
    except SpecError as error:
        assert error.diagnostics
        str(error)
        return
    text = write_spec(found.data)
    try:
        load(read_text(text))
    except SpecError as error:
        str(error)


@settings(max_examples=400)
@given(st.data())
def test_a_config_with_something_wrong_in_it(data: st.DataObject) -> None:
    config = data.draw(st.sampled_from(VALID))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(places(config)))
        config = changed(config, at, data.draw(JSON), data.draw(st.booleans()))
    survives(config if isinstance(config, dict) else {"class_name": config})


@given(st.dictionaries(st.text(max_size=5), JSON) | st.fixed_dictionaries(
    {"class_name": st.sampled_from(["Sequential", "Functional"]), "module": st.just("keras"),
     "config": st.fixed_dictionaries({"name": JSON, "layers": JSON, "input_layers": JSON,
                                      "output_layers": JSON})}
))  # fmt: skip
def test_a_config_that_is_none(config: dict) -> None:
    survives(config)


def test_a_sentence_about_an_argument_is_not_cut() -> None:
    given = {"filters": 2, "kernel_size": [3, 3], "padding": "sam"}
    config = chain(entry("Conv2D", "conv", **given), inputs=given_input("x", 8, 8, 3))
    (message,) = refused(config)
    expected = "must be `valid` or `same`, not the word `sam`"
    assert message == f"`conv` (Conv2D): `padding` of `Conv2D` {expected}"
    long = graph(dense("d", call(tensor("x")), activation="y" * 10_000), outputs=ref("d"))
    (message,) = refused(long)
    assert 100 < len(message) < 1000


def test_no_control_character_reaches_a_terminal() -> None:
    config = chain(entry("La\x1b[2Jmbda", "a\x1b]0;title\x07\nb"))
    (message,) = refused(config)
    assert message.isprintable()


# Files


def refused_file(path: Path) -> str:
    with pytest.raises(SpecError) as caught:
        read_model(path)
    (found,) = caught.value.diagnostics
    assert found.code == "HB801"
    assert found.message.isprintable()
    return found.message


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_an_archive_and_its_config_are_the_same(tmp_path: Path) -> None:
    config = chain(dense("d"))
    text = json.dumps(config).encode()
    path = archive(tmp_path / "a.keras", {"metadata.json": b"{}", "config.json": text})
    assert read_model(path) == config
    (tmp_path / "config.json").write_bytes(b"\xef\xbb\xbf" + text)
    assert read_model(str(tmp_path / "config.json")) == config


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "it is not JSON"),
        (b"{}", "it holds no config of a model"),
        (b"[]", "it holds no config of a model"),
        (b"\x89HDF\r\n\x1a\n" + b"0" * 50, "it is an HDF5 file"),
        (b"PK\x03\x04" + b"0" * 50, "the archive is broken"),
        (b"\xff\xfe{", "byte 1 is no UTF-8 text"),
        (b'{"class_name": ', "it is not JSON"),
        (b'{"class_name": "Sequential", "config": {"layers": [], "layers": [1]}}',
         "the key `layers` stands twice in one object"),
        (b'{"class_name": "A", "class_na\\u006de": "B"}', "the key `class_name` stands twice"),
        (b"[" * 100_000, "nested deeper than"),
        (b'{"a":' * 100_000, "nested deeper than"),
        (b'{"class_name": ' + b"9" * 100_000 + b"}", "a number of 100,000 digits"),
        (b'"\\' * 100_000, "it is not JSON"),
        (b'"' + b'\\"' * 100_000, "it is not JSON"),
    ],
)  # fmt: skip
def test_files_that_hold_no_model(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert part in refused_file(path)


def test_an_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.keras", {"config.json": json.dumps(chain(dense("d"))).encode()})
    path.write_bytes(locked(path.read_bytes()))
    assert "its `config.json` has a password" in refused_file(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "no such file" in refused_file(tmp_path / "none")
    assert "is a directory" in refused_file(tmp_path)
    assert "cannot be read" in refused_file(Path("a\0b"))


def test_brackets_inside_texts_are_no_depth(tmp_path: Path) -> None:
    config = {"class_name": "[" * 5000 + '"\\' + "{" * 5000, "config": {}}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    assert read_model(path) == config


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", 100_000)
    path = archive(tmp_path / "bomb.keras", {"config.json": b" " * 5_000_000})
    assert path.stat().st_size < 10_000
    assert "larger than 100,000 bytes" in refused_file(path)


def test_a_header_that_lies_about_the_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", 100_000)
    path = archive(tmp_path / "bomb.keras", {"config.json": b" " * 5_000_000})
    size = (5_000_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (100).to_bytes(4, "little")))
    refused_file(path)


def test_only_one_member_is_opened_and_none_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    before = zipfile.ZipFile.open

    def watch(self: Any, name: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(getattr(name, "filename", name))
        return before(self, name, *args, **kwargs)

    members = {
        "../../escaped": b"x", "/etc/hornbook": b"x", "model.weights.h5": b"x" * 1000,
        "config.json": json.dumps(chain(dense("d"))).encode(), "assets/..\\..\\x": b"x",
    }  # fmt: skip
    path = archive(tmp_path / "a.keras", members)
    monkeypatch.setattr(zipfile.ZipFile, "open", watch)
    monkeypatch.chdir(tmp_path)
    read_model(path)
    assert opened == ["config.json"]
    assert [file.name for file in tmp_path.rglob("*")] == ["a.keras"]


def test_archives_that_hold_no_config(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.keras", {"../config.json": b"{}", "x/config.json": b"{}"})
    assert "holds no `config.json`" in refused_file(path)
    path = archive(tmp_path / "b.keras", {"config.json": b"{}"}, zipfile.ZIP_LZMA)
    assert "packed in a way" in refused_file(path)
    whole = io.BytesIO(path.read_bytes()).getvalue()
    for cut in (10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:cut])
        refused_file(path)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8))
def test_an_archive_with_wrong_bytes_in_it(changes: list[tuple[int, int]]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", json.dumps(chain(dense("d"))))
    content = bytearray(buffer.getvalue())
    for place, value in changes:
        content[place % len(content)] = value
    path = Path(SCRATCH.name) / "wrong.keras"
    path.write_bytes(bytes(content))
    try:
        survives(read_model(path))
    except SpecError as error:
        str(error)


# Nothing is run

PROGRAM = """
import json, sys
from hornbook.compiler.importing import import_config, read_model
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.write import write_spec
def run(path):
    try:
        return bool(write_spec(import_config(read_model(path)).data))
    except SpecError as error:
        str(error)
        return False
good, *paths = sys.argv[1:]
run(good), run(paths[0])  # every lazy import of ours has happened now
seen = []
WATCHED = ("exec", "compile", "import", "open", "socket", "subprocess", "os.", "ctypes", "marshal", "pickle", "shutil")
def hook(event, arguments):
    if event.startswith(WATCHED):
        seen.append((event, str(arguments[0])))
sys.addaudithook(hook)
accepted = [run(path) for path in paths] + [run(good)]
found, seen = seen, []
print(json.dumps({"events": found, "accepted": accepted}))
"""


def test_an_audit_hook_sees_only_that_the_files_are_read(tmp_path: Path) -> None:
    def call_of(module: str, kind: str, config: Any) -> dict:
        return {"module": module, "class_name": kind, "config": config, "registered_name": kind}

    hostile = [
        call_of("os", "system", "touch /tmp/hornbook_was_here"),
        call_of("builtins", "function", "eval"),
        call_of("keras.src.layers", "Lambda", {"name": "x", "function": {
            "class_name": "__lambda__", "config": {"code": "4wAAAAAAAAAA"}}}),
        call_of("keras.src.saving.serialization_lib", "deserialize_keras_object", {"name": "x"}),
        {"class_name": "__typespec__", "module": "subprocess", "spec_name": "Popen", "config": {}},
    ]  # fmt: skip
    paths = []
    for number, one in enumerate(hostile):
        for where, config in enumerate(
            [one, chain(one), chain(dense("d", activation=one)), chain(dense("d", units=one))]
        ):
            path = tmp_path / f"{number}_{where}.keras"
            paths.append(str(archive(path, {"config.json": json.dumps(config).encode()})))
    good = str(RECORDED / "branches.json")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, good, *paths],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["accepted"] == [False] * len(paths) + [True]
    assert {event for event, _ in found["events"]} == {"open"}
    assert {path for _, path in found["events"]} == {good, *paths}
