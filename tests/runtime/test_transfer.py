"""Weights of one model in another: the right numbers in the right layers, from files of every kind."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from keras import layers  # noqa: E402

from archives import locked  # noqa: E402
from hornbook.compiler.diff import Side, diff  # noqa: E402
from hornbook.compiler.driver import analyse, styles_of  # noqa: E402
from hornbook.runtime.build import Built, build_typed  # noqa: E402
from hornbook.runtime.importing import import_model  # noqa: E402
from hornbook.runtime.transfer import stored_weights, transfer  # noqa: E402
from hornbook.specs.diagnostics import SpecError  # noqa: E402
from hornbook.specs.load import Spec, load  # noqa: E402
from hornbook.specs.write import write_spec  # noqa: E402
from hornbook.specs.yaml import read_text  # noqa: E402
from specimens import frozen, specs  # noqa: E402

STYLES = ("sequential", "functional", "subclassed")
ENDINGS = (".keras", ".weights.h5")

CHAIN = """\
name: chain
inputs: {x: [6, 4]}
blocks:
  part:
    parameters: [width]
    layers:
      - Dense: {units: $width}
      - BatchNormalization
layers:
  - Dense: {units: 4}
  - part: {width: 4, repeat: 2}
  - Bidirectional: {layer: {LSTM: {units: 2, return_sequences: true, dropout: 0.2}}}
  - TimeDistributed: {layer: {Dense: {units: 4}}}
  - RNN: {cell: {GRUCell: {units: 3}}, return_sequences: true}
  - MultiHeadAttention: {num_heads: 2, key_dim: 3, dropout: 0.1}
  - SpectralNormalization: {layer: {Dense: {units: 3}}}
  - GRU: {units: 3, recurrent_dropout: 0.1}
  - Dense: {units: 4, name: head}
  - ops.multiply: {inputs: [head, 2.0]}
  - Dense: {units: 4}
"""
PLAIN = "".join(
    line for line in CHAIN.splitlines(keepends=True) if "ops." not in line and "Multi" not in line
)


def read(text: str) -> Spec:
    return load(read_text(text, "net.yaml"))


def scattered(spec: Spec, style: str = "functional") -> Built:
    """Build a model in which every number is another."""
    built = build_typed(analyse(spec), style, seed=1)
    scatter(built.model)
    return built


def scatter(model: Any) -> None:
    first = 0.0
    for weight in model.weights:
        size = int(np.prod(weight.shape))
        weight.assign(np.arange(first, first + size).reshape(weight.shape).astype(weight.dtype))
        first += size


def saved(model: Any, path: Path) -> Path:
    if path.suffix == ".keras":
        model.save(path)
    else:
        model.save_weights(path)
    return path


def carry(before: Spec, after: Spec, weights: Path, target: Path, style: str = "functional") -> Any:
    """Transfer, and return what was found and the new model with its layers by name."""
    old, new = analyse(before), analyse(after)
    found = diff(Side(old), Side(new))
    transfer(found, old, after, new, weights, target, style=style)
    built = build_typed(new, style, seed=0)
    if target.suffix == ".keras" and style != "subclassed":
        built.model.set_weights(keras.saving.load_model(target).get_weights())
    else:
        built.model.load_weights(target)
    return found, built


def hold(found: Any, old: Built, new: Built, after: Spec) -> None:
    """Hold every layer of the new model against the old one, or against a fresh model."""
    fresh = build_typed(analyse(after), "functional", seed=0)
    for one in found.carried:
        for ours, theirs in zip(
            old.layers[one.before].weights, new.layers[one.after].weights, strict=True
        ):
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs), one.after)
    for one in found.fresh:
        for ours, theirs in zip(
            fresh.layers[one.name].weights, new.layers[one.name].weights, strict=True
        ):
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs), one.name)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("style", STYLES)
def test_every_style_and_file(style: str, ending: str, tmp_path: Path) -> None:
    before = read(PLAIN if style == "sequential" else CHAIN)
    after = read(
        (PLAIN if style == "sequential" else CHAIN)
        .replace("name: chain", "name: other")
        .replace("  - Dense: {units: 4}\n  - part", "  - Dense: {units: 4, name: stem}\n  - part")
        .replace("units: 3, recurrent", "units: 5, recurrent")
    )
    old = scattered(before, style)
    path = saved(old.model, tmp_path / f"old{ending}")
    found, new = carry(before, after, path, tmp_path / f"new{ending}")
    assert {one.name for one in found.fresh} == {"gru", "head"}
    assert {(one.before, one.after) for one in found.carried} >= {
        ("dense", "stem"),
        ("dense_1", "dense"),
        ("part_1_dense", "part_1_dense"),
        ("bidirectional", "bidirectional"),
        ("spectral_normalization", "spectral_normalization"),
    }
    hold(found, old, new, after)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_style_can_be_written(style: str, ending: str, tmp_path: Path) -> None:
    spec = read(PLAIN)
    old = scattered(spec)
    path = saved(old.model, tmp_path / "old.keras")
    found, new = carry(spec, spec, path, tmp_path / f"new{ending}", style)
    assert len(found.carried) == len([one for one in old.layers.values() if one.weights])
    hold(found, old, new, spec)


@pytest.mark.parametrize("style", ["functional", "subclassed"])
def test_an_architecture_that_has_been_trained(style: str, tmp_path: Path) -> None:
    spec = load("residual")
    old = build_typed(analyse(spec), style, seed=1)
    old.model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    shape = (8, *old.model.inputs[0].shape[1:]) if style == "functional" else (8, 32, 32, 3)
    old.model.fit(np.ones(shape, "float32"), np.zeros(8, int), verbose=0)
    for ending in ENDINGS:
        path = saved(old.model, tmp_path / f"old{ending}")
        found = stored_weights(analyse(spec), path, old.layers)
        for name, layer in old.layers.items():
            for ours, theirs in zip(layer.weights, found[name], strict=True):
                np.testing.assert_array_equal(np.asarray(ours), theirs)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(specs(most=5), st.sampled_from(["functional", "subclassed"]))
def test_layers_of_all_kinds(tmp_path_factory: Any, data: Any, style: str) -> None:
    spec = load(read_text(write_spec(frozen(data)), "drawn.yaml"))
    typed = analyse(spec)
    if style not in styles_of(typed):
        return
    old = build_typed(typed, style, seed=3)
    folder = tmp_path_factory.mktemp("drawn")
    for ending in ENDINGS:
        path = saved(old.model, folder / f"old{ending}")
        found = stored_weights(typed, path, old.layers)
        for name, layer in old.layers.items():
            for ours, theirs in zip(layer.weights, found.get(name, []), strict=True):
                np.testing.assert_array_equal(np.asarray(ours), theirs)


# Models that were not made here


def nested() -> Any:
    x = keras.Input((8,), name="x")
    inner = keras.Sequential([layers.Dense(8, name="dense"), layers.ReLU()], name="inner")
    deep = keras.Sequential([keras.Input((8,)), layers.Dense(8), inner], name="deep")
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    pair = keras.Model(
        [a, b], layers.Add()([layers.Dense(8, name="dense")(a), b * 2.0]), name="pair"
    )
    y = pair([deep(x), layers.Dense(8, name="later")(x)])
    return keras.Model(x, layers.Dense(8)(layers.BatchNormalization()(y)), name="nested")


def test_nested_models(tmp_path: Path) -> None:
    keras.backend.clear_session()
    model = nested()
    scatter(model)
    path = saved(model, tmp_path / "nested.keras")
    found = import_model(model)
    spec = load(read_text(write_spec(found.data), "nested.yaml"))
    after = load(read_text(write_spec(found.data).replace("later", "sooner"), "b.yaml"))
    carried, new = carry(spec, after, path, tmp_path / "new.keras")
    assert len(carried.carried) == 6
    assert not carried.fresh
    x = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
    scatter_free = np.asarray(model(x))
    np.testing.assert_array_equal(np.asarray(new.model(x)), scatter_free)


# What does not fit


def refused(spec: Spec, path: Path, tmp_path: Path) -> SpecError:
    target = tmp_path / "target.keras"
    with pytest.raises(SpecError) as caught:
        carry(spec, spec, path, target)
    assert not target.exists()
    assert [one.code for one in caught.value.diagnostics] == ["HB803"]
    return caught.value


DENSE = (
    "name: d\ninputs: {x: [4]}\nlayers:\n  - Dense: {units: 4, name: a}\n  - Dense: {units: 4}\n"
)


@pytest.mark.parametrize("ending", ENDINGS)
def test_weights_of_another_model(ending: str, tmp_path: Path) -> None:
    path = saved(scattered(read(DENSE)).model, tmp_path / f"d{ending}")
    other = str(refused(read(DENSE.replace("units: 4}", "units: 5}")), path, tmp_path))
    assert "they are not those of `d`" in other
    assert "(4, 4)" in other
    assert "(4, 5)" in other
    more = refused(read(DENSE + "  - Dense: {units: 4, name: c}\n"), path, tmp_path)
    assert "`c`" in str(more)
    less = refused(read(DENSE.replace("  - Dense: {units: 4}\n", "")), path, tmp_path)
    assert "dense" in str(less)


def test_equal_shapes_under_another_name(tmp_path: Path) -> None:
    path = saved(scattered(read(DENSE)).model, tmp_path / "d.weights.h5")
    other = str(refused(read(DENSE.replace("name: a", "name: b")), path, tmp_path))
    assert "is said to be of `a`, and not of `b`" in other


def test_a_config_decides_whose_weights_they_are(tmp_path: Path) -> None:
    """A file of a renamed layer fits by the config, as the weights alone do not."""
    old = scattered(read(DENSE))
    path = saved(old.model, tmp_path / "d.keras")
    spec = read(DENSE.replace("name: a", "name: b"))
    _, new = carry(spec, spec, path, tmp_path / "new.keras")
    np.testing.assert_array_equal(
        np.asarray(new.layers["b"].kernel), np.asarray(old.layers["a"].kernel)
    )


# Files that come from anywhere


def archive(path: Path, member: bytes, config: bytes = b"{}") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", config)
        made.writestr("model.weights.h5", member)
    return path


def config() -> bytes:
    return scattered(read(DENSE)).model.to_json().encode()


def store(change: Any) -> bytes:
    """Return the bytes of a file of weights that has been changed."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for name in ("dense", "dense_1"):
            group = file.create_group(f"layers/{name}/vars")
            group["0"], group["1"] = np.ones((4, 4), "float32"), np.ones(4, "float32")
        change(file)
    return memory.getvalue()


def replaced(file: Any, make: Any) -> None:
    del file["layers/dense/vars/0"]
    make(file["layers/dense/vars"])


CHANGES: dict[str, Any] = {
    "a link into another file": lambda g: g.__setitem__("0", h5py.ExternalLink("/etc/x.h5", "/a")),
    "a soft link": lambda g: g.__setitem__("0", h5py.SoftLink("/layers/dense_1/vars/0")),
    "an array in another file": lambda g: g.create_dataset(
        "0", (4, 4), "float32", external=[("/etc/hostname", 0, 64)]
    ),
    "a virtual array": lambda g: g.create_virtual_dataset(
        "0", h5py.VirtualLayout((4, 4), "float32")
    ),
    "an enormous array": lambda g: g.create_dataset("0", (10**6, 10**6), "float32", chunks=(9, 9)),
    "texts": lambda g: g.create_dataset("0", (4, 4), h5py.string_dtype()),
    "another dtype": lambda g: g.create_dataset("0", (4, 4), "float64"),
    "records": lambda g: g.create_dataset("0", (4, 4), [("a", "f4")]),
    "an odd filter": lambda g: g.create_dataset("0", (4, 4), "float32", compression="lzf"),
    "a group": lambda g: g.create_group("0"),
    "nothing": lambda g: None,
}


def test_the_file_that_the_others_are_made_of_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.weights.h5"
    path.write_bytes(store(lambda file: None))
    found = stored_weights(analyse(read(DENSE)), path, ["a"])
    assert found["a"][0].tolist() == np.ones((4, 4)).tolist()
    inside = archive(tmp_path / "w.keras", store(lambda file: None), config())
    assert stored_weights(analyse(read(DENSE)), inside, ["a"])["a"][1].tolist() == [1.0] * 4


@pytest.mark.parametrize("what", CHANGES)
def test_only_plain_arrays_are_read(what: str, tmp_path: Path) -> None:
    path = tmp_path / "w.weights.h5"
    path.write_bytes(store(lambda file: replaced(file, CHANGES[what])))
    refused(read(DENSE), path, tmp_path)


def test_groups_without_end(tmp_path: Path) -> None:
    def circle(file: Any) -> None:
        file["layers/again"] = file["layers"]

    path = tmp_path / "w.weights.h5"
    path.write_bytes(store(circle))
    assert "more groups" in str(refused(read(DENSE), path, tmp_path))


def test_an_archive_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("hornbook.runtime.weights.SPARE_BYTES", 1000)
    path = archive(tmp_path / "w.keras", bytes(10**7), config())
    assert path.stat().st_size < 10**5
    assert "take more than" in str(refused(read(DENSE), path, tmp_path))


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no archive", b"\x89HDF\r\n\x1a\n no store", b"text" * 100]
)
@pytest.mark.parametrize("name", ["w.weights.h5"])
def test_what_is_no_file_of_weights(content: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert "cannot be read" in str(refused(read(DENSE), path, tmp_path))
    assert (
        "no such file" in str(refused(read(DENSE), tmp_path / "none.weights.h5", tmp_path)).lower()
    )


def test_weights_with_a_password_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.keras", store(lambda file: None), config())
    path.write_bytes(locked(path.read_bytes()))
    assert "its `model.weights.h5` has a password" in str(refused(read(DENSE), path, tmp_path))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.floats(0, 1, exclude_max=True))
def test_files_that_end_too_soon_are_refused(tmp_path_factory: Any, part: float) -> None:
    content = store(lambda file: None)
    path = tmp_path_factory.mktemp("short") / "w.weights.h5"
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(SpecError) as caught:
        stored_weights(analyse(read(DENSE)), path, ["a"])
    assert [one.code for one in caught.value.diagnostics] == ["HB803"]


def test_a_config_that_names_code_runs_nothing(tmp_path: Path) -> None:
    """What Keras would deserialise from the config is never looked at as anything but data."""
    own = json.loads(config())
    own["config"]["layers"][1]["class_name"] = "Lambda"
    own["config"]["layers"][1]["config"]["function"] = {"class_name": "__lambda__", "config": {}}
    path = archive(tmp_path / "w.keras", store(lambda file: None), json.dumps(own).encode())
    with pytest.raises(SpecError) as caught:
        carry(read(DENSE), read(DENSE), path, tmp_path / "new.keras")
    assert {one.code for one in caught.value.diagnostics} == {"HB802"}
