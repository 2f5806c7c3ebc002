"""Live models from source: names, saving, and exceptions that name the YAML."""

from __future__ import annotations

import traceback

import keras
import numpy as np
import pytest

from hornbook.compiler.driver import STYLES, analyse, styles_of
from hornbook.compiler.infer import count
from hornbook.runtime.build import build, build_typed, transfer
from hornbook.runtime.samples import sample_inputs
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load, zoo
from hornbook.specs.yaml import read_text
from specimens import LARGE, small

pytestmark = pytest.mark.keras


def example(typed):
    inputs = sample_inputs(typed, 3, np.random.default_rng(0))
    return inputs if len(inputs) > 1 else next(iter(inputs.values()))


def bits(result):
    parts = result if isinstance(result, dict) else {"": result}
    return {name: np.asarray(part).tobytes() for name, part in parts.items()}


@pytest.mark.parametrize("name", [name for name in zoo() if name not in LARGE])
def test_each_style_saves_loads_and_gives_its_config(name: str, tmp_path) -> None:
    typed = analyse(small(name))
    for style in styles_of(typed):
        model = build_typed(typed, style, seed=1).model
        x = example(typed)
        model.save(tmp_path / f"{style}.keras")
        again = keras.models.load_model(tmp_path / f"{style}.keras")
        assert bits(again(x, training=False)) == bits(model(x, training=False))
        assert again.name == name
        twin = type(model).from_config(model.get_config())
        assert [type(layer) for layer in twin.layers] == [type(layer) for layer in model.layers]


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50"])
def test_large_architectures_agree_with_their_blocks_kept(name: str) -> None:
    typed = analyse(small(name))
    one = build_typed(typed, "functional", seed=3)
    other = build_typed(typed, "subclassed", seed=3)
    assert all("for " in built.source.text for built in (one, other))
    x = example(typed)
    assert bits(one.model(x, training=True)) == bits(other.model(x, training=True))
    assert one.model.count_params() == other.model.count_params() == count(typed)[1]


def test_weights_move_by_name() -> None:
    typed = analyse(load("residual"))
    one = build_typed(typed, "functional", seed=1)
    other = build_typed(typed, "subclassed", seed=2)
    x = example(typed)
    assert bits(one.model(x, training=False)) != bits(other.model(x, training=False))
    transfer(one, other)
    assert bits(one.model(x, training=False)) == bits(other.model(x, training=False))


def test_keras_counts_names_as_the_compiler_does_and_is_left_as_it_was() -> None:
    keras.layers.Dense(1)
    before = keras.layers.Dense(1).name
    typed = analyse(load("cifar100"))
    for style in STYLES:
        built = build_typed(typed, style, seed=0)
        assert [layer.name for layer in built.layers.values()] == list(built.layers)
    after = keras.layers.Dense(1).name
    assert int(after.split("_")[1]) == int(before.split("_")[1]) + 1


def test_build_uses_the_seed_of_the_spec() -> None:
    spec = load("digits")
    first, second = (build(spec, "sequential").get_weights() for _ in range(2))
    other = build(spec, "sequential", seed=9).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("style", STYLES)
def test_an_exception_in_generated_code_names_the_yaml(style: str) -> None:
    text = (
        "name: net\ninputs: {x: [4, 4, 1]}\nlayers:\n  - Conv2D: {filters: 2, kernel_size: 3}\n"
        "  - Flatten\n  - Dense: {units: 2}\n"
    )
    built = build_typed(analyse(load(read_text(text, "spec.yaml"))), style, seed=0)

    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("no such luck")

    built.layers["flatten"].call = broken
    with pytest.raises(SpecError) as caught, built.explained():
        built.model(np.ones((1, 4, 4, 1), "float32"))
    (one,) = caught.value.diagnostics
    assert one.code == "HB702"
    assert "no such luck" in one.message
    assert (one.span.path, one.span.line) == ("spec.yaml", 5)
    expected = "self.flatten(x)" if style == "subclassed" else "layers.Flatten()"
    assert expected in one.notes[0].message


def test_a_traceback_shows_the_generated_line() -> None:
    typed = analyse(
        load(read_text("name: net\ninputs: {x: [4]}\nlayers:\n  - Dense: {units: 2}\n"))
    )
    built = build_typed(typed, "subclassed", seed=0)
    built.layers["dense"].call = None
    try:
        built.model.call(np.ones((1, 4), "float32"))
    except TypeError as error:
        text = "".join(traceback.format_exception(error))
    assert 'File "<hornbook net subclassed>"' in text
    assert "return self.dense(inputs)" in text


def test_the_module_runs_alone(tmp_path) -> None:
    import subprocess
    import sys

    from hornbook.compiler.driver import emit

    typed = analyse(load("two_towers"))
    for style in styles_of(typed):
        path = tmp_path / f"{style}.py"
        path.write_text(emit(typed, style).text)
        program = (
            f"import sys, runpy; m = runpy.run_path({str(path)!r}); model = m['build_model']();"
            "print(model.count_params(), any(n.startswith('hornbook') for n in sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        assert done.stdout.split() == [str(count(typed)[1]), "False"]


def test_no_attribute_of_a_model_is_hidden() -> None:
    from hornbook.compiler.emit.subclassed import MODEL_ATTRIBUTES
    from hornbook.compiler.naming import RESERVED

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
    public = {name for name in dir(model) if not name.startswith("_")}
    assert public - MODEL_ATTRIBUTES - RESERVED == {"add", "pop"}  # of Sequential alone
